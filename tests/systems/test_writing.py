"""What happens in the flow is written back into the ticket, in every system: once, however often it is repeated, and
through whatever the system answers meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from chassis.outbox import GiveUp, Retry
from chassis.outward import Outward
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.port import TicketingSystem, adapter_of, mark
from tests.systems.peer import Peer, Story, all_peers

PEERS = all_peers()
STORY = Story()
TEXT = 'Ärendet är ett projekt: "Räksmörgås <Ærø> & Bodø".\n\nNästa steg är direktivet.'
REQUEST = UUID("2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11")
URL = f"https://flode.example/intake/requests/{REQUEST}"


@dataclass
class Written:
    """A stand-in, and the way into its tickets."""

    peer: Peer
    system: TicketingSystem
    ticket: TicketRef


@pytest.fixture(params=PEERS)
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Written]:
    peer = PEERS[request.param]()
    peer.tickets[STORY.number] = STORY
    async with peer.running():
        settings = ServiceDesk.model_validate(peer.settings())
        assert settings.api
        yield Written(peer, the_way(settings, settings.api), the_ticket(peer))


def the_way(desk: ServiceDesk, api: Api, *hosts: str) -> TicketingSystem:
    adapter = adapter_of(desk.kind)
    assert adapter, f"nothing can be written into {desk.kind}"
    outward = Outward(municipality="ekvik", hosts=hosts or ("127.0.0.1",), private=True, seconds=3, breakers={})
    return adapter(desk, api, outward)


def the_ticket(peer: Peer) -> TicketRef:
    return TicketRef(system=peer.kind, external_id=peer.external_id(STORY), number=peer.shown_number(STORY))


async def test_a_comment_comes_through_whole_and_the_requester_sees_it(desk: Written) -> None:
    await desk.system.comment(desk.ticket, TEXT, key="k-1")
    (comment,) = desk.peer.comments
    assert comment.number == STORY.number
    assert comment.public
    read = desk.peer.plain(comment.text)
    for line in TEXT.splitlines():
        assert line in read
    assert mark("k-1") in read


async def test_a_comment_that_is_repeated_is_written_once(desk: Written) -> None:
    """P9: an answer that was lost does not comment twice."""
    for key in ("k-1", "k-1", "k-2", "k-1"):
        await desk.system.comment(desk.ticket, TEXT, key=key)
    assert len(desk.peer.comments) == 2


async def test_a_state_is_set_as_the_desk_calls_it_and_others_are_not(desk: Written) -> None:
    named = desk.peer.desk["states"]
    for state in ("project", "prioritised", "completed"):
        await desk.system.set_state(desk.ticket, state, key=f"s-{state}")
    assert desk.peer.states == [(STORY.number, named[state]) for state in ("project", "completed") if state in named]


async def test_the_ticket_says_where_the_request_is_found(desk: Written) -> None:
    """IT-03"""
    for _ in range(2):
        await desk.system.set_reference(desk.ticket, REQUEST, URL, key="r-1")
    assert {number for number, _ in desk.peer.references} == {STORY.number}
    assert all(str(REQUEST) in text for _, text in desk.peer.references)
    assert len([one for one in desk.peer.comments if one.public]) == 0


@pytest.mark.parametrize("status", [429, 503])
async def test_a_system_that_is_busy_is_tried_again_when_it_says(desk: Written, status: int) -> None:
    desk.peer.fails = [(status, {"Retry-After": "90"})]
    with pytest.raises(Retry) as later:
        await desk.system.comment(desk.ticket, TEXT, key="k-1")
    assert later.value.after_seconds == (90 if desk.peer.says_when else None)
    await desk.system.comment(desk.ticket, TEXT, key="k-1")
    assert len(desk.peer.comments) == 1


async def test_a_system_that_will_never_take_it_is_given_up(desk: Written) -> None:
    desk.peer.fails = [(403, {})] * 3
    with pytest.raises(GiveUp, match=desk.peer.never):
        await desk.system.comment(desk.ticket, TEXT, key="k-1")


async def test_a_host_the_municipality_does_not_list_is_not_called(desk: Written) -> None:
    settings = ServiceDesk.model_validate(desk.peer.settings())
    assert settings.api
    with pytest.raises(GiveUp, match="hosts of ekvik"):
        await the_way(settings, settings.api, "elsewhere.example").comment(desk.ticket, TEXT, key="k-1")
    assert desk.peer.asked == []

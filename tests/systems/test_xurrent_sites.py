"""What Xurrent asks for besides telling of requests: to be called back, and to be asked for all of a busy minute."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from chassis.outward import Outward
from chassis.partnership import ServiceDesk
from chassis.testing import Databases
from contracts.values import TicketRef
from intake.adapters.port import Changed, Way
from intake.adapters.xurrent import changed
from notifications.adapters.xurrent import Xurrent, tickets
from tests.systems.peer import OPENED, Story
from tests.systems.peers.xurrent import ACCOUNT, XurrentPeer
from tests.systems.world import Connected, connected

REQUEST = UUID("2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11")
TICKET = TicketRef(system="xurrent", external_id="70081", number="70081")


@pytest.fixture
async def desk(databases: Databases, tmp_path: Path) -> AsyncIterator[Connected]:
    async with connected(XurrentPeer(), databases, tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://inside.example/webhooks/7/verify?code=abcd", "of the account itself, ekvik.xurrent.example"),
        (f"{ACCOUNT}/webhooks/7/verify?code=abcd", "is not among the hosts of ekvik"),
    ],
)
async def test_only_an_address_of_the_account_and_of_a_listed_host_is_called(
    desk: Connected, address: str, said: str
) -> None:
    """P11: whoever could have us call what they like could reach what only we can."""
    peer = desk.peer
    assert isinstance(peer, XurrentPeer)
    answer = await desk.send(peer.wants_to_be_called(address, at=desk.world.clock.now()))
    assert answer.status_code == 422
    assert said in answer.text
    assert await desk.outcomes() == []


async def test_an_hour_old_redelivery_is_the_same_delivery(desk: Connected) -> None:
    """P3"""
    desk.peer.tickets[81] = Story()
    sent = desk.make(Story(), "created", at=-timedelta(hours=1))
    answers = [await desk.send(sent) for _ in range(2)]
    assert [answer.headers.get("Flode-Duplicate") for answer in answers] == [None, "true"]
    await desk.asks()
    assert await desk.world.facts() == ["request-registered"]


async def test_a_note_written_by_us_or_later_is_not_what_was_asked_for(desk: Connected) -> None:
    await desk.happens(Story(), "created")
    await desk.happens(Story().later(comments=("Hur går det?",)), "commented")
    assert (await desk.request(Story()))["description"] == Story().text


def way_to(peer: XurrentPeer) -> Way:
    settings = ServiceDesk.model_validate(peer.settings())
    assert settings.api
    outward = Outward(municipality="ekvik", hosts=("127.0.0.1",), private=True, breakers={})
    return Way(desk=settings, api=settings.api, outward=outward)


async def test_a_minute_in_which_two_hundred_requests_changed_is_gone_through() -> None:
    peer = XurrentPeer()
    many = [Story(number=number, changed=OPENED + timedelta(seconds=number % 50)) for number in range(1, 201)]
    after = Story(number=300, changed=OPENED + timedelta(minutes=1))
    peer.tickets = {story.number: story for story in (*many, after)}
    async with peer.running():
        way, seen, rounds = way_to(peer), set[bytes](), 0
        found = Changed(records=(), cursor=(OPENED + timedelta(seconds=30)).isoformat(), more=True)
        while found.more and rounds < 20:
            found = await changed(way, found.cursor)
            seen |= {record.body for record in found.records}
            rounds += 1
            assert len(found.records) <= 50
    assert (len(seen), found.more) == (201, False)


async def test_a_minute_that_is_not_over_is_asked_for_again() -> None:
    peer = XurrentPeer()
    now = OPENED + timedelta(days=20_000)
    peer.tickets = {number: Story(number=number, changed=now) for number in range(1, 51)}
    async with peer.running():
        first = await changed(way_to(peer), now.isoformat())
        assert (first.cursor, first.more) == (f"{now.isoformat()} 0", True)
        second = await changed(way_to(peer), first.cursor)
        third = await changed(way_to(peer), second.cursor)
    assert third.records == ()
    assert third.cursor < now.isoformat()
    assert not third.more


def the_way_back(peer: XurrentPeer) -> Xurrent:
    way = way_to(peer)
    return tickets(way.desk, way.api, way.outward)


@pytest.mark.parametrize("wants", [True, False])
async def test_a_request_is_completed_with_a_note_only_where_the_account_wants_one(wants: bool) -> None:
    class Peer(XurrentPeer):
        wants_a_note_with_completion = wants

    peer = Peer()
    peer.tickets = {81: Story()}
    async with peer.running():
        await the_way_back(peer).set_state(TICKET, "completed", key="s-1")
    assert peer.states == [(81, "completed")]
    assert len([asked for asked in peer.asked if asked.startswith("PATCH")]) == (2 if wants else 1)


async def test_a_source_that_another_system_has_set_stays_and_the_note_says_where_the_request_is() -> None:
    """IT-03"""
    peer = XurrentPeer()
    peer.tickets, peer.sources = {81: Story()}, {81: "MON-7"}
    async with peer.running():
        await the_way_back(peer).set_reference(TICKET, REQUEST, "https://flode.example/r", key="r-1")
    assert peer.sources == {81: "MON-7"}
    assert str(REQUEST) in peer.comments[0].text


async def test_our_note_is_found_again_behind_a_hundred_others() -> None:
    """P9"""
    peer = XurrentPeer()
    peer.tickets = {81: Story()}
    async with peer.running():
        await the_way_back(peer).comment(TICKET, "Ett projekt.", key="k-1")
        peer.comments += [replace(peer.comments[0], text=f"Svar {number}") for number in range(150)]
        await the_way_back(peer).comment(TICKET, "Ett projekt.", key="k-1")
    assert len(peer.comments) == 151

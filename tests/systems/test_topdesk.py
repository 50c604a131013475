"""What only TOPdesk does: it lets two hands change one card in turn, has one external number, and lists in parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from aiohttp import web

from chassis.outbox import Retry
from contracts.values import TicketRef
from intake.adapters.topdesk import changed
from notifications.adapters.topdesk import TopDesk, tickets
from tests.systems.peer import OPENED, Comment, Story
from tests.systems.peers.topdesk import TopDeskPeer
from tests.systems.ways import way_to

REQUEST = UUID("2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11")
STORY = Story()
TICKET = TicketRef(system="topdesk", external_id=str(UUID(int=81)), number="I 2603 081")


@pytest.fixture
async def topdesk() -> AsyncIterator[TopDeskPeer]:
    peer = TopDeskPeer()
    peer.tickets[STORY.number] = STORY
    async with peer.running():
        yield peer


def into(peer: TopDeskPeer) -> TopDesk:
    there = way_to(peer)
    return tickets(there.desk, there.api, there.outward)


async def test_a_card_that_somebody_else_has_open_is_tried_again(topdesk: TopDeskPeer) -> None:
    topdesk.conflicts = 2
    await into(topdesk).comment(TICKET, "Ärendet är ett projekt.", key="k-1")
    assert len(topdesk.comments) == 1
    topdesk.conflicts = 3
    with pytest.raises(Retry, match="409"):
        await into(topdesk).set_state(TICKET, "project", key="k-2")


async def test_a_comment_is_found_behind_a_hundred_others(topdesk: TopDeskPeer) -> None:
    """P9"""
    await into(topdesk).comment(TICKET, "Ärendet är ett projekt.", key="k-1")
    topdesk.comments += [Comment(STORY.number, f"Svar {number}") for number in range(130)]
    await into(topdesk).comment(TICKET, "Ärendet är ett projekt.", key="k-1")
    assert len(topdesk.comments) == 131


async def test_the_external_number_is_ours_where_it_is_free(topdesk: TopDeskPeer) -> None:
    """IT-03"""
    await into(topdesk).set_reference(TICKET, REQUEST, "https://flode.example/", key="r-1")
    assert topdesk.externals == {STORY.number: str(REQUEST)}
    assert not any(one.public for one in topdesk.comments)


async def test_another_external_number_stays_and_the_desk_is_told_all_the_same(topdesk: TopDeskPeer) -> None:
    topdesk.externals[STORY.number] = "LEV-4711"
    await into(topdesk).set_reference(TICKET, REQUEST, "https://flode.example/", key="r-1")
    assert topdesk.externals == {STORY.number: "LEV-4711"}
    ((_, told),) = topdesk.references
    assert str(REQUEST) in told


async def test_what_looks_like_a_tag_is_text(topdesk: TopDeskPeer) -> None:
    await into(topdesk).comment(TICKET, "a <b> & c\nd", key="k-1")
    assert topdesk.comments[0].text.startswith("a &lt;b&gt; &amp; c<br>d<br><br>[flode:")


async def test_what_was_asked_for_is_only_read_of_the_project_flow(topdesk: TopDeskPeer) -> None:
    topdesk.tickets[82] = Story(number=82, flow="Support")
    await changed(way_to(topdesk), OPENED.isoformat())
    assert len([path for path in topdesk.asked if path.endswith("/requests")]) == 1


async def test_a_card_that_is_deleted_while_it_is_read_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(peer: TopDeskPeer, request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    monkeypatch.setattr(TopDeskPeer, "requests", gone)
    peer = TopDeskPeer()
    peer.tickets[STORY.number] = STORY
    async with peer.running():
        assert len((await changed(way_to(peer), OPENED.isoformat())).records) == 1


async def test_nothing_new_is_an_answer_without_a_body(topdesk: TopDeskPeer) -> None:
    topdesk.tickets.clear()
    found = await changed(way_to(topdesk), OPENED.isoformat())
    assert (found.records, found.more, found.cursor) == ((), False, OPENED.isoformat())

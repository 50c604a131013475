"""What differs between the sites that Jira runs on, and what a site with many issues asks of a poll."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web

from chassis.outbox import GiveUp, Retry
from chassis.outward import Outward
from chassis.partnership import ServiceDesk
from chassis.testing import Databases
from contracts.values import TicketRef
from intake.adapters.jira import changed
from intake.adapters.port import Changed, Way
from notifications.adapters.jira import Jira, tickets
from tests.systems.peer import OPENED, Story
from tests.systems.peers.jira import JiraDataCenterPeer, JiraPeer
from tests.systems.world import Connected, connected

REQUEST = UUID("2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11")
URL = f"https://flode.example/intake/requests/{REQUEST}"
TICKET = TicketRef(system="jira", external_id="10081", number="SD-81")


@pytest.fixture
async def data_center(databases: Databases, tmp_path: Path) -> AsyncIterator[Connected]:
    async with connected(JiraDataCenterPeer(), databases, tmp_path) as opened:
        yield opened


async def test_a_data_center_is_read_and_polled_with_a_token_alone(data_center: Connected) -> None:
    story = Story().later(20 * 60)
    await data_center.happens(story, "created")
    assert (await data_center.request(story))["requester_email"] == story.email
    data_center.peer.tickets[story.number] = story.later(title="Ny rubrik")
    await data_center.polls()
    assert (await data_center.request(story))["title"] == "Ny rubrik"
    assert "GET /rest/api/2/search" in data_center.peer.asked


async def test_a_data_center_that_does_not_name_its_deliveries_is_followed_once(data_center: Connected) -> None:
    """P3"""
    sent = data_center.make(Story(), "created")
    answers = [await data_center.send(sent) for _ in range(2)]
    assert [answer.headers.get("Flode-Duplicate") for answer in answers] == [None, "true"]


def way_to(peer: JiraPeer) -> Way:
    desk = ServiceDesk.model_validate(peer.settings())
    assert desk.api
    return Way(
        desk=desk, api=desk.api, outward=Outward(municipality="ekvik", hosts=("127.0.0.1",), private=True, breakers={})
    )


async def test_a_second_in_which_an_import_changed_two_hundred_issues_is_gone_through() -> None:
    peer = JiraPeer()
    imported = [Story(number=number) for number in range(1, 201)]
    after = Story(number=300, changed=OPENED + timedelta(seconds=1))
    peer.tickets = {story.number: story for story in (*imported, after)}
    async with peer.running():
        way, seen = way_to(peer), set[str]()
        found = Changed(records=(), cursor=OPENED.isoformat(), more=True)
        rounds = 0
        while found.more and rounds < 20:
            found = await changed(way, found.cursor)
            seen |= {str(record.body) for record in found.records}
            rounds += 1
            assert len(found.records) <= 50
    assert len(seen) == 201
    assert rounds < 20


async def test_what_changed_just_now_is_asked_for_again_because_a_search_may_not_find_it_yet() -> None:
    peer = JiraPeer()
    later = OPENED + timedelta(days=20_000)
    peer.tickets = {81: replace(Story(), changed=later)}
    async with peer.running():
        found = await changed(way_to(peer), OPENED.isoformat())
    assert len(found.records) == 1
    assert found.cursor < later.isoformat()
    assert not found.more


def the_way_back(peer: JiraPeer) -> Jira:
    way = way_to(peer)
    return tickets(way.desk, way.api, way.outward)


async def test_a_status_that_the_issue_has_already_is_not_gone_to_again() -> None:
    peer = JiraPeer()
    peer.tickets = {81: Story()}
    async with peer.running():
        for _ in range(2):
            await the_way_back(peer).set_state(TICKET, "project", key="s-1")
    assert peer.states == [(81, "In progress")]


async def test_a_status_that_no_transition_leads_to_is_given_up_with_both_names() -> None:
    peer = JiraPeer()
    peer.tickets = {81: Story()}
    async with peer.running():
        system = replace(the_way_back(peer), states={"project": "Projekt"})
        with pytest.raises(GiveUp, match="no transition leads from “Öppen” to “Projekt”"):
            await system.set_state(TICKET, "project", key="s-1")


async def test_a_link_to_the_request_is_set_again_and_not_twice() -> None:
    peer = JiraPeer()
    peer.tickets = {81: Story()}
    async with peer.running():
        for _ in range(2):
            await the_way_back(peer).set_reference(TICKET, REQUEST, URL, key="r-1")
    assert [link["url"] for link in peer.links.values()] == [URL]


@pytest.mark.parametrize("status", [400, 409])
async def test_an_issue_that_somebody_moves_at_the_same_time_is_read_again_three_times_and_no_more(status: int) -> None:
    class Busy(JiraPeer):
        refusals = 2

        async def go(self, request: web.Request) -> web.Response:
            self.refusals -= 1
            return web.json_response({}, status=status) if self.refusals >= 0 else await super().go(request)

    peer = Busy()
    peer.tickets = {81: Story()}
    async with peer.running():
        await the_way_back(peer).set_state(TICKET, "project", key="s-1")
        assert peer.states == [(81, "In progress")]
        peer.refusals = 3
        with pytest.raises(GiveUp if status == 400 else Retry, match=str(status)):
            await the_way_back(peer).set_state(TICKET, "completed", key="s-2")
    assert peer.states == [(81, "In progress")]

"""What is peculiar to Redmine: it does not say what it did not do, and tells addresses to who asks for users."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from chassis.outbox import GiveUp
from contracts.values import TicketRef
from intake.adapters import redmine as intake
from notifications.adapters.redmine import Redmine, tickets
from tests.systems.peer import OPENED, Story
from tests.systems.peers.redmine import RedminePeer
from tests.systems.ways import way_to

TICKET = TicketRef(system="redmine", external_id="81", number="81")
REQUEST = UUID("2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11")


@pytest.fixture
async def peer() -> AsyncIterator[RedminePeer]:
    made = RedminePeer()
    made.tickets[81] = Story()
    async with made.running():
        yield made


def written(peer: RedminePeer, **changes: object) -> Redmine:
    way = way_to(peer, **changes)
    return tickets(way.desk, way.api, way.outward)


async def test_a_note_that_redmine_passed_over_is_not_taken_for_written(peer: RedminePeer) -> None:
    peer.refuses = True
    with pytest.raises(GiveUp, match="add notes"):
        await written(peer).comment(TICKET, "Ärendet är ett projekt.", key="k-1")


async def test_a_status_that_the_workflow_does_not_allow_is_given_up(peer: RedminePeer) -> None:
    peer.refuses = True
    with pytest.raises(GiveUp, match="In Progress"):
        await written(peer).set_state(TICKET, "project", key="s-1")


async def test_a_status_that_redmine_does_not_have_is_given_up(peer: RedminePeer) -> None:
    with pytest.raises(GiveUp, match="Beställd"):
        await written(peer, states={"project": "Beställd"}).set_state(TICKET, "project", key="s-1")


async def test_a_reference_field_that_the_issue_lacks_is_given_up(peer: RedminePeer) -> None:
    redmine = written(peer, api={"url": peer.url, "token": peer.token, "options": {"reference_field": "Flöde"}})
    with pytest.raises(GiveUp, match="Flöde"):
        await redmine.set_reference(TICKET, REQUEST, "https://flode.example/", key="r-1")


async def test_who_wrote_many_issues_is_asked_for_once(peer: RedminePeer) -> None:
    peer.tickets = {number: Story(number=number) for number in range(1, 11)}
    await intake.changed(way_to(peer), OPENED.isoformat())
    assert peer.asked.count("GET /users/6.json") == 1

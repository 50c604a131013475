"""What is peculiar to OpenProject: a work package that others change or delete meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from chassis.outbox import GiveUp, Retry
from contracts.values import TicketRef
from intake.adapters import openproject as intake
from notifications.adapters.openproject import OpenProject, as_markdown, tickets
from tests.systems.peer import OPENED, Story
from tests.systems.peers.openproject import OpenProjectPeer
from tests.systems.ways import way_to

TICKET = TicketRef(system="openproject", external_id="81", number="81")
REQUEST = UUID("2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11")


@pytest.fixture
async def peer() -> AsyncIterator[OpenProjectPeer]:
    made = OpenProjectPeer()
    made.tickets[81] = Story()
    async with made.running():
        yield made


def written(peer: OpenProjectPeer, **changes: object) -> OpenProject:
    way = way_to(peer, **changes)
    return tickets(way.desk, way.api, way.outward)


@pytest.mark.parametrize("times", [1, 2])
async def test_who_was_overtaken_reads_the_work_package_again(peer: OpenProjectPeer, times: int) -> None:
    peer.overtaken = times
    await written(peer).set_state(TICKET, "project", key="s-1")
    assert peer.states == [(81, "In progress")]


async def test_who_is_overtaken_every_time_tries_again_later(peer: OpenProjectPeer) -> None:
    peer.overtaken = 3
    with pytest.raises(Retry):
        await written(peer).set_state(TICKET, "project", key="s-1")
    assert peer.states == []


async def test_a_state_that_openproject_does_not_have_is_given_up(peer: OpenProjectPeer) -> None:
    with pytest.raises(GiveUp, match="Beställd"):
        await written(peer, states={"project": "Beställd"}).set_state(TICKET, "project", key="s-1")


def test_a_plain_text_is_shown_as_it_is_written() -> None:
    assert as_markdown("Med <b> & 3 < 4\nNy rad") == "Med &lt;b&gt; &amp; 3 &lt; 4  \nNy rad"


async def test_a_work_package_that_is_deleted_while_it_is_polled_for_stops_nobody(peer: OpenProjectPeer) -> None:
    peer.tickets[82] = Story(number=82)
    peer.deletes = 82
    changed = await intake.changed(way_to(peer), OPENED.isoformat())
    assert len(changed.records) == 1


async def test_without_a_field_for_it_the_reference_is_an_internal_comment(peer: OpenProjectPeer) -> None:
    """IT-03"""
    openproject = written(peer, api={"url": peer.url, "token": peer.token})
    for _ in range(2):
        await openproject.set_reference(TICKET, REQUEST, f"https://flode.example/{REQUEST}", key="r-1")
    (comment,) = peer.comments
    assert not comment.public
    assert str(REQUEST) in comment.text

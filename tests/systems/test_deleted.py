"""Tickets that were deleted while nobody told of it: they are asked after by their ids, and only what a system says for
certain ends a request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chassis.testing import Databases
from tests.systems.peer import Story, all_peers
from tests.systems.peers.openproject import OpenProjectPeer
from tests.systems.world import Connected, connected

PEERS = all_peers()
STORY = Story()
SURE = ("redmine", "request-tracker", "zammad")
"""Those that refuse what may not be seen, and do not find what is not there."""
ASKED = (*SURE, "glpi", "jira", "openproject", "servicenow", "topdesk", "xurrent", "znuny")


@pytest.fixture
async def desk(kind: str, databases: Databases, tmp_path: Path) -> AsyncIterator[Connected]:
    async with connected(PEERS[kind](), databases, tmp_path) as opened:
        yield opened


async def known(desk: Connected, *stories: Story) -> None:
    """Tickets were told of, and a day has gone by since."""
    for story in stories:
        await desk.happens(story, "created")
    await desk.passes(hours=25)


async def withdrawn(desk: Connected, story: Story = STORY) -> tuple[str, str | None]:
    row: dict[str, Any] = await desk.request(story)
    return row["state"], row["withdrawn"]


@pytest.mark.parametrize("kind", SURE)
async def test_a_ticket_that_was_deleted_is_withdrawn_a_day_later(desk: Connected) -> None:
    await known(desk, STORY)
    del desk.peer.tickets[STORY.number]
    await desk.polls()
    assert await withdrawn(desk) == ("withdrawn", "deleted")
    async with desk.world.here.db.work() as connection:
        keys = await connection.fetch("SELECT key FROM deliveries WHERE kind = 'deleted'")
    assert [row["key"] for row in keys] == ["polled 81 gone"]


@pytest.mark.parametrize("kind", ASKED)
async def test_one_that_is_there_is_asked_after_once_a_day_and_stays_as_it_is(desk: Connected) -> None:
    await known(desk, STORY)
    before = await desk.world.facts()
    await desk.polls()
    asked = len(desk.peer.asked)
    await desk.passes(hours=1)
    desk.peer.asked.clear()
    await desk.polls()
    assert len(desk.peer.asked) < asked, "it was asked after a moment ago"
    await desk.passes(hours=24)
    await desk.polls()
    assert await desk.world.facts() == before
    assert (await desk.request(STORY))["state"] == "waiting"


@pytest.mark.parametrize("status", [403, 503])
@pytest.mark.parametrize("kind", ASKED)
async def test_what_is_refused_or_fails_is_no_deletion(desk: Connected, status: int) -> None:
    await known(desk, STORY)
    desk.peer.tickets.clear()
    desk.peer.missing = status
    await desk.polls()
    assert (await desk.request(STORY))["state"] == "waiting"


@pytest.mark.parametrize("kind", ["redmine"])
async def test_an_answer_that_is_not_understood_ends_nothing_and_the_poll_goes_on(desk: Connected) -> None:
    await known(desk, STORY)
    desk.peer.spoils = lambda said: {} if "issue" in said else said
    await desk.polls()
    assert (await desk.request(STORY))["state"] == "waiting"
    async with desk.world.here.db.work() as connection:
        assert await connection.fetchval("SELECT state FROM effects WHERE channel = 'poll'") == "sent"


@pytest.mark.parametrize("kind", [kind for kind in ASKED if kind not in SURE and kind != "openproject"])
async def test_systems_that_do_not_tell_a_deletion_from_a_lost_right_end_nothing(desk: Connected) -> None:
    await known(desk, STORY)
    desk.peer.tickets.clear()
    await desk.polls()
    assert (await desk.request(STORY))["state"] == "waiting"


@pytest.mark.parametrize("kind", ["openproject"])
async def test_of_openproject_one_that_cannot_be_seen_has_left_the_flow_while_the_flow_is_seen(desk: Connected) -> None:
    """It answers alike for what was deleted and for what was moved out of our sight, so that it may come back."""
    await known(desk, STORY)
    desk.peer.tickets.clear()
    await desk.polls()
    assert await withdrawn(desk) == ("withdrawn", "left_flow")
    desk.peer.tickets[STORY.number] = STORY.later(60 * 60)
    await desk.polls()
    assert (await desk.request(STORY))["state"] == "waiting"


@pytest.mark.parametrize("kind", ["openproject"])
async def test_of_openproject_nothing_ends_when_the_flow_is_not_seen(desk: Connected) -> None:
    assert isinstance(desk.peer, OpenProjectPeer)
    await known(desk, STORY)
    desk.peer.tickets.clear()
    desk.peer.sees_the_project = False
    await desk.polls()
    assert (await desk.request(STORY))["state"] == "waiting"


@pytest.mark.parametrize(("kind", "why"), [("glpi", "deleted"), ("request-tracker", "closed")])
async def test_one_that_lies_in_the_trash_is_withdrawn(desk: Connected, why: str) -> None:
    """What Request Tracker calls deleted can be taken back, and is closed to us."""
    await known(desk, STORY)
    desk.peer.tickets[STORY.number] = replace(STORY, deleted=True)
    await desk.polls()
    assert await withdrawn(desk) == ("withdrawn", why)


@pytest.mark.parametrize("kind", ["zammad"])
async def test_one_that_somebody_typed_in_is_not_asked_after(desk: Connected) -> None:
    """Its id is what was written on the form."""
    said = {
        "municipality": "ekvik", "title": "Ny skrivare", "requester": {"name": "Sigrid Ek"},
        "ticket": {"system": "zammad", "number": "10081"},
    }  # fmt: skip
    answer = await desk.world.post("/intake/api/requests", desk.world.desk, said, **{"Idempotency-Key": "typed-in"})
    assert answer.status_code == 201, answer.text
    await desk.passes(hours=25)
    desk.peer.asked.clear()
    await desk.polls()
    assert not any("10081" in asked for asked in desk.peer.asked)


@pytest.mark.parametrize("kind", ["redmine"])
async def test_a_system_that_knows_none_of_its_tickets_is_not_believed(desk: Connected) -> None:
    """It was set up anew, or restored from an old copy."""
    stories = [Story(number=number) for number in range(81, 86)]
    await known(desk, *stories)
    desk.peer.tickets.clear()
    await desk.polls()
    assert [(await desk.request(story))["state"] for story in stories] == ["waiting"] * 5


@pytest.mark.parametrize("kind", ["redmine"])
async def test_a_round_goes_on_at_the_next_poll_where_there_are_many(desk: Connected) -> None:
    stories = [Story(number=number) for number in range(81, 81 + 23)]
    await known(desk, *stories)
    for number in (81, 90, 103):
        del desk.peer.tickets[number]
    await desk.polls()
    await desk.polls()
    gone = [story.number for story in stories if (await desk.request(story))["withdrawn"] == "deleted"]
    assert gone == [81, 90, 103]

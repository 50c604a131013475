"""The files that hang on tickets are referred to and never kept, for every system: they are fetched when somebody opens
them, by whoever may read the request and nobody else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from chassis.testing import Databases
from tests.systems.peer import FILE, FILE_TYPE, Peer, Story, all_peers
from tests.systems.peers.jira import JiraDataCenterPeer
from tests.systems.world import Connected, connected

PEERS: dict[str, type[Peer]] = {**all_peers(), "jira in a data center": JiraDataCenterPeer}
CONTENT = b"%PDF-1.4 \x00\xff skiss"
STORY = Story(file=CONTENT).later(20 * 60)
EVERY = pytest.mark.parametrize("kind", list(PEERS))


@pytest.fixture
async def desk(kind: str, databases: Databases, tmp_path: Path) -> AsyncIterator[Connected]:
    async with connected(PEERS[kind](), databases, tmp_path) as opened:
        yield opened


async def comes(desk: Connected, story: Story) -> dict[str, Any]:
    """The ticket as it is known once it was delivered and polled for."""
    if desk.peer.sends:
        await desk.happens(story, "created")
    desk.peer.tickets[story.number] = story
    await desk.polls()
    return await desk.request(story)


def link(desk: Connected, story: Story, row: dict[str, Any]) -> str:
    return f"/intake/api/requests/{desk.request_id(story)}/attachments/{row['attachments'][0]['key']}"


@EVERY
async def test_a_file_is_referred_to_and_fetched_when_it_is_opened(desk: Connected) -> None:
    row = await comes(desk, STORY)
    (file,) = row["attachments"]
    assert file["name"] == FILE
    assert file["media_type"] in (FILE_TYPE, None)
    assert file["size"] in (len(CONTENT), None)
    page = await desk.world.client.get(f"/intake/requests/{desk.request_id(STORY)}", headers=desk.world.pm)
    assert link(desk, STORY, row) in page.text
    answer = await desk.world.client.get(link(desk, STORY, row), headers=desk.world.pm)
    assert (answer.status_code, answer.content) == (200, CONTENT), answer.text
    assert answer.headers["content-disposition"].endswith(f"filename*=UTF-8''{quote(FILE)}")
    assert answer.headers["x-content-type-options"] == "nosniff"


@EVERY
async def test_the_same_file_again_is_no_change_and_one_that_is_gone_is(desk: Connected) -> None:
    await comes(desk, STORY)
    told = await desk.world.facts()
    if "changed" not in desk.peer.polled:
        return
    desk.peer.tickets[STORY.number] = STORY.later()
    await desk.polls()
    assert await desk.world.facts() == told
    desk.peer.tickets[STORY.number] = STORY.later(20, file=None)
    await desk.polls()
    assert await desk.world.facts() == [*told, "request-changed"]
    assert (await desk.request(STORY))["attachments"] == []


@pytest.mark.parametrize("kind", ["zammad"])
async def test_only_who_may_read_the_request_may_read_its_files(desk: Connected) -> None:
    """P11"""
    row = await comes(desk, STORY)
    nobody: dict[str, str] = {}
    strangers = (desk.world.token("Aino Holm"), desk.world.token("Lars Berg", "sydvik", sydvik=["pm"]), nobody)
    answers = [await desk.world.client.get(link(desk, STORY, row), headers=each) for each in strangers]
    assert [answer.status_code for answer in answers] == [404, 404, 401]


@pytest.mark.parametrize("kind", ["zammad"])
async def test_a_system_that_does_not_give_a_file_is_told_of_in_words(desk: Connected) -> None:
    row = await comes(desk, STORY)
    desk.peer.fails = [(404, {})]
    answer = await desk.world.client.get(link(desk, STORY, row), headers=desk.world.pm)
    assert answer.status_code == 502
    assert "could not be fetched from Zammad: the system answered 404" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["jira in a data center"])
async def test_an_answer_about_a_file_that_is_not_understood_is_told_of_in_words(desk: Connected) -> None:
    row = await comes(desk, STORY)
    desk.peer.spoils = lambda said: [said]
    answer = await desk.world.client.get(link(desk, STORY, row), headers=desk.world.pm)
    assert answer.status_code == 502
    assert "is not understood" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["zammad"])
async def test_no_file_and_no_name_of_one_lies_in_the_log_in_the_open(desk: Connected) -> None:
    """P14"""
    await comes(desk, STORY)
    log = b"".join([row["envelope"] for row in await desk.world.here.db.worker.fetch("SELECT envelope FROM events")])
    assert b"application/pdf" in log
    assert not any(words.encode() in log for words in (FILE, "Skiss", "skiss", "ticket_attachment"))

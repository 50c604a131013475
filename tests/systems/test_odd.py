"""What a system tells otherwise than its documents say: one odd ticket is parked and holds up no other, a field that is
left out is told of by the name of the rule that left it out, and a ticket of no flow at all is simply not ours.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from chassis.testing import Databases
from intake.adapters.port import NAMES, Arrived, systems
from intake.adapters.report import Desk
from intake.commands.taking import take
from tests.systems.peer import OPENED, Story, all_peers
from tests.systems.test_arriving import LOOKS_UP, PUSHING, only
from tests.systems.world import Connected, connected

PEERS = all_peers()
STORY = Story()
ASKED = pytest.mark.parametrize("kind", [kind for kind, peer in PEERS.items() if peer.polled and kind != "e-mail"])
"""The systems whose API is one of HTTP."""
LAID_DOWN = [kind for kind in PUSHING if kind not in ("xurrent", "redmine", "openproject")]
"""Those where somebody can lay down what is sent, or leave something out of it."""


@pytest.fixture
async def desk(kind: str, databases: Databases, tmp_path: Path) -> AsyncIterator[Connected]:
    async with connected(PEERS[kind](), databases, tmp_path) as opened:
        yield opened


# --- what is listed, and what is looked up ---


def the_second_of_three(said: Any) -> Any:
    """Of a list of three tickets, the second says who it is, and nothing else that is as it must be."""
    if isinstance(said, dict):
        return {name: the_second_of_three(value) for name, value in said.items()}
    if isinstance(said, list) and len(said) == 3 and all(isinstance(one, dict) for one in said):
        first, second, third = said
        return [first, {name: value if name in NAMES else [[5]] for name, value in second.items()}, third]
    return [the_second_of_three(one) for one in said] if isinstance(said, list) else said


@ASKED
async def test_one_ticket_that_is_not_as_it_must_be_is_parked_and_the_others_are_taken(desk: Connected) -> None:
    """P10"""
    stories = [Story(number=81 + at, changed=OPENED.replace(day=2, hour=at)) for at in range(3)]
    desk.peer.tickets = {story.number: story for story in stories}
    desk.peer.spoils = the_second_of_three
    await desk.polls()
    assert sorted(await desk.outcomes()) == ["parked", "registered", "registered"]
    page = await desk.world.client.get("/intake/deliveries", headers=desk.world.pm)
    named = (desk.peer.shown_number(stories[1]), desk.peer.external_id(stories[1]))
    assert any(name in page.text for name in named)
    await desk.polls()
    assert len(await desk.outcomes()) == 3
    desk.peer.spoils = None
    desk.peer.tickets[82] = stories[1].later(24 * 60, title="Nu går det")
    await desk.polls()
    assert (await desk.request(stories[1]))["title"] == "Nu går det"


@ASKED
async def test_a_list_that_is_not_understood_at_all_says_so_where_what_is_tried_again_is_seen(desk: Connected) -> None:
    desk.peer.tickets[STORY.number] = STORY.later(20 * 60)
    desk.peer.spoils = lambda _: 5
    await desk.polls()
    row = await desk.world.here.db.worker.fetchrow("SELECT state, reason FROM effects WHERE channel = 'poll'")
    assert row is not None
    assert row["state"] in ("due", "given_up")
    assert row["reason"].startswith("the system")
    desk.peer.spoils = None
    await desk.waits_no_more("poll")
    await desk.polls()
    assert await desk.world.facts() == ["request-registered"]


@LOOKS_UP
@pytest.mark.parametrize("answer", [5, [], {"data": None}, {"id": {"id": []}}])
async def test_an_answer_about_a_ticket_that_is_not_understood_loses_no_request(desk: Connected, answer: Any) -> None:
    desk.peer.tickets[STORY.number] = STORY
    desk.peer.spoils = lambda _: answer
    assert (await desk.send(desk.make(STORY, "created"))).status_code == 202
    for _ in range(14):
        await desk.asks()
        await desk.waits_no_more()
    assert (await desk.outcomes())[0] in ("registered", "parked")


# --- the flow ---


@only("created")
async def test_a_ticket_of_no_flow_is_not_ours_and_bothers_nobody(desk: Connected) -> None:
    """IT-04"""
    await desk.happens(Story(flow=""), "created")
    assert await desk.outcomes() == ["not_for_us"]


@ASKED
async def test_a_ticket_of_no_flow_that_is_found_by_polling_is_not_ours(desk: Connected) -> None:
    """IT-04"""
    desk.peer.tickets[STORY.number] = Story(flow="").later(20 * 60)
    await desk.polls()
    assert await desk.outcomes() == ["not_for_us"]


def without(said: Any, value: str) -> Any:
    """A payload without the field that holds this, or holds something that is called so."""
    if isinstance(said, list):
        return [without(one, value) for one in said]
    if not isinstance(said, dict):
        return said
    return {
        name: without(held, value)
        for name, held in said.items()
        if held != value and not (isinstance(held, dict) and value in held.values())
    }


@pytest.mark.parametrize("kind", LAID_DOWN)
async def test_a_payload_that_leaves_the_flow_out_is_kept_with_the_name_of_what_sent_it(desk: Connected) -> None:
    """IT-04"""
    sent = desk.make(STORY, "created")
    body = json.dumps(without(json.loads(sent.body), STORY.flow)).encode()
    assert STORY.flow.encode() not in body
    headers = {name.lower(): value.encode().decode("latin-1") for name, value in sent.headers.items()}
    arrived = Arrived(body=body, headers=headers)
    here, credential = desk.world.here, desk.world.here.partnership.desk("ekvik", desk.peer.kind)
    assert credential
    system = systems()[desk.peer.kind]
    desk.peer.fails = [(503, {})] * 200  # nor can it be asked for
    await take(here, Desk.of(credential), credential.kind, system.read(arrived, credential), correlation=uuid4().hex)
    for _ in range(14):
        await desk.asks()
        await desk.waits_no_more()
    assert await desk.outcomes() == ["parked"]
    page = await desk.world.client.get("/intake/deliveries", headers=desk.world.pm)
    assert (system.trigger(arrived) or "") in page.text

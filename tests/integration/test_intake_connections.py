"""How each ticketing system does, what is to be done in it, and a test, are seen by those who operate Flöde there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import httpx
import pytest

from chassis.testing import Databases
from tests.integration.governance_world import text_of
from tests.integration.intake_world import HOOK, NEXT_SECRET, ORIGIN, SECRET, World, a_ticket, a_world

PATH = "/intake/connections"


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened


def operator(world: World, town: str = "ekvik") -> dict[str, str]:
    return world.token("Per Lund", **{town: ["operator"]})


async def test_what_was_heard_and_what_could_not_be_used_is_counted(world: World) -> None:
    await world.deliver(a_ticket())
    await world.deliver({"nothing": "usable"}, key="msg-2")
    listed = text_of(await world.get(PATH, operator(world)))
    assert "something could not be used 0 1" in listed
    assert "Nordvik" not in listed
    one = text_of(await world.get(f"{PATH}/ekvik/zammad", operator(world)))
    assert f"{ORIGIN}{HOOK}" in one
    assert "Deliveries that could not be used 1" in one


async def test_a_test_says_in_words_what_came_back_and_who_asked(world: World) -> None:
    answer = await world.client.post(f"{PATH}/ekvik/zammad", headers={**operator(world), "Origin": ORIGIN})
    assert answer.status_code == 303
    told = text_of(await world.get(f"{PATH}/ekvik/zammad", operator(world)))
    assert "It does not answer as it should Nothing can be asked of it" in told
    assert "Per Lund" in told


async def test_no_secret_is_shown(world: World) -> None:
    for path in (PATH, f"{PATH}/ekvik/zammad"):
        page = (await world.get(path, operator(world))).text
        assert SECRET not in page
        assert NEXT_SECRET not in page


@pytest.mark.parametrize("role", ["requester", "service_desk", "technician", "pm", "leader", "it_manager", "auditor"])
async def test_nobody_else_sees_or_tests_it(world: World, role: str) -> None:
    who = world.token("Kari Moe", ekvik=[role])
    for path in (PATH, f"{PATH}/ekvik/zammad"):
        assert (await world.get(path, who)).status_code == 403
    assert (await world.client.post(f"{PATH}/ekvik/zammad", headers={**who, "Origin": ORIGIN})).status_code == 403
    stranger = operator(world, "nordvik")
    assert (await world.get(f"{PATH}/ekvik/zammad", stranger)).status_code == 403


async def test_what_an_ended_connection_delivers_is_refused_and_the_log_says_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = world.here.partnership.model_copy(update={"service_desks": ()})
    app = cast(httpx.ASGITransport, world.client._transport).app
    app.state.here = replace(world.here, partnership=ended)  # type: ignore[attr-defined]  # it is FastAPI's
    assert (await world.deliver(a_ticket())).status_code == 401
    assert "delivery.no-such-connection" in capsys.readouterr().out

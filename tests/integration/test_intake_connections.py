"""How each ticketing system does, what is to be done in it, and a test, are seen by those who operate Flöde there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import httpx
import pytest

from chassis.partnership import Api
from chassis.testing import Databases
from intake.pages.connecting import why
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


API = Api(url="https://desk.ekvik.example", token="a-token", poll_seconds=60)


def asked_desk(world: World) -> None:
    """Ekvik's desk, with an API that is asked for changes."""
    (desk, *others) = world.here.partnership.service_desks
    desks = (desk.model_copy(update={"kind": "zammad", "api": API}), *others)
    app = cast(httpx.ASGITransport, world.client._transport).app
    now = world.here.partnership.model_copy(update={"service_desks": desks})
    app.state.here = replace(world.here, partnership=now)  # type: ignore[attr-defined]  # it is FastAPI's


POLLED = "INSERT INTO effects (channel, key, municipality, payload, state, attempts, reason, due_at, done_at) VALUES "


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("('poll', 'zammad', 'ekvik', '{}', 'sent', 1, NULL, now(), now())", "asked every 60 s"),
        (
            "('poll', 'zammad', 'ekvik', '{}', 'due', 3, 'the system answered 503', now() + interval '5 min', NULL)",
            "rests after failures in a row: 3",
        ),
        (
            "('poll', 'zammad', 'ekvik', '{}', 'given_up', 1, 'the system answered 401', now(), now())",
            "refuses us; asked again 60 s after the last time",
        ),
    ],
    ids=["it is well", "it rests", "it refuses us"],
)
async def test_an_operator_sees_whether_a_system_is_asked_and_how_that_goes(
    world: World, state: str, shown: str
) -> None:
    asked_desk(world)
    await world.here.db.worker.execute(POLLED + state)
    assert shown in text_of(await world.get(PATH, operator(world)))
    one = text_of(await world.get(f"{PATH}/ekvik/zammad", operator(world)))
    assert shown in one
    assert ("does not answer" in one) == ("asked every" not in shown)
    assert ("It is asked again" in one) == shown.startswith("rests")


def test_why_a_system_does_not_answer_is_said_in_the_readers_words_where_it_is_known() -> None:
    assert why("the system answered 401", "en") == "It does not take the user or the token (HTTP 401)."
    assert why("the system cannot be reached: TimeoutError", "en") == "It cannot be reached (TimeoutError)."
    assert why("of 3 tickets that the system lists none is understood: odd", "en") is None


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

"""The page that says how a ticketing system is added is true: its two files and its entry are used as they stand."""

from __future__ import annotations

import hmac
import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from chassis.outward import Outward
from chassis.partnership import ServiceDesk
from contracts.values import TicketRef
from intake.adapters import ticket
from intake.adapters.delivery import Unauthentic
from intake.adapters.port import Arrived, Way, systems
from intake.commands.asking import FIRST_LOOK_BACK

GUIDE = (Path(__file__).parents[2] / "deploy" / "runbooks" / "add-a-ticketing-system.md").read_text("utf-8")
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CASE = {
    "id": 7, "subject": "Räksmörgås Ærø Bodø", "text": "Vi behöver mer.", "by": "Sigrid Ek", "mail": "s@ekvik.example",
    "queue": "Projects", "over": False, "opened": "2026-03-01T08:00:00Z", "changed": "2026-03-01T09:00:00Z", "count": 3,
}  # fmt: skip


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def module(source: str, name: str) -> Any:
    made = ModuleType(name)
    exec(compile(source, name, "exec", dont_inherit=True), made.__dict__)
    return made


@pytest.fixture
def desk() -> ServiceDesk:
    (entry,) = tomllib.loads(blocks("toml")[0])["service_desks"]
    return ServiceDesk.model_validate(entry)


@pytest.fixture
def system() -> Any:
    return module(blocks("python")[0], "acme_desk").system


def test_a_case_is_proven_and_read(system: Any, desk: ServiceDesk) -> None:
    body = json.dumps(CASE).encode()
    signature = hmac.digest(desk.secret.encode(), body, "sha256").hex()
    arrived = Arrived(body=body, headers={"x-acme-signature": signature})
    system.verify(arrived, desk.secrets, NOW)
    with pytest.raises(Unauthentic):
        system.verify(Arrived(body=body + b" ", headers=arrived.headers), desk.secrets, NOW)
    said = ticket.read(system.read(arrived, desk).content)
    assert (said.external_id, said.title, said.flow, said.revision) == ("7", CASE["subject"], "Projects", 3)


def test_what_does_not_fit_is_kept_with_a_sentence_for_the_field(system: Any, desk: ServiceDesk) -> None:
    delivery = system.read(Arrived(body=json.dumps({**CASE, "opened": "yesterday"}).encode()), desk)
    assert [refusal.field for refusal in delivery.fault.refusals] == ["opened"]


async def test_it_is_polled_and_written_into(system: Any, desk: ServiceDesk) -> None:
    remarks: list[dict[str, Any]] = []
    states: list[str] = []

    async def cases(request: web.Request) -> web.Response:
        assert request.headers["X-Token"] == "a token"
        return web.json_response([CASE])

    async def listed(request: web.Request) -> web.Response:
        return web.json_response(remarks)

    async def remarked(request: web.Request) -> web.Response:
        remarks.append(await request.json())
        return web.json_response({}, status=201)

    async def put(request: web.Request) -> web.Response:
        states.append((await request.json())["state"])
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/cases", cases)
    app.router.add_put("/cases/7", put)
    app.router.add_get("/cases/7/remarks", listed)
    app.router.add_post("/cases/7/remarks", remarked)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        assert desk.api
        api = desk.api.model_copy(update={"url": f"http://127.0.0.1:{runner.addresses[0][1]}"})
        outward = Outward(municipality="ekvik", hosts=("127.0.0.1",), breakers={})
        way = Way(desk=desk, api=api, outward=outward)
        found = await system.changed(way, (NOW - FIRST_LOOK_BACK).isoformat())
        assert ticket.read(system.read(found.records[0], desk).content).external_id == "7"
        acme = module(blocks("python")[1], "acme_desk_back").tickets(desk, api, outward)
        for _ in range(2):
            await acme.comment(TicketRef(system="acme", external_id="7"), "Det är ett projekt.", key="k")
        await acme.set_reference(TicketRef(system="acme", external_id="7"), UUID(int=1), "https://x.example", key="r")
        await acme.set_state(TicketRef(system="acme", external_id="7"), "project", key="s")
    finally:
        await runner.cleanup()
    assert [one["public"] for one in remarks] == [True, False]
    assert states == ["handed over"]


def test_the_page_on_connecting_names_every_system() -> None:
    page = (Path(__file__).parents[2] / "deploy" / "runbooks" / "connect-a-ticketing-system.md").read_text("utf-8")
    named = set(re.findall(r"^\| `([a-z-]+)`", page, re.MULTILINE))
    assert set(systems()) <= named

"""What waits for whom: each step of the flow waits for one person at a time, and goes when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from chassis.identity import Identity
from chassis.testing import NOON, Databases
from chassis.web import Deps, create_app
from chassis.web.waiting import MOST, Waiting, Waits, in_order, waiting_router
from governance.main import service as governance
from governance.waiting import waiting as in_governance
from intake.waiting import waiting as in_intake
from portfolio.waiting import waiting as in_portfolio
from tests.integration import governance_world, intake_world, portfolio_world
from tests.integration.governance_world import FULL_FORM
from tests.integration.test_portfolio_rounds import a_round, scores


class World(Protocol):
    """A world of one service."""

    here: Deps

    async def see(self) -> None: ...


async def waits(world: World, service: Waiting, headers: Mapping[str, str]) -> list[str]:
    """What waits in a service for whoever sends these headers, in English."""
    await world.see()
    caller = await world.here.auth.identify(headers["Authorization"].removeprefix("Bearer "))
    return [each.what for each in await service(world.here, caller)]


async def test_a_request_waits_for_the_pm_and_nobody_else(databases: Databases, tmp_path: Path) -> None:
    """IT-05"""
    async with intake_world.a_world(databases, tmp_path) as world:
        await world.deliver(intake_world.a_ticket())
        assert await waits(world, in_intake, world.pm) == ["Judge 1 request"]
        for who in (world.desk, world.technician, world.token("Ragna Moen", nordvik=["pm"])):
            assert await waits(world, in_intake, who) == []


async def test_a_directive_and_a_plan_wait_for_one_after_the_other(databases: Databases, tmp_path: Path) -> None:
    """IT-10, IT-18, IT-19, TY-01"""
    async with governance_world.a_world(databases, tmp_path) as world:
        request_id = await world.a_project()
        path, title = f"/governance/api/directives/{request_id}", FULL_FORM["title"]
        leader = {"name": "Hanna Berg", "email": world.email("Hanna Berg")}
        everybody = {
            "requester": world.requester, "pm": world.pm, "orderer": world.orderer, "leader": world.leader,
            "stranger": world.stranger,
        }  # fmt: skip

        async def waits_for(**expected: str) -> None:
            found = {name: await waits(world, in_governance, who) for name, who in everybody.items()}
            assert {name: said for name, said in found.items() if said} == {n: [s] for n, s in expected.items()}

        await waits_for(requester=f"Fill the directive in: {title}")
        await world.post(f"{path}/return", world.requester, {"form": FULL_FORM})
        await waits_for(pm=f"Look at the directive that was returned: {title}")
        await world.post(f"{path}/accept", world.pm, {"version": 1, "leader": leader})
        await waits_for(orderer=f"Approve the directive: {title}", leader=f"Approve the directive: {title}")
        await world.post(f"{path}/sign", world.orderer, {"version": 1})
        await waits_for(leader=f"Approve the directive: {title}")
        await world.post(f"{path}/sign", world.leader, {"version": 1})
        await waits_for()
        await world.assigned(request_id)
        await waits_for(leader=f"Write the plan: {title}")


async def test_the_minutes_wait_for_the_pm_and_then_for_who_attended(databases: Databases, tmp_path: Path) -> None:
    """IT-21"""
    async with governance_world.a_world(databases, tmp_path) as world:
        call = {"at": "2026-04-14T09:00:00+02:00", "place": "Rum 3", "orderer_meeting": "April"}
        path = (await world.post("/governance/api/meetings", world.pm, call)).headers["location"]

        async def waits_for(*, pm: list[str], manager: list[str]) -> None:
            found = [await waits(world, in_governance, who) for who in (world.pm, world.manager)]
            assert found == [[f"{each} CAB 1" for each in pm], [f"{each} CAB 1" for each in manager]]

        world.clock.advance(datetime.fromisoformat("2026-04-14T12:00:00+02:00") - world.clock.now())
        await waits_for(pm=["Write the minutes of"], manager=[])
        people = {"pm": ("ekvik", "Maj Ekdal"), "it_manager": ("nordvik", "Nils Dahl")}
        seats = [
            {"municipality": town, "role": role, "person": {"name": name, "email": world.email(name, town)}}
            for role, (town, name) in people.items()
        ]
        await world.put(f"{path}/attendance", world.pm, {"attendees": seats})
        await waits_for(pm=["Write the minutes of"], manager=[])
        await world.post(f"{path}/minutes", world.pm, {"text": "We met."})
        await waits_for(pm=[], manager=["Read and approve the minutes of"])
        await world.put(f"{path}/attendance", world.pm, {"attendees": [seats[0], {**seats[1], "present": False}]})
        await waits_for(pm=["Write the minutes of"], manager=[])
        await world.post(f"{path}/minutes", world.pm, {"text": "Nils Dahl was away."})
        await waits_for(pm=[], manager=[])
        await world.put(f"{path}/attendance", world.pm, {"attendees": seats})
        await waits_for(pm=["Write the minutes of"], manager=[])  # he attended, and what is written is not all
        await world.post(f"{path}/minutes", world.pm, {"text": "He was not."})
        await waits_for(pm=[], manager=["Read and approve the minutes of"])
        await world.post(f"{path}/minutes/approve", world.manager, {"version": 3})
        await waits_for(pm=[], manager=[])


async def test_a_meeting_that_was_held_before_its_day_is_not_the_next_one(databases: Databases, tmp_path: Path) -> None:
    """IT-21; what is said of it, and what the agenda of the one before reaches to, are two things."""
    async with governance_world.a_world(databases, tmp_path) as world:
        calls = [
            {"at": f"2026-{month}-14T09:00:00+02:00", "place": "Rum 3", "orderer_meeting": month}
            for month in ("04", "06")
        ]
        first, _ = [await world.post("/governance/api/meetings", world.pm, call) for call in calls]
        path = first.headers["location"]
        people = {"pm": ("ekvik", "Maj Ekdal"), "it_manager": ("nordvik", "Nils Dahl")}
        seats = [
            {"municipality": town, "role": role, "person": {"name": name, "email": world.email(name, town)}}
            for role, (town, name) in people.items()
        ]
        assert await waits(world, in_governance, world.pm) == ["CAB 1: the agenda"]
        await world.put(f"{path}/attendance", world.pm, {"attendees": seats})
        await world.post(f"{path}/minutes", world.pm, {"text": "We met early."})
        await world.post(f"{path}/minutes/approve", world.manager, {"version": 1})
        assert await waits(world, in_governance, world.pm) == ["CAB 2: the agenda"]


async def test_scores_wait_for_who_has_not_given_them_and_the_round_for_the_pm(
    databases: Databases, tmp_path: Path
) -> None:
    """IT-13, IT-16, IT-20"""
    async with portfolio_world.a_world(databases, tmp_path) as world:
        await world.a_running_project("Löpande")
        await world.an_entered_project("Ett")
        two = await world.an_entered_project("Två", "sundby", ("nordvik",))
        round_id = await a_round(world, title="Våren")
        assert await waits(world, in_portfolio, world.leader) == ["Report on Löpande"]
        assert await waits(world, in_portfolio, world.manager("nordvik")) == ["Give your scores: Våren"]
        for town in ("ekvik", "nordvik", "sundby"):
            assert "Close the round: Våren" not in await waits(world, in_portfolio, world.pm)
            given = await world.put(f"/rounds/{round_id}/votes/{town}", world.manager(town), scores((two, 4, 4, 2)))
            assert given.status_code == 201, given.text
        assert await waits(world, in_portfolio, world.manager("nordvik")) == []
        assert "Close the round: Våren" in await waits(world, in_portfolio, world.pm)
        await world.post(f"/rounds/{round_id}/close", world.pm)
        assert "Close the round: Våren" not in await waits(world, in_portfolio, world.pm)


async def test_the_home_page_says_which_services_did_not_answer(databases: Databases, tmp_path: Path) -> None:
    async with governance_world.a_world(databases, tmp_path) as world:
        await world.a_project()
        await world.see()
        app = create_app("governance", "governance", (waiting_router(governance),), world.here)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=governance_world.ORIGIN) as client:
            page = await client.get("/governance/home", headers={**world.requester, "accept-language": "en"})
    assert "Fill the directive in" in page.text
    for name in ("Requests", "Portfolio", "Messages"):  # as the menu calls them
        assert f"The service {name} does not answer now" in page.text
    assert "The service Directives and meetings does not" not in page.text


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_late_comes_first_and_then_what_is_due_first(turned: bool) -> None:
    day = NOON
    told = [
        Waits(what="late", path="/", late=True, due=day.replace(day=20)),
        Waits(what="soon", path="/", due=day.replace(day=10)),
        Waits(what="then", path="/", due=day.replace(day=15)),
        Waits(what="some day", path="/"),
    ]
    found = in_order(told[::-1] if turned else told)
    assert [each.what for each in found] == ["late", "soon", "then", "some day"]


async def test_of_much_that_waits_the_most_urgent_is_told(databases: Databases, tmp_path: Path) -> None:
    async def much(_: Deps, __: Identity) -> list[Waits]:
        return [Waits(what=f"some day {number}", path="/") for number in range(MOST)] + [
            Waits(what="late", path="/", late=True)
        ]

    async with governance_world.a_world(databases, tmp_path) as world:
        service = replace(governance, waiting=much)
        app = create_app("governance", "governance", (waiting_router(service),), world.here)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=governance_world.ORIGIN) as client:
            told = (await client.get("/governance/api/waiting", headers=world.pm)).json()
    assert [each["what"] for each in told] == ["late", *(f"some day {number}" for number in range(MOST - 1))]

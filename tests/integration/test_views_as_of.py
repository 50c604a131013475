"""Every view of every service can be asked over HTTP what it showed then, and which events made a row so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from chassis.service import find_services
from chassis.testing import NOON, Databases
from chassis.web import bare_app
from tests.integration.intake_world import World
from tests.integration.past_world import LATER, a_world_with_a_past

VIEW = "/intake/api/views/requests"


@pytest.fixture
async def world(databases: Databases, kafka: str, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world_with_a_past(databases, kafka, tmp_path) as world:
        yield world


async def ask(world: World, path: str, headers: dict[str, str], **query: str) -> httpx.Response:
    return await world.client.get(path, params=query, headers=headers)


async def test_a_view_shows_what_it_showed_then(world: World) -> None:
    now = (await ask(world, VIEW, world.pm)).json()
    then = (await ask(world, VIEW, world.pm, as_of=NOON.isoformat())).json()
    before = (await ask(world, VIEW, world.pm, as_of="2026-03-01")).json()
    assert [row["title"] for row in now] == ["Nytt namn"]
    assert [row["title"] for row in then] == ["E-tjänst för bygglov"]
    assert before == []


async def test_a_row_says_which_events_made_it_so(world: World) -> None:
    auditor = world.token("Ulla Ros", ekvik=["auditor"])
    request = (await ask(world, VIEW, auditor)).json()[0]["request_id"]
    said = (await ask(world, f"{VIEW}/{request}", auditor)).json()
    assert [event["type"] for event in said["because"]] == ["intake.request-registered.v1", "intake.request-changed.v1"]
    first = said["because"][0]["position"]
    then = (await ask(world, f"{VIEW}/{request}", auditor, as_of=first)).json()
    assert then["row"]["title"] == "E-tjänst för bygglov"
    assert len(then["because"]) == 1


async def test_what_was_is_for_auditors_and_the_pm_and_of_their_municipality_alone(world: World) -> None:
    assert (await ask(world, VIEW, world.technician)).status_code == 403
    elsewhere = world.token("Per Sund", "nordvik", nordvik=["auditor"])
    assert (await ask(world, VIEW, elsewhere, as_of=LATER.isoformat())).json() == []
    wrong = await ask(world, VIEW, world.pm, as_of="yesterday")
    assert wrong.status_code == 422
    assert "2026-03-02T12:00" in wrong.text
    assert (await ask(world, "/intake/api/views/nothing", world.pm)).status_code == 404


def test_every_service_offers_its_views_as_of_any_moment() -> None:
    for each in find_services():
        paths = bare_app(each.name, each.http).openapi()["paths"]
        assert f"/{each.name}/api/views/{{view}}" in paths
        assert f"/{each.name}/api/views/{{view}}/{{key}}" in paths

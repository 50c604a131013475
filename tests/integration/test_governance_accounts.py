"""What an issuer tells of accounts becomes facts, once, with the names sealed; nobody else can tell it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc import jwk, jwt

from chassis.testing import Databases
from chassis.views.read import every
from governance.views import accounts
from tests.integration.governance_world import KEY, World, a_world, text_of

PATH = "/governance/api/settings/accounts"
PAGE = "/governance/settings/people"


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened
        assert await opened.parked() == 0


def somebody(world: World, name: str, home: str, roles: Mapping[str, list[str]]) -> dict[str, Any]:
    return {"sub": name, "name": name, "email": world.email(name, home), "language": "sv", "roles": dict(roles)}


def word(world: World, what: str, *, change: UUID | None = None, key: Any = KEY, **other: Any) -> dict[str, str]:
    """What the issuer says of Nils, whom Runa made an IT manager."""
    claims = {
        "iss": "https://id.example",
        "aud": "flode-accounts",
        "sub": "nils",
        "exp": int((world.clock.now() + timedelta(minutes=2)).timestamp()),
        "jti": str(change or uuid4()),
        "what": what,
        "at": (world.clock.now() - timedelta(hours=1)).isoformat(),
        "person": somebody(world, "Nils Dahl", "nordvik", {"nordvik": ["it_manager"]}),
        "by": somebody(world, "Runa Fors", "ekvik", {"*": ["operator"]}),
        **other,
    }
    return {"word": jwt.encode({"alg": "ES256", "kid": "k"}, claims, key)}


async def tell(world: World, what: str, **said: Any) -> httpx.Response:
    return await world.client.post(PATH, json=word(world, what, **said))


async def test_what_happened_is_a_fact_of_the_person_by_whoever_did_it(world: World) -> None:
    assert (await tell(world, "opened", how="added")).status_code == 201
    nils, runa = (world.here.person_id(world.email(*who)) for who in (("Nils Dahl", "nordvik"), ("Runa Fors", "ekvik")))
    (event,) = await world.here.store.load(nils)
    assert (event.type, event.municipality, event.actor) == (
        "governance.account-opened.v1", "nordvik", f"operator/{runa}"
    )  # fmt: skip
    assert event.data.person.id == nils
    assert await world.here.vault.open(event.data.person.name) == "Nils Dahl"


async def test_told_twice_it_happened_once(world: World) -> None:
    first = await tell(world, "opened", change=(change := uuid4()))
    again = await tell(world, "opened", change=change)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert await world.facts() == ["account-opened"]


async def test_no_name_and_no_address_stands_in_the_log_in_plain_text(world: World) -> None:
    await tell(world, "opened")
    await tell(world, "closed")
    kept = await world.here.store.read(0)
    await world.see()
    shown = await every(accounts.view, world.here.db)
    assert len(kept) == 2
    for each in [event.message.decode() for event in kept] + [repr(row) for row in shown]:
        assert "Nils" not in each
        assert "Runa" not in each
        assert "@" not in each


@pytest.mark.parametrize(
    "other",
    [
        {"aud": "flode"},
        {"iss": "https://somebody.example"},
        {"exp": 1},
        {"key": jwk.ECKey.generate_key("P-256", {"use": "sig", "kid": "k"})},
    ],
    ids=["a token for signing in", "a stranger's", "too old", "another key"],
)
async def test_only_the_issuer_is_heard(world: World, other: dict[str, Any]) -> None:
    """Who can sign in cannot forge who held which role."""
    answer = await tell(world, "opened", **other)
    assert answer.status_code == 401
    assert await world.facts() == []


async def test_what_is_not_understood_is_said_and_not_kept(world: World) -> None:
    answer = await tell(world, "promoted")
    assert (answer.status_code, "what" in answer.text) == (422, True)
    assert await world.facts() == []


async def test_an_auditor_reads_who_holds_what_since_when_and_who_gave_it(world: World) -> None:
    await tell(world, "opened")
    pm_too = somebody(world, "Nils Dahl", "nordvik", {"nordvik": ["it_manager", "pm"]})
    await tell(world, "changed", person=pm_too, at=world.clock.now().isoformat())
    nils = world.here.person_id(world.email("Nils Dahl", "nordvik"))
    auditor = world.token("Ida Rask", nordvik=["auditor"])
    listed = text_of(await world.get(PAGE, auditor))
    assert "Nils Dahl Nordvik PM, Nordvik since" in listed
    assert "IT manager, Nordvik since" in listed
    told = text_of(await world.get(f"{PAGE}/{nils}", auditor))
    assert "Other roles PM, Nordvik Runa Fors" in told
    assert "nils.dahl@nordvik.example" in told


@pytest.mark.parametrize("role", ["requester", "service_desk", "technician", "leader", "it_manager", "deputy"])
async def test_nobody_else_reads_it(world: World, role: str) -> None:
    await tell(world, "opened")
    nils = world.here.person_id(world.email("Nils Dahl", "nordvik"))
    who = world.token("Kari Moe", "nordvik", nordvik=[role])
    for path in (PAGE, f"{PAGE}/{nils}", PATH):
        assert (await world.get(path, who)).status_code == 403


async def test_another_municipality_s_people_are_not_seen(world: World) -> None:
    await tell(world, "opened")
    nils = world.here.person_id(world.email("Nils Dahl", "nordvik"))
    stranger = world.token("Per Lund", ekvik=["operator"])
    assert "Nils" not in (await world.get(PAGE, stranger)).text
    assert (await world.get(f"{PAGE}/{nils}", stranger)).status_code == 404


async def test_who_has_a_role_here_is_seen_here(world: World) -> None:
    both = somebody(world, "Nils Dahl", "nordvik", {"nordvik": ["it_manager"], "ekvik": ["auditor"]})
    await tell(world, "opened", person=both)
    assert "Nils Dahl" in (await world.get(PAGE, world.token("Per Lund", ekvik=["operator"]))).text


async def test_whoever_manages_a_municipality_is_expected_at_the_cab(world: World) -> None:
    """IT-21: the PM has no names to type. A change of the office is seen at the next meeting."""
    invited = {"day": "2026-04-14", "time": "12:30", "place": "Rum 3", "orderer_meeting": "April"}
    called = await world.send("/governance/meetings/new", {**invited, "invited:list": ["ekvik", "nordvik"]}, world.pm)
    attendance = called.headers["location"].partition("?")[0] + "/attendance"
    assert "Nils Dahl" not in (await world.get(attendance, world.pm)).text
    await tell(world, "opened", how="added")
    await world.see()
    expected = (await world.get(attendance, world.pm)).text
    assert 'value="Nils Dahl"' in expected
    assert f'value="{world.email("Nils Dahl", "nordvik")}"' in expected
    await tell(world, "closed")
    await world.see()
    assert "Nils Dahl" not in (await world.get(attendance, world.pm)).text

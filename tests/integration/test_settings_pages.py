"""The settings are pages: what holds, where it comes from, and forms by which it is settled by those who may (IT-01,
IT-06, IT-11, IT-12, IT-13, TY-15)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.testing import Databases
from tests.integration.governance_world import World, a_world, hidden, text_of

SETTINGS = "/governance/settings"
NAMES = {"sv": "Nytta", "da": "Nytte", "nb": "Nytte", "en": "Benefit"}


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened


def operator(world: World) -> dict[str, str]:
    return world.token("Omar Falk", ekvik=["operator"])


def criteria(*weights: str, **changes: str) -> dict[str, str]:
    fields = {"reason": "Nyttan först", "version": "0", "action": "settle"}
    for at, weight in enumerate(weights):
        fields |= {f"criteria.{at}.key": f"benefit{at}", f"criteria.{at}.weight:number": weight}
        fields |= {f"criteria.{at}.names.{each}": f"{name} {at}" for each, name in NAMES.items()}
    return {**fields, **changes}


def birkeli(**changes: str) -> dict[str, str]:
    return {
        "municipality": "birkeli", "name": "Birkeli", "language": "nb", "country": "NO", "currency": "NOK",
        "timezone": "Europe/Oslo", "email_domains": "birkeli.example", "hosts": "sak.birkeli.example",
        "reason": "Avtalet är tecknat", "action": "settle", **changes,
    }  # fmt: skip


def a_deputy(**changes: str) -> dict[str, str]:
    return {
        "deputy.name": "Kari Moe", "deputy.email": "kari.moe@nordvik.example", "manager.name": "Nils Dahl",
        "manager.email": "nils.dahl@nordvik.example", "starts": "2026-03-01", "ends": "2026-03-08",
        "reason": "Ferie", "action": "settle", **changes,
    }  # fmt: skip


async def sent(world: World, path: str, fields: dict[str, Any], who: dict[str, str]) -> httpx.Response:
    answer = await world.send(f"{SETTINGS}/{path}", fields, who)
    if answer.status_code == 303:
        return await world.get(answer.headers["location"], who)
    return answer


async def test_the_pm_sets_the_criteria_and_everybody_who_may_sees_who_set_them_and_why(world: World) -> None:
    """IT-12"""
    first = text_of(await world.get(SETTINGS, world.pm))
    assert "the partnership's file" in first
    assert "Economy: 1" in first
    page = await sent(world, "criteria", criteria("3", "1"), world.pm)
    assert page.status_code == 200, page.text
    told = text_of(page)
    assert "Benefit 0 75 %, Benefit 1 25 %" in told
    assert "Maj Ekdal, PM" in told
    assert "75 % of the whole" in told
    assert [one.key for one in world.here.partnership.criteria] == ["benefit0", "benefit1"]
    seen = text_of(await world.get(SETTINGS, world.manager))
    assert "Benefit 0: 3" in seen
    assert "by Maj Ekdal, PM: Nyttan först" in seen


async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_set(world: World) -> None:
    wrong = criteria("0", **{"criteria.0.names.nb": "", "reason": ""})
    page = await sent(world, "criteria", wrong, world.pm)
    assert page.status_code == 422
    assert 'id="f-criteria-0-weight-error"' in page.text
    page = await sent(world, "criteria", criteria("2", "2", **{"criteria.1.key": "benefit0"}), world.pm)
    assert 'id="f-criteria-1-key-error"' in page.text
    assert "stands more than once" in text_of(page)
    assert await world.facts() == []


async def test_rows_are_added_and_taken_away_without_a_script(world: World) -> None:
    page = await sent(world, "criteria", criteria("3", "1", action="add:criteria"), world.pm)
    assert 'name="criteria.2.key"' in page.text
    page = await sent(world, "criteria", criteria("3", "1", action="remove:criteria:0"), world.pm)
    assert 'value="benefit1"' in page.text
    assert 'value="benefit0"' not in page.text
    assert await world.facts() == []


async def test_whoever_saw_an_older_state_is_told_so(world: World) -> None:
    await sent(world, "criteria", criteria("3"), world.pm)
    answer = await sent(
        world, "cadence", {"short_days": "10", "fixed_days": "40", "reason": "x", "version": "0"}, world.pm
    )
    assert answer.status_code in (409, 412)
    opened = await world.get(f"{SETTINGS}/cadence", world.pm)
    fields = {"short_days": "10", "fixed_days": "40", "reason": "Lugnare", "version": hidden(opened, "version")}
    assert (await sent(world, "cadence", fields, world.pm)).status_code == 200
    assert world.here.partnership.cadence.fixed_days == 40


@pytest.mark.parametrize(
    ("part", "who"),
    [
        ("criteria", "manager"), ("criteria", "operator"), ("size", "stranger"), ("cadence", "leader"),
        ("ties", "manager"), ("guidance/cost", "operator"), ("join", "manager"), ("municipality/ekvik", "manager"),
        ("officers/nordvik", "manager"), ("deputies/ekvik", "manager"), ("deputies/nordvik", "operator"),
    ],
)  # fmt: skip
async def test_nobody_else_settles_it(world: World, part: str, who: str) -> None:
    asks = operator(world) if who == "operator" else getattr(world, who)
    fields = {**criteria("3"), **birkeli(), **a_deputy(), "guidance.sv": "x"}
    assert (await sent(world, part, fields, asks)).status_code == 403
    assert await world.facts() == []


async def test_an_auditor_reads_what_holds_and_finds_who_settled_it_and_settles_nothing(world: World) -> None:
    page = await sent(world, "criteria", criteria("3", "1"), world.pm)
    assert "Saved" in text_of(page)
    auditor = world.token("Ylva Rosén", ekvik=["auditor"], nordvik=["auditor"])
    page = await world.get(SETTINGS, auditor)
    assert "by Maj Ekdal, PM: Nyttan först" in text_of(page)
    assert 'href="/governance/audit/settings"' in page.text
    assert "Saved" not in text_of(page)
    assert "Set this" not in text_of(await world.get(f"{SETTINGS}/criteria", auditor))
    assert (await world.get(f"{SETTINGS}/officers/ekvik", auditor)).status_code == 403


async def test_requesters_and_auditors_of_nothing_do_not_see_the_settings(world: World) -> None:
    assert (await world.get(SETTINGS, world.requester)).status_code == 403
    assert (await world.get(f"{SETTINGS}/officers/ekvik", world.manager)).status_code == 403
    assert (await world.get(f"{SETTINGS}/moon", world.pm)).status_code == 404
    assert (await world.get(f"{SETTINGS}/officers/moon", operator(world))).status_code in (403, 404)


async def test_the_people_of_a_municipality_that_joined_can_sign_in_and_belong_to_it(world: World) -> None:
    """IT-01"""
    kari = world.token("Kari Lien", "birkeli", birkeli=["it_manager"])
    assert (await world.get(SETTINGS, kari)).status_code == 403
    page = await sent(world, "join", birkeli(), operator(world))
    assert page.status_code == 200, text_of(page)
    assert "Birkeli" in text_of(page)
    assert (await world.get(SETTINGS, kari)).status_code == 200
    assert world.here.partnership.home_of("kari.lien@birkeli.example") == "birkeli"
    again = await sent(world, "join", birkeli(), operator(world))
    assert "is in the cooperation already" in text_of(again)
    taken = await sent(world, "join", birkeli(municipality="tallvik", email_domains="ekvik.example"), operator(world))
    assert "ekvik.example is the domain of Ekvik" in text_of(taken)


async def test_of_two_who_take_the_same_domain_at_the_same_moment_the_second_is_told(world: World) -> None:
    """IT-01: otherwise one of the two would be left out of what holds, and nobody would know."""
    changes = [
        birkeli(name=name, email_domains=f"{town}.example tillsammans.example", version="0")
        for town, name in (("ekvik", "Ekvik"), ("nordvik", "Nordvik"))
    ]
    answers = await asyncio.gather(
        *(
            world.send(f"{SETTINGS}/municipality/{town}", fields, world.pm)
            for town, fields in zip(("ekvik", "nordvik"), changes, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    refused = next(answer for answer in answers if answer.status_code == 422)
    assert "tillsammans.example" in text_of(refused)
    assert 'id="f-email_domains-error"' in refused.text
    assert len(await world.facts()) == 1


async def test_officers_are_named_and_their_names_stand_sealed_in_the_log(world: World) -> None:
    """P14"""
    fields = {
        "officers.0.office": "it_manager", "officers.0.name": "Nils Dahl",
        "officers.0.email": "Nils.Dahl@nordvik.example", "officers.0.language": "nb", "reason": "Ny chef",
        "version": "0", "action": "settle",
    }  # fmt: skip
    page = await sent(world, "officers/nordvik", fields, operator(world))
    assert page.status_code == 200, text_of(page)
    assert "Nils Dahl (IT manager)" in text_of(page)
    assert [one.email for one in world.here.partnership["nordvik"].contacts] == ["nils.dahl@nordvik.example"]
    assert not any(b"Dahl" in kept.message for kept in await world.here.store.read(0))


async def test_all_that_is_wrong_with_a_deputy_is_told_at_once(world: World) -> None:
    """IT-13"""
    empty = dict.fromkeys(("deputy.name", "deputy.email", "manager.name", "manager.email", "starts", "reason"), "")
    page = await sent(world, "deputies/nordvik", {**a_deputy(**empty), "ends": "2026-01-01"}, world.manager)
    assert page.status_code == 422
    told = re.findall(r'class="error" id="f-([a-z-]+)-error"', page.text)
    assert told == ["deputy-name", "deputy-email", "manager-name", "starts", "ends", "reason"]
    same = a_deputy(**{"deputy.name": "", "deputy.email": "Nils.Dahl@nordvik.example", "ends": ""})
    page = await sent(world, "deputies/nordvik", same, world.manager)
    assert re.findall(r'class="error" id="f-([a-z-]+)-error"', page.text) == ["deputy-name", "deputy-email", "ends"]
    assert await world.facts() == []


async def test_a_deputy_acts_and_is_offered_a_seat_on_their_days_and_not_after(world: World) -> None:
    """IT-13, IT-21"""
    path = "/governance/meetings"
    assert (await world.get(path, world.stranger)).status_code == 200
    page = await sent(world, "deputies/nordvik", a_deputy(), world.manager)
    assert page.status_code == 200, text_of(page)
    assert "Stands in now" in text_of(page)
    token = world.stranger["Authorization"].removeprefix("Bearer ")
    assert (await world.here.auth.identify(token)).roles["nordvik"] == {"requester", "deputy"}
    called = await world.send(
        f"{path}/new",
        {
            "day": "2026-03-05",
            "time": "09:30",
            "place": "Rådhuset",
            "orderer_meeting": "Mars",
            "invited:list": "nordvik",
        },
        world.pm,
    )
    attendance = await world.get(called.headers["location"].partition("?")[0] + "/attendance", world.pm)
    assert 'value="Kari Moe"' in attendance.text
    assert 'value="Nils Dahl"' in attendance.text
    end = {"ending": (await _deputies(world))[0], "ending_reason": "Tilbake", "action": "end"}
    assert (await sent(world, "deputies/nordvik", end, world.manager)).status_code == 200
    assert (await world.here.auth.identify(token)).roles["nordvik"] == {"requester"}


async def _deputies(world: World) -> list[str]:
    told = [json.loads(kept.message) for kept in await world.here.store.read(0)]
    return [each["data"]["deputy_id"] for each in told if each["type"] == "governance.deputy-named.v1"]


async def test_help_stands_beside_its_part_of_the_directive_in_the_readers_language(world: World) -> None:
    """IT-11"""
    fields = {"guidance.sv": "Utan moms.", "guidance.en": "Without VAT.", "reason": "Frågor", "version": "0"}
    assert (await sent(world, "guidance/cost", fields, world.pm)).status_code == 200
    request_id = await world.a_project()
    form = await world.get(f"/governance/directives/{request_id}/form", world.requester)
    assert form.status_code == 200, form.url
    before, _, after = form.text.partition('id="s-cost"')
    assert "Without VAT." in after
    assert "Without VAT." not in before


async def test_a_new_directive_begins_with_the_cadence_that_was_set(world: World) -> None:
    """TY-15"""
    fields = {"short_days": "9", "fixed_days": "41", "reason": "Lugnare", "version": "0"}
    assert (await sent(world, "cadence", fields, world.pm)).status_code == 200
    request_id = await world.a_project()
    form = await world.get(f"/governance/directives/{request_id}/form", world.requester)
    assert 'value="41"' in form.text

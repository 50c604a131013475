"""Requests are registered at the Service Desk, judged by the PM and read by those they concern."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from chassis.testing import Databases
from tests.integration.intake_world import EVENTS, TOKEN, World, a_ticket, a_world


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened


def a_registration(**changes: Any) -> dict[str, Any]:
    """A ticket that came by phone."""
    return {
        "municipality": "ekvik",
        "ticket": {"system": "zammad", "number": "10099"},
        "title": "Digital anslagstavla",
        "description": "I biblioteket",
        "requester": {"name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example"},
        **changes,
    }


def a_judgement(world: World, outcome: str = "project", **changes: Any) -> dict[str, Any]:
    """What the PM says, with an answer to every size criterion."""
    criteria = [{"key": one.key, "met": True, "note": ""} for one in world.here.partnership.size_criteria]
    return {"outcome": outcome, "reason": "Flera förvaltningar", "criteria": criteria, **changes}


async def a_request(world: World) -> str:
    """A request that waits; its id."""
    answer = await world.deliver(a_ticket())
    request: str = answer.json()["id"]
    return request


async def test_the_service_desk_registers_a_ticket_that_came_by_phone(world: World) -> None:
    """IT-02, IT-03"""
    answer = await world.post("/intake/api/requests", world.desk, a_registration())
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    request = await world.get(f"{answer.headers['location']}?after={answer.headers['flode-position']}", world.pm)
    assert request.json()["ticket"] == {"system": "zammad", "external_id": "10099", "number": "10099", "url": None}
    assert request.json()["requester_name"] == "Sigrid Ek"
    assert request.headers["etag"] == '"1"'


async def test_the_same_key_registers_once_and_another_body_under_it_is_refused(world: World) -> None:
    """P3"""
    key = {"Idempotency-Key": "form-1"}
    said = a_registration(ticket={})
    first, again = [await world.post("/intake/api/requests", world.desk, said, **key) for _ in range(2)]
    assert (first.status_code, first.text) == (201, again.text)
    other = await world.post("/intake/api/requests", world.desk, a_registration(title="Annat", ticket={}), **key)
    assert other.status_code == 422
    assert await world.facts() == ["request-registered"]


async def test_a_ticket_registered_already_is_told_so(world: World) -> None:
    """IT-03"""
    await world.post("/intake/api/requests", world.desk, a_registration())
    again = await world.post("/intake/api/requests", world.desk, a_registration())
    assert again.status_code == 409
    assert again.json()["detail"].startswith("Ticket 10099 is already registered.")
    assert again.json()["rule"] == "IT-03"


async def test_a_technician_is_refused_and_told_where_to_go(world: World) -> None:
    """IT-07: neither created nor accepted, in the API and on the page alike."""
    request = await a_request(world)
    sentence = "A technician cannot take on a project order."
    created = await world.post("/intake/api/requests", world.technician, a_registration())
    accepted = await world.post(f"/intake/api/requests/{request}/classification", world.technician, a_judgement(world))
    for answer in (created, accepted):
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
        assert answer.json()["detail"].startswith(sentence)
        assert answer.json()["detail"].endswith("report it to the Service Desk of Ekvik.")
        assert answer.json()["rule"] == "IT-07"
    page = await world.client.get("/intake/register", headers=world.technician)
    assert page.status_code == 403
    assert sentence in page.text
    assert await world.facts() == ["request-registered"]


async def test_nobody_but_the_service_desk_of_the_municipality_registers(world: World) -> None:
    """IT-02, P2"""
    elsewhere = world.token("Stig Falk", nordvik=["service_desk"])
    for headers in (world.pm, elsewhere, world.token("Sigrid Ek", ekvik=["requester"])):
        answer = await world.post("/intake/api/requests", headers, a_registration())
        assert (answer.status_code, answer.json()["rule"]) == (403, "IT-02")
    assert (await world.client.post("/intake/api/requests", json=a_registration())).status_code == 401
    assert await world.facts() == []


async def test_only_the_pm_judges(world: World) -> None:
    """IT-05"""
    request = await a_request(world)
    for headers in (world.desk, world.token("Ida Ros", ekvik=["it_manager"]), world.token("P M", nordvik=["pm"])):
        answer = await world.post(f"/intake/api/requests/{request}/classification", headers, a_judgement(world))
        assert (answer.status_code, answer.json()["rule"]) == (403, "IT-05")
    assert await world.facts() == ["request-registered"]


async def test_the_pm_judges_with_why_and_every_criterion_and_it_shows(world: World) -> None:
    """IT-05, IT-06, IT-08"""
    request = await a_request(world)
    waiting = await world.get("/intake/api/inbox", world.pm)
    assert [row["title"] for row in waiting.json() if row["waits"]] == ["E-tjänst för bygglov"]
    answer = await world.post(f"/intake/api/requests/{request}/classification", world.pm, a_judgement(world))
    assert answer.status_code == 201, answer.text
    known = (await world.get(f"/intake/api/requests/{request}", world.pm)).json()
    assert (known["state"], known["version"]) == ("project", 2)
    assert known["judgement"]["by"].startswith("pm/")
    assert known["judgement"]["by_name"] == "Maj Ekdal"
    assert known["judgement"]["reason"] == "Flera förvaltningar"
    assert (await world.get("/intake/api/inbox", world.pm)).json() == []


async def test_a_judgement_without_why_or_criteria_is_refused_field_by_field(world: World) -> None:
    """IT-05, IT-06, P2"""
    request = await a_request(world)
    said = a_judgement(world, reason=" ", criteria=[])
    answer = await world.post(f"/intake/api/requests/{request}/classification", world.pm, said)
    assert answer.status_code == 422
    asked = [f"criteria.{one.key}.met" for one in world.here.partnership.size_criteria]
    assert [error["field"] for error in answer.json()["errors"]] == ["reason", *asked]
    assert await world.facts() == ["request-registered"]


async def test_a_judgement_on_a_text_that_has_changed_meanwhile_is_refused(world: World) -> None:
    request = await a_request(world)
    await world.deliver(a_ticket(kind="changed", title="Något mycket större"), key="m-2")
    path = f"/intake/api/requests/{request}/classification"
    old = await world.post(path, world.pm, a_judgement(world), **{"If-Match": '"1"'})
    assert old.status_code == 412
    new = await world.post(path, world.pm, a_judgement(world), **{"If-Match": '"2"'})
    assert new.status_code == 201


async def test_of_two_judgements_at_once_one_stands(world: World) -> None:
    """IT-06"""
    request = await a_request(world)
    path = f"/intake/api/requests/{request}/classification"
    answers = await asyncio.gather(
        *(world.post(path, world.pm, a_judgement(world, outcome)) for outcome in ("project", "change") * 3)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert len(await world.facts()) == 2


async def test_a_judgement_can_be_taken_back_and_a_change_cannot(world: World) -> None:
    """IT-05, IT-06"""
    request = await a_request(world)
    path = f"/intake/api/requests/{request}/classification"
    await world.post(path, world.pm, a_judgement(world))
    assert (await world.post(f"{path}/withdrawal", world.desk, {"reason": "Fel"})).status_code == 403
    back = await world.post(f"{path}/withdrawal", world.pm, {"reason": "Leverantören gör det"})
    assert back.status_code == 201
    await world.post(path, world.pm, a_judgement(world, "change"))
    final = await world.post(f"{path}/withdrawal", world.pm, {"reason": "Ångrar mig"})
    assert final.status_code == 409
    assert "reopen ticket 10081" in final.json()["detail"]


async def test_a_requester_reads_their_own_request_and_no_other(world: World) -> None:
    """P11: and what may not be read looks like what is not there."""
    request = await a_request(world)
    sigrid = world.token("Sigrid Ek", ekvik=["requester"])
    assert (await world.get(f"/intake/api/requests/{request}", sigrid)).status_code == 200
    assert len((await world.get("/intake/api/requests?mine=true", sigrid)).json()) == 1
    assert (await world.get("/intake/api/requests", sigrid)).json() == []
    other = world.token("Olle Berg", ekvik=["requester"])
    foreign = world.token("Kari Nord", "nordvik", nordvik=["it_manager"])
    for headers in (other, foreign):
        denied = await world.get(f"/intake/api/requests/{request}", headers)
        unknown = await world.get(f"/intake/api/requests/{uuid4()}", headers)
        assert (denied.status_code, denied.text) == (unknown.status_code, unknown.text) == (404, unknown.text)
        assert (await world.get(f"/intake/api/requests/{request}/history", headers)).status_code == 404
        assert (await world.get("/intake/api/inbox", headers)).json() == []


async def test_the_history_tells_who_did_what_in_order(world: World) -> None:
    request = await a_request(world)
    await world.post(f"/intake/api/requests/{request}/classification", world.pm, a_judgement(world))
    history = (await world.get(f"/intake/api/requests/{request}/history", world.pm)).json()
    assert [(one["version"], one["type"], one["actor"].partition("/")[0]) for one in history] == [
        (1, "intake.request-registered.v1", "service-desk"),
        (2, "intake.classified-as-project.v1", "pm"),
    ]
    assert history[0]["data"]["requester"]["name"] == "Sigrid Ek"


async def test_a_read_waits_for_a_write_that_is_on_its_way(world: World) -> None:
    """Read your own writes: the view has not caught up when the reader comes, and does while it waits."""
    first = await a_request(world)
    await world.see()
    changed = await world.deliver(a_ticket(kind="changed", title="Ny rubrik"), key="m-2")
    reading = asyncio.create_task(
        world.client.get(f"/intake/api/requests/{first}?after={changed.json()['position']}", headers=world.pm)
    )
    await asyncio.sleep(0.1)
    assert not reading.done()
    await world.see()
    assert (await reading).json()["title"] == "Ny rubrik"


async def test_a_read_that_waits_in_vain_is_told_to_come_back(world: World) -> None:
    request = await a_request(world)
    await world.see()
    position = "intake:99@" + (await world.deliver(a_ticket(), key="m-2")).json()["position"].partition("@")[2]
    answer = await world.client.get(f"/intake/api/requests/{request}?after={position}", headers=world.pm)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


# --- pages ---


async def test_the_pm_judges_in_the_browser(world: World) -> None:
    """IT-05, IT-06: from the inbox to the judgement and back, with plain forms."""
    request = await a_request(world)
    await world.deliver(
        a_ticket(external_id="7", title="Äldre", opened_at="2026-01-02T08:00:00Z", requester={"name": "Bo"}), key="m-7"
    )
    inbox = await world.get("/intake/", world.pm)
    assert inbox.text.index("Äldre") < inbox.text.index("E-tjänst för bygglov"), "the longest waiting first"
    page = await world.get(f"/intake/requests/{request}", world.pm)
    assert page.status_code == 200
    for text in ("Vi behöver en e-tjänst för bygglov.", "Sigrid Ek", "10081", "Judge the request"):
        assert text in page.text
    form = {"action": "classify", "version": "1", "idempotency_key": "k1", "outcome": "project"}
    unanswered = await world.client.post(f"/intake/requests/{request}", data=form, headers=world.pm)
    assert unanswered.status_code == 422
    assert unanswered.text.count("Answer yes or no.") >= 5
    form |= {f"criteria.{one.key}.met": "yes" for one in world.here.partnership.size_criteria}
    form |= {"reason": "Flera förvaltningar", "criteria.cost.note": "ungefär 300 000"}
    done = await world.client.post(f"/intake/requests/{request}", data=form, headers=world.pm)
    assert done.status_code == 303, done.text
    judged = await world.get(done.headers["location"], world.pm)
    for text in ("ungefär 300 000", "Maj Ekdal", "Take the judgement back", "The PM judged it a project."):
        assert text in judged.text
    again = await world.client.post(f"/intake/requests/{request}", data=form, headers=world.pm)
    assert again.headers["location"] == done.headers["location"], "the same form twice has one effect (P3)"


async def test_the_pm_judges_one_after_the_other_on_one_screen(world: World) -> None:
    """IT-05: the longest waiting is open beside the list, and after it the next."""
    await a_request(world)
    await world.deliver(a_ticket(external_id="7", title="Äldre", opened_at="2026-01-02T08:00:00Z"), key="m-7")
    inbox = await world.get("/intake/", world.pm)
    assert '<h2 id="chosen" tabindex="-1">Äldre</h2>' in inbox.text
    target = re.search(r'action="(/intake/requests/[^"]+)"', inbox.text)
    assert target
    form = {"action": "classify", "version": "1", "next": "inbox", "outcome": "change", "reason": "En kort åtgärd"}
    form |= {f"criteria.{one.key}.met": "no" for one in world.here.partnership.size_criteria}
    done = await world.client.post(target[1], data=form, headers=world.pm)
    following = await world.get(done.headers["location"], world.pm)
    assert "“Äldre” went back to the Service Desk" in following.text
    assert '<h2 id="chosen" tabindex="-1">E-tjänst för bygglov</h2>' in following.text


async def test_like_requests_of_other_municipalities_are_shown_beside(world: World) -> None:
    """IT-15"""
    request = await a_request(world)
    theirs = a_ticket(external_id="8", title="E-tjenester for byggelov") | {"system": "znuny"}
    event = {"ce-specversion": "1.0", "ce-id": "8", "ce-source": "/znuny", "ce-type": "ticket.created"}
    bearer = {"authorization": f"Bearer {TOKEN}"}
    told = await world.client.post(EVENTS, json=theirs, headers=event | bearer)
    assert told.status_code == 201, told.text
    await world.deliver(a_ticket(external_id="9", title="Ny telefonväxel"), key="m-9")
    await world.see()
    page = await world.get(f"/intake/requests/{request}", world.pm)
    beside = page.text[page.text.index("Others that ask for much the same") :]
    assert "E-tjenester for byggelov" in beside
    assert "Ny telefonväxel" not in beside


async def test_the_pm_sees_what_was_changed_after_the_judgement(world: World) -> None:
    """IT-06"""
    request = await a_request(world)
    await world.post(f"/intake/api/requests/{request}/classification", world.pm, a_judgement(world))
    await world.deliver(a_ticket(kind="changed", description="Vi behöver två e-tjänster."), key="m-2")
    page = await world.get(f"/intake/requests/{request}", world.pm)
    assert "<del>Vi behöver en e-tjänst för bygglov.</del>" in page.text
    assert "<ins>Vi behöver två e-tjänster.</ins>" in page.text
    back = {"action": "withdraw", "version": "3", "reason": "Nu är det två"}
    done = await world.client.post(f"/intake/requests/{request}", data=back, headers=world.pm)
    waiting = await world.get(done.headers["location"], world.pm)
    assert "Judge the request" in waiting.text


async def test_the_service_desk_registers_in_the_browser(world: World) -> None:
    """IT-02, IT-03"""
    page = await world.client.get("/intake/register", headers=world.desk)
    assert page.status_code == 200, page.text
    form = {
        "municipality": "ekvik", "ticket.system": "zammad", "ticket.number": "10099", "title": "Digital anslagstavla",
        "requester.name": "Sigrid Ek", "origin": "business", "serves:list": ["ekvik", "nordvik"],
    }  # fmt: skip
    lacking = await world.client.post("/intake/register", data=form | {"title": ""}, headers=world.desk)
    assert lacking.status_code == 422
    assert 'value="Sigrid Ek"' in lacking.text, "what was filled in stays"
    for number in ("", "  "):
        lacking = await world.client.post("/intake/register", data=form | {"ticket.number": number}, headers=world.desk)
        assert lacking.status_code == 422
        assert (
            "Give the number that the ticket has in zammad" in lacking.text.partition('id="f-ticket-number-error"')[2]
        )
    both = await world.client.post(
        "/intake/register", data=form | {"title": "", "ticket.number": ""}, headers=world.desk
    )
    assert all(f'id="{field}-error"' in both.text for field in ("f-title", "f-ticket-number")), "told at once"
    by_api = await world.post("/intake/api/requests", world.desk, a_registration(ticket={"system": "zammad"}))
    assert (by_api.status_code, by_api.json()["rule"]) == (422, "IT-03")
    done = await world.client.post("/intake/register", data=form, headers=world.desk)
    assert done.status_code == 303, done.text
    shown = await world.get(done.headers["location"], world.desk)
    assert "Digital anslagstavla" in shown.text
    assert "Ekvik, Nordvik" in shown.text
    assert "Judge the request" not in shown.text
    again = await world.client.post("/intake/register", data=form, headers=world.desk)
    assert again.status_code == 409
    assert done.headers["location"].partition("?")[0] in again.text


async def test_a_requester_sees_what_they_asked_for_in_their_language(world: World) -> None:
    request_id = await a_request(world)
    sigrid = world.token("Sigrid Ek", ekvik=["requester"])
    listed = await world.get("/intake/mine", sigrid)
    assert listed.headers["location"].partition("?")[0] == "/portfolio/requests", "one list, where all of it is known"
    page = await world.get(f"/intake/requests/{request_id}", sigrid | {"cookie": "flode_language=sv"})
    assert "E-tjänst för bygglov" in page.text
    assert "Väntar på PM" in page.text
    assert '<html lang="sv">' in page.text


async def test_a_parked_delivery_is_seen_tried_again_and_set_aside(world: World) -> None:
    await world.deliver({"external_id": "81", "kind": "created", "title": "Utan flöde"})
    page = await world.client.get("/intake/deliveries", headers=world.desk)
    assert "<code>flow</code>" in page.text
    assert "Utan flöde" in page.text, "the Service Desk finds the ticket by what it sent"
    delivery = page.text.partition('action="/intake/deliveries/')[2].partition('"')[0]
    path = f"/intake/deliveries/{delivery}"
    again = await world.client.post(path, data={"action": "again"}, headers=world.desk)
    assert again.status_code == 303
    assert "<code>flow</code>" in (await world.client.get("/intake/deliveries", headers=world.desk)).text
    unsaid = await world.client.post(path, data={"action": "aside"}, headers=world.desk)
    assert unsaid.status_code == 422
    aside = await world.client.post(path, data={"action": "aside", "reason": "Skickad igen"}, headers=world.desk)
    assert aside.status_code == 303
    assert "There are none." in (await world.client.get("/intake/deliveries", headers=world.desk)).text
    assert (await world.client.get("/intake/deliveries", headers=world.technician)).status_code == 403
    foreign = world.token("Kari Nord", "nordvik", nordvik=["service_desk"])
    assert (await world.client.post(path, data={"action": "again"}, headers=foreign)).status_code == 404


async def test_what_a_ticket_says_is_text_on_the_page(world: World) -> None:
    """Nobody's HTML or script comes through a ticket."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    answer = await world.deliver(a_ticket(title=evil, description=f"<p>hej{evil}</p>", organisation=evil))
    page = await world.get(f"/intake/requests/{answer.json()['id']}", world.pm)
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "<img" not in page.text

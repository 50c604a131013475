"""Directives, plans and the CAB over JSON, on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from chassis.testing import Databases
from contracts.intake import ClassificationWithdrawn
from contracts.portfolio import LeftPortfolio
from tests.integration.governance_world import FULL_FORM, TITLE, World, a_world


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened
        assert await opened.parked() == 0


async def test_a_project_gets_a_directive_and_loses_it_with_its_judgement(world: World) -> None:
    """IT-09"""
    request_id = await world.a_project()
    shown = await world.get(f"/governance/api/directives/{request_id}", world.requester)
    assert shown.status_code == 200, shown.text
    assert (shown.json()["stage"], shown.json()["title"]) == ("sent", TITLE)
    assert shown.json()["requester"]["name"] == "Sigrid Ek"
    assert shown.json()["due"] == "2026-03-23"
    await world.tell(ClassificationWithdrawn(request_id=request_id, was="project", reason="Too small"))
    assert await world.facts(request_id) == ["directive-sent", "directive-closed"]


async def test_a_request_that_is_joined_with_another_needs_no_directive_any_more(world: World) -> None:
    """IT-15"""
    request_id = await world.a_project()
    await world.tell(LeftPortfolio(request_id=request_id, reason="The same as in Nordvik", into=uuid4()))
    assert await world.facts(request_id) == ["directive-sent", "directive-closed"]


async def test_a_directive_goes_from_draft_to_both_signatures(world: World) -> None:
    """IT-10, IT-11, TY-01"""
    request_id = await world.a_project()
    path = f"/governance/api/directives/{request_id}"
    draft = {"title": TITLE, "orderer": {"name": "Greta Lindmark"}, "nonsense": "x"}
    saved = await world.put(f"{path}/draft", world.requester, {"form": draft}, **{"If-Match": '"1"'})
    assert (saved.status_code, saved.headers["etag"]) == (200, '"2"')
    assert (await world.post(f"{path}/questions", world.requester, {"question": "What is BP1?"})).status_code == 201
    assert (await world.post(f"{path}/answers", world.pm, {"answer": "The first decision."})).status_code == 201
    shown = (await world.get(path, world.pm)).json()
    assert shown["draft"]["orderer"]["name"] == "Greta Lindmark"
    assert "nonsense" not in shown["draft"]
    assert [said["text"] for said in shown["said"]] == ["What is BP1?", "The first decision."]
    assert (await world.put(f"{path}/draft", world.pm, {"form": draft})).status_code == 200

    returned = await world.post(f"{path}/return", world.requester, {"form": FULL_FORM})
    assert (returned.status_code, returned.json()["warnings"]) == (201, [])
    back = await world.post(
        f"{path}/send-back", world.pm, {"version": 1, "remarks": [{"field": "cost", "text": "Which account?"}]}
    )
    assert back.status_code == 201
    odd = deepcopy(FULL_FORM)
    odd["results"][1]["due"] = "2026-11"
    again = await world.post(f"{path}/return", world.requester, {"form": odd})
    assert [warning["rule"] for warning in again.json()["warnings"]] == ["TY-21"]
    leader = {"name": "Hanna Berg", "email": "hanna.berg@ekvik.example"}
    assert (await world.post(f"{path}/accept", world.pm, {"version": 2, "leader": leader})).status_code == 201
    assert (await world.post(f"{path}/sign", world.orderer, {"version": 2})).status_code == 201
    assert (await world.post(f"{path}/sign", world.leader, {"version": 2})).status_code == 201
    shown = (await world.get(path, world.leader)).json()
    assert (shown["stage"], shown["approved_version"]) == ("approved", 2)
    assert shown["draft"] is None
    assert shown["said"] == []
    assert [each["remarks"] for each in shown["versions"]] == [[{"field": "cost", "text": "Which account?"}], []]
    assert shown["versions"][1]["directive"]["leader"]["name"] == "Hanna Berg"


async def test_mistakes_come_back_as_a_problem_with_a_sentence_beside_each_field(world: World) -> None:
    """TY-09, TY-14, TY-18"""
    request_id = await world.a_project()
    wrong = deepcopy(FULL_FORM)
    wrong["gates"][2]["on"] = "2026-05-01"
    wrong["ranking"] = ["cost", "cost", "time"]
    wrong["cost"]["cap"] = "400 000"
    answer = await world.post(f"/governance/api/directives/{request_id}/return", world.requester, {"form": wrong})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {(error["field"], error["rule"]) for error in answer.json()["errors"]} == {
        ("gates.2.on", "TY-09"),
        ("ranking.0", "TY-14"),
        ("cost.cap", "TY-18"),
    }
    assert await world.facts(request_id) == ["directive-sent"], "what is refused has left no fact (P2)"


async def test_a_repeated_command_has_one_effect_and_one_answer(world: World) -> None:
    """P3"""
    request_id = await world.a_project()
    path = f"/governance/api/directives/{request_id}/return"
    first = await world.post(path, world.requester, {"form": FULL_FORM}, **{"Idempotency-Key": "once"})
    second = await world.post(path, world.requester, {"form": FULL_FORM}, **{"Idempotency-Key": "once"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    other = await world.post(path, world.requester, {"form": {}}, **{"Idempotency-Key": "once"})
    assert other.status_code == 422
    assert await world.facts(request_id) == ["directive-sent", "directive-submitted"]


async def test_an_outdated_version_is_told_so(world: World) -> None:
    """IT-11: requester and PM write at the same time."""
    request_id = await world.a_project()
    path = f"/governance/api/directives/{request_id}/draft"
    assert (await world.put(path, world.pm, {"form": {"title": "One"}}, **{"If-Match": '"1"'})).status_code == 200
    late = await world.put(path, world.requester, {"form": {"title": "Two"}}, **{"If-Match": '"1"'})
    assert late.status_code == 412


async def test_each_does_only_what_is_theirs_and_is_told_who_may(world: World) -> None:
    """IT-10, IT-11, TY-01, TY-06"""
    request_id = await world.a_project()
    path = f"/governance/api/directives/{request_id}"
    refused = [
        ("PUT", "draft", world.orderer, {"form": {}}, 404),
        ("PUT", "draft", world.manager, {"form": {}}, 404),
        ("PUT", "draft", world.leader, {"form": {}}, 403),
        ("POST", "return", world.pm, {"form": FULL_FORM}, 403),
        ("POST", "answers", world.requester, {"answer": "x"}, 403),
        ("POST", "accept", world.requester, {"version": 1}, 403),
        ("POST", "sign", world.pm, {"version": 1}, 409),
        ("POST", "return", world.stranger, {"form": FULL_FORM}, 404),
    ]
    for method, step, who, body, status in refused:
        answer = await world.client.request(method, f"{path}/{step}", json=body, headers=who)
        assert answer.status_code == status, f"{step}: {answer.text}"
    assert (await world.get(path)).status_code == 401
    assert (await world.get(path, world.stranger)).status_code == 404
    assert (await world.get(f"/governance/api/directives/{uuid4()}", world.pm)).status_code == 404
    assert await world.facts(request_id) == ["directive-sent"]


async def test_an_approved_directive_is_reopened_by_its_orderer_or_the_pm(world: World) -> None:
    """TY-06"""
    request_id = await world.an_approved_directive()
    path = f"/governance/api/directives/{request_id}"
    assert (await world.post(f"{path}/reopen", world.requester, {"reason": "Other plans"})).status_code == 403
    assert (await world.post(f"{path}/reopen", world.orderer, {"reason": "Other plans"})).status_code == 201
    shown = (await world.get(path, world.orderer)).json()
    assert (shown["stage"], shown["approved_version"], shown["reason"]) == ("reopened", 1, "Other plans")


async def test_lists_show_each_what_concerns_them(world: World) -> None:
    """P11"""
    mine, other = await world.a_project(), await world.a_project("nordvik")
    rows = (await world.get("/governance/api/directives", world.pm)).json()
    assert {row["request_id"] for row in rows} == {str(mine), str(other)}
    rows = (await world.get("/governance/api/directives", world.manager)).json()
    assert [row["request_id"] for row in rows] == [str(other)]
    rows = (await world.get("/governance/api/directives?which=mine", world.requester)).json()
    assert str(mine) in {row["request_id"] for row in rows}
    assert (await world.get("/governance/api/directives?which=settled", world.pm)).json() == []


async def test_what_people_are_called_is_nowhere_in_the_log(world: World) -> None:
    """P14"""
    await world.an_approved_directive()
    rows = await world.here.db.worker.fetch("SELECT envelope FROM events")
    everything = b"".join(row["envelope"] for row in rows)
    for secret in ("Sigrid", "Greta", "Hanna", "Maj", "0123-200", "@ekvik.example"):
        assert secret.encode() not in everything


async def test_the_requester_is_reminded_as_often_as_is_decent(world: World) -> None:
    """IT-10"""
    request_id = await world.a_project()
    await world.tick()
    for _ in range(40):
        world.clock.advance(timedelta(days=1))
        await world.tick()
        await world.tick()
    assert await world.facts(request_id) == ["directive-sent"] + ["directive-reminded"] * 3


async def test_the_plan_is_written_by_the_leader_and_accepted_by_both(world: World) -> None:
    """IT-18, IT-19"""
    request_id = await world.an_approved_directive()
    path = f"/governance/api/plans/{request_id}"
    assert (await world.get(path, world.leader)).status_code == 404
    await world.assigned(request_id)
    await world.assigned(request_id)
    plan = {
        "summary": "Upphandla och inför.",
        "steps": [{"text": "Upphandling", "starts": "2026-04-01", "ends": "2026-05-15"}],
    }
    body = {"directive_version": 1, "plan": plan}
    assert (await world.post(f"{path}/versions", world.pm, body)).status_code == 403
    unapproved = await world.post(f"{path}/versions", world.leader, {**body, "directive_version": 2})
    assert (unapproved.status_code, unapproved.json()["rule"]) == (422, "IT-18")
    written = await world.post(f"{path}/versions", world.leader, body)
    assert (written.status_code, written.json()["plan_version"]) == (201, 1)
    wrong = await world.post(f"{path}/acceptances", world.leader, {"version": 1, "party": "business"})
    assert (wrong.status_code, wrong.json()["rule"]) == (403, "IT-19")
    for who, party in ((world.pm, "it_team"), (world.orderer, "business")):
        answer = await world.post(f"{path}/acceptances", who, {"version": 1, "party": party})
        assert answer.status_code == 201, answer.text
    shown = (await world.get(path, world.leader)).json()
    assert (shown["state"], shown["agreed_version"]) == ("agreed", 1)
    assert shown["versions"][0]["business"]["name"] == "Greta Lindmark"
    assert [row["request_id"] for row in (await world.get("/governance/api/plans", world.pm)).json()] == [
        str(request_id)
    ]
    assert (await world.facts(request_id))[-5:] == [
        "plan-commissioned", "plan-written", "plan-accepted", "plan-accepted", "plan-agreed",
    ]  # fmt: skip


CALL = {"at": "2026-04-14T09:00:00+02:00", "place": "Rum 3", "orderer_meeting": "April"}


async def test_the_cab_builds_its_agenda_decides_and_closes_with_approved_minutes(world: World) -> None:
    """IT-21"""
    request_id = await world.a_project()
    await world.see()
    assert (await world.post("/governance/api/meetings", world.manager, CALL)).status_code == 403
    called = await world.post("/governance/api/meetings", world.pm, CALL)
    assert (called.status_code, called.json()["number"]) == (201, 1)
    path = called.headers["location"]

    proposal = (await world.get(f"{path}/proposal", world.pm)).json()
    assert [(item["request_id"], item["reasons"]) for item in proposal] == [(str(request_id), ["new"])]
    assert (await world.put(f"{path}/agenda", world.pm, {"items": proposal})).status_code == 200
    seats = [
        {"municipality": "ekvik", "role": "pm", "person": {"name": "Maj Ekdal", "email": world.email("Maj Ekdal")}},
        {
            "municipality": "nordvik",
            "role": "deputy",
            "person": {"name": "Nils Dahl", "email": world.email("Nils Dahl", "nordvik")},
            "deputy_for": {"name": "Astrid Lie", "email": world.email("Astrid Lie", "nordvik")},
        },
    ]
    assert (await world.put(f"{path}/attendance", world.pm, {"attendees": seats})).status_code == 200

    decision = {"request_id": str(request_id), "outcome": "approved", "text": "Begin after the summer."}
    once = {"Idempotency-Key": "decided"}
    for _ in range(2):
        assert (await world.post(f"{path}/decisions", world.pm, decision, **once)).status_code == 201
    assert await world.facts(request_id) == ["directive-sent", "cab-decided"]
    unknown = {**decision, "request_id": str(uuid4())}
    assert (await world.post(f"{path}/decisions", world.pm, unknown)).status_code == 409

    assert (await world.post(f"{path}/minutes", world.pm, {"text": "We decided."})).status_code == 201
    by_writer = await world.post(f"{path}/minutes/approve", world.pm, {"version": 1})
    assert (by_writer.status_code, by_writer.json()["rule"]) == (403, "IT-21")
    assert (await world.post(f"{path}/minutes/approve", world.stranger, {"version": 1})).status_code == 404
    assert (await world.post(f"{path}/minutes/approve", world.manager, {"version": 1})).status_code == 201
    shown = await world.get(path, world.manager)
    assert shown.json()["stage"] == "closed"
    assert shown.json()["approved_by"]["name"] == "Nils Dahl"
    assert shown.json()["attendees"][1]["deputy_for"]["name"] == "Astrid Lie"
    assert (await world.post(f"{path}/cancel", world.pm, {"reason": "Late"})).status_code == 409
    assert (await world.get(path, world.stranger)).status_code == 404


async def test_a_decision_on_what_has_no_directive_reaches_neither_meeting_nor_project(world: World) -> None:
    """IT-21: both streams or none."""
    called = await world.post("/governance/api/meetings", world.pm, CALL)
    path, ghost = called.headers["location"], str(uuid4())
    item = {"request_id": ghost, "municipality": "ekvik", "title": "Ghost", "reasons": ["asked_for"]}
    assert (await world.put(f"{path}/agenda", world.pm, {"items": [item]})).status_code == 200
    answer = await world.post(f"{path}/decisions", world.pm, {"request_id": ghost, "outcome": "noted", "text": "Hm."})
    assert answer.status_code == 404
    assert await world.facts() == ["meeting-called", "agenda-set"]


async def test_meetings_are_numbered_in_a_row_and_a_cancelled_one_was_not_held(world: World) -> None:
    """IT-21"""
    request_id = await world.a_project()
    world.clock.advance(timedelta(days=1))
    first = await world.post("/governance/api/meetings", world.pm, {**CALL, "at": "2026-03-03T14:00:00+01:00"})
    second = await world.post("/governance/api/meetings", world.pm, CALL)
    assert (first.json()["number"], second.json()["number"]) == (1, 2)
    where = f"{second.headers['location']}/proposal"
    world.clock.advance(timedelta(days=1))
    assert (await world.get(where, world.pm)).json() == [], "the project was new at the first meeting"
    cancelled = await world.post(f"{first.headers['location']}/cancel", world.pm, {"reason": "Snow"})
    assert cancelled.status_code == 201
    proposal = (await world.get(where, world.pm)).json()
    assert [item["request_id"] for item in proposal] == [str(request_id)]
    rows = (await world.get("/governance/api/meetings", world.manager)).json()
    assert [(row["number"], row["stage"]) for row in rows] == [(2, "called"), (1, "cancelled")]

"""Portfolio over HTTP on a real database: entry, ranking, assignment, reports, turns; and who may see and do what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from chassis.testing import Databases
from contracts.intake import RequestMerged, RequestWithdrawn
from contracts.values import TicketRef
from tests.integration.portfolio_world import World, a_world

REPORT = {
    "cadence": "fixed", "time": "green", "cost": "red", "result": "green", "progress": 20, "spent": "100000",
    "forecast": "700000", "next_steps": "Upphandlingen annonseras",
    "risks": [{"text": "Leverantören dröjer", "likelihood": 3, "impact": 4}],
}  # fmt: skip


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened


async def test_what_intake_judged_a_project_stands_in_the_portfolio(world: World) -> None:
    """IT-08: with its origin, its ticket and whom it serves; heard twice, it stands there once."""
    request_id = await world.an_entered_project(serves=("sundby",))
    await world.an_entered_project(serves=("sundby",))
    assert await world.facts() == ["entered"]
    row = await world.row(request_id)
    assert (row["state"], row["origin"], row["ticket_number"]) == ("entered", "business", "10081")
    assert row["serves"] == ["ekvik", "sundby"]
    assert row["requester"]["name"] == "Sigrid Ek"


async def test_a_withdrawn_or_merged_request_leaves_the_portfolio(world: World) -> None:
    """IT-08."""
    first, second = await world.an_entered_project("Ett"), await world.an_entered_project("Två")
    await world.hear(RequestWithdrawn(request_id=first, reason="withdrawn"))
    ticket = TicketRef(system="zammad", external_id="9")
    await world.hear(RequestMerged(request_id=second, into=uuid4(), into_ticket=ticket))
    assert await world.facts() == ["entered", "entered", "left", "left"]
    shown = (await world.get("/portfolio/api/projects", world.pm)).json()
    assert shown == []
    everything = (await world.get("/portfolio/api/projects?everything=true", world.pm)).json()
    assert {row["state"] for row in everything} == {"left"}


async def test_only_a_prioritised_project_is_assigned_and_only_by_the_pm(world: World) -> None:
    """IT-16: with the rule in the answer, in plain words."""
    request_id = await world.an_entered_project()
    wish = {"leader": {"name": "Berit Lund", "email": world.email("Berit Lund")}}
    early = await world.post(f"/projects/{request_id}/assign", world.pm, wish)
    assert (early.status_code, early.json()["rule"]) == (409, "IT-16")
    assert early.json()["detail"] == "The project has not been prioritised yet; rank it first."
    stranger = await world.post(f"/projects/{request_id}/assign", world.leader, wish)
    assert (stranger.status_code, stranger.json()["rule"]) == (403, "IT-16")
    await world.post(f"/projects/{request_id}/rank", world.pm, {"rank": 1})
    done = await world.post(f"/projects/{request_id}/assign", world.pm, wish)
    assert done.status_code == 201
    assert done.headers["etag"] == '"3"'
    row = await world.row(request_id)
    assert (row["state"], row["leader"]["name"]) == ("assigned", "Berit Lund")
    assert [member["kind"] for member in row["group"]] == ["it_team"]


async def test_a_group_of_three_kinds_is_kept_and_a_mistake_in_it_is_told_beside_its_field(world: World) -> None:
    """IT-17."""
    request_id = await world.an_entered_project()
    await world.post(f"/projects/{request_id}/rank", world.pm, {"rank": 1})
    leader = {"name": "Berit Lund", "email": world.email("Berit Lund")}
    kinds = ["it_team", "external_consultant", "business"]
    group = [
        {"name": f"Person {kind}", "email": f"{kind}@ekvik.example", "kind": kind, "role": "Medlem"} for kind in kinds
    ]
    unknown = [*group[:2], {**group[2], "kind": "volunteer"}]
    wrong = await world.post(f"/projects/{request_id}/assign", world.pm, {"leader": leader, "group": unknown})
    assert wrong.status_code == 422
    assert [error["field"] for error in wrong.json()["errors"]] == ["group.2.kind"]
    done = await world.post(f"/projects/{request_id}/assign", world.pm, {"leader": leader, "group": group})
    assert done.status_code == 201
    assert [m["kind"] for m in (await world.row(request_id))["group"]] == ["it_team", *kinds]


async def test_a_repeated_command_has_one_effect_and_a_stale_one_none(world: World) -> None:
    """P3, and If-Match: what somebody decides on what they saw is refused when it has changed."""
    request_id = await world.an_entered_project()
    key = {"Idempotency-Key": "once"}
    answers = [await world.post(f"/projects/{request_id}/rank", world.pm, {"rank": 4}, **key) for _ in range(3)]
    assert len({answer.text for answer in answers}) == 1
    other = await world.post(f"/projects/{request_id}/rank", world.pm, {"rank": 5}, **key)
    assert other.status_code == 422
    stale = await world.post(f"/projects/{request_id}/rank", world.pm, {"rank": 5}, **{"If-Match": '"1"'})
    assert stale.status_code == 412
    assert await world.facts() == ["entered", "prioritised"]


async def test_the_pm_ranks_several_projects_at_once_or_none(world: World) -> None:
    """IT-12."""
    one, two = await world.an_entered_project("Ett"), await world.an_entered_project("Två", "nordvik")
    twice = await world.post("/ranking", world.pm, {"ranks": {str(one): 1, str(two): 1}})
    assert (twice.status_code, twice.json()["rule"]) == (422, "IT-12")
    missing = await world.post("/ranking", world.pm, {"ranks": {str(one): 1, str(uuid4()): 2}})
    assert missing.status_code == 404
    assert await world.facts() == ["entered", "entered"]
    done = await world.post("/ranking", world.pm, {"ranks": {str(one): 2, str(two): 1}, "reason": "Lagkrav"})
    assert done.status_code == 201
    rows = (await world.get("/portfolio/api/projects", world.pm)).json()
    assert [(row["title"], row["rank"]) for row in rows] == [("Två", 1), ("Ett", 2)]


async def test_the_later_word_goes_first_where_two_hold_the_same_rank(world: World) -> None:
    """IT-12, TY-06: putting one at 1 puts it in front of the one that was there."""
    one, two = await world.an_entered_project("Ett"), await world.an_entered_project("Två")
    await world.post(f"/projects/{one}/rank", world.pm, {"rank": 1})
    world.clock.advance(timedelta(days=1))
    await world.post(f"/projects/{two}/rank", world.pm, {"rank": 1})
    rows = (await world.get("/portfolio/api/projects", world.pm)).json()
    assert [row["title"] for row in rows] == ["Två", "Ett"]
    told = (await world.get(f"/portfolio/api/projects/{one}/history", world.pm)).json()
    assert [each["rank"] for each in told["ranks"]] == [1]


async def test_a_municipality_sees_its_own_projects_and_those_that_serve_it(world: World) -> None:
    """P11, IT-15: neither the list, nor the totals, nor an id that was guessed shows another's."""
    ours, shared = await world.an_entered_project("Eget"), await world.an_entered_project("Delat", "sundby", ("ekvik",))
    theirs = await world.an_entered_project("Deras", "nordvik")
    manager = world.manager("ekvik")
    rows = (await world.get("/portfolio/api/projects", manager)).json()
    assert {row["title"] for row in rows} == {"Eget", "Delat"}
    totals = (await world.get("/portfolio/api/totals", manager)).json()
    assert {row["of"]: row["projects"] for row in totals} == {"ekvik": 1, "sundby": 1}
    assert {row["of"]: row["shared"] for row in totals} == {"ekvik": 0, "sundby": 1}
    for request_id, status in [(ours, 200), (shared, 200), (theirs, 404), (uuid4(), 404)]:
        for path in (f"/portfolio/api/projects/{request_id}", f"/portfolio/projects/{request_id}"):
            assert (await world.get(path, manager)).status_code == status
    assert "Deras" not in (await world.get("/portfolio/", manager)).text


async def test_requester_and_leader_see_theirs_wherever_it_is(world: World) -> None:
    """IT-20: and nothing else."""
    request_id = await world.an_assigned_project()
    other = await world.an_entered_project("Annat", "sundby")
    sigrid = world.token("Sigrid Ek", ekvik=["requester"])
    leader = world.token("Berit Lund", "ekvik", sundby=["leader"])
    for headers in (sigrid, leader):
        mine = (await world.get("/portfolio/api/mine", headers)).json()
        assert [row["request_id"] for row in mine] == [str(request_id)]
        assert (await world.get(f"/portfolio/api/projects/{request_id}", headers)).status_code == 200
    assert (await world.get(f"/portfolio/api/projects/{other}", sigrid)).status_code == 404
    assert (await world.get("/portfolio/api/projects", sigrid)).json() == []


async def test_an_approved_directive_gives_budget_gates_and_cadences(world: World) -> None:
    """TY-09, TY-13, TY-15."""
    row = await world.row(await world.an_assigned_project())
    assert (Decimal(row["budget"]), row["currency"], row["next_gate"]) == (Decimal(600_000), "SEK", "BP1")
    assert row["orderer"]["name"] == "Osvald Beck"
    assert row["next_report"].startswith("2026-03-09T12:00:00")


async def test_work_starts_with_the_agreed_plan(world: World) -> None:
    """TY-23, IT-19: and not for a project that has left."""
    request_id = await world.a_running_project()
    assert (await world.row(request_id))["state"] == "under_way"


async def test_the_leader_reports_and_nobody_else(world: World) -> None:
    """IT-20."""
    request_id = await world.a_running_project()
    stranger = await world.post(f"/projects/{request_id}/report", world.pm, REPORT)
    assert (stranger.status_code, stranger.json()["rule"]) == (403, "IT-20")
    low = await world.post(f"/projects/{request_id}/report", world.leader, {**REPORT, "forecast": "1"})
    assert low.json()["errors"] == [
        {"field": "forecast", "detail": "The forecast is lower than what is already spent.", "rule": "IT-20"}
    ]
    assert (await world.post(f"/projects/{request_id}/report", world.leader, REPORT)).status_code == 201
    better = {**REPORT, "cost": "yellow", "progress": 40}
    assert (await world.post(f"/projects/{request_id}/report", world.leader, better)).status_code == 201
    row = await world.row(request_id)
    assert (row["health"], row["trend"], row["progress"], row["reports"]) == ("yellow", "better", 40, 2)
    told = (await world.get(f"/portfolio/api/projects/{request_id}/history", world.pm)).json()
    assert [each["number"] for each in told["reports"]] == [1, 2]
    assert told["reports"][0]["actor_name"] == "Berit Lund"


async def test_a_pm_joins_and_lends_only_among_projects_of_their_municipalities(world: World) -> None:
    """IT-15, TY-22: by its id alone, nobody takes another municipality's project into their own."""
    ours, theirs = await world.an_assigned_project(), await world.an_entered_project("Grannens", home="nordvik")
    only_here = world.token("Maj Ekdal", ekvik=["pm"])
    reads_there = world.token("Maj Ekdal", ekvik=["pm"], nordvik=["auditor"])
    loan = {"to": str(theirs), "who": "En", "starts": "2026-04-01", "ends": "2026-05-01", "deciding_lead": "Vi"}
    before = await world.facts()
    for name, said in (("join", {"other": str(theirs), "reason": "Lika"}), ("lend", loan)):
        unseen = await world.post(f"/projects/{ours}/{name}", only_here, said)
        seen = await world.post(f"/projects/{ours}/{name}", reads_there, said)
        assert (unseen.status_code, seen.status_code) == (404, 403), name
    assert await world.facts() == before


async def test_a_round_is_run_by_the_hosts_pm_and_no_other(world: World) -> None:
    """IT-13: it ranks the projects of all."""
    projects = [str(await world.an_entered_project(title, home="nordvik")) for title in ("En", "Två")]
    deadline = (world.clock.now() + timedelta(days=9)).isoformat()
    opening = {"title": "Våren", "deadline": deadline, "candidates": projects}
    guest = world.token("Ragna Moen", "nordvik", nordvik=["pm"])
    assert (await world.post("/rounds", guest, opening)).status_code == 403
    opened = await world.post("/rounds", world.pm, opening)
    assert opened.status_code == 201, opened.text
    for step in ("close", "cancel"):
        answer = await world.post(f"/rounds/{opened.json()['id']}/{step}", guest, {"reason": "Så"})
        assert answer.status_code == 403, step


async def test_an_overdue_report_is_known_without_anyone_asking(world: World) -> None:
    """IT-20, TY-15: once for each due time, however often the clock ticks, and not when the report came in time."""
    request_id = await world.a_running_project()
    await world.tick()
    assert "status-report-missed" not in await world.facts()
    world.clock.advance(timedelta(days=7, minutes=1))
    for _ in range(3):
        await world.tick()
    assert (await world.facts()).count("status-report-missed") == 1
    assert (await world.row(request_id))["overdue"] == ["short"]
    world.clock.advance(timedelta(days=7))
    await world.tick()
    assert (await world.facts()).count("status-report-missed") == 3
    await world.post(f"/projects/{request_id}/report", world.leader, REPORT)
    assert (await world.row(request_id))["overdue"] == []
    world.clock.advance(timedelta(days=6))
    await world.tick()
    assert (await world.facts()).count("status-report-missed") == 3


async def test_a_report_the_views_have_not_seen_yet_is_not_missed(world: World) -> None:
    """IT-20: the view says where to look, the history whether something is missing."""
    request_id = await world.a_running_project()
    await world.see()
    world.clock.advance(timedelta(days=6))
    await world.post(f"/projects/{request_id}/report", world.leader, REPORT)
    world.clock.advance(timedelta(days=2))
    for clockwork in world.clockworks:
        await clockwork.run_once()  # the duties view still says that a report was due on day 7
    assert "status-report-missed" not in await world.facts()


async def test_a_gate_is_decided_by_the_pm_or_the_leader(world: World) -> None:
    """TY-09."""
    request_id = await world.an_assigned_project()
    stranger = await world.post(
        f"/projects/{request_id}/gate", world.manager("ekvik"), {"gate": "BP1", "outcome": "passed"}
    )
    assert stranger.status_code == 403
    for headers, gate in [(world.pm, "BP1"), (world.leader, "BP2")]:
        done = await world.post(f"/projects/{request_id}/gate", headers, {"gate": gate, "outcome": "passed"})
        assert done.status_code == 201, done.text
    assert (await world.row(request_id))["next_gate"] is None


async def test_the_leader_notes_a_talk_with_the_orderer_and_it_is_sealed_as_theirs(world: World) -> None:
    """IT-22: nobody finds the words in the log."""
    request_id = await world.a_running_project()
    note = "Vill ha inloggning med e-legitimation"
    assert (await world.post(f"/projects/{request_id}/talk", world.leader, {"note": note})).status_code == 201
    told = (await world.get(f"/portfolio/api/projects/{request_id}/history", world.pm)).json()
    assert [(each["with_whom"]["name"], each["note"]) for each in told["dialogue"]] == [("Osvald Beck", note)]
    logged = b"".join(each.message for each in await world.here.store.read(0))
    for plain in (note, "Osvald", "Berit", "Sigrid"):
        assert plain.encode() not in logged


async def test_a_project_is_postponed_and_resumed_with_reasons(world: World) -> None:
    """TY-04: and those who were promised something stand in the fact."""
    request_id = await world.a_running_project()
    silent = await world.post(f"/projects/{request_id}/postpone", world.pm, {})
    assert silent.json()["errors"][0]["field"] == "reason"
    more = {"name": "Torsten Vik", "email": "torsten.vik@sundby.example"}
    wish = {"reason": "Leverantören dröjer", "until": "2026-09-01", "promised_to": [more]}
    assert (await world.post(f"/projects/{request_id}/postpone", world.pm, wish)).status_code == 201
    row = await world.row(request_id)
    assert (row["state"], row["until"], row["next_report"]) == ("postponed", "2026-09-01", None)
    told = (await world.get(f"/portfolio/api/projects/{request_id}/history", world.pm)).json()
    assert [each["name"] for each in told["turns"][-1]["promised_to"]] == ["Sigrid Ek", "Osvald Beck", "Torsten Vik"]
    assert (await world.post(f"/projects/{request_id}/report", world.leader, REPORT)).status_code == 409
    assert (await world.post(f"/projects/{request_id}/resume", world.pm, {"reason": "Nu"})).status_code == 201
    assert (await world.row(request_id))["state"] == "under_way"


async def test_decisions_of_the_cab_reach_the_project_and_impossible_ones_do_nothing(world: World) -> None:
    """TY-04, IT-21."""
    request_id = await world.a_running_project()
    await world.the_cab_decides(request_id, "resume", "Kör på")
    await world.the_cab_decides(request_id, "stop", "Budgeten är slut")
    await world.the_cab_decides(request_id, "stop", "Budgeten är slut")
    row = await world.row(request_id)
    assert (row["state"], row["reason"]) == ("stopped", "CAB 4: Budgeten är slut")
    assert (await world.facts()).count("project-stopped") == 1
    assert await world.here.db.worker.fetchval("SELECT count(*) FROM parked") == 0


async def test_a_project_is_completed(world: World) -> None:
    """TY-04, TY-23."""
    early = await world.an_assigned_project("Tidigt")
    refused = await world.post(f"/projects/{early}/complete", world.pm, {"summary": "Klart", "spent": "1"})
    assert (refused.status_code, refused.json()["rule"]) == (409, "TY-23")
    request_id = await world.a_running_project()
    done = await world.post(f"/projects/{request_id}/complete", world.pm, {"summary": "I drift", "spent": "590000"})
    assert done.status_code == 201
    assert (await world.row(request_id))["state"] == "completed"
    totals = (await world.get("/portfolio/api/totals?by=state", world.pm)).json()
    assert {(row["of"], row["spent"]) for row in totals} == {("completed", "590000.00"), ("assigned", None)}


async def test_like_requests_are_joined_across_municipalities(world: World) -> None:
    """IT-15."""
    one, two = await world.an_entered_project("Ett"), await world.an_entered_project("Två", "sundby")
    done = await world.post(f"/projects/{one}/join", world.pm, {"other": str(two), "reason": "Samma önskan"})
    assert done.status_code == 201, done.text
    assert (await world.row(one))["serves"] == ["ekvik", "sundby"]
    left = await world.row(two)
    assert (left["state"], left["into"]) == ("left", str(one))
    assert [row["title"] for row in (await world.get("/portfolio/api/projects", world.manager("sundby"))).json()] == [
        "Ett"
    ]


async def test_people_are_lent_and_a_delivery_is_planned(world: World) -> None:
    """TY-22, TY-23."""
    one, two = await world.an_assigned_project("Ett"), await world.an_assigned_project("Två")
    loan = {"to": str(two), "who": "En tekniker", "starts": "2026-04-01", "ends": "2026-05-31", "deciding_lead": "Chef"}
    assert (await world.post(f"/projects/{one}/lend", world.pm, loan)).status_code == 201
    assert "En tekniker" in (await world.get(f"/portfolio/projects/{two}", world.pm)).text
    over = await world.post(f"/projects/{one}/release", world.pm, {"period": "2025H2"})
    assert (over.status_code, over.json()["rule"]) == (422, "TY-23")
    assert (await world.post(f"/projects/{one}/release", world.pm, {"period": "2026H2"})).status_code == 201
    rows = (await world.get("/portfolio/api/projects?release=2026H2", world.pm)).json()
    assert [UUID(row["request_id"]) for row in rows] == [one]


async def test_a_ranking_that_is_given_again_ranks_nothing_anew(world: World) -> None:
    """P3, IT-12: also what it left as it was then, and what was ranked or stopped since; the answer is the same."""
    one, two = await world.an_entered_project("Ett"), await world.an_entered_project("Två")
    await world.post(f"/projects/{one}/rank", world.pm, {"rank": 1})
    ranking = {"ranks": {str(one): 1, str(two): 2}}
    given = await world.post("/ranking", world.pm, ranking, **{"Idempotency-Key": "spring"})
    assert [each["id"] for each in given.json()["ranked"]] == [str(two)]
    await world.post(f"/projects/{one}/rank", world.pm, {"rank": 3})
    before = await world.facts()
    again = await world.post("/ranking", world.pm, ranking, **{"Idempotency-Key": "spring"})
    assert (again.status_code, again.json()) == (given.status_code, given.json())
    await world.post(f"/projects/{one}/stop", world.pm, {"reason": "Ingen beställare kvar"})
    again = await world.post("/ranking", world.pm, ranking, **{"Idempotency-Key": "spring"})
    assert (again.status_code, again.json()) == (given.status_code, given.json())
    assert await world.facts() == [*before, "project-stopped"]

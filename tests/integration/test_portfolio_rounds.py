"""Prioritisation rounds over HTTP on a real database: who votes, what shows when, and what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chassis.testing import Databases
from tests.integration.portfolio_world import World, a_world


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened


def scores(*given: tuple[UUID, int, int, int]) -> dict[str, Any]:
    return {
        "scores": {
            str(request_id): {"time": time, "economy": economy, "cooperation": cooperation}
            for request_id, time, economy, cooperation in given
        }
    }


async def a_round(world: World, **changes: Any) -> str:
    """An open round of all that waits; its id."""
    deadline = (world.clock.now() + timedelta(days=10)).isoformat()
    wish = {"title": "Våren 2026", "deadline": deadline, **changes}
    opened = await world.post("/rounds", world.pm, wish)
    assert opened.status_code == 201, opened.text
    round_id: str = opened.json()["id"]
    return round_id


async def test_a_round_gives_ranks_that_the_votes_explain(world: World) -> None:
    """IT-13, IT-14, IT-15: the standings, the favour of serving several, and a fact in each project's history."""
    alone = await world.an_entered_project("Ensamt")
    shared = await world.an_entered_project("Delat", "sundby", ("nordvik",))
    round_id = await a_round(world)
    for town in ("ekvik", "nordvik", "sundby"):
        vote = await world.put(
            f"/rounds/{round_id}/votes/{town}", world.manager(town), scores((alone, 4, 4, 2), (shared, 4, 4, 2))
        )
        assert vote.status_code == 201, vote.text
    closed = await world.post(f"/rounds/{round_id}/close", world.pm)
    assert closed.status_code == 201
    shown = (await world.get(f"/portfolio/api/rounds/{round_id}", world.manager("nordvik"))).json()
    assert shown["state"] == "closed"
    assert [(UUID(each["request_id"]), each["score"], each["favour"]) for each in shown["standings"]] == [
        (shared, "3.67", "1.00"),
        (alone, "3.33", "0.00"),
    ]
    rows = (await world.get("/portfolio/api/projects", world.pm)).json()
    assert [(row["title"], row["rank"], row["ranked_by"], row["state"]) for row in rows] == [
        ("Delat", 1, "round", "prioritised"),
        ("Ensamt", 2, "round", "prioritised"),
    ]
    told = (await world.get(f"/portfolio/api/projects/{shared}/history", world.pm)).json()
    assert told["ranks"][0]["round_id"] == round_id


async def test_the_pm_weighs_the_criteria_of_a_round_otherwise(world: World) -> None:
    """IT-12: time, economy and cooperation are configurable."""
    await world.an_entered_project("Ett")
    await world.an_entered_project("Två")
    round_id = await a_round(world, weights={"time": "3"})
    shown = (await world.get(f"/portfolio/api/rounds/{round_id}", world.pm)).json()
    assert {each["key"]: each["weight"] for each in shown["criteria"]} == {
        "time": "3", "economy": "1", "cooperation": "1"
    }  # fmt: skip


async def test_nobody_votes_for_another_municipality_or_twice(world: World) -> None:
    """IT-13: and the deputy who votes shows."""
    one, _ = await world.an_entered_project("Ett"), await world.an_entered_project("Två")
    round_id = await a_round(world)
    path = f"/rounds/{round_id}/votes/nordvik"
    for stranger in (world.manager("ekvik"), world.pm, world.leader):
        refused = await world.put(path, stranger, scores((one, 1, 1, 1)))
        assert (refused.status_code, refused.json()["rule"]) == (403, "IT-13")
    by_deputy = await world.put(path, world.deputy("nordvik"), scores((one, 3, 3, 3)))
    assert by_deputy.status_code == 201
    again = await world.put(path, world.manager("nordvik"), scores((one, 5, 5, 5)))
    assert (again.status_code, again.json()["rule"]) == (409, "IT-13")
    shown = (await world.get(f"/portfolio/api/rounds/{round_id}", world.manager("ekvik"))).json()
    assert [(each["municipality"], each["as_deputy"]) for each in shown["answers"]] == [("nordvik", True)]
    assert shown["missing"] == ["ekvik", "sundby"]


async def test_both_manager_and_deputy_at_once_are_one_vote(world: World) -> None:
    """IT-13, P3: whoever is second is refused, whichever it is."""
    one, _ = await world.an_entered_project("Ett"), await world.an_entered_project("Två")
    path = f"/rounds/{await a_round(world)}/votes/nordvik"
    voters = [world.manager("nordvik"), world.deputy("nordvik")] * 4
    answers = await asyncio.gather(*(world.put(path, voter, scores((one, 3, 3, 3))) for voter in voters))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert (await world.facts()).count("scores-given") == 1


async def test_how_somebody_voted_is_theirs_until_the_round_is_closed(world: World) -> None:
    """IT-13: neither the view, nor the API, nor the page tells another municipality."""
    one, two = await world.an_entered_project("Ett"), await world.an_entered_project("Två")
    round_id = await a_round(world)
    await world.put(f"/rounds/{round_id}/votes/nordvik", world.manager("nordvik"), scores((one, 5, 1, 4)))
    votes = f"/portfolio/api/rounds/{round_id}/votes"
    assert set((await world.get(votes, world.manager("nordvik"))).json()) == {"nordvik"}
    for other in (world.manager("ekvik"), world.pm):
        assert (await world.get(votes, other)).json() == {}
        assert "How Nordvik voted" not in (await world.get(f"/portfolio/rounds/{round_id}", other)).text
    async with world.here.db.work() as connection:
        table = await connection.fetchval("SELECT table_name FROM view_tables WHERE view = 'rounds' AND state = 'live'")
        stored = await connection.fetchval(f'SELECT row_to_json(t)::text FROM views."{table}" t')
    assert '"nordvik"' in stored
    assert '"economy": 1' not in stored.replace('":', '": ')
    await world.put(f"/rounds/{round_id}/votes/ekvik", world.manager("ekvik"), scores((two, 2, 2, 2)))
    await world.post(f"/rounds/{round_id}/close", world.pm)
    assert set((await world.get(votes, world.manager("ekvik"))).json()) == {"ekvik", "nordvik"}
    assert "How Nordvik voted" in (await world.get(f"/portfolio/rounds/{round_id}", world.manager("ekvik"))).text


async def test_a_vote_is_taken_back_and_given_anew(world: World) -> None:
    """IT-13."""
    one, _ = await world.an_entered_project("Ett"), await world.an_entered_project("Två")
    path = f"/rounds/{await a_round(world)}/votes/nordvik"
    manager = world.manager("nordvik")
    await world.put(path, manager, scores((one, 5, 5, 5)))
    assert (await world.client.delete(f"/portfolio/api{path}", headers=manager)).status_code == 200
    assert (await world.put(path, manager, scores((one, 1, 1, 1)))).status_code == 201


async def test_a_round_is_closed_once_however_often_it_is_asked_for(world: World) -> None:
    """P3, IT-13: the ranks are in one transaction with the closing, and come once."""
    one, _ = await world.an_entered_project("Ett"), await world.an_entered_project("Två")
    round_id = await a_round(world)
    await world.put(f"/rounds/{round_id}/votes/nordvik", world.manager("nordvik"), scores((one, 5, 5, 5)))
    key = {"Idempotency-Key": "close"}
    answers = [await world.post(f"/rounds/{round_id}/close", world.pm, **key) for _ in range(3)]
    assert len({answer.text for answer in answers}) == 1
    facts = await world.facts()
    assert (facts.count("round-closed"), facts.count("prioritised")) == (1, 2)
    over = await world.post(f"/rounds/{round_id}/close", world.pm)
    assert (over.status_code, over.json()["detail"]) == (409, "The round is over.")


async def test_a_candidate_that_was_stopped_meanwhile_gets_no_rank_and_the_others_do(world: World) -> None:
    """IT-13, TY-04."""
    one, two = await world.an_entered_project("Ett"), await world.an_entered_project("Två")
    round_id = await a_round(world)
    await world.put(f"/rounds/{round_id}/votes/nordvik", world.manager("nordvik"), scores((one, 5, 5, 5)))
    await world.post(f"/projects/{one}/stop", world.pm, {"reason": "Lagen ändrades"})
    assert (await world.post(f"/rounds/{round_id}/close", world.pm)).status_code == 201
    assert ((await world.row(one))["rank"], (await world.row(two))["rank"]) == (None, 2)


async def test_the_same_key_opens_the_same_round(world: World) -> None:
    """P3."""
    await world.an_entered_project("Ett")
    await world.an_entered_project("Två")
    wish = {"title": "Våren", "deadline": "2026-05-01T12:00:00+02:00"}
    answers = [await world.post("/rounds", world.pm, wish, **{"Idempotency-Key": "open"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert (await world.facts()).count("round-opened") == 1


async def test_only_the_pm_opens_closes_and_cancels(world: World) -> None:
    """IT-13."""
    await world.an_entered_project("Ett")
    await world.an_entered_project("Två")
    round_id = await a_round(world)
    manager = world.manager("ekvik")
    wish = {"title": "Våren", "deadline": "2026-05-01T12:00:00+02:00"}
    for path, content in [("/rounds", wish), (f"/rounds/{round_id}/close", {}), (f"/rounds/{round_id}/cancel", {})]:
        refused = await world.post(path, manager, content)
        assert (refused.status_code, refused.json()["rule"]) == (403, "IT-13")
    assert (await world.post(f"/rounds/{round_id}/cancel", world.pm, {"reason": "Budgeten väntar"})).status_code == 201
    assert (await world.get(f"/portfolio/api/rounds/{round_id}", manager)).json()["state"] == "cancelled"


async def test_what_cannot_stand_is_told_beside_its_field(world: World) -> None:
    """IT-12, IT-13."""
    one = await world.an_entered_project("Ett")
    two = await world.an_entered_project("Två")
    await world.post(f"/projects/{two}/stop", world.pm, {"reason": "Lagen ändrades"})
    wish = {"title": "Våren", "deadline": "2026-05-01T12:00:00+02:00", "candidates": [str(one), str(two)]}
    refused = await world.post("/rounds", world.pm, wish)
    assert [(error["field"], error["rule"]) for error in refused.json()["errors"]] == [("candidates.1", "TY-04")]
    late = await world.post("/rounds", world.pm, {**wish, "candidates": [str(one)], "deadline": "2026-05-01"})
    assert [error["field"] for error in late.json()["errors"]] == ["deadline"]

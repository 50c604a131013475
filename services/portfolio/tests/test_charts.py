"""Where things lie in the charts, and in what order a story is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest

from contracts.envelope import Envelope
from contracts.portfolio import FollowUpAgreed, GateDecided, ProjectFact, StatusReported
from contracts.values import Criterion, Standing
from portfolio.pages.charts import glance, grouped, money_bar, moved, stacked, sums
from portfolio.pages.story import agreed_in, counted, narrowed, story
from portfolio.pages.timeline import WIDTH, axis_of, half_of, line_of
from portfolio.views import history, projects
from portfolio.views.projects import ProjectRow

History = tuple[ProjectFact, ...]
ZONE = "Europe/Stockholm"


def logged(facts: Iterable[ProjectFact], start: datetime) -> list[Envelope[Any]]:
    return [
        Envelope(
            id=uuid5(fact.subject, str(number)),
            source="/flode/portfolio",
            subject=fact.subject,
            version=number,
            time=start + timedelta(days=number - 1),
            municipality="ekvik",
            actor="pm/00000000-0000-0000-0000-000000000009",
            correlation="test",
            data=fact,
            sequence=number,
        )
        for number, fact in enumerate(facts, start=1)
    ]


def a_row(facts: Iterable[ProjectFact], start: datetime) -> ProjectRow:
    row: ProjectRow | None = None
    for event in logged(facts, start):
        row = projects.evolve(row, event)
    assert row is not None
    return row


def test_the_parts_of_a_bar_lie_side_by_side_and_fill_it() -> None:
    parts = stacked([("a", 1), ("b", 0), ("c", 1), ("d", 1)], 3, 100)
    assert [(part.key, part.x, part.width) for part in parts] == [("a", 0, 33), ("c", 33, 34), ("d", 67, 33)]
    assert stacked([("a", 0)], 0, 100) == []


def test_a_glance_counts_every_project_once_worst_health_first() -> None:
    seen = glance(
        [
            {"health": "green", "trend": "better", "projects": 3, "overdue": 0},
            {"health": "red", "trend": None, "projects": 1, "overdue": 1},
            {"health": None, "trend": None, "projects": 2, "overdue": 0},
            {"health": "green", "trend": "better", "projects": 1, "overdue": 1},
        ]
    )
    assert (seen.projects, seen.overdue) == (7, 2)
    assert [(each.key, each.projects) for each in seen.healths] == [("red", 1), ("yellow", 0), ("green", 4), ("", 2)]
    assert seen.healths[2].trends == (0, 0, 4, 0)
    assert sum(part.width for part in seen.parts) == 600


def test_money_is_summed_per_currency_and_what_has_none_is_left_out() -> None:
    rows: list[dict[str, Any]] = [
        {"currency": "SEK", "projects": 1, "budget": Decimal(5), "spent": None, "forecast": Decimal(7)},
        {"currency": None, "projects": 4, "budget": None, "spent": None, "forecast": None},
        {"currency": "SEK", "projects": 2, "budget": Decimal(1), "spent": Decimal(2), "forecast": None},
    ]
    assert sums(rows) == [{"currency": "SEK", "projects": 3, "budget": 6, "spent": 2, "forecast": 7}]


def test_a_state_stands_once_with_its_currencies_and_in_the_order_of_a_projects_life() -> None:
    def row(of: str, currency: str | None, projects: int, budget: int | None) -> dict[str, Any]:
        counted = {"projects": projects, "shared": 1, "red": 0, "overdue": 0}
        return {"of": of, "currency": currency, **counted, "budget": budget, "spent": None, "forecast": None}

    rows = [row("assigned", "DKK", 2, 100), row("entered", "SEK", 3, 50), row("entered", None, 4, None)]
    rows += [row("assigned", "SEK", 1, 70), row("elsewhere", "SEK", 1, 5)]
    first, second, last = grouped(rows, ("entered", "prioritised", "assigned"))
    assert last["of"] == "elsewhere"
    assert (first["of"], first["projects"], first["unbudgeted"], first["shared"]) == ("entered", 7, 4, 2)
    assert [(each["currency"], each["budget"]) for each in first["sums"]] == [("SEK", 50)]
    assert (second["of"], second["projects"], second["unbudgeted"]) == ("assigned", 3, 0)
    assert [(each["currency"], each["budget"]) for each in second["sums"]] == [("DKK", 100), ("SEK", 70)]


def test_the_budget_is_a_line_that_a_forecast_may_pass() -> None:
    bar = money_bar(Decimal(100), Decimal(50), Decimal(200))
    assert bar is not None
    assert (bar.budget, bar.spent, bar.forecast) == (50, 25, 100)
    assert bar.forecast_share == Decimal(2)
    assert money_bar(None, Decimal(1), None) is None
    assert money_bar(Decimal(0), Decimal(1), None) is None


def test_each_criterion_moves_a_project_by_its_share_of_the_weights() -> None:
    """IT-14."""
    criteria = [Criterion(key=key, weight=Decimal(weight), names={}) for key, weight in (("time", 3), ("economy", 1))]
    standing = Standing(
        request_id=UUID(int=1), rank=1, score=Decimal("3.5"), votes=2, favour=Decimal(0), tied_with=(),
        by_criterion={"time": Decimal(4), "economy": Decimal(2)},
    )  # fmt: skip
    parts = moved(criteria, standing)
    assert [(part.key, part.points, part.x, part.width) for part in parts] == [
        ("time", Decimal("3.00"), 0, 300),
        ("economy", Decimal("0.50"), 300, 50),
    ]
    unscored = moved(criteria, replace(standing, score=None, by_criterion={}))
    assert [(part.mean, part.width) for part in unscored] == [(None, 0), (None, 0)]


def test_a_project_lies_on_the_timeline_from_its_entry_to_its_end(an_assigned_project: History) -> None:
    """TY-09, TY-23."""
    row = a_row(an_assigned_project, datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    axis = axis_of([row], date(2026, 4, 1), ZONE)
    assert [tick.label for tick in axis.ticks] == ["2026H1", "2026H2"]
    line = line_of(row, axis, ZONE)
    assert (line.starts, line.ends) == (date(2026, 3, 3), date(2026, 12, 31))
    assert (line.x, line.x + line.width) == (axis.x(line.starts), axis.x(date(2026, 12, 31)))
    assert (line.release, line.release_x + line.release_width) == ("2026H2", WIDTH)


def test_a_gate_was_passed_or_is_ahead_or_its_day_is_over(
    an_assigned_project: History, request_id: UUID, morning: datetime
) -> None:
    """TY-09: BP1 was passed; BP2 was to be on 9 March, BP3 on 1 June."""
    passed = GateDecided(request_id=request_id, gate="BP1", outcome="passed", on=date(2026, 3, 9))
    row = a_row((*an_assigned_project, passed), morning)
    line = line_of(row, axis_of([row], date(2026, 4, 1), ZONE), ZONE)
    assert [gate.outcome for gate in line.gates] == ["passed", "late", "ahead"]


def test_a_project_without_an_end_reaches_to_today(an_entered_project: History, morning: datetime) -> None:
    row = a_row(an_entered_project, morning)
    axis = axis_of([row], date(2026, 5, 1), ZONE)
    line = line_of(row, axis, ZONE)
    assert (line.ends, line.x + line.width) == (None, axis.now)


def test_what_lies_outside_the_years_shown_stands_at_the_edge(an_assigned_project: History) -> None:
    row = a_row(an_assigned_project, datetime(2001, 1, 1, tzinfo=UTC)).replace(ends=date(2099, 1, 1))
    axis = axis_of([row], date(2026, 5, 1), ZONE)
    line = line_of(row, axis, ZONE)
    assert len(axis.ticks) == 12
    assert (line.x, line.width) == (0, WIDTH)


@pytest.mark.parametrize("period", [None, "", "2026", "2026H3", "0000H1", "20261H"])
def test_what_is_no_half_year_has_no_days(period: str | None) -> None:
    assert half_of(period) is None


def test_a_story_is_told_newest_first_with_the_versions_of_the_documents(
    a_running_project: History, follow_up: FollowUpAgreed, reported: StatusReported, morning: datetime
) -> None:
    """TY-06, IT-20: entered, ranked, directive, assigned, plan and start, report, the directive's second version."""
    facts = (*a_running_project, reported, replace(follow_up, directive_version=2))
    events = logged(facts, morning)
    told: history.HistoryRow | None = None
    for event in events:
        told = history.evolve(told, event)
    assert told is not None
    entries = story(told, agreed_in(events), [])
    assert [entry.what for entry in entries] == [
        "document", "report", "document", "turn", "assignment", "document", "rank", "turn",
    ]  # fmt: skip
    documents = [(entry.said.document, entry.said.version) for entry in narrowed(entries, "documents")]
    assert documents == [("directive", 2), ("plan", 1), ("directive", 1)]
    assert counted(entries) == {"life": 2, "documents": 3, "ranks": 1, "people": 1, "reports": 1}
    assert narrowed(entries, "nonsense") == entries

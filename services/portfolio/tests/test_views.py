"""What the views show after a history. They are folds: the same events give the same rows, whenever they are folded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from chassis.views import Row, View
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.portfolio import (
    DialogueHeld,
    GateDecided,
    LeftPortfolio,
    PeopleLent,
    Prioritised,
    ProjectFact,
    ProjectPostponed,
    ProjectResumed,
    RoundCancelled,
    RoundOpened,
    ScoresGiven,
    ScoresWithdrawn,
    ServesChanged,
    StatusReported,
    StatusReportMissed,
)
from contracts.values import Candidate, Criterion, Loan, Person, Voter
from portfolio.domain.prioritisation import RoundState, close
from portfolio.domain.prioritisation import evolve as evolve_round
from portfolio.views import duties, history, projects, rounds

History = tuple[ProjectFact, ...]
Folded = Callable[..., Any]
ROUND = UUID(int=500)


def envelopes(facts: Iterable[Event], start: datetime, home: str = "ekvik") -> Iterable[Envelope[Any]]:
    """The facts as they come from the log, one each day."""
    for number, fact in enumerate(facts, start=1):
        yield Envelope(
            id=uuid5(fact.subject, str(number)),
            source="/flode/portfolio",
            subject=fact.subject,
            version=number,
            time=start + timedelta(days=number - 1),
            municipality=home,
            actor="pm/00000000-0000-0000-0000-000000000009",
            correlation="test",
            data=fact,
            sequence=number,
        )


@pytest.fixture
def folded(morning: datetime) -> Folded:
    """The row of a view after a history."""

    def fold(view: View[Any], facts: Iterable[Event]) -> Row:
        row: Row | None = None
        for event in envelopes(facts, morning):
            row = view.evolve(row, event)
        assert row is not None
        return row

    return fold


def test_a_project_in_the_portfolio_says_where_it_came_from_and_whom_it_serves(
    folded: Folded, an_entered_project: History
) -> None:
    """IT-08, IT-15: and those it serves may see it."""
    row = folded(projects.view, an_entered_project)
    assert (row.municipality, row.serves, row.shared_with) == ("ekvik", ("ekvik", "sundholm"), ("ekvik", "sundholm"))
    assert (row.origin, row.ticket_system, row.ticket_number, row.state) == ("business", "zammad", "10081", "entered")


def test_rank_budget_gates_and_leader_are_in_the_row(
    folded: Folded, an_assigned_project: History, berit: Person, morning: datetime
) -> None:
    """IT-12, TY-09, TY-13, IT-16."""
    row = folded(projects.view, an_assigned_project)
    assert (row.rank, row.ranked_by, row.budget, row.currency) == (2, "pm", Decimal(600_000), "SEK")
    assert (row.next_gate, row.next_gate_on) == ("BP1", date(2026, 3, 9))
    assert (row.leader_id, row.state) == (berit.id, "assigned")
    assert row.next_report == morning + timedelta(days=3 + 7)


def test_the_next_gate_is_the_first_that_was_not_passed(
    folded: Folded, an_assigned_project: History, request_id: UUID, today: date
) -> None:
    """TY-09."""
    passed = GateDecided(request_id=request_id, gate="BP1", outcome="passed", on=today)
    held = GateDecided(request_id=request_id, gate="BP2", outcome="held", on=today)
    assert folded(projects.view, (*an_assigned_project, passed)).next_gate == "BP2"
    assert folded(projects.view, (*an_assigned_project, passed, held)).next_gate == "BP2"
    third = [replace(passed, gate=gate) for gate in ("BP2", "BP3")]
    assert folded(projects.view, (*an_assigned_project, passed, *third)).next_gate is None


def test_health_is_the_worst_of_three_and_the_trend_says_which_way_it_goes(
    folded: Folded, a_running_project: History, reported: StatusReported
) -> None:
    """IT-20."""
    first = folded(projects.view, (*a_running_project, reported))
    assert (first.health, first.trend, first.spent, first.progress) == ("yellow", None, Decimal(100_000), 20)
    worse = replace(reported, number=2, cost="green", time="red")
    assert folded(projects.view, (*a_running_project, reported, worse)).trend == "worse"
    better = replace(reported, number=2, cost="green")
    assert folded(projects.view, (*a_running_project, reported, better)).trend == "better"
    assert folded(projects.view, (*a_running_project, reported, replace(reported, number=2))).trend == "same"


def test_an_overdue_report_shows_until_it_comes(
    folded: Folded, a_running_project: History, reported: StatusReported, request_id: UUID, morning: datetime
) -> None:
    """IT-20, TY-15."""
    missed = StatusReportMissed(request_id=request_id, cadence="short", due=morning + timedelta(days=10))
    assert folded(projects.view, (*a_running_project, missed)).overdue == ("short",)
    assert folded(projects.view, (*a_running_project, missed, reported)).overdue == ()


def test_a_postponed_project_says_why_and_until_when_and_owes_no_report(
    folded: Folded, a_running_project: History, postponed: ProjectPostponed, request_id: UUID
) -> None:
    """TY-04."""
    row = folded(projects.view, (*a_running_project, postponed))
    assert (row.state, row.reason, row.until) == ("postponed", "Leverantören dröjer", date(2026, 9, 1))
    assert row.next_report is None
    on = folded(projects.view, (*a_running_project, postponed, ProjectResumed(request_id=request_id, reason="Nu")))
    assert (on.state, on.reason, on.until) == ("under_way", "", None)


def test_a_request_that_left_keeps_its_row_and_begins_anew_when_it_comes_back(
    folded: Folded, a_prioritised_project: History, request_id: UUID
) -> None:
    """IT-08."""
    left = LeftPortfolio(request_id=request_id, reason="Samma önskan", into=UUID(int=99))
    row = folded(projects.view, (*a_prioritised_project, left))
    assert (row.state, row.reason, row.into, row.rank) == ("left", "Samma önskan", UUID(int=99), 2)
    again = folded(projects.view, (*a_prioritised_project, left, a_prioritised_project[0]))
    assert (again.state, again.rank, again.version) == ("entered", None, 4)


def test_municipalities_that_are_served_later_see_the_project_then(
    folded: Folded, an_entered_project: History, request_id: UUID
) -> None:
    """IT-15."""
    also = ServesChanged(request_id=request_id, serves=("ekvik", "vallby"), reason="Vallby har samma system")
    for view in (projects.view, history.view):
        assert folded(view, (*an_entered_project, also)).shared_with == ("ekvik", "vallby")


def test_the_duties_say_when_to_look(folded: Folded, an_assigned_project: History, morning: datetime) -> None:
    """IT-20, TY-15: what drives the clockwork."""
    assert folded(duties.view, an_assigned_project[:3]).look_at is None
    assert folded(duties.view, an_assigned_project).look_at == morning + timedelta(days=3 + 7)


def test_the_history_keeps_every_rank_report_and_talk(
    folded: Folded, a_running_project: History, reported: StatusReported, request_id: UUID, osvald: Person
) -> None:
    """TY-06, IT-20, IT-22, TY-22."""
    loan = Loan(who="En tekniker", starts=date(2026, 4, 1), ends=date(2026, 5, 1), deciding_lead="Chef drift")
    row = folded(
        history.view,
        (
            *a_running_project,
            reported,
            replace(reported, number=2),
            Prioritised(request_id=request_id, rank=7, by="pm", reason="Valet i höst"),
            DialogueHeld(request_id=request_id, with_whom=osvald, note=osvald.name),
            PeopleLent(request_id=request_id, to_request=UUID(int=99), loan=loan),
        ),
    )
    assert [each.rank for each in row.ranks] == [2, 7]
    assert [each.number for each in row.reports] == [1, 2]
    assert [each.with_whom for each in row.dialogue] == [osvald]
    assert [each.to_request for each in row.loans] == [UUID(int=99)]
    assert [each.turn for each in row.turns] == ["entered", "started"]


@pytest.fixture
def a_round(sigrid: Person, torsten: Person, morning: datetime) -> tuple[RoundOpened, ScoresGiven, ScoresGiven]:
    candidates = tuple(
        Candidate(request_id=UUID(int=number), municipality="ekvik", title=f"Projekt {number}") for number in (1, 2)
    )
    scores = {str(UUID(int=1)): {"time": 2}, str(UUID(int=2)): {"time": 4}}
    return (
        RoundOpened(
            round_id=ROUND,
            title="Våren",
            criteria=(Criterion(key="time", weight=Decimal(1), names={"sv": "Tid"}),),
            candidates=candidates,
            voters=(Voter(municipality="ekvik"), Voter(municipality="vallby")),
            deadline=morning + timedelta(days=9),
        ),
        ScoresGiven(round_id=ROUND, municipality="ekvik", voter=sigrid, scores=scores),
        ScoresGiven(round_id=ROUND, municipality="vallby", voter=torsten, as_deputy=True, scores={}, abstained=True),
    )


def test_who_has_answered_shows_and_not_how(folded: Folded, a_round: tuple[Any, ...]) -> None:
    """IT-13: the row holds no vote, open or closed; a deputy shows."""
    row = folded(rounds.view, a_round)
    assert [(each.municipality, each.as_deputy) for each in row.answers] == [("ekvik", False), ("vallby", True)]
    assert row.missing == ()
    shown = msgspec.json.encode(row).decode()
    assert "abstained" in shown
    assert row.abstained == ()
    assert '"time":2' not in shown.replace(" ", "")


def test_a_vote_that_was_withdrawn_is_missing_again(folded: Folded, a_round: tuple[Any, ...], sigrid: Person) -> None:
    """IT-13."""
    back = ScoresWithdrawn(round_id=ROUND, municipality="ekvik", voter=sigrid)
    row = folded(rounds.view, (*a_round, back))
    assert (row.missing, [each.municipality for each in row.answers]) == (("ekvik",), ["vallby"])


def test_a_closed_round_shows_its_standings_and_a_cancelled_one_its_reason(
    folded: Folded, a_round: tuple[Any, ...]
) -> None:
    """IT-13."""
    state = None
    for fact in a_round:
        state = evolve_round(state, fact)
    row = folded(rounds.view, (*a_round, close(state)))
    assert row.state is RoundState.CLOSED
    assert [each.request_id.int for each in row.standings] == [2, 1]
    assert row.abstained == ("vallby",)
    cancelled = folded(rounds.view, (*a_round, RoundCancelled(round_id=ROUND, reason="Budgeten är inte klar")))
    assert (cancelled.state, cancelled.reason) == (RoundState.CANCELLED, "Budgeten är inte klar")


def test_every_row_comes_back_from_the_table_as_it_went_in(
    folded: Folded, every_state: dict[str, History], reported: StatusReported, a_round: tuple[Any, ...], osvald: Person
) -> None:
    """A row is folded further from what was stored of it, so nothing may be lost on the way."""
    talked = DialogueHeld(request_id=reported.request_id, with_whom=osvald, note=osvald.name)
    stories = [*every_state.values(), (*every_state["under_way"], reported, talked)]
    rows = [(view, folded(view, story)) for story in stories for view in (projects.view, duties.view, history.view)]
    for view, row in [*rows, (rounds.view, folded(rounds.view, a_round))]:
        assert view.decoder.decode(msgspec.json.encode(row)) == row

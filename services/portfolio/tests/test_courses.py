"""A request's way, as it is told to the one who asked: its steps, who has the ball, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.testing import NOON
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.governance import (
    DirectiveClosed,
    DirectiveReopened,
    DirectiveSent,
    DirectiveSentBack,
    PlanCommissioned,
    PlanWritten,
)
from contracts.intake import (
    ClassificationWithdrawn,
    ClassifiedAsChange,
    ClassifiedAsProject,
    RequestMerged,
    RequestRegistered,
    RequestReopened,
    RequestWithdrawn,
)
from contracts.portfolio import (
    Assigned,
    EnteredPortfolio,
    LeftPortfolio,
    Prioritised,
    ProjectCompleted,
    ProjectLimited,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    WorkStarted,
)
from contracts.values import Person, Plan, PlanStep, Remark, TicketRef
from portfolio.pages.course import ball_of, steps_of
from portfolio.views import courses
from portfolio.views.courses import CourseRow

REQUEST = UUID(int=81)
DUE = date(2026, 4, 6)
Facts = tuple[Event, ...]


def told(*facts: Event, causes: Iterable[UUID | None] = ()) -> CourseRow | None:
    """The row after these facts, one each day from NOON."""
    row, known = None, list(causes)
    for number, fact in enumerate(facts):
        event: Envelope[Any] = Envelope(
            id=uuid4(), source=f"/flode/{fact.type.partition('.')[0]}", subject=REQUEST, version=number + 1,
            time=NOON + timedelta(days=number), municipality="ekvik", actor="pm/somebody", correlation="test",
            causation=known[number] if number < len(known) else None, data=fact,
        )  # fmt: skip
        row = courses.evolve(row, event)
    return row


def course(*facts: Event) -> CourseRow:
    row = told(*facts)
    assert row is not None
    return row


@pytest.fixture
def registered(sigrid: Person) -> RequestRegistered:
    ticket = TicketRef(system="zammad", external_id="81", number="10081")
    return RequestRegistered(
        request_id=REQUEST, ticket=ticket, title="E-tjänst för bygglov", requester=sigrid, opened_at=NOON
    )


@pytest.fixture
def sent(sigrid: Person) -> DirectiveSent:
    return DirectiveSent(request_id=REQUEST, requester=sigrid, title="E-tjänst", language="sv", due=DUE)


@pytest.fixture
def in_the_portfolio(
    registered: RequestRegistered, judged_a_project: ClassifiedAsProject, entered: EnteredPortfolio, sent: DirectiveSent
) -> Facts:
    mine = (replace(judged_a_project, request_id=REQUEST), replace(entered, request_id=REQUEST))
    return (registered, *mine, sent)


@pytest.fixture
def ranked(in_the_portfolio: Facts) -> Facts:
    return (*in_the_portfolio, DirectiveClosed(request_id=REQUEST, reason=""), Prioritised(
        request_id=REQUEST, rank=2, by="pm"
    ))  # fmt: skip


def test_a_new_request_waits_for_the_pm(registered: RequestRegistered) -> None:
    row = course(registered)
    assert (ball_of(row).who, ball_of(row).what, ball_of(row).since) == ("pm", "judge", NOON)
    first, second, *rest = steps_of(row)
    assert (first.standing, second.name, second.standing) == ("done", "judged", "now")
    assert {step.standing for step in rest} == {"ahead"}


def test_nothing_is_known_before_the_request_has_a_name(sent: DirectiveSent) -> None:
    assert told(sent) is None


def test_the_directive_goes_from_hand_to_hand(in_the_portfolio: Facts) -> None:
    assert (ball_of(course(*in_the_portfolio)).who, course(*in_the_portfolio).directive_due) == ("you", DUE)
    later = date(2026, 5, 1)
    back = DirectiveSentBack(request_id=REQUEST, version=1, remarks=(Remark(field="goals", text="?"),), due=later)
    row = course(*in_the_portfolio, back)
    assert (ball_of(row).what, row.directive_due) == ("sent_back", later)
    assert ball_of(row).since == NOON + timedelta(days=4)


def test_a_change_ends_at_the_service_desk(registered: RequestRegistered, sigrid: Person) -> None:
    change = ClassifiedAsChange(
        request_id=REQUEST, reason="En timme", criteria=(), requester=sigrid, ticket=registered.ticket
    )
    row = course(registered, change)
    assert ball_of(row).who == "service_desk"
    assert [step.name for step in steps_of(row)] == ["registered", "judged", "change"]
    back = course(registered, change, RequestReopened(request_id=REQUEST))
    assert (ball_of(back).what, ball_of(back).since) == ("judge", NOON + timedelta(days=2))


def test_from_the_rank_to_the_end(ranked: Facts, berit: Person, assigned: Assigned) -> None:
    assert (ball_of(course(*ranked)).who, ball_of(course(*ranked)).what) == ("pm", "assign")
    led = (*ranked, replace(assigned, request_id=REQUEST), PlanCommissioned(request_id=REQUEST, leader=berit))
    assert ball_of(course(*led)).what == "plan"
    plan = PlanWritten(
        request_id=REQUEST,
        version=1,
        directive_version=1,
        plan=Plan(summary="Upphandla", steps=(PlanStep(number=1, text="Upphandla", starts=DUE, ends=DUE),)),
    )
    assert ball_of(course(*led, plan)).who == "parties"
    begun = (*led, plan, WorkStarted(request_id=REQUEST, plan_version=1))
    assert ball_of(course(*begun)).what == "carry_out"
    over = course(*begun, ProjectCompleted(request_id=REQUEST, summary="I drift", spent=Decimal(1)))
    assert (ball_of(over).who, steps_of(over)[-1].standing) == ("nobody", "done")


def test_what_rests_says_so_and_goes_on_where_it_was(ranked: Facts) -> None:
    until = date(2026, 9, 1)
    postponed = (*ranked, ProjectPostponed(request_id=REQUEST, until=until, reason="Leverantören dröjer"))
    row = course(*postponed)
    assert (ball_of(row).what, row.until, row.reason) == ("postponed", until, "Leverantören dröjer")
    assert [step.name for step in steps_of(row) if step.standing == "now"] == ["postponed"]
    again = course(*postponed, ProjectResumed(request_id=REQUEST, reason="Nu"))
    assert (ball_of(again).what, again.reason) == ("assign", "")
    stopped = course(*ranked, ProjectStopped(request_id=REQUEST, reason="För många uppdrag"))
    assert (steps_of(stopped)[-1].name, ball_of(stopped).who) == ("stopped", "nobody")


def test_a_limit_stays_over_a_rest_and_ends_when_the_whole_goes_on(ranked: Facts) -> None:
    """TY-04"""
    limited = (*ranked, ProjectLimited(request_id=REQUEST, scope="Bara ansökan", reason="Pengarna"))
    rested = (
        *limited,
        ProjectStopped(request_id=REQUEST, reason="Vänta"),
        ProjectResumed(request_id=REQUEST, reason=""),
    )
    assert course(*rested).scope == "Bara ansökan"
    assert course(*limited, ProjectResumed(request_id=REQUEST, reason="")).scope == ""


@pytest.mark.parametrize("own", [True, False])
def test_who_left_by_the_pm_was_joined_and_otherwise_intake_has_told(in_the_portfolio: Facts, own: bool) -> None:
    left = LeftPortfolio(request_id=REQUEST, reason="Samma sak", into=UUID(int=9))
    row = told(*in_the_portfolio, left, causes=[None] * 4 + [None if own else UUID(int=7)])
    assert row is not None
    assert (row.ended == "joined") is own


def test_a_ticket_that_is_taken_back_or_merged_ends_the_way(in_the_portfolio: Facts) -> None:
    gone = course(*in_the_portfolio, RequestWithdrawn(request_id=REQUEST, reason="withdrawn", note="Behövs inte"))
    assert (ball_of(gone).what, gone.reason) == ("withdrawn", "Behövs inte")
    into = TicketRef(system="zammad", external_id="9", number="10009")
    merged = course(*in_the_portfolio, RequestMerged(request_id=REQUEST, into=UUID(int=9), into_ticket=into))
    assert (ball_of(merged).what, merged.into_number) == ("merged", "10009")
    anew = course(*in_the_portfolio, ClassificationWithdrawn(request_id=REQUEST, was="project", reason="Fel"))
    assert (ball_of(anew).what, anew.directive) == ("judge", None)


def test_a_directive_that_is_reopened_comes_back_while_the_work_goes_on(ranked: Facts) -> None:
    row = course(*ranked, DirectiveReopened(request_id=REQUEST, reason="Nytt mål", due=DUE))
    assert ball_of(row).who == "you"

"""The views, folded from histories: each row says what happened, and survives being written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from chassis.views import View, fold_batch
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.governance import (
    AgendaSet,
    AttendanceRecorded,
    CabDecided,
    DecisionRecorded,
    DirectiveAccepted,
    DirectiveApproved,
    DirectiveClosed,
    DirectiveDraftSaved,
    DirectiveHelpGiven,
    DirectiveHelpRequested,
    DirectiveReminded,
    DirectiveReopened,
    DirectiveSent,
    DirectiveSentBack,
    DirectiveSigned,
    DirectiveSubmitted,
    MeetingCalled,
    MeetingCancelled,
    MeetingMoved,
    MinutesApproved,
    MinutesWritten,
    PlanAccepted,
    PlanAgreed,
    PlanCommissioned,
    PlanWritten,
)
from contracts.portfolio import (
    EnteredPortfolio,
    FollowUpAgreed,
    GateDecided,
    LeftPortfolio,
    Prioritised,
    ProjectCompleted,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    StatusReported,
    StatusReportMissed,
)
from contracts.values import AgendaItem, Attendee, Cadence, Caution, Directive, Health, Money, Person, Remark, TicketRef
from governance.views import agenda, directives, meetings, plans

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


def row(view: View[Any], *facts: Event) -> Any:
    """The row after a history in which a fact happened every hour."""
    rows: dict[UUID, Any] = {}
    fold_batch(view, rows, enclosed(facts))
    (made,) = rows.values()
    if made is None:
        return None
    assert msgspec.json.decode(msgspec.json.encode(made), type=view.row) == made
    return made


def enclosed(facts: Sequence[Event]) -> list[Envelope[Any]]:
    return [
        Envelope(
            id=uuid5(fact.subject, str(number)),
            source="/flode/governance",
            subject=fact.subject,
            version=number,
            time=hour(number),
            municipality="solviken",
            actor="pm/1",
            correlation="c",
            data=fact,
            sequence=number,
        )
        for number, fact in enumerate(facts, start=1)
    ]


def test_a_directive_just_sent_is_with_the_requester(sent: DirectiveSent, requester: Person) -> None:
    """IT-09"""
    made = row(directives.view, sent)
    assert (made.stage, made.with_whom, made.due, made.requester) == ("sent", "requester", sent.due, requester)
    assert (made.stream_version, made.standing) == (1, None)


def test_what_is_asked_and_answered_is_kept_in_order(sent: DirectiveSent, request_id: UUID, requester: Person) -> None:
    """IT-10, IT-11"""
    saved = DirectiveDraftSaved(request_id=request_id, draft=requester.name, by="pm")
    asked = DirectiveHelpRequested(request_id=request_id, question=requester.name, field="gates")
    answered = DirectiveHelpGiven(request_id=request_id, answer=requester.name)
    assert row(directives.view, sent, asked).help_wanted
    made = row(directives.view, sent, saved, asked, answered)
    assert [(said.by, said.field) for said in made.said] == [("requester", "gates"), ("pm", None)]
    assert not made.help_wanted
    assert (made.draft, made.draft_by, made.draft_at) == (requester.name, "pm", hour(2))


def test_each_version_keeps_its_warnings_remarks_and_signatures(
    sent: DirectiveSent,
    returned: DirectiveSubmitted,
    accepted: DirectiveAccepted,
    signed_by_orderer: DirectiveSigned,
    approved: DirectiveApproved,
    request_id: UUID,
    leader: Person,
    orderer: Person,
) -> None:
    """IT-10, TY-01, TY-06"""
    warning = Caution(rule="TY-13", field="cost.cap", text="{cap}!", params={"cap": "9"})
    remark = Remark(field="title", text="Longer")
    history: list[Event] = [
        sent,
        replace(returned, warnings=(warning,)),
        DirectiveSentBack(request_id=request_id, version=1, remarks=(remark,), due=date(2026, 4, 1)),
        replace(returned, version=2),
        replace(accepted, version=2, note="Good"),
        replace(signed_by_orderer, version=2),
        DirectiveSigned(request_id=request_id, version=2, signatory="leader", person=leader),
        replace(approved, version=2),
    ]
    made = row(directives.view, *history)
    first, second = made.versions
    assert (first.warnings, first.remarks, first.sent_back_at) == ((warning,), (remark,), hour(3))
    assert (second.leader, second.note, second.accepted_at) == (leader, "Good", hour(5))
    assert (second.orderer_signed_at, second.leader_signed_at, second.approved_at) == (hour(6), hour(7), hour(8))
    assert (made.stage, made.with_whom, made.approved_version) == ("approved", "nobody", 2)
    assert (made.orderer_id, made.leader_id) == (orderer.id, leader.id)
    reopened = row(directives.view, *history, DirectiveReopened(request_id=request_id, reason="Ranked anew"))
    assert (reopened.stage, reopened.reason, reopened.approved_version) == ("reopened", "Ranked anew", 2)


def test_a_closed_directive_can_be_sent_anew_and_keeps_what_was_agreed(
    sent: DirectiveSent, returned: DirectiveSubmitted, request_id: UUID
) -> None:
    """IT-09"""
    closed = DirectiveClosed(request_id=request_id, reason="Withdrawn")
    reminded = DirectiveReminded(request_id=request_id, due=sent.due, times=2)
    made = row(directives.view, sent, reminded, returned, closed)
    assert (made.stage, made.with_whom, made.reason) == ("closed", "nobody", "Withdrawn")
    again = row(directives.view, sent, reminded, returned, closed, sent)
    assert (again.stage, again.reminders, len(again.versions)) == ("sent", 0, 1)


def test_facts_of_the_plan_move_the_directives_etag_and_nothing_else(
    sent: DirectiveSent, commissioned: PlanCommissioned
) -> None:
    before, after = row(directives.view, sent), row(directives.view, sent, commissioned)
    assert after == before.replace(stream_version=2)


def test_a_plan_is_commissioned_written_accepted_and_agreed(
    sent: DirectiveSent,
    approved: DirectiveApproved,
    commissioned: PlanCommissioned,
    written: PlanWritten,
    request_id: UUID,
    pm: Person,
    orderer: Person,
    leader: Person,
) -> None:
    """IT-18, IT-19"""
    history: list[Event] = [sent, approved, commissioned]
    made = row(plans.view, *history)
    assert (made.state, made.leader, made.approved, made.directive_version) == ("commissioned", leader, (1,), 1)
    assert (made.standing, made.orderer_id) == (None, None)
    history += [
        written,
        PlanAccepted(request_id=request_id, version=1, party="it_team", person=pm),
        PlanAccepted(request_id=request_id, version=1, party="business", person=orderer),
        PlanAgreed(request_id=request_id, version=1, directive_version=1),
    ]
    made = row(plans.view, *history)
    assert (made.state, made.agreed_version, made.orderer_id) == ("agreed", 1, orderer.id)
    assert (made.standing.it_team, made.standing.business) == (pm, orderer)
    changed = row(plans.view, *history, replace(written, version=2))
    assert (changed.state, changed.agreed_version, changed.standing.it_team) == ("written", 1, None)
    closed = DirectiveClosed(request_id=request_id, reason="Withdrawn")
    assert row(plans.view, *history, closed).state == "closed"
    assert row(plans.view, *history, closed, sent).state == "agreed"
    assert row(plans.view, sent, closed, sent).state == "none"


@pytest.fixture
def entered(request_id: UUID, requester: Person) -> EnteredPortfolio:
    ticket = TicketRef(system="zammad", external_id="81")
    return EnteredPortfolio(
        request_id=request_id, title="E-tjänst för bygglov", origin="business", ticket=ticket, requester=requester
    )


def report(request_id: UUID, time: Health, cost: Health = "green") -> StatusReported:
    return StatusReported(
        request_id=request_id,
        number=1,
        cadence="fixed",
        time=time,
        cost=cost,
        result="green",
        progress=10,
        spent=Decimal(0),
        forecast=Decimal(0),
    )


def why(*facts: Event, since: int | None = 100, before: date = date(2026, 5, 1)) -> tuple[str, ...]:
    """The reasons after a history, when the CAB last met at an hour of it (by default after all of it)."""
    made = row(agenda.view, *facts)
    return agenda.reasons(made, since=None if since is None else hour(since), before=before)


def test_a_project_is_on_the_agenda_when_it_is_new_or_ranked_since_the_last_meeting(
    entered: EnteredPortfolio, request_id: UUID
) -> None:
    """IT-21"""
    ranked = Prioritised(request_id=request_id, rank=3, by="pm")
    assert why(entered, since=None) == ("new",)
    assert why(entered, since=0) == ("new",)
    assert why(entered, since=1) == ()
    assert why(entered, ranked, since=1) == ("ranked",)
    assert why(entered, ranked, since=0) == ("ranked", "new")


def test_red_stays_on_the_agenda_and_worsened_comes_once(entered: EnteredPortfolio, request_id: UUID) -> None:
    """IT-21"""
    yellow, red, green = (report(request_id, health) for health in ("yellow", "red", "green"))
    assert why(entered, yellow, since=1) == ("worsened",), "a first report is compared with all being well"
    assert why(entered, yellow, since=2) == ()
    assert why(entered, yellow, red, since=2) == ("red", "worsened")
    assert why(entered, yellow, red, since=3) == ("red",)
    assert why(entered, yellow, red, green, since=3) == ()
    assert why(entered, report(request_id, "yellow"), report(request_id, "green", "yellow"), since=2) == ("worsened",)


def test_a_missed_report_is_on_the_agenda_until_it_comes(entered: EnteredPortfolio, request_id: UUID) -> None:
    """IT-20, IT-21"""
    missed = StatusReportMissed(request_id=request_id, cadence="short", due=hour(1))
    assert why(entered, missed) == ("overdue",)
    assert why(entered, missed, report(request_id, "green")) == ()


def test_a_gate_due_before_the_next_meeting_is_on_the_agenda_until_it_is_passed(
    entered: EnteredPortfolio, request_id: UUID, directive: Directive
) -> None:
    """IT-21, TY-09: BP1 is on 2026-04-01."""
    agreed = FollowUpAgreed(
        request_id=request_id,
        directive_version=1,
        cadence=Cadence(),
        gates=directive.gates,
        budget=Money(amount=Decimal(1), currency="SEK"),
    )
    held = GateDecided(request_id=request_id, gate="BP1", outcome="held", on=date(2026, 4, 1))
    passed = replace(held, outcome="passed")
    assert why(entered, agreed, before=date(2026, 4, 2)) == ("gate_due",)
    assert why(entered, agreed, before=date(2026, 4, 1)) == ()
    assert why(entered, agreed, held, before=date(2026, 4, 2)) == ("gate_due",)
    assert why(entered, agreed, passed, before=date(2026, 4, 2)) == ()
    assert why(entered, agreed, passed, agreed, before=date(2026, 4, 2)) == (), "passed is passed, by any directive"


def test_stopped_and_postponed_projects_come_once_and_leave_when_they_are_over(
    entered: EnteredPortfolio, request_id: UUID
) -> None:
    """IT-21, TY-04"""
    stopped = ProjectStopped(request_id=request_id, reason="Too large")
    postponed = ProjectPostponed(request_id=request_id, reason="After the summer")
    resumed = ProjectResumed(request_id=request_id, reason="There is money")
    assert why(entered, stopped, since=1) == ("stopped",)
    assert why(entered, postponed, since=1) == ("postponed",)
    assert why(entered, stopped, since=2) == ()
    assert why(entered, stopped, resumed, since=1) == ()
    assert row(agenda.view, entered, ProjectCompleted(request_id=request_id, summary="", spent=Decimal(0))) is None
    left = LeftPortfolio(request_id=request_id, reason="Withdrawn")
    assert row(agenda.view, entered, left) is None
    assert row(agenda.view, entered, left, stopped) is None


def test_a_candidate_remembers_what_the_cab_said_last(
    entered: EnteredPortfolio, request_id: UUID, meeting_id: UUID
) -> None:
    """IT-21"""
    decided = CabDecided(
        request_id=request_id,
        meeting_id=meeting_id,
        meeting_number=7,
        decision_id=meeting_id,
        outcome="noted",
        text="Goes well",
    )
    made = row(agenda.view, entered, decided)
    assert (made.decided.meeting_number, made.decided.outcome, made.decided.at) == (7, "noted", hour(2))


def test_a_meeting_goes_from_the_call_to_the_approved_minutes(
    called: MeetingCalled, meeting_id: UUID, item: AgendaItem, orderer: Person, pm: Person, request_id: UUID
) -> None:
    """IT-21"""
    sat = Attendee(person=orderer, municipality="solviken", role="it_manager", present=True)
    history: list[Event] = [
        called,
        MeetingMoved(meeting_id=meeting_id, at=hour(99), place="Rum 9", reason="The room was taken"),
        AgendaSet(meeting_id=meeting_id, items=(item,)),
        AttendanceRecorded(meeting_id=meeting_id, attendees=(sat,)),
        DecisionRecorded(
            meeting_id=meeting_id,
            decision_id=request_id,
            request_id=request_id,
            municipality="solviken",
            outcome="approved",
            text="Begin",
        ),
        MinutesWritten(meeting_id=meeting_id, version=1, text="We met.", writer=pm),
    ]
    made = row(meetings.view, *history)
    assert (made.stage, made.place, made.at, made.reason) == ("minuted", "Rum 9", hour(99), "The room was taken")
    assert (made.shared_with, made.agenda, made.attendees) == (("bjerkeby", "solviken"), (item,), (sat,))
    assert [(each.outcome, each.at) for each in made.decisions] == [("approved", hour(5))]
    assert [(each.version, each.writer) for each in made.minutes] == [(1, pm)]
    assert made.minutes_complete
    assert not row(
        meetings.view, *history, AttendanceRecorded(meeting_id=meeting_id, attendees=(sat,))
    ).minutes_complete
    assert not row(meetings.view, *history, history[-2]).minutes_complete, "what was decided after them is not in them"
    closed = row(meetings.view, *history, MinutesApproved(meeting_id=meeting_id, version=1, person=orderer))
    assert (closed.stage, closed.approved_by, closed.stream_version) == ("closed", orderer, 7)
    cancelled = row(meetings.view, called, MeetingCancelled(meeting_id=meeting_id, reason="Nobody can come"))
    assert (cancelled.stage, cancelled.reason) == ("cancelled", "Nobody can come")

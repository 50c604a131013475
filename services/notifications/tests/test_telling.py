"""Who is told what because of which fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

import pytest

from chassis.testing import an_envelope, sealed
from contracts import governance as g
from contracts import intake as i
from contracts import portfolio as p
from contracts.event import Event
from contracts.values import Directive, Person, Remark, TicketRef
from notifications.domain.known import Known, KnownMeeting, KnownRequest, KnownRound, learn
from notifications.domain.letters import LETTERS
from notifications.domain.telling import TABLE, Receiver, Seat, Told, to_be_told, told_of
from services.notifications.tests.conftest import HALL, HEDDA, LEADER, ORDERER, TICKET, somebody

DUE = date(2026, 3, 16)
PM, MANAGER = Seat("pm"), Seat("it_manager", "tallvik")


def told(fact: Event, known: Known | None) -> list[tuple[Person | Seat | TicketRef, str]]:
    """Who is told what, as pairs."""
    return [(each.to, each.template) for each in to_be_told(an_envelope(fact), known)]


def reported(time: Any = "green", cost: Any = "green") -> p.StatusReported:
    return p.StatusReported(
        request_id=HALL, number=1, cadence="short", time=time, cost=cost, result="green", progress=40,
        spent=Decimal(0), forecast=Decimal(10), summary="Two halls are connected",
    )  # fmt: skip


def test_a_registered_ticket_is_answered_and_waits_for_the_pm(registered: i.RequestRegistered, known: Known) -> None:
    """IT-02, IT-05: the requester and the ticket hear that it arrived, the PM that it waits."""
    assert told(registered, known) == [
        (HEDDA, "request-received"),
        (TICKET, "request-received"),
        (PM, "request-to-judge"),
    ]


def test_a_change_goes_back_to_the_service_desk_with_the_pms_reason(known: Known) -> None:
    """IT-06."""
    fact = i.ClassifiedAsChange(request_id=HALL, reason="A form", criteria=(), requester=HEDDA, ticket=TICKET)
    assert to_be_told(an_envelope(fact), known) == [
        Told("request-is-change", HEDDA),
        Told("request-is-change", TICKET, "change"),
    ]
    assert told_of(fact, known)["reason"] == "A form"


def test_it_09_the_requester_is_sent_the_directive_with_a_link_that_the_ticket_does_not_get(known: Known) -> None:
    fact = g.DirectiveSent(request_id=HALL, requester=HEDDA, title="Booking", language="sv", due=DUE)
    assert told(fact, known) == [(HEDDA, "directive-sent"), (TICKET, "directive-awaited")]
    sent, awaited = LETTERS["directive-sent"], LETTERS["directive-awaited"]
    assert sent.to is not None
    assert sent.to.path is None, "it is the requester's own link"
    assert awaited.to is None


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (g.DirectiveReminded(request_id=HALL, due=DUE, times=1), [(HEDDA, "directive-reminder")]),
        (
            g.DirectiveSentBack(request_id=HALL, version=1, remarks=(Remark(field="gates", text="When?"),)),
            [(HEDDA, "directive-sent-back")],
        ),
        (g.DirectiveReopened(request_id=HALL, reason="New law"), [(HEDDA, "directive-reopened")]),
    ],
)
def test_it_10_the_requester_hears_whenever_the_directive_is_theirs_again(
    fact: Event, expected: list[Any], known: Known
) -> None:
    assert told(fact, known) == expected


def test_a_returned_directive_is_the_pms_to_answer(known: Known, directive: Directive) -> None:
    """IT-10."""
    fact = g.DirectiveSubmitted(request_id=HALL, version=1, directive=directive)
    assert told(fact, known) == [(PM, "directive-returned")]


def test_a_question_goes_to_the_pm_and_the_answer_to_the_requester(known: Known) -> None:
    """IT-11: in their own words, which stay sealed until they are sent."""
    asked = g.DirectiveHelpRequested(request_id=HALL, question=sealed("What is a gate?"))
    answered = g.DirectiveHelpGiven(request_id=HALL, answer=sealed("A day on which something is decided"))
    assert told(asked, known) == [(PM, "directive-help-wanted")]
    assert told(answered, known) == [(HEDDA, "directive-help-given")]
    assert told_of(asked, known)["question"] == sealed("What is a gate?")


def test_both_signatories_are_asked_for_their_approval(known: Known) -> None:
    """TY-01."""
    fact = g.DirectiveAccepted(request_id=HALL, version=1, leader=LEADER)
    assert told(fact, known) == [(ORDERER, "directive-to-sign"), (LEADER, "directive-to-sign")]


def test_a_round_is_for_the_it_managers_of_all_who_have_a_seat(round_opened: p.RoundOpened) -> None:
    """IT-13."""
    known = learn(None, round_opened)
    closed = p.RoundClosed(round_id=round_opened.round_id, standings=())
    for fact, template in ((round_opened, "round-opened"), (closed, "round-closed")):
        assert told(fact, known) == [(MANAGER, template), (Seat("it_manager", "soendervig"), template)]
    assert told_of(closed, known)["title"] == "Spring 2027"


def test_a_project_that_is_dealt_out_is_the_leaders_and_the_requester_hears_whose(known: Known) -> None:
    """IT-16."""
    fact = p.Assigned(request_id=HALL, leader=LEADER, group=())
    assert told(fact, known) == [
        (LEADER, "project-is-yours"),
        (HEDDA, "project-assigned"),
        (TICKET, "project-assigned"),
    ]


def test_the_leader_is_asked_for_the_plan_and_both_parties_for_their_acceptance(known: Known) -> None:
    """IT-18, IT-19."""
    wanted = g.PlanCommissioned(request_id=HALL, leader=LEADER, directive_version=2)
    assert told(wanted, known) == [(LEADER, "plan-wanted")]
    plan: Any = {"summary": "In two steps", "steps": ()}
    written = g.PlanWritten(request_id=HALL, version=1, directive_version=2, plan=plan)
    assert told(written, known) == [(PM, "plan-to-accept"), (ORDERER, "plan-to-accept")]


def test_it_20_a_status_report_reaches_the_pm(known: Known) -> None:
    assert (PM, "status-reported") in told(reported(), known)


def test_it_22_the_orderer_is_kept_up_with_what_the_leader_reports_and_notes(known: Known) -> None:
    assert (ORDERER, "status-reported") in told(reported(), known)
    talk = p.DialogueHeld(request_id=HALL, with_whom=ORDERER, note=sealed("Locks come later"))
    assert told(talk, known) == [(ORDERER, "dialogue-held")]


@pytest.mark.parametrize(
    ("time", "cost", "hears"), [("red", "green", True), ("green", "red", True), ("yellow", "green", False)]
)
def test_the_municipalitys_it_manager_hears_of_red_and_only_of_red(
    time: str, cost: str, hears: bool, known: Known
) -> None:
    """IT-21: what the CAB will ask about does not come as a surprise there."""
    assert ((MANAGER, "status-red") in told(reported(time, cost), known)) is hears


def test_ty_15_a_report_that_did_not_come_reminds_the_leader_and_tells_the_pm(known: Known) -> None:
    fact = p.StatusReportMissed(request_id=HALL, cadence="short", due=datetime(2026, 3, 9, 12, tzinfo=UTC))
    assert told(fact, known) == [(LEADER, "report-missed"), (PM, "report-missed")]


def test_it_21_the_managers_who_are_invited_hear_of_the_cab(meeting_called: g.MeetingCalled) -> None:
    known = learn(None, meeting_called)
    managers = [MANAGER, Seat("it_manager", "soendervig")]
    cancelled = g.MeetingCancelled(meeting_id=meeting_called.meeting_id, reason="Snow")
    approved = g.MinutesApproved(meeting_id=meeting_called.meeting_id, version=1, person=HEDDA)
    written = g.MinutesWritten(meeting_id=meeting_called.meeting_id, version=1, text="Met.", writer=HEDDA)
    facts = {
        meeting_called: "meeting-called",
        cancelled: "meeting-cancelled",
        written: "minutes-to-approve",
        approved: "minutes-approved",
    }
    for fact, template in facts.items():
        assert told(fact, known) == [(manager, template) for manager in managers]
        assert told_of(fact, known)["number"] == "7"


def test_what_the_cab_decided_reaches_the_project_and_its_ticket(known: Known) -> None:
    """IT-21."""
    fact = g.CabDecided(
        request_id=HALL, meeting_id=UUID(int=3), meeting_number=7, decision_id=UUID(int=4), outcome="stop", text="No"
    )  # fmt: skip
    assert [to for to, _ in told(fact, known)] == [LEADER, ORDERER, TICKET]


@pytest.mark.parametrize(
    "fact",
    [
        p.ProjectPostponed(request_id=HALL, reason="Too much at once", promised_to=(somebody("Ture Granlid"),)),
        p.ProjectLimited(request_id=HALL, scope="Six halls", reason="Cost", promised_to=(somebody("Ture Granlid"),)),
        p.ProjectStopped(request_id=HALL, reason="Too large", promised_to=(somebody("Ture Granlid"),)),
        p.ProjectResumed(request_id=HALL, reason="Money came", promised_to=(somebody("Ture Granlid"),)),
    ],
)
def test_ty_04_those_who_were_promised_something_are_told_of_every_change_of_course(fact: Event, known: Known) -> None:
    first, *others = told(fact, known)
    assert first[0] == somebody("Ture Granlid")
    assert [to for to, _ in others] == [HEDDA, ORDERER, LEADER, TICKET]
    assert len({template for _, template in (first, *others)}) == 1


def test_whoever_has_two_parts_in_a_matter_is_told_once(known: KnownRequest) -> None:
    both = replace(known, orderer=HEDDA)
    fact = p.ProjectStopped(request_id=HALL, reason="Too large", promised_to=(HEDDA,))
    assert [to for to, _ in told(fact, both)] == [HEDDA, LEADER, TICKET]


def test_nobody_is_told_of_what_concerns_them_alone(known: Known) -> None:
    draft = g.DirectiveDraftSaved(request_id=HALL, draft=sealed("half a form"))
    assert told(draft, known) == []


def test_a_fact_of_a_request_nobody_knows_tells_only_offices() -> None:
    assert told(reported(), None) == [(PM, "status-reported")]


def test_who_is_who_is_learned_from_the_facts_in_their_order(
    registered: i.RequestRegistered, directive: Directive
) -> None:
    known = learn(None, registered)
    assert isinstance(known, KnownRequest)
    assert (known.requester, known.orderer, known.leader) == (HEDDA, None, None)
    known = learn(known, g.DirectiveSubmitted(request_id=HALL, version=1, directive=directive))
    known = learn(known, p.Assigned(request_id=HALL, leader=LEADER, group=()))
    moment = datetime(2026, 3, 3, tzinfo=UTC)
    known = learn(known, i.RequestChanged(request_id=HALL, title="Booking of all halls", changed_at=moment))
    assert isinstance(known, KnownRequest)
    assert (known.title, known.orderer, known.leader) == ("Booking of all halls", ORDERER, LEADER)


def test_a_meeting_that_moved_is_known_by_its_new_time(meeting_called: g.MeetingCalled) -> None:
    moved = g.MeetingMoved(
        meeting_id=meeting_called.meeting_id, at=datetime(2026, 3, 27, 12, tzinfo=UTC), place="Hamlet", reason="Snow"
    )
    known = learn(learn(None, meeting_called), moved)
    assert isinstance(known, KnownMeeting)
    assert (known.number, known.at.day, known.place) == (7, 27, "Hamlet")


def test_a_round_is_known_by_its_title_and_its_seats(round_opened: p.RoundOpened) -> None:
    known = learn(None, round_opened)
    assert isinstance(known, KnownRound)
    assert known.municipalities == ("tallvik", "soendervig")


def test_every_line_of_the_table_is_about_a_fact_of_the_flow_and_a_letter_there_is() -> None:
    flow = {*get_args(i.IntakeFact), *get_args(g.AgreementFact), *get_args(g.MeetingFact)}
    flow |= {*get_args(p.ProjectFact), *get_args(p.RoundFact)}
    assert set(TABLE) <= flow
    assert {telling.template for lines in TABLE.values() for telling in lines} == set(LETTERS)


def test_every_way_of_ending_or_beginning_a_project_is_in_the_ticket() -> None:
    states = {telling.state for lines in TABLE.values() for telling in lines if telling.to is Receiver.TICKET}
    assert states - {None} == {
        "registered", "project", "change", "prioritised", "assigned", "started", "postponed", "limited", "stopped",
        "resumed", "completed",
    }  # fmt: skip

"""The CAB: called with an IT-orderer meeting, decided, minuted, closed by somebody who did not write the minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from uuid import UUID

import pytest

from contracts.governance import (
    AttendanceRecorded,
    CabDecided,
    DecisionRecorded,
    DirectiveSent,
    MeetingCalled,
    MeetingCancelled,
    MeetingFact,
    MinutesApproved,
    MinutesWritten,
)
from contracts.refusal import Refusal
from contracts.values import AgendaItem, Attendee, Person
from governance.domain import refusals, unsettled
from governance.domain.agreement import evolve as agree
from governance.domain.meeting import Meeting, call, evolve, existing, meeting_of

NOON = datetime(2026, 4, 15, 12, 0, tzinfo=UTC)
DECISION = UUID("6a0c1e2d-3b4f-4a5c-8d7e-9f0a1b2c3d4e")


def given(*facts: MeetingFact) -> Meeting:
    return existing(reduce(evolve, facts, None))


def sat(
    person: Person, municipality: str = "solviken", *, deputy_for: Person | None = None, present: bool = True
) -> Attendee:
    role = "deputy" if deputy_for else "it_manager"
    return Attendee(person=person, municipality=municipality, role=role, present=present, deputy_for=deputy_for)


@pytest.fixture
def held(
    called: MeetingCalled, item: AgendaItem, orderer: Person, leader: Person, pm: Person
) -> tuple[MeetingFact, ...]:
    meeting = given(called)
    return (
        called,
        meeting.set_agenda([item]),
        meeting.record_attendance(
            [sat(pm), sat(orderer), sat(leader, "bjerkeby", present=False)],
        ),
    )


def test_a_meeting_is_called_with_an_orderer_meeting(called: MeetingCalled, meeting_id: UUID) -> None:
    """IT-21"""
    made = call(
        None,
        meeting_id=meeting_id,
        number=7,
        at=called.at,
        place=" Stadshuset, rum 3 ",
        orderer_meeting="IT-beställarmöte april",
        invited=["solviken", "bjerkeby", "solviken"],
        since=None,
    )
    assert made == called


def test_two_who_call_the_same_meeting_call_it_once(called: MeetingCalled, meeting_id: UUID) -> None:
    """IT-21: the id follows from the number, so that numbers cannot repeat."""
    assert meeting_of("solviken", 7) == meeting_id != meeting_of("solviken", 8)
    with pytest.raises(refusals.NumberTaken):
        call(
            given(called),
            meeting_id=meeting_id,
            number=7,
            at=NOON,
            place="Rum 1",
            orderer_meeting="April",
            invited=["solviken"],
            since=None,
        )


def test_a_meeting_without_a_place_an_orderer_meeting_or_anybody_in_it_is_none(meeting_id: UUID) -> None:
    """IT-21"""
    whole: dict[str, object] = {"place": "Rum 1", "orderer_meeting": "April", "invited": ["solviken"]}
    for missing in whole:
        said = {**whole, missing: "" if missing != "invited" else []}
        with pytest.raises(Refusal) as refusal:
            call(None, meeting_id=meeting_id, number=7, at=NOON, since=None, **said)  # type: ignore[arg-type]  # as a form sends it
        assert refusal.value.field == missing


def test_a_meeting_can_be_moved_and_cancelled_with_a_reason(called: MeetingCalled) -> None:
    """IT-21"""
    moved = given(called).move(at=NOON, place="Rum 9", reason="The room was taken")
    assert (given(called, moved).at, given(called, moved).place) == (NOON, "Rum 9")
    cancelled = given(called, moved).cancel("Nobody can come")
    assert given(called, moved, cancelled).stage == "cancelled"
    with pytest.raises(refusals.SayWhat):
        given(called).cancel("")


def test_a_request_stands_on_the_agenda_once(called: MeetingCalled, item: AgendaItem) -> None:
    """IT-21"""
    assert given(called, given(called).set_agenda([item])).agenda == (item,)
    with pytest.raises(refusals.TwiceOnTheAgenda):
        given(called).set_agenda([item, item])


def test_attendance_is_for_invited_municipalities_and_deputies_say_for_whom(
    called: MeetingCalled, orderer: Person, leader: Person, pm: Person
) -> None:
    """IT-21"""
    meeting = given(called)
    recorded = meeting.record_attendance([sat(pm), sat(leader, "bjerkeby", deputy_for=orderer)])
    assert given(called, recorded).present == {pm.id, leader.id}
    nobody = Attendee(person=pm, municipality="solviken", role="deputy", present=True)
    for wrong, refusal in [
        ([sat(pm, "elsewhere")], refusals.NotInvited),
        ([sat(pm), sat(pm, "bjerkeby")], refusals.TwiceAtTheTable),
        ([nobody], refusals.DeputyOfNobody),
        ([replace(sat(leader, deputy_for=orderer), role="it_manager")], refusals.NotTheDeputy),
        ([sat(pm, deputy_for=pm)], unsettled.DeputyOfThemselves),
    ]:
        with pytest.raises(refusal):
            meeting.record_attendance(wrong)


def test_the_cab_decides_what_is_on_its_agenda_and_the_project_hears_of_it_once(
    held: tuple[MeetingFact, ...], request_id: UUID, meeting_id: UUID, sent: DirectiveSent
) -> None:
    """IT-21"""
    decision = given(*held).decide(DECISION, request_id=request_id, outcome="postpone", text=" After the summer ")
    assert decision == DecisionRecorded(
        meeting_id=meeting_id,
        decision_id=DECISION,
        request_id=request_id,
        municipality="solviken",
        outcome="postpone",
        text="After the summer",
    )
    agreement = agree(None, sent)
    heard = agreement.hear_of_decision(decision, meeting_number=7)
    assert heard == CabDecided(
        request_id=request_id,
        meeting_id=meeting_id,
        meeting_number=7,
        decision_id=DECISION,
        outcome="postpone",
        text="After the summer",
    )
    assert agree(agreement, heard).hear_of_decision(decision, meeting_number=7) is None
    with pytest.raises(refusals.NotOnTheAgenda):
        given(*held).decide(DECISION, request_id=meeting_id, outcome="noted", text="What is this?")


def test_minutes_need_attendance_a_text_and_everything_that_was_decided(
    called: MeetingCalled, held: tuple[MeetingFact, ...], request_id: UUID, orderer: Person, pm: Person
) -> None:
    """IT-21"""
    with pytest.raises(refusals.NoAttendance):
        given(called).write_minutes("We met.", writer=pm)
    minutes = given(*held).write_minutes("We met.", writer=pm)
    assert (minutes.version, minutes.writer) == (1, pm)
    later = given(*held, minutes).decide(DECISION, request_id=request_id, outcome="noted", text="Goes well")
    with pytest.raises(refusals.MinutesAreOlder):
        given(*held, minutes, later).approve_minutes(1, adjuster=orderer)
    again = given(*held, minutes, later).write_minutes("We met, and noted.", writer=pm)
    assert given(*held, minutes, later, again).approve_minutes(2, adjuster=orderer).version == 2


def test_the_minutes_are_approved_by_another_who_was_there_and_that_closes_the_meeting(
    held: tuple[MeetingFact, ...], orderer: Person, leader: Person, pm: Person, requester: Person, meeting_id: UUID
) -> None:
    """IT-21: not by the writer, not by the invited who stayed away, not by a stranger."""
    with pytest.raises(refusals.NoMinutes):
        given(*held).approve_minutes(1, adjuster=orderer)
    minutes = given(*held).write_minutes("We met.", writer=pm)
    meeting = given(*held, minutes)
    for nobody in (pm, leader, requester):
        with pytest.raises(refusals.WriterCannotAdjust):
            meeting.approve_minutes(1, adjuster=nobody)
    with pytest.raises(refusals.AnotherVersion):
        meeting.approve_minutes(2, adjuster=orderer)
    approved = meeting.approve_minutes(1, adjuster=orderer)
    assert approved == MinutesApproved(meeting_id=meeting_id, version=1, person=orderer)
    assert given(*held, minutes, approved).stage == "closed"


def test_a_meeting_that_is_over_stays_as_it_was(
    held: tuple[MeetingFact, ...], meeting_id: UUID, request_id: UUID, orderer: Person, pm: Person
) -> None:
    """IT-21"""
    minutes = MinutesWritten(meeting_id=meeting_id, version=1, text="We met.", writer=pm)
    over: tuple[MeetingFact, ...] = (
        MeetingCancelled(meeting_id=meeting_id, reason="Nobody can come"),
        MinutesApproved(meeting_id=meeting_id, version=1, person=orderer),
    )
    acts: tuple[Callable[[Meeting], object], ...] = (
        lambda meeting: meeting.move(at=NOON, place="Rum 9", reason="Late"),
        lambda meeting: meeting.cancel("Late"),
        lambda meeting: meeting.set_agenda([]),
        lambda meeting: meeting.record_attendance([]),
        lambda meeting: meeting.decide(DECISION, request_id=request_id, outcome="noted", text="Late"),
        lambda meeting: meeting.write_minutes("Late", writer=pm),
        lambda meeting: meeting.approve_minutes(1, adjuster=orderer),
    )
    for end in over:
        meeting = given(*held, minutes, end)
        for act in acts:
            with pytest.raises(refusals.MeetingIsOver):
                act(meeting)


def test_a_meeting_nobody_called_is_not_found() -> None:
    """IT-21"""
    with pytest.raises(refusals.NoMeeting):
        existing(None)


def test_attendance_recorded_anew_replaces_the_first(
    held: tuple[MeetingFact, ...], meeting_id: UUID, leader: Person
) -> None:
    """IT-21"""
    again = AttendanceRecorded(meeting_id=meeting_id, attendees=(sat(leader, "bjerkeby"),))
    assert given(*held, again).present == {leader.id}

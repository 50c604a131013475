"""The way of a directive between the requester, the PM and the two signatories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import reduce
from typing import Any, get_args
from uuid import UUID

import pytest

from contracts.governance import (
    AgreementFact,
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
)
from contracts.refusal import Refusal, Refusals
from contracts.values import Directive, Person, Remark
from governance.domain import form, refusals
from governance.domain.agreement import directive_of, evolve
from governance.domain.directive import HOLDER, DirectiveCase, Stage, send

TODAY = date(2026, 3, 10)
REMARK = Remark(field="cost.cap", text="Which account is it paid from?")


def given(*facts: AgreementFact) -> DirectiveCase:
    return directive_of(reduce(evolve, facts, None))


def test_a_directive_is_sent_with_three_weeks_to_return_it(request_id: UUID, requester: Person) -> None:
    """IT-09"""
    sent = send(None, request_id=request_id, requester=requester, title="Bygglov", language="sv", today=TODAY)
    assert sent == DirectiveSent(
        request_id=request_id, requester=requester, title="Bygglov", language="sv", due=date(2026, 3, 31)
    )


def test_a_directive_is_not_sent_twice_but_anew_after_it_was_closed(
    sent: DirectiveSent, returned: DirectiveSubmitted, request_id: UUID, requester: Person
) -> None:
    """IT-09: the versions of the new one go on where the old one ended."""
    closed = DirectiveClosed(request_id=request_id, reason="No project after all")

    def once_more(case: DirectiveCase) -> DirectiveSent | None:
        return send(case, request_id=request_id, requester=requester, title="Bygglov", language="sv", today=TODAY)

    assert once_more(given(sent)) is None
    again = once_more(given(sent, returned, closed))
    assert again is not None
    case = given(sent, returned, closed, again)
    assert (case.stage, case.version, case.due) == ("sent", 1, again.due)


def test_the_requester_saves_what_there_is_and_the_pm_helps(
    sent: DirectiveSent, request_id: UUID, requester: Person
) -> None:
    """IT-10, IT-11"""
    case = given(sent)
    saved = case.save_draft(requester.name, by="requester")
    assert saved == DirectiveDraftSaved(request_id=request_id, draft=requester.name)
    asked = given(sent, saved).ask_for_help(requester.name, field="gates")
    assert asked == DirectiveHelpRequested(request_id=request_id, question=requester.name, field="gates")
    answered = given(sent, saved, asked).help(requester.name)
    assert answered == DirectiveHelpGiven(request_id=request_id, answer=requester.name)
    case = given(sent, saved, asked, answered)
    assert case.save_draft(requester.name, by="pm").by == "pm"
    assert (case.stage, HOLDER[case.stage]) == ("in_progress", "requester")


def test_a_directive_is_returned_whole_with_its_warnings(
    sent: DirectiveSent, full_form: dict[str, Any], people: dict[str, Person], directive: Directive
) -> None:
    """IT-10, TY-21"""
    full_form["results"][1]["due"] = "2026-11"
    fact = given(sent).hand_in(form.read(full_form), people)
    assert (fact.version, [warning.rule for warning in fact.warnings]) == (1, ["TY-21"])
    assert fact.directive.title == directive.title
    assert given(sent, fact).stage == "returned"


def test_a_directive_with_mistakes_is_not_returned(
    sent: DirectiveSent, full_form: dict[str, Any], people: dict[str, Person]
) -> None:
    """IT-10, TY-18"""
    full_form["cost"]["cap"] = "400 000"
    with pytest.raises(Refusals) as found:
        given(sent).hand_in(form.read(full_form), people)
    assert [refusal.rule for refusal in found.value.refusals] == ["TY-18"]


def test_the_pm_sends_it_back_with_remarks_and_three_more_weeks(
    sent: DirectiveSent, returned: DirectiveSubmitted, request_id: UUID
) -> None:
    """IT-10"""
    empty = Remark(field="title", text=" ")
    fact = given(sent, returned).send_back([REMARK, empty], version=1, today=TODAY)
    assert fact == DirectiveSentBack(request_id=request_id, version=1, remarks=(REMARK,), due=date(2026, 3, 31))
    case = given(sent, returned, fact)
    assert (case.stage, case.with_requester, case.due) == ("sent_back", True, date(2026, 3, 31))
    with pytest.raises(refusals.NoRemarks):
        given(sent, returned).send_back([empty], version=1, today=TODAY)


def test_an_accepted_directive_can_still_be_sent_back_and_loses_its_signature(
    sent: DirectiveSent, returned: DirectiveSubmitted, accepted: DirectiveAccepted, signed_by_orderer: DirectiveSigned
) -> None:
    """IT-10, TY-01"""
    case = given(sent, returned, accepted, signed_by_orderer)
    case = given(sent, returned, accepted, signed_by_orderer, case.send_back([REMARK], version=1, today=TODAY))
    assert (case.stage, case.signed, case.leader) == ("sent_back", frozenset(), None)


def test_the_next_return_is_the_next_version(
    sent: DirectiveSent,
    returned: DirectiveSubmitted,
    full_form: dict[str, Any],
    people: dict[str, Person],
    request_id: UUID,
) -> None:
    """TY-06"""
    back = DirectiveSentBack(request_id=request_id, version=1, remarks=(REMARK,))
    assert given(sent, returned, back).hand_in(form.read(full_form), people).version == 2


def test_the_pm_accepts_and_names_the_leader(
    sent: DirectiveSent, returned: DirectiveSubmitted, accepted: DirectiveAccepted, leader: Person, orderer: Person
) -> None:
    """IT-10, TY-01"""
    case = given(sent, returned)
    assert case.accept(leader, version=1) == accepted
    with pytest.raises(refusals.NoLeaderNamed):
        case.accept(None, version=1)
    with pytest.raises(refusals.SameSignatory):
        case.accept(orderer, version=1)
    with pytest.raises(refusals.AnotherVersion):
        case.accept(leader, version=2)


def test_a_leader_named_in_the_directive_need_not_be_named_again(
    sent: DirectiveSent, returned: DirectiveSubmitted, leader: Person, pm: Person
) -> None:
    """TY-01"""
    named = replace(returned, directive=replace(returned.directive, leader=leader))
    assert given(sent, named).accept(None, version=1).leader == leader
    assert given(sent, named).accept(pm, version=1).leader == pm


def test_two_signatures_in_either_order_approve_the_directive(
    sent: DirectiveSent,
    returned: DirectiveSubmitted,
    accepted: DirectiveAccepted,
    orderer: Person,
    leader: Person,
    directive: Directive,
) -> None:
    """TY-01"""
    for first, second in ((orderer, leader), (leader, orderer)):
        one = given(sent, returned, accepted).sign(first, version=1)
        assert [type(fact) for fact in one] == [DirectiveSigned]
        two = given(sent, returned, accepted, *one).sign(second, version=1)
        assert [type(fact) for fact in two] == [DirectiveSigned, DirectiveApproved]
        case = given(sent, returned, accepted, *one, *two)
        assert (case.stage, dict(case.approved)) == ("approved", {1: replace(directive, leader=leader)})


def test_a_signatory_signs_once_for_themselves_and_nobody_for_another(
    sent: DirectiveSent,
    returned: DirectiveSubmitted,
    accepted: DirectiveAccepted,
    signed_by_orderer: DirectiveSigned,
    orderer: Person,
    pm: Person,
    requester: Person,
) -> None:
    """TY-01"""
    case = given(sent, returned, accepted, signed_by_orderer)
    with pytest.raises(refusals.AlreadySigned):
        case.sign(orderer, version=1)
    for other in (pm, requester):
        with pytest.raises(refusals.NotASignatory):
            case.sign(other, version=1)
    with pytest.raises(refusals.NotToBeSigned):
        given(sent, returned).sign(orderer, version=1)
    with pytest.raises(refusals.AnotherVersion):
        case.sign(orderer, version=2)


def test_an_approved_directive_is_reopened_with_a_reason_and_binds_until_the_next(
    sent: DirectiveSent, returned: DirectiveSubmitted, accepted: DirectiveAccepted, approved: DirectiveApproved
) -> None:
    """TY-06"""
    history = (sent, returned, accepted, approved)
    with pytest.raises(refusals.SayWhat):
        given(*history).reopen(" ", today=TODAY)
    fact = given(*history).reopen("The departments ranked it anew", today=TODAY)
    assert isinstance(fact, DirectiveReopened)
    case = given(*history, fact)
    assert (case.stage, case.with_requester, case.binding) == ("reopened", True, 1)
    second = given(*history, fact, replace(returned, version=2), replace(approved, version=2))
    assert (second.binding, sorted(second.approved)) == (2, [1, 2])
    with pytest.raises(refusals.NotApproved):
        given(sent, returned).reopen("Why not", today=TODAY)


def test_reminders_are_a_week_apart_and_three_at_most(sent: DirectiveSent, request_id: UUID) -> None:
    """IT-10: due on 23 March; told on the 24th, the 31st and the 7th of April."""
    facts: list[AgreementFact] = [sent]
    days = []
    for day in (date(2026, 3, 20) + timedelta(days=n) for n in range(60)):
        if (reminder := given(*facts).remind(day)) is not None:
            days.append(day)
            facts.append(reminder)
            assert given(*facts).remind(day) is None, "the same day has one reminder, however often it is asked for"
    assert days == [date(2026, 3, 24), date(2026, 3, 31), date(2026, 4, 7)]
    last = DirectiveReminded(request_id=request_id, due=date(2026, 3, 23), times=3, day=date(2026, 4, 7))
    assert facts[-1] == last


def test_after_a_long_pause_one_reminder_comes_and_the_next_a_week_later(sent: DirectiveSent) -> None:
    """IT-10: nothing ran from 20 March to the 10th of May."""
    facts: list[AgreementFact] = [sent]
    days = []
    for day in (date(2026, 5, 10) + timedelta(days=n) for n in range(30)):
        while (reminder := given(*facts).remind(day)) is not None:
            days.append(day)
            facts.append(reminder)
    assert days == [date(2026, 5, 10), date(2026, 5, 17), date(2026, 5, 24)]


def test_a_reminder_that_does_not_say_its_day_counts_from_the_day_that_was_due(sent: DirectiveSent) -> None:
    """IT-10, P16: due on 23 March, reminded once by the first release."""
    case = given(sent, DirectiveReminded(request_id=sent.request_id, due=sent.due, times=1))
    assert case.remind(date(2026, 3, 30)) is None
    assert case.remind(date(2026, 3, 31)) is not None


def test_nobody_is_reminded_of_what_they_returned_and_anew_of_what_was_sent_back(
    sent: DirectiveSent, returned: DirectiveSubmitted, request_id: UUID
) -> None:
    """IT-10"""
    late = date(2026, 9, 1)
    reminded = DirectiveReminded(request_id=request_id, due=sent.due, times=3, day=date(2026, 8, 31))
    assert given(sent, reminded, returned).remind(late) is None
    back = DirectiveSentBack(request_id=request_id, version=1, remarks=(REMARK,), due=date(2026, 8, 1))
    reminder = given(sent, reminded, returned, back).remind(late)
    assert reminder == DirectiveReminded(request_id=request_id, due=date(2026, 8, 1), times=1, day=late)


def test_a_directive_is_closed_once(sent: DirectiveSent, request_id: UUID) -> None:
    """IT-09"""
    closed = given(sent).close("The ticket was withdrawn")
    assert closed == DirectiveClosed(request_id=request_id, reason="The ticket was withdrawn")
    assert given(sent, closed).close("Again") is None


def test_what_is_not_open_for_writing_is_not_written_in(
    sent: DirectiveSent,
    returned: DirectiveSubmitted,
    accepted: DirectiveAccepted,
    approved: DirectiveApproved,
    request_id: UUID,
    requester: Person,
    full_form: dict[str, Any],
    people: dict[str, Person],
) -> None:
    """IT-10"""
    closed = DirectiveClosed(request_id=request_id, reason="No project after all")
    for history in ((sent, returned), (sent, returned, accepted), (sent, returned, approved), (sent, closed)):
        case = given(*history)
        acts: tuple[Callable[[DirectiveCase], object], ...] = (
            lambda case: case.save_draft(requester.name, by="requester"),
            lambda case: case.ask_for_help(requester.name),
            lambda case: case.help(requester.name),
            lambda case: case.hand_in(form.read(full_form), people),
        )
        for act in acts:
            with pytest.raises(refusals.NotWithTheRequester):
                act(case)


def test_only_a_returned_directive_is_answered(sent: DirectiveSent, leader: Person) -> None:
    """IT-10"""
    answers: tuple[Callable[[DirectiveCase], object], ...] = (
        lambda case: case.accept(leader, version=0),
        lambda case: case.send_back([REMARK], version=0, today=TODAY),
    )
    for answer in answers:
        with pytest.raises(refusals.NotReturned):
            answer(given(sent))


def test_somebody_has_the_ball_at_every_stage() -> None:
    """IT-10"""
    assert set(HOLDER) == set(get_args(Stage))


def test_without_a_directive_there_is_nothing_to_do() -> None:
    """IT-09"""
    with pytest.raises(refusals.NoDirective) as refusal:
        directive_of(None)
    assert isinstance(refusal.value, Refusal)
    assert refusal.value.status == 404

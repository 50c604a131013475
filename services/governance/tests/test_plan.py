"""The plan: the leader writes it from an approved directive, both parties accept it."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any
from uuid import UUID

import pytest

from contracts.governance import (
    AgreementFact,
    DirectiveApproved,
    DirectiveClosed,
    DirectiveSent,
    DirectiveSubmitted,
    PlanAccepted,
    PlanAgreed,
    PlanCommissioned,
    PlanWritten,
)
from contracts.refusal import Refusals
from contracts.values import Person, Plan
from governance.domain import plan_form, refusals
from governance.domain.agreement import Agreement, directive_of, evolve, plan_of
from governance.domain.plan import commission


def given(*facts: AgreementFact) -> Agreement:
    state: Agreement | None = reduce(evolve, facts, None)
    assert state is not None
    return state


@pytest.fixture
def agreed_on_a_directive(
    sent: DirectiveSent, returned: DirectiveSubmitted, approved: DirectiveApproved
) -> tuple[AgreementFact, ...]:
    return (sent, returned, approved)


def test_the_appointed_leader_is_asked_for_a_plan_from_the_binding_directive(
    agreed_on_a_directive: tuple[AgreementFact, ...], commissioned: PlanCommissioned, leader: Person, pm: Person
) -> None:
    """IT-18: once for each leader, however often the group is said again."""
    state = given(*agreed_on_a_directive)
    assert commission(state.plan, leader, directive=state.directive) == commissioned
    state = given(*agreed_on_a_directive, commissioned)
    assert commission(state.plan, leader, directive=state.directive) is None
    another = commission(state.plan, pm, directive=state.directive)
    assert another == replace(commissioned, leader=pm)


def test_a_plan_can_be_commissioned_before_there_is_an_approved_directive_but_not_written(
    sent: DirectiveSent, leader: Person, plan: Plan
) -> None:
    """IT-18"""
    state = given(sent)
    early = commission(state.plan, leader, directive=state.directive)
    assert early is not None
    assert early.directive_version is None
    state = given(sent, early)
    with pytest.raises(refusals.NotAnApprovedDirective):
        plan_of(state).write(plan, 1, by=leader.id, directive=state.directive)


def test_nobody_plans_what_is_no_project(
    sent: DirectiveSent, commissioned: PlanCommissioned, leader: Person, plan: Plan, request_id: UUID
) -> None:
    """IT-18"""
    closed = DirectiveClosed(request_id=request_id, reason="Withdrawn")
    state = given(sent, closed)
    assert commission(None, leader, directive=state.directive) is None
    state = given(sent, commissioned, closed)
    with pytest.raises(refusals.NoDirectiveBehindIt):
        plan_of(state).write(plan, 1, by=leader.id, directive=state.directive)


def test_the_leader_and_nobody_else_writes_the_plan_from_a_named_version(
    agreed_on_a_directive: tuple[AgreementFact, ...],
    commissioned: PlanCommissioned,
    written: PlanWritten,
    leader: Person,
    pm: Person,
    plan: Plan,
) -> None:
    """IT-18"""
    state = given(*agreed_on_a_directive, commissioned)
    assert plan_of(state).write(plan, 1, by=leader.id, directive=state.directive) == written
    with pytest.raises(refusals.NotTheLeader):
        plan_of(state).write(plan, 1, by=pm.id, directive=state.directive)
    with pytest.raises(refusals.NotAnApprovedDirective) as refusal:
        plan_of(state).write(plan, 2, by=leader.id, directive=state.directive)
    assert str(refusal.value).startswith("Version 2 of the directive is not approved")


def accept(
    state: Agreement, person: Person, *, version: int = 1, pm: bool = False
) -> tuple[PlanAccepted | PlanAgreed, ...]:
    return plan_of(state).accept(
        "it_team" if pm else "business", person, is_pm=pm, version=version, approved=directive_of(state).approved
    )


def test_both_parties_accept_and_then_the_plan_is_the_agreement(
    agreed_on_a_directive: tuple[AgreementFact, ...],
    commissioned: PlanCommissioned,
    written: PlanWritten,
    pm: Person,
    orderer: Person,
) -> None:
    """IT-19"""
    history = (*agreed_on_a_directive, commissioned, written)
    for first, second in ((pm, orderer), (orderer, pm)):
        one = accept(given(*history), first, pm=first == pm)
        assert [type(fact) for fact in one] == [PlanAccepted]
        with pytest.raises(refusals.AlreadyAccepted):
            accept(given(*history, *one), first, pm=first == pm)
        two = accept(given(*history, *one), second, pm=second == pm)
        assert [type(fact) for fact in two] == [PlanAccepted, PlanAgreed]
        assert plan_of(given(*history, *one, *two)).agreed == 1


def test_each_party_accepts_only_for_itself(
    agreed_on_a_directive: tuple[AgreementFact, ...],
    commissioned: PlanCommissioned,
    written: PlanWritten,
    pm: Person,
    orderer: Person,
    leader: Person,
    requester: Person,
) -> None:
    """IT-19"""
    state = given(*agreed_on_a_directive, commissioned, written)
    for person in (pm, leader, requester):
        with pytest.raises(refusals.NotThatParty):
            accept(state, person)
    with pytest.raises(refusals.NotThatParty):
        plan_of(state).accept("it_team", orderer, is_pm=False, version=1, approved=directive_of(state).approved)
    with pytest.raises(refusals.AnotherVersion):
        accept(state, orderer, version=2)


def test_a_change_is_a_new_version_and_needs_both_acceptances_again(
    agreed_on_a_directive: tuple[AgreementFact, ...],
    commissioned: PlanCommissioned,
    written: PlanWritten,
    pm: Person,
    orderer: Person,
    leader: Person,
    plan: Plan,
) -> None:
    """IT-19: the agreed version stands until the next one is agreed."""
    history = (*agreed_on_a_directive, commissioned, written)
    history = (*history, *accept(given(*history), pm, pm=True))
    history = (*history, *accept(given(*history), orderer))
    with pytest.raises(refusals.NothingToAccept):
        accept(given(*history), orderer)
    state = given(*history)
    changed = plan_of(state).write(plan, 1, by=leader.id, directive=state.directive)
    state = given(*history, changed)
    assert (changed.version, plan_of(state).agreed, plan_of(state).accepted) == (2, 1, frozenset())
    assert [type(fact) for fact in accept(state, orderer, version=2)] == [PlanAccepted]


def test_a_half_acceptance_does_not_count_for_the_next_version(
    agreed_on_a_directive: tuple[AgreementFact, ...],
    commissioned: PlanCommissioned,
    written: PlanWritten,
    pm: Person,
    orderer: Person,
) -> None:
    """IT-19"""
    history = (*agreed_on_a_directive, commissioned, written)
    history = (*history, *accept(given(*history), pm, pm=True), replace(written, version=2))
    assert [type(fact) for fact in accept(given(*history), orderer, version=2)] == [PlanAccepted]


def test_nothing_is_accepted_before_it_is_written(
    agreed_on_a_directive: tuple[AgreementFact, ...], commissioned: PlanCommissioned, pm: Person
) -> None:
    """IT-18, IT-19"""
    with pytest.raises(refusals.NothingToAccept):
        accept(given(*agreed_on_a_directive, commissioned), pm, pm=True)
    with pytest.raises(refusals.NoPlan):
        plan_of(given(*agreed_on_a_directive))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"summary": ""}, ["summary"]),
        ({"steps": []}, ["steps.0.text"]),
        ({"steps": [{"text": "Build", "starts": "2026-05-01"}]}, ["steps.0.ends"]),
        ({"steps": [{"text": "Build", "starts": "2026-05-01", "ends": "2026-04-01"}]}, ["steps.0.ends"]),
        ({"risks": [{"text": "Delay", "likelihood": "6"}]}, ["risks.0.likelihood", "risks.0.impact"]),
    ],
)
def test_a_plan_with_mistakes_is_not_put_to_the_parties(plan: Plan, changes: dict[str, Any], fields: list[str]) -> None:
    """IT-18"""
    with pytest.raises(Refusals) as found:
        plan_form.read({**plan_form.write(plan), **changes})
    assert [refusal.field for refusal in found.value.refusals] == fields

"""The PM's judgement: a project, or a change within daily operation."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest

from contracts.intake import (
    ClassificationWithdrawn,
    ClassifiedAsChange,
    ClassifiedAsProject,
    IntakeFact,
    RequestMerged,
    RequestRegistered,
    RequestWithdrawn,
)
from contracts.refusal import Refusal, Refusals
from contracts.values import CriterionMet
from intake.domain.classification import (
    AlreadyJudged,
    ChangeIsFinal,
    MergedAway,
    NeedsAReason,
    NoSuchRequest,
    NotJudged,
    Withdrawn,
    classify,
    withdraw_classification,
)
from intake.domain.request import Request, evolve

Criteria = tuple[CriterionMet, ...]
ASKED = ("hours", "units")


def given(*facts: IntakeFact) -> Request | None:
    return reduce(evolve, facts, None)


def test_a_large_request_is_a_project_with_why_and_its_criteria(
    registered: RequestRegistered, judged_a_project: ClassifiedAsProject, criteria: Criteria
) -> None:
    """IT-06, IT-08: the fact carries what the portfolio needs."""
    judged = classify(
        given(registered), "project", reason=" Three departments and a new supplier ", criteria=criteria, asked=ASKED
    )
    assert judged == judged_a_project


def test_a_small_request_is_a_change_and_goes_back_with_its_ticket(
    registered: RequestRegistered, judged_a_change: ClassifiedAsChange, criteria: Criteria
) -> None:
    """IT-06"""
    judged = classify(
        given(registered), "change", reason="A form in the system we have", criteria=criteria, asked=ASKED
    )
    assert judged == judged_a_change


def test_the_judgement_keeps_the_origin_the_service_desk_gave(
    registered: RequestRegistered, criteria: Criteria
) -> None:
    """IT-08: a project is wished for by the IT team or by a business."""
    ours = given(replace(registered, origin="it_team"))
    judged = classify(ours, "project", reason="Old servers", criteria=criteria, asked=ASKED)
    assert isinstance(judged, ClassifiedAsProject)
    assert judged.origin == "it_team"


def test_every_criterion_is_answered_and_none_is_made_up(registered: RequestRegistered) -> None:
    """IT-05, IT-06: all mistakes are told at once, each beside its field."""
    made_up = (CriterionMet(key="hours", met=True), CriterionMet(key="mood", met=True))
    with pytest.raises(Refusals) as refused:
        classify(given(registered), "project", reason=" ", criteria=made_up, asked=ASKED)
    assert [refusal.field for refusal in refused.value.refusals] == ["reason", "criteria.units.met", "criteria.mood"]


def test_a_request_is_judged_once(
    registered: RequestRegistered, judged_a_project: ClassifiedAsProject, criteria: Criteria
) -> None:
    """IT-06"""
    with pytest.raises(AlreadyJudged):
        classify(given(registered, judged_a_project), "change", reason="No", criteria=criteria, asked=ASKED)


def test_a_judgement_taken_back_can_be_given_anew(
    registered: RequestRegistered,
    judged_a_project: ClassifiedAsProject,
    judgement_taken_back: ClassificationWithdrawn,
    criteria: Criteria,
) -> None:
    """IT-05"""
    project = given(registered, judged_a_project)
    assert withdraw_classification(project, reason="The supplier does it for nothing ") == judgement_taken_back
    again = given(registered, judged_a_project, judgement_taken_back)
    assert isinstance(
        classify(again, "change", reason="The supplier does it", criteria=criteria, asked=ASKED), ClassifiedAsChange
    )


def test_taking_a_judgement_back_says_why(registered: RequestRegistered, judged_a_project: ClassifiedAsProject) -> None:
    """IT-05"""
    with pytest.raises(NeedsAReason):
        withdraw_classification(given(registered, judged_a_project), reason="  ")


def test_a_change_is_final_and_the_pm_is_told_where_to_ask(
    registered: RequestRegistered, judged_a_change: ClassifiedAsChange
) -> None:
    """IT-06"""
    with pytest.raises(ChangeIsFinal, match="reopen ticket 10081"):
        withdraw_classification(given(registered, judged_a_change), reason="It grew")


def test_what_is_not_judged_cannot_be_taken_back(registered: RequestRegistered) -> None:
    with pytest.raises(NotJudged):
        withdraw_classification(given(registered), reason="No")


def test_a_merged_or_withdrawn_request_is_not_judged(
    registered: RequestRegistered,
    judged_a_project: ClassifiedAsProject,
    merged: RequestMerged,
    closed: RequestWithdrawn,
    criteria: Criteria,
) -> None:
    """IT-05"""
    refused: list[tuple[IntakeFact, type[Refusal]]] = [(merged, MergedAway), (closed, Withdrawn)]
    for ended, refusal in refused:
        with pytest.raises(refusal):
            classify(given(registered, ended), "project", reason="Big", criteria=criteria, asked=ASKED)
        with pytest.raises(refusal):
            withdraw_classification(given(registered, judged_a_project, ended), reason="No")


def test_an_unknown_request_is_not_judged(criteria: Criteria) -> None:
    with pytest.raises(NoSuchRequest):
        classify(None, "project", reason="Big", criteria=criteria, asked=ASKED)
    with pytest.raises(NoSuchRequest):
        withdraw_classification(None, reason="No")

"""What the template keeps apart: goals from requirements from wishes, consultants' hours from our own."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal

from governance.domain import form
from governance.domain.checks import refusals
from governance.domain.mistakes import NoKind, NoPurpose
from governance.domain.tree import Draft
from services.governance.tests.conftest import FULL_FORM


def a_line(**changes: str) -> Draft:
    """The full form with its first cost line changed."""
    told: Draft = deepcopy(FULL_FORM)
    told["financing"]["lines"][0].update(changes)
    return told


def test_ty_10_goals_requirements_and_wishes_stand_each_in_their_own_place() -> None:
    told: Draft = {**FULL_FORM, "wishes": ""}
    filled = form.read(told)
    assert filled.goals == "Hälften av ansökningarna kommer digitalt."
    assert filled.requirements == "E-legitimation."
    assert filled.wishes == ""
    assert refusals(filled) == ()


def test_ty_19_a_consultants_hours_are_a_kind_of_cost_of_their_own_told_by_purpose() -> None:
    consultant, own = form.read(FULL_FORM).lines
    assert (consultant.kind, consultant.purpose) == ("external_consultant", "Projektledning")
    assert (own.kind, own.purpose) == ("internal", "Utbildning")
    assert consultant.hours == Decimal(300)


def test_ty_19_a_cost_line_without_kind_or_purpose_is_refused_beside_it() -> None:
    for changes, mistake, field in (
        ({"kind": "consulting"}, NoKind, "financing.lines.0.kind"),
        ({"purpose": ""}, NoPurpose, "financing.lines.0.purpose"),
    ):
        found = [refusal for refusal in refusals(form.read(a_line(**changes))) if refusal.field == field]
        assert [type(refusal) for refusal in found] == [mistake]

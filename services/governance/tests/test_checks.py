"""What a directive must say: one test for each rule, on a form in which everything else is right."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.refusal import Refusals
from governance.domain import checks, form
from governance.domain.oddities import warnings


def changed(tree: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The form with one field written differently; None takes the field away."""
    *steps, last = path.split(".")
    at: Any = tree
    for step in steps:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if isinstance(at, list):
        at[int(last)] = value
    elif value is None:
        at.pop(last, None)
    else:
        at[last] = value
    return tree


def refused(tree: dict[str, Any]) -> dict[str | None, str | None]:
    """The fields at fault, each with the rule it breaks."""
    return {refusal.field: refusal.rule for refusal in checks.refusals(form.read(tree))}


def warned(tree: dict[str, Any]) -> list[tuple[str, str]]:
    return [(warning.rule, warning.field) for warning in warnings(form.read(tree))]


def test_a_full_form_is_refused_nothing_and_warned_of_nothing(full_form: dict[str, Any]) -> None:
    """TY-01, TY-02, TY-03, TY-07, TY-08, TY-09, TY-11, TY-12, TY-13, TY-14, TY-15, TY-16, TY-17, TY-18, TY-19, TY-20,
    TY-21, TY-22, TY-23"""
    checks.require(form.read(full_form))
    assert warned(full_form) == []


def test_an_empty_form_says_all_that_is_missing_at_once() -> None:
    """TY-01, TY-02, TY-03, TY-07, TY-08, TY-09, TY-11, TY-13, TY-14, TY-15"""
    with pytest.raises(Refusals) as found:
        checks.require(form.read({}))
    rules = {refusal.rule for refusal in found.value.refusals}
    assert rules == {"TY-01", "TY-02", "TY-03", "TY-07", "TY-08", "TY-09", "TY-11", "TY-13", "TY-14", "TY-15"}
    assert {f"gates.{nth}.on" for nth in range(4)} <= {refusal.field for refusal in found.value.refusals}


@pytest.mark.parametrize(
    ("path", "written", "field", "rule"),
    [
        ("orderer.name", "", "orderer.name", "TY-01"),
        ("orderer.email", "", "orderer.email", "TY-01"),
        ("leader", {"name": "Hanna Berg"}, "leader.email", "TY-01"),
        ("leader", {"name": "G", "email": "Greta.Lindmark@solviken.example"}, "leader.email", "TY-01"),
        ("title", "  ", "title", "TY-02"),
        ("background", None, "background", "TY-03"),
        ("sections.0.text", "", "sections.0.text", "TY-03"),
        ("rough_plan", "", "rough_plan", "TY-07"),
        ("competences", [], "competences.0.role", "TY-07"),
        ("competences.0.responsibility", "", "competences.0.responsibility", "TY-07"),
        ("contacts", [], "contacts.0.name", "TY-08"),
        ("contacts.0.role", "", "contacts.0.role", "TY-08"),
        ("contacts.0", {"role": "Handläggare", "name": "Olle Strand"}, "contacts.0.phone", "TY-08"),
        ("contacts.0.email", "olle.strand", "contacts.0.email", "TY-08"),
        ("gates.2.on", "", "gates.2.on", "TY-09"),
        ("gates.3.decision", "", "gates.3.decision", "TY-09"),
        ("gates.1.on", "2026-03-31", "gates.1.on", "TY-09"),
        ("gates.1.key", "BP1", "gates.1.on", "TY-09"),
        ("results", [], "results.0.text", "TY-11"),
        ("results.1.number", "3", "results.1.number", "TY-11"),
        ("results.0.gate", "BP9", "results.0.gate", "TY-11"),
        ("results.0.due", "", "results.0.due", "TY-12"),
        ("results.0.due", "in spring", "results.0.due", "TY-12"),
        ("cost.cap", "", "cost.cap", "TY-13"),
        ("cost.cap", "0", "cost.cap", "TY-13"),
        ("cost.currency", "GBP", "cost.currency", "TY-13"),
        ("cost.cap", "800 000 DKK", "cost.cap", "TY-13"),
        ("cost.ends", "2026-03-31", "cost.ends", "TY-13"),
        ("ranking", ["result", "result", "cost"], "ranking.0", "TY-14"),
        ("ranking", ["result", "time"], "ranking.0", "TY-14"),
        ("cadence.short_days", "", "cadence.short_days", "TY-15"),
        ("cadence.fixed_days", "0", "cadence.fixed_days", "TY-15"),
        ("financing.earlier.0.decided_by", "", "financing.earlier.0.decided_by", "TY-16"),
        ("financing.spent_as_of", "", "financing.spent_as_of", "TY-17"),
        ("financing.spent", "", "financing.spent", "TY-17"),
        ("financing.earlier", [], "financing.spent", "TY-17"),
        ("financing.lines.0.hours", "0", "financing.lines.0.hours", "TY-18"),
        ("financing.lines.0.rate", "", "financing.lines.0.rate", "TY-18"),
        ("financing.lines.0.hours", "600", "cost.cap", "TY-18"),
        ("financing.lines.0.kind", "gift", "financing.lines.0.kind", "TY-19"),
        ("financing.lines.0.purpose", "", "financing.lines.0.purpose", "TY-19"),
        ("ends", "2026-03-31", "ends", "TY-20"),
        (
            "loans",
            [{"who": "Two testers", "starts": "2026-05-01", "ends": "2026-06-01"}],
            "loans.0.deciding_lead",
            "TY-22",
        ),
        (
            "loans",
            [{"who": "Two testers", "starts": "2026-05-01", "ends": "2026-04-01", "deciding_lead": "IT manager"}],
            "loans.0.ends",
            "TY-22",
        ),
        ("delivery_period", "autumn", "delivery_period", "TY-23"),
    ],
)
def test_one_mistake_is_refused_beside_its_field_and_names_its_rule(
    full_form: dict[str, Any], path: str, written: object, field: str, rule: str
) -> None:
    """TY-01, TY-02, TY-03, TY-07, TY-08, TY-09, TY-11, TY-12, TY-13, TY-14, TY-15, TY-16, TY-17, TY-18, TY-19, TY-20,
    TY-22, TY-23"""
    assert refused(changed(full_form, path, written)) == {field: rule}


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("gates.1.on", "2026-04-01"),  # TY-09: two gates on one day
        ("results.0.due", "december 2026"),  # TY-12: a month is precise enough
        ("results.0.alternative", "Eller en gemensam tjänst"),  # TY-11: alternatives are legal
        ("financing.lines.0.hours", "558,33"),  # TY-18: four kronor below the cap
        ("financing.lines", []),  # TY-18: costs may be told by the cap alone
        ("financing", {}),  # TY-16: there need not be earlier funding
        ("ends", "2026-04-01"),  # TY-20: it may end on the day it starts
        ("predecessor", "0b6c1a70-5b0e-4f7a-9d0c-3f1f6f0f7f10"),  # TY-03: the project it follows
        ("delivery_period", "2026h2"),  # TY-23
        ("leader", {"name": "Hanna Berg", "email": "hanna.berg@solviken.example"}),  # TY-01
    ],
)
def test_what_the_rules_allow_is_allowed(full_form: dict[str, Any], path: str, written: object) -> None:
    """TY-01, TY-03, TY-09, TY-11, TY-12, TY-16, TY-18, TY-20, TY-23"""
    assert refused(changed(full_form, path, written)) == {}


def test_an_impossible_day_is_told_once_and_not_as_missing_too(full_form: dict[str, Any]) -> None:
    """TY-09"""
    found = checks.refusals(form.read(changed(full_form, "gates.2.on", "2026-02-30")))
    assert [(refusal.field, str(refusal)) for refusal in found] == [
        ("gates.2.on", "“2026-02-30” is not a day. Write it as 2027-05-31.")
    ]


def test_the_places_of_mistakes_are_those_of_the_form_even_below_empty_rows(full_form: dict[str, Any]) -> None:
    """TY-12"""
    result = full_form["results"][0]
    full_form["results"] = [{"text": ""}, {}, {**result, "due": ""}]
    assert refused(full_form) == {"results.2.due": "TY-12"}


def test_six_hundred_thousand_million_is_read_as_kronor_and_warned_of(full_form: dict[str, Any]) -> None:
    """TY-13"""
    full_form["cost"]["cap"] = "800 000 mkr"
    (warning,) = warnings(form.read(full_form))
    assert (warning.rule, warning.field) == ("TY-13", "cost.cap")
    assert warning.params["literal"].replace("\N{NO-BREAK SPACE}", " ") == "800 000 000 000 SEK"
    assert form.read(full_form).cap.value == 800_000  # type: ignore[union-attr]  # it was just written


def test_a_cap_beyond_a_billion_is_let_through_with_a_warning(full_form: dict[str, Any]) -> None:
    """TY-13"""
    assert warned(changed(full_form, "cost.cap", "800 000 000 000")) == [("TY-13", "cost.cap")]
    assert refused(full_form) == {}


def test_three_million_in_the_short_form_is_just_that(full_form: dict[str, Any]) -> None:
    """TY-13"""
    assert warned(changed(full_form, "cost.cap", "3 mkr")) == []
    assert form.read(full_form).cap.value == 3_000_000  # type: ignore[union-attr]  # it was just written


def test_lines_beyond_what_is_left_of_the_funding_are_warned_of(full_form: dict[str, Any]) -> None:
    """TY-17: 1 000 000 decided, 600 000 spent, lines of 490 000."""
    assert warned(changed(full_form, "financing.spent", "600 000")) == [("TY-17", "financing.spent")]
    assert refused(full_form) == {}


@pytest.mark.parametrize(("due", "warnings"), [("2026-10", 1), ("2026-09", 0), ("2026-10-01", 1), ("2026-09-30", 0)])
def test_a_gate_before_the_result_it_takes_up_is_warned_of(full_form: dict[str, Any], due: str, warnings: int) -> None:
    """TY-21: BP3 is on 2026-09-30."""
    assert warned(changed(full_form, "results.1.due", due)) == [("TY-21", "gates.2.on")] * warnings
    assert refused(full_form) == {}

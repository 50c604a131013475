"""The form: what is kept of it, and that a directive written into it is read back the same."""

from __future__ import annotations

from typing import Any

from contracts.values import Cadence, Directive, Person
from governance.domain import checks, form, plan_form, template
from governance.domain.tree import Draft


def test_a_directive_written_into_the_form_is_read_back_the_same(
    directive: Directive, people: dict[str, Person]
) -> None:
    """TY-06: a new version begins where the last one ended."""
    tree = template.write(directive)
    assert form.read(tree).directive(people) == directive
    assert tree["orderer"]["name"] == people["orderer"].name
    assert tree["results"][0]["due"] == "2026-05"


def test_only_what_belongs_to_the_form_is_kept_as_a_draft(full_form: dict[str, Any]) -> None:
    """IT-10"""
    full_form["is_admin"] = "yes"
    full_form["contacts"][0]["salary"] = "much"
    full_form["results"].append("nonsense")
    kept = form.keep(full_form)
    assert "is_admin" not in kept
    assert kept["contacts"] == [
        {"role": "Handläggare", "name": "Olle Strand", "phone": "0123-200", "email": "olle.strand@solviken.example"}
    ]
    assert kept["results"][2] == {}
    full_form["results"].pop()
    assert form.read(form.keep(full_form)) == form.read(full_form)


def test_a_draft_may_be_anything_and_is_never_an_error() -> None:
    """IT-10: a draft is whatever is filled in."""
    drafts: list[Draft] = [{}, {"gates": "none"}, {"cost": []}, {"results": [None, 7]}, {"title": {}, "ranking": 3}]
    for nonsense in drafts:
        assert checks.refusals(form.read(form.keep(nonsense)))


def test_too_much_is_refused_beside_its_field(full_form: dict[str, Any]) -> None:
    full_form["title"] = "x" * 256
    full_form["contacts"] = full_form["contacts"] * 101
    found = {refusal.field: str(refusal) for refusal in checks.refusals(form.read(full_form))}
    assert found == {
        "title": "This is too long: 256 characters, where 255 fit.",
        "contacts": "There are more than 100 rows.",
    }


def test_numbers_in_json_are_as_good_as_texts(full_form: dict[str, Any]) -> None:
    full_form["cost"]["cap"] = 800000
    full_form["financing"]["lines"][0]["hours"] = 300.5
    filled = form.read(full_form)
    assert filled.cap is not None
    assert (str(filled.cap.value), str(filled.lines[0].hours)) == ("800000", "300.50")


def test_the_template_asks_for_the_four_gates_and_is_not_yet_a_directive() -> None:
    """IT-09, TY-09"""
    tree = template.blank(title="E-tjänst för bygglov", currency="SEK", cadence=Cadence())
    assert [gate["key"] for gate in tree["gates"]] == ["BP1", "BP2", "BP3", "BP4"]
    assert checks.refusals(form.read(tree))


def test_a_plan_written_into_its_form_is_read_back_the_same(plan: Any) -> None:
    """IT-18"""
    assert plan_form.read(plan_form.write(plan)) == plan

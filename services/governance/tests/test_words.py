"""What people say is cleaned and bounded before it becomes a fact, whatever it was written with."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.governance import DirectiveSent, DirectiveSubmitted
from contracts.values import Remark
from governance.domain import checks, form, oddities, plan_form
from governance.domain.agreement import directive_of, evolve
from governance.domain.reading import TooLong
from governance.domain.refusals import SayWhat
from governance.domain.words import clean, said

NAMES = sorted({*form.TABLES, "cost", "on", "cap", "text", "due", "key", "name", "earlier", "lines", "steps", "hours"})
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


def test_control_characters_and_halves_of_characters_are_taken_out() -> None:
    assert clean(" a\x00b\ud800c\r\nd\te\x1b ") == "abc\nd\te"


def test_nothing_said_and_too_much_said_are_refused_beside_the_field() -> None:
    for text, kind in ((" \x00 ", SayWhat), ("x" * 256, TooLong)):
        with pytest.raises(kind) as refusal:
            said(text, "place", 255)
        assert refusal.value.field == "place"


def test_remarks_are_cleaned_before_they_are_sent_back(sent: DirectiveSent, returned: DirectiveSubmitted) -> None:
    """IT-10"""
    case = directive_of(evolve(evolve(None, sent), returned))
    remarks = [Remark(field="cost\x00", text="Which\x00 account?"), Remark(field="title", text="\x00")]
    fact = case.send_back(remarks, version=1, today=date(2026, 3, 10))
    assert fact.remarks == (Remark(field="cost", text="Which account?"),)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted({*form.FIELDS, *form.TABLES, "cost", "financing", "steps"})), JSON))
def test_whatever_is_sent_as_a_form_is_read_and_judged_and_never_breaks(tree: dict[str, Any]) -> None:
    """IT-10"""
    kept = form.keep(tree)
    filled = form.read(kept)
    assert form.read(tree).title == filled.title
    assert checks.refusals(filled)
    oddities.warnings(filled)
    assert form.keep(kept) == kept
    plan_form.keep(tree)

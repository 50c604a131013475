"""What is wrong with a form is said in plain words, beside the field."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from chassis.plain import field_of, in_plain_words
from contracts.values import Directive


def test_a_directive_with_mistakes_is_explained_field_by_field() -> None:
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(Directive).validate_python(
            {
                "title": "",
                "cadence": {"short_days": "often"},
                "financing": {"lines": [{"kind": "favour", "purpose": "x", "hours": "0", "rate": "1.555"}]},
                "ends": "yesterday",
            }
        )
    said = {refusal.field: str(refusal) for refusal in in_plain_words(wrong.value.errors()).refusals}
    assert said["title"] == "This is needed."
    assert said["background"] == "This is needed."
    assert said["cadence.short_days"] == "Write a whole number here."
    assert said["financing.lines.0.kind"] == "Choose one of those that are offered."
    assert said["financing.lines.0.hours"] == "This must be more than 0."
    assert said["financing.lines.0.rate"] == "Write at most 2 decimals."
    assert said["ends"] == "Write a day here, like 2027-03-31."


def test_a_field_is_named_without_the_words_of_the_machinery() -> None:
    assert field_of(("body", "cost", "lines", 0, "hours")) == "cost.lines.0.hours"
    assert field_of(("body",)) is None
    assert field_of(("rate", "function-after[check(), str]")) == "rate"

"""A half-year is chosen from a list and read in words, in every language."""

from __future__ import annotations

from datetime import date

import pytest

from chassis.i18n import translate_caution
from chassis.i18n.halves import half_years, in_words
from contracts.values import Caution


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("sv", "första halvåret 2027", "andra halvåret 2027"),
        ("da", "1. halvår 2027", "2. halvår 2027"),
        ("nb", "1. halvår 2027", "2. halvår 2027"),
        ("en", "first half of 2027", "second half of 2027"),
    ],
)
def test_a_half_year_is_read_in_words(language: str, first: str, second: str) -> None:
    """TY-23"""
    assert [in_words(code, language) for code in ("2027H1", "2027H2")] == [first, second]
    assert in_words("hösten 2027", language) == "hösten 2027", "what somebody wrote themselves"
    assert in_words("", language) == ""


def test_half_years_to_choose_from_keep_the_one_that_was_chosen() -> None:
    """TY-23"""
    assert half_years(date(2026, 7, 1), ahead=2) == ["2026H2", "2027H1", "2027H2"]
    assert half_years(date(2026, 6, 30), back=1, ahead=0) == ["2025H2", "2026H1"]
    assert half_years(date(2026, 7, 1), ahead=0, also="2024H1") == ["2024H1", "2026H2"]
    assert half_years(date(2026, 7, 1), ahead=0, also="2026H2") == ["2026H2"]


def test_days_of_a_caution_are_written_as_usual() -> None:
    """TY-21"""
    odd = Caution(rule="TY-21", field="gates.0.on", text="{gate}: {day}", params={"gate": "BP3", "day": "2027-06-18"})
    assert translate_caution(odd, "en") == "BP3: 18 Jun 2027"

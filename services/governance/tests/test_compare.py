"""Versions are compared field by field."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from chassis.i18n.formats import Formats
from governance.domain.compare import Difference, differences
from governance.pages import labels


def test_what_differs_between_versions_is_told_by_field(full_form: dict[str, Any]) -> None:
    """TY-06"""
    later = deepcopy(full_form)
    later["cost"]["cap"] = "900 000"
    later["results"].append({"text": "Utbildning", "due": "2026-10"})
    later["sections"] = []
    assert differences(full_form, later) == (
        Difference("results.2.text", "", "Utbildning"),
        Difference("results.2.due", "", "2026-10"),
        Difference("cost.cap", "800 000", "900 000"),
        Difference("sections.0.heading", "Omfattning", ""),
        Difference("sections.0.text", "Ansökan, komplettering och beslut.", ""),
    )
    assert differences(later, later) == ()


@pytest.mark.parametrize(
    ("field", "text", "read"),
    [
        ("delivery_period", "2027H1", "1. halvår 2027"),
        ("cost.cap", "600000", "600.000"),
        ("gates.2.on", "2027-06-18", "18. jun. 2027"),
        ("results.0.due", "2027-06", "2027-06"),
        ("background", "2027H1", "2027H1"),
        ("financing.spent", "", ""),
    ],
)
def test_what_differs_is_written_as_it_is_read(field: str, text: str, read: str) -> None:
    """TY-06"""
    danish = Formats("da", "DK", "Europe/Copenhagen")
    assert labels.readable(field, text, danish) == read


def test_words_of_ours_that_differ_are_read_in_ones_language() -> None:
    english = Formats("en", "SE", "Europe/Stockholm")
    assert labels.readable("financing.lines.0.kind", "external_consultant", english) == "External consultant hours"
    assert labels.readable("ranking.1", "time", english) == "Time"

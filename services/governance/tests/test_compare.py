"""Versions are compared field by field."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from governance.domain.compare import Difference, differences


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

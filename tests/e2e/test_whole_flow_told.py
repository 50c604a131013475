"""Who was told of it, by mail and in the tickets; and what `flode` tells operations of the same flow."""

from __future__ import annotations

import pytest

from tests.e2e.cast import CAST, DANE, NORWEGIAN_REQUESTER
from tests.e2e.flow.story import Story
from tests.e2e.flow.tickets import TITLE
from tests.e2e.installation import Installation, until


@pytest.mark.parametrize(
    ("part", "language", "subject"),
    [
        ("requester", "sv", f"Vi har tagit emot din anmälan: {TITLE}"),
        ("requester", "sv", f"Fyll i direktivet: {TITLE}"),
        ("pm", "sv", TITLE),
        ("leader", "sv", TITLE),
        ("orderer", "sv", TITLE),
        ("danish manager", "da", "Høst"),
        ("norwegian manager", "nb", "Høst"),
    ],
)
def test_whoever_is_concerned_is_told_in_their_language(
    completed: Story, part: str, language: str, subject: str
) -> None:
    """IT-09, IT-13, IT-21, TY-04"""
    del subject
    mail = completed.here.mail(CAST[part].email, "")
    assert mail.language == language

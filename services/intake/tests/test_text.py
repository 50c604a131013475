"""How the text of a ticket is written down."""

from __future__ import annotations

import unicodedata

from intake.domain.text import a_text, a_title, difference


def test_a_title_is_one_composed_line_without_control_characters() -> None:
    decomposed = unicodedata.normalize("NFD", "Räksmörgås Ærø Bodø")
    assert a_title(f"  {decomposed}\r\n\x00till\u00ad alla\x07\t") == "Räksmörgås Ærø Bodø till alla"


def test_a_title_is_no_longer_than_a_line_may_be() -> None:
    assert len(a_title("å" * 300)) == 255
    assert len(a_title(unicodedata.normalize("NFD", "å" * 255))) == 255


def test_a_title_of_nothing_is_empty() -> None:
    assert a_title(" \u202e\x00 ") == ""


def test_a_text_keeps_its_lines() -> None:
    assert a_text("Ett\r\n\r\ntvå\x00\ttre\r") == "Ett\n\ntvå\ttre"


def test_the_difference_of_two_texts_is_told_line_by_line() -> None:
    assert difference("Vi vill\nha ett\nsystem", "Vi vill\nha två\nsystem\nsnart") == (
        ("same", "Vi vill"),
        ("removed", "ha ett"),
        ("added", "ha två"),
        ("same", "system"),
        ("added", "snart"),
    )
    assert difference("", "") == ()

"""Sentences, dates, numbers and money in the reader's language."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from chassis.i18n import Term, best_language, translate
from chassis.i18n.__main__ import faults
from chassis.i18n.formats import Formats
from chassis.i18n.sources import in_python, in_template
from contracts.values import Money

NBSP = "\N{NO-BREAK SPACE}"


def test_every_sentence_of_the_chassis_and_the_contracts_is_translated() -> None:
    assert faults("chassis") == []


def test_a_sentence_is_told_in_the_readers_language() -> None:
    assert translate("This is needed.", "sv") != "This is needed."
    assert translate("This is needed.", "en") == "This is needed."
    assert translate("Nobody has said this before.", "da") == "Nobody has said this before."


def test_a_term_inside_a_sentence_is_translated_and_other_values_are_not() -> None:
    assert translate("{field} {value}", "sv", field=Term("This is needed."), value="This is needed.") == (
        f"{translate('This is needed.', 'sv')} This is needed."
    )


def test_days_and_amounts_inside_a_sentence_are_written_as_usual_in_the_language() -> None:
    amount = Money(amount=Decimal(600000), currency="SEK")
    said = translate(
        "{day} {hours} {cost} {all}", "sv", day=date(2027, 3, 31), hours=Decimal("1.5"), cost=amount, all=["a", "b"]
    )
    assert said == f"31 mars 2027 1,5 600{NBSP}000{NBSP}kr a, b"


def test_a_value_cannot_reach_into_a_sentence() -> None:
    assert translate("{name} {name.__class__}", "en", name="Alva") == "Alva {name.__class__}"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("da-DK,da;q=0.9,en;q=0.8", "da"),
        ("en;q=0.5,nn-NO", "nb"),
        ("no", "nb"),
        ("fi, sv;q=0.3", "sv"),
        ("sv;q=0, en", "en"),
        ("svx", "en"),
        ("sv;q=high", "en"),
        (None, "en"),
    ],
)
def test_the_language_is_the_one_a_browser_prefers_of_ours(accepted: str | None, language: str) -> None:
    assert best_language(accepted) == language


def test_money_and_dates_are_written_as_in_the_country() -> None:
    sweden, denmark = Formats("sv", "SE"), Formats("da", "DK", "Europe/Copenhagen")
    assert sweden.money(Decimal(600000), "SEK") == f"600{NBSP}000{NBSP}kr"
    assert denmark.money(Decimal("1234.5"), "DKK") == f"1.234,50{NBSP}kr."
    assert sweden.date(date(2027, 3, 31), "short") == "2027-03-31"
    assert sweden.datetime(datetime(2027, 3, 31, 22, 30, tzinfo=UTC)) == "1 apr. 2027 00:30"
    assert Formats("en", "NO").date(date(2027, 3, 31)) == "31 Mar 2027"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("1 200,50", "1200.50"),
        (f"600{NBSP}000", "600000"),
        ("1.200,50", "1200.50"),
        ("1,200.50", "1200.50"),
        ("1200.5", "1200.5"),
        ("-5", "-5"),
    ],
)
def test_a_number_is_read_as_it_is_usually_written(typed: str, number: str) -> None:
    for formats in (Formats("sv", "SE"), Formats("da", "DK")):
        assert formats.parse_number(typed) == Decimal(number)


@pytest.mark.parametrize("typed", ["many", "1.200", "1,2,3", "12e5", "NaN", "1.2.3", "١٢"])
def test_what_is_no_number_or_could_mean_two_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=re.escape(typed)):
        Formats("sv", "SE").parse_number(typed)


@pytest.mark.parametrize("number", ["1.250", "600000", "0.125", "-5.5", "1E+6"])
def test_a_number_put_back_into_a_field_is_read_as_the_same(number: str) -> None:
    for formats in (Formats("sv", "SE"), Formats("da", "DK"), Formats("en", "NO")):
        assert formats.parse_number(formats.typed_number(Decimal(number))) == Decimal(number)


def test_a_danish_thousand_is_a_thousand() -> None:
    assert Formats("da", "DK").parse_number("1.200") == 1200


def test_sentences_are_found_where_they_are_written(tmp_path: Path) -> None:
    source = 'class TooLate(Refusal):\n    text = "Too late."\nCaution(text="Look.")\n_("Hello")\nN_("Bye")\nother("x")'
    assert sorted(message for _, message in in_python(source) if isinstance(message, str)) == [
        "Bye",
        "Hello",
        "Look.",
        "Too late.",
    ]
    template = tmp_path / "page.html"
    template.write_text(
        "{{ _('Requests') }}{% trans n=2 %}One{% pluralize %}Many{% endtrans %}{{ ngettext('a','b',2) }}"
    )
    assert [message for _, message in in_template(template)] == ["Requests", ("One", "Many"), ("a", "b")]

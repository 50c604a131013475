"""A document is set so that a screen reader reads it, says what was written and nothing else, and always the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chassis.documents import Definitions, Document, DocumentTooLong, Heading, Paragraph, Table, pdf
from tests.pdf import text_of_pdf

MADE = datetime(2026, 4, 14, 12, tzinfo=UTC)


def a_document(*blocks: Heading | Paragraph | Definitions | Table, title: str = "Protokoll för CAB 7") -> Document:
    return Document(title=title, language="sv", made=MADE, blocks=blocks)


async def test_a_document_says_what_it_was_given() -> None:
    made = await pdf(
        a_document(
            Heading("Närvaro"),
            Table("Vilka som var med", ["Namn", "Kommun"], [["Maj Ekdal", "Ekvik"], ["Siiri Čáhppes", "Nordvik"]]),
            Definitions([("Plats", "Rum 3")]),
            Paragraph("Två\nrader"),
        )
    )
    said = text_of_pdf(made)
    for words in (
        "Protokoll för CAB 7",
        "Närvaro",
        "Vilka som var med",
        "Siiri Čáhppes",
        "Rum 3",
        "Två",
        "Sida 1 av 1",
    ):
        assert words in said


async def test_a_document_is_tagged_and_says_its_language_and_title() -> None:
    made = await pdf(a_document(Heading("Närvaro"), Table("Närvaro", ["Namn"], [["Maj Ekdal"]])))
    assert b"/Lang(sv)" in made
    assert "Protokoll för CAB 7".encode() in made
    assert b"DisplayDocTitle true" in made
    assert b"<pdfuaid:part>1<" in made
    for tag in (b"/S/H1", b"/S/Table", b"/S/TH", b"/S/TD", b"/S/Caption"):
        assert tag in made


async def test_the_same_document_gives_the_same_bytes() -> None:
    assert await pdf(a_document(Paragraph("Lika"))) == await pdf(a_document(Paragraph("Lika")))
    assert await pdf(a_document(Paragraph("Lika"))) != await pdf(a_document(Paragraph("Olika")))


@pytest.mark.parametrize(
    "written", ["#panic()", "$x^2$", "= Rubrik", "*fet* _kursiv_", "@saknas", "`kod` // efter", "\\"]
)
async def test_what_somebody_wrote_is_never_read_as_markup(written: str) -> None:
    made = await pdf(a_document(Paragraph(written), Heading(written), Table(written, [written], [[written]])))
    assert text_of_pdf(made).count(written) == 5, "the table's caption, head and cell, the heading and the paragraph"


@pytest.mark.parametrize("odd", ["\x00\x07", "\u202e", "\ue123", "\U0001f600", "漢字", "\ufffe"])
async def test_letters_that_cannot_be_drawn_lose_nobody_the_rest(odd: str) -> None:
    assert "före" in text_of_pdf(await pdf(a_document(Paragraph(f"före {odd} efter"))))


async def test_a_document_without_end_is_refused_before_it_is_set() -> None:
    with pytest.raises(DocumentTooLong):
        await pdf(a_document(Paragraph("x" * 1_000_001)))
    with pytest.raises(DocumentTooLong):
        await pdf(a_document(Table("", [""], [[""]] * 50_001)))


async def test_headings_never_leap_over_a_level() -> None:
    made = await pdf(a_document(Heading("Djupt", level=3), Heading("Lika djupt", level=3)))
    assert b"<pdfuaid:part>1<" in made
    assert (b"/S/H1" in made, b"/S/H2" in made, b"/S/H3" in made) == (True, True, False)

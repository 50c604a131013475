"""Documents for paper and archive: headings, paragraphs, tables and definitions as a PDF that a screen reader can read.

The PDF is tagged and says its language and title (PDF/UA-1). The same document gives the same bytes. What somebody
wrote is handed to the typesetter as data and never read as markup.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from importlib import resources

import msgspec
import typst

from chassis.i18n import N_, translate
from contracts.refusal import Refusal

MOST_CHARACTERS = 1_000_000
"""How much one document may say: some 400 pages, which take a few seconds."""
MOST_CELLS = 50_000
_ONE_AT_A_TIME = ThreadPoolExecutor(max_workers=1, thread_name_prefix="documents")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
"""What no font draws, and what turns the direction of writing for all that follows."""


class DocumentTooLong(Refusal):
    """A document is set as a whole, so there is a limit to it."""

    text = N_("This is too much for one PDF. Choose less of it.")
    status = 413


class Heading(msgspec.Struct, frozen=True, tag_field="kind", tag="heading"):
    """A heading; `level` 1 is the highest below the title."""

    text: str
    level: int = 1


class Paragraph(msgspec.Struct, frozen=True, tag_field="kind", tag="paragraph"):
    """A paragraph, whose lines stay apart."""

    text: str


class Definitions(msgspec.Struct, frozen=True, tag_field="kind", tag="definitions"):
    """Terms and what is said of each."""

    pairs: Sequence[tuple[str, str]]


class Table(msgspec.Struct, frozen=True, tag_field="kind", tag="table"):
    """A table with a caption and one head per column. `numbers` are the columns, from 0, whose cells are numbers."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()


Block = Heading | Paragraph | Definitions | Table


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be set, in the order it is read. `made` becomes the day it was made, in the file's properties."""

    title: str
    language: str
    made: datetime
    blocks: Sequence[Block]
    below_title: str = ""


async def pdf(document: Document) -> bytes:
    """The document as a PDF. Raises DocumentTooLong."""
    _bounded(document)
    return await asyncio.get_running_loop().run_in_executor(_ONE_AT_A_TIME, _set, document)


def _bounded(document: Document) -> None:
    cells = sum(len(each.rows) * len(each.heads) for each in document.blocks if isinstance(each, Table))
    if cells > MOST_CELLS or len(msgspec.json.encode(document)) > MOST_CHARACTERS:
        raise DocumentTooLong


def _set(document: Document) -> bytes:
    said = _drawn(msgspec.to_builtins(msgspec.structs.replace(document, blocks=_in_steps(document.blocks))))
    page_of = translate(N_("Page {number} of {last}"), document.language, number="{number}", last="{last}")
    given = msgspec.json.encode({**said, "page_of": page_of}).decode()
    # What our own fonts lack is taken from those of the machine; what these lack too, no standard allows.
    for of_the_machine, standard in ((False, "ua-1"), (True, "ua-1"), (True, "1.7")):
        compiler = typst.Compiler(
            _template(), font_paths=_fonts(of_the_machine=of_the_machine), sys_inputs={"document": given}
        )
        try:
            made, _ = compiler.compile_with_warnings(
                format="pdf",
                pdf_standards=[standard],  # type: ignore[list-item]  # three of the words that it knows
                timestamp=int(document.made.timestamp()),
            )
        except typst.TypstError as error:
            if "PDF/UA-1" not in error.message:
                raise
        else:
            assert isinstance(made, bytes)
            return made
    raise AssertionError("without PDF/UA, what no font draws is left out")


def _in_steps(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with headings that never go down more than one level at a time, as PDF/UA has it."""
    told: list[Block] = []
    level = 0
    for each in blocks:
        if isinstance(each, Heading):
            level = min(each.level, level + 1)
            told.append(Heading(each.text, level))
        else:
            told.append(each)
    return told


def _drawn(said: object) -> dict[str, object]:
    """The document with nothing in it that cannot be drawn."""

    def cleaned(part: object) -> object:
        match part:
            case str():
                return _UNSEEN.sub("", part)
            case dict():
                return {key: cleaned(each) for key, each in part.items()}
            case list() | tuple():
                return [cleaned(each) for each in part]
            case _:
                return part

    found = cleaned(said)
    assert isinstance(found, dict)
    return found


@cache
def _template() -> bytes:
    return (resources.files("chassis") / "documents.typ").read_bytes()


@cache
def _fonts(*, of_the_machine: bool) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=of_the_machine)

"""Walking a form: a tree of texts, as a web page, an API or a saved draft hands it over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from contracts.refusal import Refusal
from governance.domain import reading
from governance.domain.words import LINE, TEXT, clean

Draft = dict[str, Any]
"""Texts, lists of them, and trees of the same; nothing in it has been looked at."""
T = TypeVar("T")

PRESET = ("key", "kind", "number")
"""Columns that are filled in from the start: a row with nothing else in it is an empty row."""
ROWS = 100
"""More rows than this, in any table, are not read: no directive has them, and a form is not a place to store things."""


class TooManyRows(Refusal):
    """A table of the form has room for so many rows."""

    text = "There are more than {limit} rows."
    status = 422


class Reader:
    """Walks the tree, reads what it can, and collects refusals of the rest."""

    def __init__(self, tree: object, prefix: str = "", refusals: list[Refusal] | None = None) -> None:
        self.tree = tree if isinstance(tree, Mapping) else {}
        self.prefix = prefix
        self.refusals: list[Refusal] = [] if refusals is None else refusals

    def raw(self, name: str) -> str:
        """What was written, as it was written."""
        told = self.tree.get(name)
        if isinstance(told, bool) or not isinstance(told, str | int | float | Decimal):
            return ""
        return clean(str(told))

    def text(self, name: str, limit: int = TEXT) -> str:
        """A text of several lines, up to a limit."""
        told = self.raw(name)
        if len(told) > limit:
            self.refusals.append(reading.TooLong(self.prefix + name, length=len(told), limit=limit))
            return told[:limit]
        return told

    def line(self, name: str) -> str:
        """A text of one line."""
        return " ".join(self.text(name, LINE).split())

    def value(self, name: str, read: Callable[[str, str], T | None]) -> T | None:
        """What a reader of `reading` makes of a text; None when it is empty or cannot be read."""
        try:
            return read(self.text(name, LINE), self.prefix + name)
        except Refusal as refusal:
            self.refusals.append(refusal)
            return None

    def part(self, name: str) -> Reader:
        """A branch of the tree."""
        return Reader(self.tree.get(name), f"{self.prefix}{name}.", self.refusals)

    def rows(self, name: str) -> Iterator[tuple[int, Reader]]:
        """The rows of a table that have anything in them, each with its place."""
        told = self.tree.get(name)
        rows = told if isinstance(told, list | tuple) else []
        if len(rows) > ROWS:
            self.refusals.append(TooManyRows(self.prefix + name, limit=ROWS))
        for at, row in enumerate(rows[:ROWS]):
            reader = Reader(row, f"{self.prefix}{name}.{at}.", self.refusals)
            if any(reader.raw(column) for column in reader.tree if column not in PRESET):
                yield at, reader

    def texts(self, name: str, columns: Sequence[str]) -> list[dict[str, str]]:
        """All rows of a table as texts, empty ones too, with these columns and no others."""
        told = self.tree.get(name)
        rows = map(Reader, told[:ROWS] if isinstance(told, list | tuple) else [])
        return [{column: row.raw(column) for column in columns if row.raw(column)} for row in rows]

"""Reading on in a list: some rows in an order, and the mark at which the next answer goes on.

A mark holds what the order reads of the last row, so that neither new rows nor those that went away move what is left
to be read. It holds nothing that whoever got that row did not get.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import asyncpg
import msgspec

from chassis.db import Database
from chassis.views import tables

if TYPE_CHECKING:
    from chassis.views.view import View

T = TypeVar("T")
MOST_BYTES = 80_000
"""Of the rows of an answer, as JSON: what comes after them is left to the next answer."""


class NoMark(ValueError):
    """What was given is no mark of this list."""


@dataclass(frozen=True, slots=True)
class Stretch(Generic[T]):
    """Some rows of a list; `mark` is where the next answer goes on, None when these are the last."""

    rows: list[T]
    mark: str | None


async def stretch(
    view: View[Any],
    db: Database,
    where: str,
    arguments: tuple[Any, ...],
    *,
    order: str,
    scope: Iterable[str],
    limit: int,
    mark: str | None,
) -> Stretch[Any]:
    """At most `limit` rows after a mark, and fewer where they come to more than MOST_BYTES; at least one if there is
    one. The order must be of all rows (end with the key). Raises NoMark."""
    last = _read(mark) if mark else None
    async with db.scoped(scope) as connection:
        table = await tables.live(connection, view.name)
        condition = f"({where})"
        if last is not None:
            condition += f" AND {beyond(order, table.quoted, len(arguments) + 1)}"
            arguments = (*arguments, last)
        sql = f"SELECT * FROM {table.quoted} t WHERE {condition} ORDER BY {order} LIMIT {limit + 1:d}"
        try:
            found = await connection.fetch(f"SELECT row_to_json(p)::text FROM ({sql}) p", *arguments)
        except asyncpg.DataError as error:
            if last is None:
                raise
            raise NoMark(mark) from error
    kept = kept_of(len(row) for (row,) in found[:limit])
    rows = [view.decoder.decode(row) for (row,) in found[:kept]]
    return Stretch(rows, _mark(view, rows[-1], order) if kept < len(found) else None)


def of_rows(view: View[Any], rows: Iterable[Any], *, limit: int, mark: str | None) -> Stretch[Any]:
    """The same of rows that are at hand, in the order of their keys. Raises NoMark."""
    key = view.columns[0].name
    last = str(msgspec.json.decode(_read(mark)).get(key)) if mark else ""
    left = sorted((row for row in rows if str(getattr(row, key)) > last), key=lambda row: str(getattr(row, key)))
    kept = left[: kept_of(len(msgspec.json.encode(row, enc_hook=str)) for row in left[:limit])]
    return Stretch(kept, _mark(view, kept[-1], key) if len(kept) < len(left) else None)


def kept_of(sizes: Iterable[int]) -> int:
    """How many of some rows one answer holds, at least one, by their sizes in bytes."""
    kept = total = 0
    for size in sizes:
        total += size
        if kept and total > MOST_BYTES:
            break
        kept += 1
    return kept


def beyond(order: str, table: str, number: int) -> str:
    """The SQL of what comes after the row whose values are in argument `number` as JSON, in this order."""
    last = f"json_populate_record(NULL::{table}, ${number}::text::json)"
    condition = "false"
    for key, descending, nulls_last in reversed(list(keys_of(order))):
        theirs = f"(SELECT {key} FROM {last})"
        after = f"{key} {'<' if descending else '>'} {theirs}"
        sooner, later = (theirs, key) if nulls_last else (key, theirs)
        null = f"({later} IS NULL AND {sooner} IS NOT NULL)"
        condition = f"({after} OR {null} OR ({key} IS NOT DISTINCT FROM {theirs} AND {condition}))"
    return condition


def keys_of(order: str) -> Iterable[tuple[str, bool, bool]]:
    """What an ORDER BY orders by: the expression, whether it descends, and whether what is not known comes last.
    There is no comma within an expression."""
    for each in order.split(", "):
        found = re.fullmatch(r"(.+?)( ASC| DESC)?( NULLS LAST| NULLS FIRST)?", each)
        assert found is not None
        descending = found[2] == " DESC"
        yield found[1], descending, found[3] == " NULLS LAST" if found[3] else not descending


def _mark(view: View[Any], row: Any, order: str) -> str:
    words = set(re.findall(r"\w+", order))
    held = {column.name: getattr(row, column.name) for column in view.columns if column.name in words}
    return base64.urlsafe_b64encode(msgspec.json.encode(held)).decode().rstrip("=")


def _read(mark: str) -> str:
    try:
        text = base64.b64decode(mark + "=" * (-len(mark) % 4), altchars=b"-_", validate=True).decode()
        msgspec.json.decode(text, type=dict[str, str | int | float | bool | None])
    except (ValueError, msgspec.DecodeError) as error:
        raise NoMark(mark) from error
    return text

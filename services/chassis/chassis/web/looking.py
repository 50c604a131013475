"""Finding rows: by an id, the number of a ticket, or words, in the texts of a view's live table."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from chassis.db import Database, containing
from chassis.views import View
from chassis.views.tables import NoView

LONGEST = 200
MOST_WORDS = 8
MOST_HITS = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that was found."""

    view: str
    key: UUID
    title: str
    municipality: str


async def look(
    db: Database,
    view: View[Any],
    asked: str,
    *,
    scope: Iterable[str],
    people: Sequence[UUID] = (),
    of: Sequence[UUID] | None = None,
) -> list[Hit]:
    """The rows that hold all these words in their texts, this id in any column, or one of these people by their
    pseudonym; at most MOST_HITS.

    Neither the text of what is sealed nor what is private in the view is looked at. `of` are the keys that people are
    looked for in, where it is known that they can be named in no other rows.
    """
    condition, arguments = _naming(view, people) if people else _condition(view, asked[:LONGEST])
    key = view.columns[0].name
    if people and of is not None:
        condition, arguments = f"{key} = ANY (${len(arguments) + 1}::uuid[]) AND ({condition})", [*arguments, list(of)]
    title = "title" if any(column.name == "title" for column in view.columns) else "''"
    # Nothing of what was asked is in it: the names are those of columns, and what was asked goes as arguments.
    sql = (
        f"SELECT {key} AS key, {title} AS title, municipality FROM {{table}} WHERE {condition} "  # noqa: S608
        f"ORDER BY {key} LIMIT {MOST_HITS}"
    )
    try:
        found = await view.query(db, sql, *arguments, scope=scope)
    except NoView:
        return []
    return [Hit(view.name, row["key"], row["title"], row["municipality"]) for row in found]


def _naming(view: View[Any], people: Sequence[UUID]) -> tuple[str, list[Any]]:
    """Where one of these ids stands, in a column of its own or within a value or a sealed text."""
    columns = [column for column in view.columns if column.name not in view.private]
    whole = [f'"{column.name}"::text = ANY ($1)' for column in columns if column.type == "uuid"]
    within = [f'"{column.name}"::text LIKE ANY ($2)' for column in columns if column.type in ("text", "jsonb")]
    ids = [str(person) for person in people]
    return " OR ".join([*whole, *within]), [ids, [f"%{each}%" for each in ids]]


def _condition(view: View[Any], asked: str) -> tuple[str, list[Any]]:
    try:
        wanted = UUID(asked.strip())
    except ValueError:
        texts = ", ".join(f"CASE WHEN {each} NOT LIKE 'sealed:%' THEN {each} END" for each in _texts(view))
        words = asked.split()[:MOST_WORDS]
        each = [f"concat_ws(' ', {texts}) ILIKE ${number}" for number in range(1, len(words) + 1)]
        return " AND ".join(each) or "false", [containing(word) for word in words]
    ids = [column.name for column in view.columns if column.type == "uuid" and column.name not in view.private]
    return " OR ".join(f'"{name}" = $1' for name in ids), [wanted]


def _texts(view: View[Any]) -> Iterator[str]:
    """SQL of the texts of a row: its columns of free text, and those of the values it holds (a ticket's number)."""
    hints = get_type_hints(view.row)
    for column in view.columns:
        if column.name in view.private:
            continue
        if column.free:
            yield f'"{column.name}"'
        elif column.type == "jsonb" and (kind := _struct(hints[column.name])) is not None:
            for name, hint in get_type_hints(kind).items():
                if str in (hint, *get_args(hint)):
                    yield f"\"{column.name}\" ->> '{name}'"


def _struct(hint: Any) -> type[msgspec.Struct] | None:
    """The struct that a column holds, if it holds one (and not several)."""
    if get_origin(hint) in (Union, types.UnionType):
        hint = next((part for part in get_args(hint) if part is not type(None)), None)
    return hint if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None

"""A row of a view: an immutable value, and the columns it is kept in."""

from __future__ import annotations

import types
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Self, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of all rows. The first field is the key; `municipality` is the tenant.

    A field `shared_with: tuple[str, ...]` names other municipalities that may see the row as well.

    A row holds values and can hold nothing that leads back to it, so the collector of cycles need not look at the
    hundred thousands that a rebuild keeps (`gc=False`).
    """

    if TYPE_CHECKING:

        def replace(self, **changes: Any) -> Self:
            """This row with some fields changed."""

    else:
        replace = msgspec.Struct.__replace__  # itself, because a fold does little else


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a view's table: its PostgreSQL type, and whether it may hold any text (or only chosen words)."""

    name: str
    type: str
    free: bool = False


_PLAIN = {
    UUID: "uuid", str: "text", int: "bigint", float: "double precision", bool: "boolean", Decimal: "numeric",
    datetime: "timestamptz", date: "date",
}  # fmt: skip


def _column(name: str, hint: Any) -> Column:
    if get_origin(hint) in (Union, types.UnionType):
        given = [part for part in get_args(hint) if part is not type(None)]
        if len(given) == 1:
            return _column(name, given[0])
    if get_origin(hint) is Literal:
        return Column(name, "text")
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Column(name, "text")
    if hint in _PLAIN:
        return Column(name, _PLAIN[hint], free=hint is str)
    if get_origin(hint) is tuple and get_args(hint) == (str, ...):
        return Column(name, "text[]")
    return Column(name, "jsonb")


@cache
def columns_of(row: type[Row]) -> tuple[Column, ...]:
    """The columns of a kind of row, in the order of its fields. Raises TypeError for a row without key or tenant."""
    hints = get_type_hints(row)
    names = [field.name for field in msgspec.structs.fields(row)]
    if not names or hints[names[0]] is not UUID:
        raise TypeError(f"{row.__name__}: the first field is the key and must be a UUID")
    if hints.get("municipality") is not str:
        raise TypeError(f"{row.__name__}: a row must say its municipality")
    return tuple(_column(name, hints[name]) for name in names)


def shape_of(row: type[Row]) -> str:
    """The columns as text: tables of the same view version must agree in it."""
    return ", ".join(f"{column.name} {column.type}" for column in columns_of(row))

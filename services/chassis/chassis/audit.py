"""What an auditor asks of rows: what each event did to one, and what differs between two days. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from chassis.position import Position
from chassis.views import Row, View
from contracts.envelope import Envelope

R = TypeVar("R", bound=Row)
Fields = Mapping[str, Any]
"""A row or a fact by the names of its fields, without what is private."""


@dataclass(frozen=True, slots=True)
class Step:
    """An event, and the row before and after it; None where there was none. `failed`: the fold could not take it."""

    position: Position
    event: Envelope[Any]
    before: Fields | None
    after: Fields | None
    failed: bool = False


def steps(view: View[R], events: Iterable[tuple[Position, Envelope[Any]]]) -> tuple[list[Step], R | None]:
    """What each event did, in order, and the row they lead to.

    As in the live view, an event that cannot be folded stops its subject: what follows it changes nothing.
    """
    row: R | None = None
    told: list[Step] = []
    stuck = False
    for position, event in events:
        before = row
        if not stuck:
            try:
                row = view.evolve(row, event)
            except Exception:  # noqa: BLE001  the live view parks it, whatever it was
                stuck = True
        told.append(
            Step(position, event, fields_of(before, view.private), fields_of(row, view.private), failed=stuck)
        )  # fmt: skip
    return told, row


def fields_of(value: object | None, private: Collection[str] = ()) -> dict[str, Any] | None:
    """The fields of a row or a fact, by name and in order; those that are private are left out."""
    if value is None:
        return None
    if isinstance(value, msgspec.Struct):
        names: Sequence[str] = value.__struct_fields__
    else:
        assert is_dataclass(value), f"{type(value).__name__} has no fields"
        names = [field.name for field in fields(value)]
    return {name: getattr(value, name) for name in names if name not in private}


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows that came, went, and changed (before and after) from one day to another, each by its key."""

    came: Mapping[UUID, Fields]
    went: Mapping[UUID, Fields]
    changed: Mapping[UUID, tuple[Fields, Fields]]

    def __bool__(self) -> bool:
        return bool(self.came or self.went or self.changed)


def difference(before: Mapping[UUID, Fields], after: Mapping[UUID, Fields]) -> Difference:
    """What differs between the rows of two days."""
    return Difference(
        came={key: row for key, row in after.items() if key not in before},
        went={key: row for key, row in before.items() if key not in after},
        changed={
            key: (before[key], row) for key, row in after.items() if key in before and before[key] != row
        },
    )  # fmt: skip

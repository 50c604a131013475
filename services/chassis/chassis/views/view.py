"""What a view is: a row, a fold, the facts it reads, and the topics they come by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Generic, TypeVar, get_args
from uuid import UUID

import msgspec

from chassis.db import Database
from chassis.views import onward, read
from chassis.views.row import Column, Row, columns_of
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.topics import Topic

R = TypeVar("R", bound=Row)


def subject_of(event: Envelope[Any]) -> UUID:
    """The usual key of a row: whose history the event belongs to."""
    return event.subject


@dataclass(frozen=True, eq=False)
class View(Generic[R]):
    """A view of the log, kept as a table.

    name     for what it answers; also of its tables
    version  raise it when `row` or the meaning of `evolve` changes: a new table is built beside the old one
    facts    the union of the facts it folds; all others are passed over
    evolve   (row or None, event) -> row, or None for no row. It reads no clock, draws no id and calls nobody.
    key      which row an event belongs to, by default its subject's
    indexes  columns (or SQL expressions) to index, beside the key
    private  columns, and fields of its facts, that are not shown to those who ask for the view as it was (drafts, open
             votes); whose they are sees them on the pages of the service
    """

    name: str
    version: int
    row: type[R]
    facts: Any
    topics: tuple[Topic, ...]
    evolve: Callable[[R | None, Envelope[Any]], R | None]
    key: Callable[[Envelope[Any]], UUID] = subject_of
    indexes: tuple[str, ...] = ()
    private: frozenset[str] = frozenset()

    def __getstate__(self) -> dict[str, Any]:
        """What it was declared with, which is all that another process needs."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def types(self) -> frozenset[str]:
        """The travelling names of the facts it folds, old versions included."""
        return names_of(self.facts)

    @property
    def all_indexes(self) -> tuple[str, ...]:
        """The indexes it declares, and the one by which every view is read backwards from its latest change (the
        auditor's pages)."""
        return (*self.indexes, *((self.latest_first,) if self.latest_first != self.columns[0].name else ()))

    @property
    def latest_first(self) -> str:
        """The SQL of an order: what changed last comes first, where rows know when they changed."""
        changed = "changed_at DESC, " if any(column.name == "changed_at" for column in self.columns) else ""
        return f"{changed}{self.columns[0].name}"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of its tables; the first is the key."""
        return columns_of(self.row)

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[R]:
        """Reads a row as PostgreSQL writes it in JSON."""
        return msgspec.json.Decoder(self.row)

    async def select(
        self, db: Database, where: str = "true", *arguments: Any, scope: Iterable[str], limit: int | None = None
    ) -> list[R]:
        """The rows a reader of these municipalities may see; `where` may end with ORDER BY."""
        return await read.select(self, db, where, arguments, scope=scope, limit=limit)

    async def page(
        self,
        db: Database,
        where: str = "true",
        *arguments: Any,
        order: str,
        scope: Iterable[str],
        number: int = 1,
        on_each: int = read.ON_A_PAGE,
    ) -> read.Page[R]:
        """A page of the rows a reader of these municipalities may see, and how many there are in all."""
        return await read.page(self, db, where, arguments, order=order, scope=scope, number=number, on_each=on_each)

    async def stretch(
        self,
        db: Database,
        where: str = "true",
        *arguments: Any,
        order: str,
        scope: Iterable[str],
        limit: int,
        mark: str | None = None,
    ) -> onward.Stretch[R]:
        """Some of the rows a reader of these municipalities may see, from a mark on. Raises NoMark."""
        return await onward.stretch(
            self, db, where, arguments, order=order, scope=scope, limit=limit, mark=mark
        )  # fmt: skip

    async def get(self, db: Database, key: UUID, *, scope: Iterable[str]) -> R | None:
        """One row by its key, or None when there is none that the reader may see."""
        rows = await self.select(db, f"{self.columns[0].name} = $1", key, scope=scope)
        return rows[0] if rows else None

    async def query(self, db: Database, sql: str, *arguments: Any, scope: Iterable[str]) -> list[dict[str, Any]]:
        """Totals over the rows: any SELECT in which `{table}` stands for the live table."""
        return await read.query(self, db, sql, arguments, scope=scope)

    async def wait_for(self, db: Database, position: str, *, timeout: float = 5.0) -> None:
        """Wait until the view has applied what was written at a position. Raises NotYet, NoPosition."""
        await read.wait_for(self, db, position, timeout=timeout)


def names_of(facts: Any) -> frozenset[str]:
    """The travelling names of a union of facts (or of one), with the older versions that become them."""
    from contracts.upcast import STEPS

    kinds: tuple[type[Event], ...] = get_args(facts) or (facts,)
    names = {kind.type for kind in kinds}
    while older := {old for old, (new, _) in STEPS.items() if new in names} - names:
        names |= older
    return frozenset(names)


def fold_batch(view: View[R], rows: dict[UUID, R | None], events: Iterable[Envelope[Any]]) -> None:
    """Fold events into rows, in order. Pure but for `rows`; what raises leaves the rows of earlier events."""
    for event in events:
        key = view.key(event)
        rows[key] = view.evolve(rows.get(key), event)

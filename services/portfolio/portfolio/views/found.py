"""Which projects are meant, page by page, and what do all of them come to? Questions to the view of projects.

Counting, ordering and cutting into pages is the database's work, so that ten thousand projects cost a page no more than
fifty do. Whoever asks sees the municipalities of their scope, here as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.db import Database, containing
from chassis.views import Page
from contracts.portfolio import Prioritised
from portfolio.domain.lifecycle import MAY_HAPPEN, State
from portfolio.views.projects import IN_ORDER, OPEN, SUMS, TITLE, ProjectRow, view

STATES = tuple(State)
"""In the order of a project's life, which is the order of the board's columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which projects somebody asks for; what is None, or not said, narrows nothing (IT-12)."""

    state: str | None = None
    serves: str | None = None
    health: str | None = None
    release: str | None = None
    overdue: bool = False
    everything: bool = False
    leader: UUID | None = None
    text: str | None = None
    """What stands somewhere in the title, in small letters or large."""

    def narrowed(self) -> tuple[str, list[Any]]:
        """What narrows them, as a condition with its arguments from $1 on. Nothing else stands in it: PostgreSQL can
        only count in an index (`projects.SMALL`) what asks for no column beside it."""
        said: dict[str, Any] = {
            "state = {}": self.state,
            "{} = ANY (serves)": self.serves,
            "health = {}": self.health,
            "release = {}": self.release,
            "leader_id = {}": self.leader,
            "title ILIKE {}": None if self.text is None else containing(self.text),
        }
        conditions = ["cardinality(overdue) > 0"] if self.overdue else []
        if not self.everything and self.state is None:
            conditions.append(OPEN)
        arguments = []
        for condition, value in said.items():
            if value is not None:
                arguments.append(value)
                conditions.append(condition.format(f"${len(arguments)}"))
        return " AND ".join(conditions) or "true", arguments


SORTS: Mapping[str, tuple[str, ...]] = {
    "title": (TITLE,),
    "municipality": ("municipality",),
    "state": ("array_position(ARRAY[" + ", ".join(f"'{state}'" for state in STATES) + "], state)",),
    "health": ("CASE health WHEN 'red' THEN 1 WHEN 'yellow' THEN 2 WHEN 'green' THEN 3 END",),
    "budget": ("currency", "budget"),  # amounts of different currencies cannot be compared
    "forecast": ("forecast / nullif(budget, 0)",),
    "gate": ("next_gate_on",),
    "report": ("next_report",),
}
"""What a list can be ordered by, besides the queue; what is not known goes last, whichever way."""


def order_of(sort: str) -> str:
    """The SQL of an order: the name of one of `SORTS`, with "-" before it the other way round; else the queue's."""
    name = sort.removeprefix("-")
    if name not in SORTS:
        return IN_ORDER
    way = "DESC" if sort.startswith("-") else "ASC"
    last = "" if name == "title" else " NULLS LAST"  # every project has a title, and its index can be read both ways
    return ", ".join([*(f"{each} {way}{last}" for each in SORTS[name]), IN_ORDER])


async def page_of(
    db: Database, wanted: Wanted, *, scope: Iterable[str], sort: str, limit: int, skip: int
) -> list[ProjectRow]:
    """A page of the projects that are meant. Only what orders them is walked or sorted, in an index, and then the rows
    of the page are read: whole rows take twice as long."""
    where, arguments = wanted.narrowed()
    found = await view.query(
        db,
        "SELECT row_to_json(p)::text AS row FROM (SELECT o.*, row_number() OVER () AS place FROM "  # noqa: S608
        f"(SELECT request_id, municipality FROM {{table}} WHERE {where} ORDER BY {order_of(sort)} "
        f"LIMIT {limit:d} OFFSET {skip:d}) o) k "
        "JOIN {table} p ON p.request_id = k.request_id AND p.municipality = k.municipality ORDER BY k.place",
        *arguments,
        scope=scope,
    )
    return _rows(found)


async def counts(db: Database, wanted: Wanted, *, scope: Iterable[str]) -> list[dict[str, Any]]:
    """All that are meant, in groups of one state, currency, health and trend: how many, how many of them owe a report,
    and budget, spent and forecast; `served` is how many rows `by_served` has of them. No currency where there is no
    budget yet. One look at the rows gives all totals."""
    where, arguments = wanted.narrowed()
    served = "sum(cardinality(serves))" if wanted.serves is None else "count(*)"
    return await view.query(
        db,
        "SELECT state, currency, health, trend, count(*) AS projects, "  # noqa: S608
        f"count(*) FILTER (WHERE cardinality(overdue) > 0) AS overdue, {SUMS}, {served} AS served "
        f"FROM {{table}} WHERE {where} GROUP BY state, currency, health, trend",
        *arguments,
        scope=scope,
    )


async def first_of_each(
    db: Database, wanted: Wanted, states: Sequence[str], *, scope: Iterable[str], limit: int
) -> dict[str, list[ProjectRow]]:
    """Of each of these states the first in the queue, for the board's columns."""
    where, arguments = wanted.narrowed()
    found = await view.query(
        db,
        f"SELECT row_to_json(p)::text AS row FROM unnest(${len(arguments) + 1}::text[]) AS columns(of) "  # noqa: S608
        f"CROSS JOIN LATERAL (SELECT * FROM {{table}} WHERE state = columns.of AND {where} "
        f"ORDER BY {IN_ORDER} LIMIT {limit:d}) p",
        *arguments,
        list(states),
        scope=scope,
    )
    columns: dict[str, list[ProjectRow]] = {state: [] for state in states}
    for row in _rows(found):
        columns[row.state].append(row)
    return columns


async def rankable(db: Database, *, text: str = "", scope: Iterable[str], number: int = 1) -> Page[ProjectRow]:
    """A page of the projects that can be given a rank (IT-12), in the queue's order; with a text those that have it in
    their title."""
    states = sorted(MAY_HAPPEN[Prioritised])
    where = "state = ANY ($1::text[]) AND ($2::text IS NULL OR title ILIKE $2)"
    pattern = containing(text) if text else None
    return await view.page(db, where, states, pattern, order=IN_ORDER, scope=scope, number=number)


OFFERED = 50
"""How many projects a form offers to choose among; others are found by a word of their titles."""


async def offered(db: Database, beside: UUID, *, led: bool, text: str = "", scope: Iterable[str]) -> list[ProjectRow]:
    """The first of the open projects but one, those that somebody leads or those that nobody does, in the queue's
    order; with a text those that have it in their title."""
    where = f"{OPEN} AND request_id <> $1 AND (leader_id IS NOT NULL) = $2 AND ($3::text IS NULL OR title ILIKE $3)"
    pattern = containing(text) if text else None
    return await view.select(db, f"{where} ORDER BY {IN_ORDER}", beside, led, pattern, scope=scope, limit=OFFERED)


async def of_ids(db: Database, ids: object, *, scope: Iterable[str]) -> list[ProjectRow]:
    """The projects of these ids, as a form gives them, in the queue's order; what is no id names none."""
    keys = [UUID(each) for each in ids if _is_id(each)] if isinstance(ids, list) else []
    return await view.select(db, f"request_id = ANY ($1::uuid[]) ORDER BY {IN_ORDER}", keys, scope=scope)


def _is_id(text: object) -> bool:
    try:
        UUID(str(text))
    except ValueError:
        return False
    return True


async def by_served(
    db: Database, wanted: Wanted, *, scope: Iterable[str], limit: int, skip: int
) -> list[tuple[str, ProjectRow]]:
    """A page of the projects that are meant, once for each municipality they serve, oldest first in each."""
    where, arguments = wanted.narrowed()
    served = "unnest(serves)" if wanted.serves is None else "NULL::text"
    found = await view.query(
        db,
        # Only what orders them is sorted: whole rows, once for each municipality, take twice as long.
        "SELECT k.served, row_to_json(p)::text AS row FROM "  # noqa: S608
        f"(SELECT {served} AS served, request_id, municipality, entered_at FROM {{table}} WHERE {where} "
        f"ORDER BY served, entered_at, request_id LIMIT {limit:d} OFFSET {skip:d}) k "
        "JOIN {table} p ON p.request_id = k.request_id AND p.municipality = k.municipality "
        "ORDER BY k.served, k.entered_at, k.request_id",
        *arguments,
        scope=scope,
    )
    return [(wanted.serves or each["served"], row) for each, row in zip(found, _rows(found), strict=True)]


def _rows(found: Iterable[Mapping[str, Any]]) -> list[ProjectRow]:
    return [view.decoder.decode(each["row"]) for each in found]

"""What should the CAB talk about? One row per project, folded from what happened to it; the reasons follow from when
the CAB last met (IT-21). To change `CandidateRow`, raise `version`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import get_args
from uuid import UUID

import msgspec

from chassis.db import Database, containing
from chassis.views import Row, Stretch, View
from contracts.envelope import Envelope
from contracts.governance import CabDecided
from contracts.portfolio import (
    EnteredPortfolio,
    FollowUpAgreed,
    GateDecided,
    LeftPortfolio,
    Prioritised,
    ProjectCompleted,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    StatusReported,
    StatusReportMissed,
)
from contracts.topics import REQUEST
from contracts.values import AgendaItem, AgendaReason, Gate, Health

Fact = (
    EnteredPortfolio
    | FollowUpAgreed
    | GateDecided
    | LeftPortfolio
    | Prioritised
    | ProjectCompleted
    | ProjectPostponed
    | ProjectResumed
    | ProjectStopped
    | StatusReported
    | StatusReportMissed
    | CabDecided
)
WORSE: tuple[Health, ...] = get_args(Health)
"""Green, yellow, red: each worse than the one before."""
FIRST: tuple[AgendaReason, ...] = (
    "red", "worsened", "overdue", "stopped", "postponed", "gate_due", "ranked", "new", "asked_for",
)  # fmt: skip
"""What is taken up first, until the PM orders it otherwise."""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What the CAB said of the project last."""

    at: datetime
    meeting_number: int
    outcome: str
    text: str


class CandidateRow(Row, frozen=True, kw_only=True):
    """A project, as far as the CAB is concerned."""

    request_id: UUID
    municipality: str
    title: str
    entered_at: datetime
    changed_at: datetime
    rank: int | None = None
    ranked_at: datetime | None = None
    health: tuple[str, ...] = ()
    """Of time, cost and result, as last reported."""
    worsened_at: datetime | None = None
    overdue_since: datetime | None = None
    """When the report that is missing was due; None when none is."""
    gates: tuple[Gate, ...] = ()
    """Those not passed yet, first first."""
    passed: tuple[str, ...] = ()
    stopped_at: datetime | None = None
    postponed_at: datetime | None = None
    decided: Decided | None = None

    @property
    def is_red(self) -> bool:
        """Whether time, cost or result is red."""
        return "red" in self.health


def evolve(row: CandidateRow | None, event: Envelope[Fact]) -> CandidateRow | None:
    """Fold one fact; a project that left or is completed is no candidate any more."""
    fact, at = event.data, event.time
    if isinstance(fact, EnteredPortfolio):
        return CandidateRow(
            request_id=fact.request_id,
            municipality=event.municipality,
            title=fact.title,
            entered_at=at,
            changed_at=at,
        )
    if row is None or isinstance(fact, LeftPortfolio | ProjectCompleted):
        return None
    # Facts of two services meet here: of those that knew nothing of each other, either may come first.
    row = row.replace(changed_at=max(row.changed_at, at))
    match fact:
        case Prioritised(rank=rank):
            return row.replace(rank=rank, ranked_at=at)
        case FollowUpAgreed(gates=gates):
            return row.replace(gates=tuple(gate for gate in gates if gate.key not in row.passed))
        case GateDecided(gate=key, outcome="passed"):
            left = tuple(gate for gate in row.gates if gate.key != key)
            return row.replace(gates=left, passed=(*row.passed, key))
        case StatusReported(time=time, cost=cost, result=result):
            return _reported(row, (time, cost, result), at)
        case StatusReportMissed(due=due):
            return row.replace(overdue_since=row.overdue_since or due)
        case ProjectStopped():
            return row.replace(stopped_at=at)
        case ProjectPostponed():
            return row.replace(postponed_at=at)
        case ProjectResumed():
            return row.replace(stopped_at=None, postponed_at=None)
        case CabDecided(meeting_number=number, outcome=outcome, text=text):
            return row.replace(decided=Decided(at=at, meeting_number=number, outcome=outcome, text=text))
        case _:
            return row


def _reported(row: CandidateRow, health: tuple[Health, ...], at: datetime) -> CandidateRow:
    worse = any(WORSE.index(now) > WORSE.index(before) for now, before in zip(health, _before(row), strict=True))
    return row.replace(health=health, worsened_at=at if worse else row.worsened_at, overdue_since=None)


def _before(row: CandidateRow) -> tuple[Health, ...]:
    """What was last reported; before the first report everything is taken to be well."""
    known: dict[str, Health] = {name: name for name in WORSE}
    return tuple(known[name] for name in row.health) or ("green", "green", "green")


BY_RANK = "rank, entered_at, request_id"
"""Those without a rank come last, as PostgreSQL puts what is not known."""

view = View("agenda", version=1, row=CandidateRow, facts=Fact, topics=(REQUEST,), evolve=evolve, indexes=(BY_RANK,))


def reasons(row: CandidateRow, *, since: datetime | None, before: date) -> tuple[AgendaReason, ...]:
    """Why the CAB should take the project up (IT-21), most urgent first; empty when there is nothing to say.

    `since` is when the CAB last met (None before the first time), `before` the day it meets after this time.
    """

    def news(at: datetime | None) -> bool:
        return at is not None and (since is None or at > since)

    found: dict[AgendaReason, bool] = {
        "red": row.is_red,
        "worsened": news(row.worsened_at),
        "overdue": row.overdue_since is not None,
        "stopped": news(row.stopped_at),
        "postponed": news(row.postponed_at),
        "gate_due": row.stopped_at is None and any(gate.on < before for gate in row.gates),
        "ranked": news(row.ranked_at),
        "new": news(row.entered_at),
    }
    return tuple(reason for reason in FIRST if found.get(reason))


MOST = 50
"""How many projects an agenda takes up by itself; the PM adds others, and takes up again what was too much."""
_NEWS = "> coalesce($1::timestamptz, '-infinity')"
URGENCY = (
    "(CASE WHEN 'red' = ANY (health) THEN 1 "
    f"WHEN worsened_at {_NEWS} THEN 2 WHEN overdue_since IS NOT NULL THEN 3 "
    f"WHEN stopped_at {_NEWS} THEN 4 WHEN postponed_at {_NEWS} THEN 5 "
    "WHEN stopped_at IS NULL AND EXISTS (SELECT FROM jsonb_array_elements(gates) g WHERE (g ->> 'on')::date < $2) "
    f"THEN 6 WHEN ranked_at {_NEWS} THEN 7 WHEN entered_at {_NEWS} THEN 8 END)"
)
"""The place of the first of a row's `reasons` among `FIRST`, as SQL; NULL without one. $1 is `since`, $2 `before`."""


async def items(db: Database, *, since: datetime | None, before: date, scope: Iterable[str]) -> tuple[AgendaItem, ...]:
    """The agenda as it builds itself: what there is a reason to take up, most urgent first, then by rank; at most
    MOST."""
    where = f"{URGENCY} IS NOT NULL ORDER BY {URGENCY}, {BY_RANK}"
    rows = await view.select(db, where, since, before, scope=scope, limit=MOST)
    return tuple(
        AgendaItem(request_id=row.request_id, municipality=row.municipality, title=row.title, reasons=why)
        for row in rows
        if (why := reasons(row, since=since, before=before))
    )


async def by_rank(db: Database, *, scope: Iterable[str], limit: int, mark: str | None = None) -> Stretch[CandidateRow]:
    """The projects of the portfolio, by rank; some of them, from a mark on. Raises NoMark."""
    return await view.stretch(db, order=BY_RANK, scope=scope, limit=limit, mark=mark)


async def others(
    db: Database, on_it: Iterable[UUID], *, text: str = "", scope: Iterable[str], limit: int = 50
) -> list[CandidateRow]:
    """The first of the projects that are not on an agenda, by rank; with a text those that have it in their title."""
    where = f"request_id <> ALL ($1::uuid[]) AND ($2::text IS NULL OR title ILIKE $2) ORDER BY {BY_RANK}"
    pattern = containing(text) if text else None
    return await view.select(db, where, list(on_it), pattern, scope=scope, limit=limit)


async def of_requests(db: Database, requests: Iterable[UUID], *, scope: Iterable[str]) -> dict[UUID, CandidateRow]:
    """Those of some projects that are still in the portfolio, by their request."""
    rows = await view.select(db, "request_id = ANY($1::uuid[])", list(requests), scope=scope)
    return {row.request_id: row for row in rows}

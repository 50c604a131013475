"""In what order, for whom, and how does it stand? The portfolio, one row per project.

A fold over the log and nothing else, so it can be dropped and replayed; to change `ProjectRow`, raise `version`. Names
in it are sealed tokens: pages open them just before they are shown. The municipalities a project serves see its row.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from chassis.db import Database
from chassis.views import Row, Stretch, View
from contracts.envelope import Envelope
from contracts.portfolio import (
    Assigned,
    EnteredPortfolio,
    FollowUpAgreed,
    GateDecided,
    LeftPortfolio,
    Prioritised,
    ProjectCompleted,
    ProjectFact,
    ProjectLimited,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    ReleasePlanned,
    ServesChanged,
    StatusReported,
    WorkStarted,
)
from contracts.topics import REQUEST
from contracts.values import Gate, Health, Member, Origin, Person
from portfolio.domain.duties import Duties
from portfolio.domain.lifecycle import State

Trend = Literal["better", "same", "worse"]
WORST: dict[Health, int] = {"green": 0, "yellow": 1, "red": 2}


class ProjectRow(Row, frozen=True):
    """A project as the portfolio shows it. Amounts are in `currency`, the budget's."""

    request_id: UUID
    municipality: str
    shared_with: tuple[str, ...]
    changed_at: datetime
    version: int
    """The version of the project's history at the portfolio; what a decision of it is taken on."""
    title: str
    origin: Origin
    ticket_system: str
    ticket_number: str
    requester: Person
    entered_at: datetime
    serves: tuple[str, ...] = ()
    state: State = State.ENTERED
    reason: str = ""
    """Why it is limited, postponed, stopped, completed or has left; empty otherwise."""
    until: date | None = None
    into: UUID | None = None
    """The request it was joined or merged into when it left."""
    rank: int | None = None
    ranked_at: datetime | None = None
    ranked_by: Literal["pm", "round"] | None = None
    round_id: UUID | None = None
    score: Decimal | None = None
    release: str | None = None
    leader_id: UUID | None = None
    leader: Person | None = None
    group: tuple[Member, ...] = ()
    orderer: Person | None = None
    directive_version: int | None = None
    plan_version: int | None = None
    budget: Decimal | None = None
    currency: str | None = None
    ends: date | None = None
    delivery_period: str | None = None
    gates: tuple[Gate, ...] = ()
    passed: tuple[str, ...] = ()
    next_gate: str | None = None
    next_gate_on: date | None = None
    reports: int = 0
    reported_at: datetime | None = None
    time: Health | None = None
    cost: Health | None = None
    result: Health | None = None
    health: Health | None = None
    """The worst of the three."""
    trend: Trend | None = None
    """Since the report before: worse when any of the three got worse."""
    progress: int | None = None
    spent: Decimal | None = None
    forecast: Decimal | None = None
    next_report: datetime | None = None
    """When the next report is due, or was when it is overdue."""
    overdue: tuple[str, ...] = ()
    """The cadences of which a report is known to be missing (IT-20)."""
    duties: Duties = Duties()


def evolve(row: ProjectRow | None, event: Envelope[ProjectFact]) -> ProjectRow:
    """The row after an event."""
    fact = event.data
    if isinstance(fact, EnteredPortfolio):
        row = ProjectRow(
            request_id=fact.request_id,
            municipality=event.municipality,
            shared_with=fact.serves,
            changed_at=event.time,
            version=event.version,
            title=fact.title,
            origin=fact.origin,
            ticket_system=fact.ticket.system,
            ticket_number=fact.ticket.number or fact.ticket.external_id,
            requester=fact.requester,
            entered_at=event.time,
            serves=fact.serves,
        )
    assert row is not None, f"{event.type} before the project entered the portfolio"
    duties = row.duties.after(fact, event.time)
    changed = changes(row, event)
    if duties is not row.duties:
        changed |= {
            "duties": duties,
            "state": duties.where.state,
            "next_report": duties.next_due,
            "overdue": duties.overdue,
        }
    return row.replace(changed_at=event.time, version=event.version, **changed)


def changes(row: ProjectRow, event: Envelope[ProjectFact]) -> dict[str, Any]:
    """What an event changes in the row, besides where it stands and what is owed."""
    match event.data:
        case StatusReported() as fact:  # first, because most events are reports
            return reported(row, fact, event.time)
        case ServesChanged() as fact:
            return {"serves": fact.serves, "shared_with": fact.serves}
        case FollowUpAgreed() as fact:
            return {
                "directive_version": fact.directive_version,
                "budget": fact.budget.amount,
                "currency": fact.budget.currency,
                "orderer": fact.orderer,
                "ends": fact.ends,
                "delivery_period": fact.delivery_period,
                "gates": fact.gates,
                **next_gate(fact.gates, row.passed),
            }
        case Prioritised() as fact:
            return {
                "rank": fact.rank,
                "ranked_at": event.time,
                "ranked_by": fact.by,
                "round_id": fact.round_id,
                "score": fact.score,
            }
        case ReleasePlanned() as fact:
            return {"release": fact.period}
        case Assigned() as fact:
            return {"leader_id": fact.leader.id, "leader": fact.leader, "group": fact.group}
        case WorkStarted() as fact:
            return {"plan_version": fact.plan_version}
        case GateDecided() as fact if fact.outcome == "passed":
            passed = (*row.passed, fact.gate)
            return {"passed": passed, **next_gate(row.gates, passed)}
        case _:
            return turned(event.data)


def turned(fact: ProjectFact) -> dict[str, Any]:
    """What a turn of the project's life changes: why, until when, where to."""
    match fact:
        case ProjectPostponed():
            return {"reason": fact.reason, "until": fact.until}
        case ProjectLimited() | ProjectStopped():
            return {"reason": fact.reason, "until": None}
        case ProjectResumed():
            return {"reason": "", "until": None}
        case ProjectCompleted():
            return {"reason": fact.summary, "until": None, "spent": fact.spent, "progress": 100}
        case LeftPortfolio():
            return {"reason": fact.reason, "until": None, "into": fact.into}
        case _:
            return {}


def next_gate(gates: tuple[Gate, ...], passed: tuple[str, ...]) -> dict[str, Any]:
    """The first gate that has not been passed (TY-09)."""
    ahead = next((gate for gate in gates if gate.key not in passed), None)
    return {"next_gate": ahead and ahead.key, "next_gate_on": ahead and ahead.on}


def reported(row: ProjectRow, fact: StatusReported, at: datetime) -> dict[str, Any]:
    """What a report changes: the three healths, the worst of them, and whether things got better or worse."""
    now = (fact.time, fact.cost, fact.result)
    before = (row.time, row.cost, row.result)
    moved = [WORST[new] - WORST[old] for new, old in zip(now, before, strict=True) if old is not None]
    trend: Trend | None = None
    if moved:
        trend = "worse" if max(moved) > 0 else "better" if min(moved) < 0 else "same"
    return {
        "reports": fact.number,
        "reported_at": at,
        "time": fact.time,
        "cost": fact.cost,
        "result": fact.result,
        "health": max(now, key=WORST.__getitem__),
        "trend": trend,
        "progress": fact.progress,
        "spent": fact.spent,
        "forecast": fact.forecast,
    }


IN_ORDER = "rank NULLS LAST, ranked_at DESC NULLS LAST, entered_at, request_id"
"""First in the queue first; where two hold the same rank, the later word goes first."""
TITLE = "lower(title)"
WHOSE = "municipality, shared_with"
"""By what row-level security judges a row: an index without it cannot be read alone."""
SMALL = (
    "state, currency, health, trend, budget, spent, forecast, overdue, serves, release, leader_id, next_gate_on, "
    f"next_report, rank, ranked_at, entered_at, request_id, {WHOSE}"
)
"""The columns that the portfolio is counted, narrowed and ordered by, an eighth of the table: all projects are summed
up in their index, and no row is read for it."""

view = View(
    "projects",
    version=1,
    row=ProjectRow,
    facts=ProjectFact,
    topics=(REQUEST,),
    evolve=evolve,
    indexes=(
        "municipality, rank",
        "leader_id",
        "(requester ->> 'id')",
        f"{IN_ORDER}, state, {WHOSE}",
        f"state, {IN_ORDER}",
        TITLE,
        SMALL,
    ),
)

SUMS = ", ".join(f"sum({amount})::numeric(20, 2) AS {amount}" for amount in ("budget", "spent", "forecast"))
OPEN = "state NOT IN ('completed', 'left')"


async def in_order(
    db: Database,
    *,
    scope: Iterable[str],
    state: str | None = None,
    serves: str | None = None,
    health: str | None = None,
    release: str | None = None,
    overdue: bool = False,
    everything: bool = False,
    limit: int,
    mark: str | None = None,
) -> Stretch[ProjectRow]:
    """The portfolio as a reader of these municipalities sees it, filtered; completed ones only when asked for. Some of
    it, from a mark on. Raises NoMark."""
    return await view.stretch(
        db,
        f"($6 OR $1::text IS NOT NULL OR {OPEN}) AND ($1::text IS NULL OR state = $1) "
        "AND ($2::text IS NULL OR $2 = ANY (serves)) AND ($3::text IS NULL OR health = $3) "
        "AND ($4::text IS NULL OR release = $4) AND (NOT $5 OR cardinality(overdue) > 0)",
        state, serves, health, release, overdue, everything,
        order=IN_ORDER, scope=scope, limit=limit, mark=mark,
    )  # fmt: skip


async def ids_in(db: Database, states: Iterable[State], *, scope: Iterable[str]) -> list[UUID]:
    """The projects that stand so, in the queue's order."""
    sql = f"SELECT request_id FROM {{table}} WHERE state = ANY ($1::text[]) ORDER BY {IN_ORDER}"  # noqa: S608
    return [row["request_id"] for row in await view.query(db, sql, [str(each) for each in states], scope=scope)]


async def seen_by(
    db: Database, request_id: UUID, person: UUID, *, scope: Iterable[str], everywhere: Iterable[str]
) -> ProjectRow | None:
    """A project, if this person may see it: in their municipalities, or because they asked for it or work in it."""
    row = await view.get(db, request_id, scope=scope)
    if row is None:
        found = await view.get(db, request_id, scope=everywhere)
        if found is not None and person in (found.leader_id, found.requester.id, *(m.person.id for m in found.group)):
            row = found
    return row


async def led_by(db: Database, person: UUID, *, everywhere: Iterable[str]) -> list[ProjectRow]:
    """The projects this person leads, in whichever municipality they are."""
    return await view.select(db, f"leader_id = $1 ORDER BY {IN_ORDER}", person, scope=everywhere)


async def of_a_person(
    db: Database, person: UUID, *, everywhere: Iterable[str], limit: int, mark: str | None = None
) -> Stretch[ProjectRow]:
    """The projects this person leads or has asked for, in whichever municipality they are; some of them, from a mark
    on. Raises NoMark."""
    theirs = "leader_id = $1 OR requester ->> 'id' = $2"
    return await view.stretch(db, theirs, person, str(person), order=IN_ORDER, scope=everywhere, limit=limit, mark=mark)


async def totals(db: Database, by: Literal["municipality", "state"], *, scope: Iterable[str]) -> list[dict[str, Any]]:
    """How many projects and how much money, per municipality or per state, and per currency. SQL over the rows."""
    return await view.query(
        db,
        f"SELECT {by} AS of, currency, count(*) AS projects, {SUMS}, count(*) FILTER (WHERE health = 'red') AS red, "  # noqa: S608
        "count(*) FILTER (WHERE cardinality(overdue) > 0) AS overdue, "
        "count(*) FILTER (WHERE cardinality(serves) > 1) AS shared "
        f"FROM {{table}} WHERE state <> 'left' GROUP BY {by}, currency ORDER BY {by}, currency NULLS LAST",
        scope=scope,
    )

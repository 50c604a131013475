"""What has been said and decided of this project, and by whom? One row per project, everything in the order it came.

Ranks are kept version by version (TY-06), reports number by number (IT-20), and the dialogue with the orderers (IT-22).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec

from chassis.db import Database
from chassis.views import Row, View
from contracts.envelope import Envelope
from contracts.portfolio import (
    Assigned,
    CadenceKind,
    DialogueHeld,
    EnteredPortfolio,
    GateDecided,
    LeftPortfolio,
    PeopleLent,
    Prioritised,
    ProjectCompleted,
    ProjectFact,
    ProjectLimited,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    ServesChanged,
    StatusReported,
    StatusReportMissed,
    WorkStarted,
)
from contracts.topics import REQUEST
from contracts.values import Health, Loan, Person, Risk


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what is kept: when, and by whom (a role and a pseudonym; the name is sealed)."""

    at: datetime
    actor: str
    actor_name: str | None = None


class Reported(Said, frozen=True, kw_only=True):
    """A status report."""

    number: int
    cadence: CadenceKind
    time: Health
    cost: Health
    result: Health
    progress: int
    spent: Decimal
    forecast: Decimal
    risks: tuple[Risk, ...] = ()
    next_steps: str = ""
    summary: str = ""


class Missed(Said, frozen=True, kw_only=True):
    """A report that had not come when it was due."""

    cadence: CadenceKind
    due: datetime


class Ranked(Said, frozen=True, kw_only=True):
    """A rank, and who gave it."""

    rank: int
    by: Literal["pm", "round"]
    round_id: UUID | None
    score: Decimal | None
    reason: str


class Dealt(Said, frozen=True, kw_only=True):
    """An assignment."""

    leader: Person
    members: int
    reason: str


class Turned(Said, frozen=True, kw_only=True):
    """A turn of its life: entered, left, joined, started, postponed, limited, stopped, resumed, completed."""

    turn: str
    reason: str = ""
    scope: str = ""
    until: date | None = None
    promised_to: tuple[Person, ...] = ()


class AtGate(Said, frozen=True, kw_only=True):
    """What was decided at a gate."""

    gate: str
    outcome: Literal["passed", "held"]
    on: date
    note: str


class Talked(Said, frozen=True, kw_only=True):
    """A talk of the leader with an orderer."""

    with_whom: Person
    note: str
    """Sealed as the orderer's."""


class Lent(Said, frozen=True, kw_only=True):
    """People lent to another project."""

    to_request: UUID
    loan: Loan


class HistoryRow(Row, frozen=True):
    """All that has been said of a project."""

    request_id: UUID
    municipality: str
    shared_with: tuple[str, ...]
    changed_at: datetime
    leader_id: UUID | None = None
    requester_id: UUID | None = None
    reports: tuple[Reported, ...] = ()
    missed: tuple[Missed, ...] = ()
    ranks: tuple[Ranked, ...] = ()
    assignments: tuple[Dealt, ...] = ()
    turns: tuple[Turned, ...] = ()
    gates: tuple[AtGate, ...] = ()
    dialogue: tuple[Talked, ...] = ()
    loans: tuple[Lent, ...] = ()


def evolve(row: HistoryRow | None, event: Envelope[ProjectFact]) -> HistoryRow:
    """The row after an event. A request that comes in again keeps what was said of it before."""
    if row is None:
        row = HistoryRow(
            request_id=event.subject, municipality=event.municipality, shared_with=(), changed_at=event.time
        )
    row = row.replace(changed_at=event.time)
    said: dict[str, Any] = {"at": event.time, "actor": event.actor, "actor_name": event.actor_name}
    match event.data:
        case StatusReported() as fact:
            names = (field.name for field in msgspec.structs.fields(Reported) if field.name not in said)
            report = Reported(**said, **{name: getattr(fact, name) for name in names})
            return row.replace(reports=(*row.reports, report))
        case StatusReportMissed() as fact:
            return row.replace(missed=(*row.missed, Missed(**said, cadence=fact.cadence, due=fact.due)))
        case Prioritised() as fact:
            ranked = Ranked(
                **said, rank=fact.rank, by=fact.by, round_id=fact.round_id, score=fact.score, reason=fact.reason
            )
            return row.replace(ranks=(*row.ranks, ranked))
        case Assigned() as fact:
            dealt = Dealt(**said, leader=fact.leader, members=len(fact.group), reason=fact.reason)
            return row.replace(assignments=(*row.assignments, dealt), leader_id=fact.leader.id)
        case GateDecided() as fact:
            at_gate = AtGate(**said, gate=fact.gate, outcome=fact.outcome, on=fact.on, note=fact.note)
            return row.replace(gates=(*row.gates, at_gate))
        case DialogueHeld() as fact:
            talked = Talked(**said, with_whom=fact.with_whom, note=fact.note)
            return row.replace(dialogue=(*row.dialogue, talked))
        case PeopleLent() as fact:
            return row.replace(loans=(*row.loans, Lent(**said, to_request=fact.to_request, loan=fact.loan)))
        case _:
            return turned(row, event.data, said)


def turned(row: HistoryRow, fact: ProjectFact, said: dict[str, Any]) -> HistoryRow:
    """The row after a turn of the project's life; other facts are told in other views."""
    match fact:
        case EnteredPortfolio():
            row = row.replace(shared_with=fact.serves, requester_id=fact.requester.id, leader_id=None)
            turn = Turned(**said, turn="entered")
        case LeftPortfolio():
            turn = Turned(**said, turn="left", reason=fact.reason)
        case ServesChanged():
            row = row.replace(shared_with=fact.serves)
            turn = Turned(**said, turn="joined" if fact.joined_with else "serves", reason=fact.reason)
        case WorkStarted():
            turn = Turned(**said, turn="started")
        case ProjectPostponed():
            turn = Turned(**said, turn="postponed", reason=fact.reason, until=fact.until, promised_to=fact.promised_to)
        case ProjectLimited():
            turn = Turned(**said, turn="limited", reason=fact.reason, scope=fact.scope, promised_to=fact.promised_to)
        case ProjectStopped():
            turn = Turned(**said, turn="stopped", reason=fact.reason, promised_to=fact.promised_to)
        case ProjectResumed():
            turn = Turned(**said, turn="resumed", reason=fact.reason, promised_to=fact.promised_to)
        case ProjectCompleted():
            turn = Turned(**said, turn="completed", reason=fact.summary)
        case _:
            return row
    return row.replace(turns=(*row.turns, turn))


view = View("history", version=1, row=HistoryRow, facts=ProjectFact, topics=(REQUEST,), evolve=evolve)


async def lent_to(db: Database, request_id: UUID, *, scope: Iterable[str]) -> list[tuple[UUID, Lent]]:
    """Who works in this project on loan, and from which project (TY-22)."""
    rows = await view.select(
        db, "loans @> $1::jsonb ORDER BY request_id", f'[{{"to_request": "{request_id}"}}]', scope=scope
    )
    return [(row.request_id, lent) for row in rows for lent in row.loans if lent.to_request == request_id]

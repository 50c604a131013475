"""What the benchmarks are about: the lives of invented projects, ten facts each of eight kinds, and a view of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID, uuid5

from chassis.testing import NOON, a_person_id, sealed
from chassis.views import Row, View
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.portfolio import (
    Assigned,
    EnteredPortfolio,
    FollowUpAgreed,
    GateDecided,
    Prioritised,
    ProjectCompleted,
    StatusReported,
    WorkStarted,
)
from contracts.topics import REQUEST
from contracts.values import Cadence, Gate, Health, Member, Money, Person, TicketRef

PLACEHOLDER = UUID("00000000-0000-4000-8000-000000000000")
PROJECTS = UUID("4b1f5d2e-8f0c-5a63-9d0a-7f2f6f6f2b1c")
EVENTS_EACH = 10

PM, LEADER = (Person(id=a_person_id(name), name=sealed(name)) for name in ("Maj Ekdal", "Sven Rask"))


def a_life(request: UUID) -> tuple[Event, ...]:
    """A project from the portfolio's list to its completion."""

    def reported(number: int, cost: Health, progress: int) -> StatusReported:
        return StatusReported(
            request_id=request, number=number, cadence="short", time="green", cost=cost, result="green",
            progress=progress, spent=Decimal(90_000 * number), forecast=Decimal(470_000),
            next_steps="Utbildning av handläggarna.",
        )  # fmt: skip

    return (
        EnteredPortfolio(
            request_id=request, title="Ny e-tjänst för bygglov", origin="business", requester=PM,
            ticket=TicketRef(system="zammad", external_id="81", number="10081"), serves=("tallvik", "elvehavn"),
        ),
        Prioritised(request_id=request, rank=3, by="pm", reason="Tre kommuner har nytta av den."),
        FollowUpAgreed(
            request_id=request, directive_version=1, cadence=Cadence(), ends=date(2026, 12, 1),
            budget=Money(amount=Decimal(480_000), currency="SEK"),
            gates=(Gate(key="BP1", on=date(2026, 4, 1), decision="Starta"),),
        ),
        Assigned(
            request_id=request, leader=LEADER, group=(Member(person=PM, kind="it_team", role="Integrationer"),)
        ),
        WorkStarted(request_id=request, plan_version=1),
        reported(1, "green", 20),
        reported(2, "yellow", 40),
        GateDecided(request_id=request, gate="BP1", outcome="passed", on=date(2026, 4, 1)),
        reported(3, "green", 80),
        ProjectCompleted(request_id=request, summary="Levererat.", spent=Decimal(455_000)),
    )  # fmt: skip


def messages_of_a_life() -> list[tuple[str, bytes]]:
    """The types and messages of one life, about the project PLACEHOLDER."""
    made = []
    for version, fact in enumerate(a_life(PLACEHOLDER), 1):
        envelope = Envelope(
            id=uuid5(PLACEHOLDER, f"event {version}"), source="/flode/portfolio", subject=PLACEHOLDER, version=version,
            time=NOON + timedelta(days=version), municipality="tallvik", actor=f"pm/{PM.id}", actor_name=PM.name,
            correlation="a benchmark", data=fact,
        )  # fmt: skip
        made.append((fact.type, envelope.to_bytes()))
    return made


def lives(subjects: int) -> Iterator[tuple[UUID, int, str, bytes]]:
    """(subject, sequence, type, message) of that many lives, in the order of one store: the first fact of each
    project, then the second of each … so that every project is remembered until the end."""
    ids = [uuid5(PROJECTS, str(number)) for number in range(subjects)]
    texts = [str(subject).encode() for subject in ids]
    sequence = count(1)
    for kind, message in messages_of_a_life():
        for subject, text in zip(ids, texts, strict=True):
            yield subject, next(sequence), kind, message.replace(b"00000000-0000-4000-8000-000000000000", text)


class ProjectLine(Row, frozen=True):
    """A portfolio as a list shows it: 18 columns."""

    request_id: UUID
    municipality: str
    changed_at: datetime
    version: int
    title: str
    state: str
    serves: tuple[str, ...]
    rank: int | None = None
    leader: UUID | None = None
    group: int = 0
    budget: Decimal | None = None
    currency: str | None = None
    ends: date | None = None
    progress: int = 0
    spent: Decimal = Decimal(0)
    health: str | None = None
    reports: int = 0
    passed: tuple[str, ...] = ()


Fact = (
    EnteredPortfolio
    | Prioritised
    | FollowUpAgreed
    | Assigned
    | WorkStarted
    | StatusReported
    | GateDecided
    | ProjectCompleted
)


def evolve(row: ProjectLine | None, event: Envelope[Fact]) -> ProjectLine:
    """The line after an event."""
    fact, at, version = event.data, event.time, event.version
    if isinstance(fact, EnteredPortfolio):
        return ProjectLine(
            request_id=event.subject, municipality=event.municipality, changed_at=at, version=version,
            title=fact.title, state="entered", serves=fact.serves,
        )  # fmt: skip
    assert row is not None
    match fact:
        case StatusReported():
            return row.replace(
                changed_at=at, version=version, progress=fact.progress, spent=fact.spent, reports=fact.number,
                health=fact.cost,
            )  # fmt: skip
        case Prioritised():
            return row.replace(changed_at=at, version=version, rank=fact.rank, state="prioritised")
        case FollowUpAgreed():
            return row.replace(
                changed_at=at, version=version, budget=fact.budget.amount, currency=fact.budget.currency,
                ends=fact.ends,
            )  # fmt: skip
        case Assigned():
            return row.replace(changed_at=at, version=version, leader=fact.leader.id, group=len(fact.group))
        case WorkStarted():
            return row.replace(changed_at=at, version=version, state="carried out")
        case GateDecided():
            return row.replace(changed_at=at, version=version, passed=(*row.passed, fact.gate))
        case ProjectCompleted():
            return row.replace(changed_at=at, version=version, state="completed", spent=fact.spent, progress=100)


def portfolio(version: int = 1) -> View[ProjectLine]:
    """The view to rebuild."""
    return View(
        "lines", version=version, row=ProjectLine, facts=Fact, topics=(REQUEST,), evolve=evolve, indexes=("rank",)
    )

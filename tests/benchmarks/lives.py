"""Sample lives for the benchmark of pages: what all four services said of a project, a message, a meeting, a round.

Each life is made of real facts with stand-ins where ten thousand projects differ (`STAND_INS`): who makes a world of
them puts each project's own id, title, rank and number in their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid5

from contracts.envelope import Envelope
from contracts.event import Event
from contracts.governance import (
    DirectiveAccepted,
    DirectiveApproved,
    DirectiveSent,
    DirectiveSigned,
    DirectiveSubmitted,
    PlanAccepted,
    PlanAgreed,
    PlanCommissioned,
    PlanWritten,
)
from contracts.intake import ClassifiedAsChange, ClassifiedAsProject, RequestRegistered, RequestWithdrawn
from contracts.notifications import MessageDue, MessageGivenUp, MessageSent
from contracts.portfolio import (
    Assigned,
    EnteredPortfolio,
    FollowUpAgreed,
    GateDecided,
    Prioritised,
    ProjectCompleted,
    ProjectLimited,
    ProjectPostponed,
    ProjectStopped,
    ReleasePlanned,
    StatusReported,
    StatusReportMissed,
    WorkStarted,
)
from contracts.values import (
    Cadence,
    Contact,
    CostCap,
    CriterionMet,
    Currency,
    Directive,
    Financing,
    Gate,
    Health,
    Member,
    Money,
    Person,
    Plan,
    PlanStep,
    Result,
    Risk,
    TicketRef,
    TimeGoal,
)

ID = UUID("00000000-0000-4000-8000-000000000001")
TITLE, RANK, NUMBER = "Ny e-tjänst (ett prov)", 777_000_111, "prov-777-nummer"
KINDS = 40
"""How many different lives a municipality's projects have; each is lived by many."""
ENDS: tuple[str, ...] = (
    ("running",) * 22 + ("completed",) * 8 + ("entered",) * 3 + ("ranked", "assigned") + ("overdue",) * 2
)
ENDS += ("postponed", "stopped", "limited")
GATES: tuple[tuple[Literal["BP1", "BP2", "BP3", "BP4"], str], ...] = (
    ("BP1", "Starta"), ("BP2", "Planen håller"), ("BP3", "Inför"), ("BP4", "Avsluta")
)  # fmt: skip
HEALTHS: tuple[Health, ...] = ("green", "green", "green", "yellow", "green", "yellow", "red")
CRITERIA = (CriterionMet(key="effort", met=True, note="Mer än 80 timmar."), CriterionMet(key="systems", met=True))
PROSE = (
    "Handläggarna skriver i dag av pappersblanketter för hand, och den som väntar vet inte hur långt ärendet kommit. "
)


@dataclass(frozen=True, slots=True)
class Town:
    """A municipality, its money, and the invented people of one of its lives."""

    id: str
    currency: Currency
    partners: tuple[str, ...]
    requester: Person
    leader: Person
    pm: Person


@dataclass(frozen=True, slots=True)
class Life:
    """One life: what each service said, in order."""

    municipality: str
    events: dict[str, tuple[Envelope[Any], ...]]

    @property
    def length(self) -> int:
        """How many events it has."""
        return sum(len(said) for said in self.events.values())


def envelopes(service: str, municipality: str, by: Person, said: list[tuple[datetime, Event]]) -> tuple[Any, ...]:
    """What a service said of one subject, as it stands in its store."""
    return tuple(
        Envelope(
            id=uuid5(fact.subject, f"{service} {version}"), source=f"/flode/{service}", subject=fact.subject,
            version=version, time=at, municipality=municipality, actor=f"pm/{by.id}", actor_name=by.name,
            correlation="a benchmark", data=fact,
        )
        for version, (at, fact) in enumerate(said, 1)
    )  # fmt: skip


def project(town: Town, kind: int, today: date) -> Life:
    """A project that has come as far as `ENDS` says for its kind."""
    end = ENDS[kind % len(ENDS)]
    weeks = 40 + 2 * kind if end in ("running", "completed", "overdue", "limited") else 20 + kind % 17
    begun = datetime.combine(today, time(8, kind % 60), UTC) - timedelta(weeks=weeks, days=kind % 7)

    def day(number: int, hour: int = 0) -> datetime:
        return begun + timedelta(days=number, hours=hour)

    serves = town.partners if kind % 3 == 0 else (town.id,)
    ticket = TicketRef(system="servicedesk", external_id=NUMBER, number=NUMBER)
    said: dict[str, list[tuple[datetime, Event]]] = {"intake": [], "governance": [], "portfolio": []}
    said["intake"] += [
        (day(0), _registered(town, ticket, serves, day(0))),
        (day(1), ClassifiedAsProject(
            request_id=ID, reason="Det rör tre system och mer än ett halvårs arbete.", criteria=CRITERIA, title=TITLE,
            requester=town.requester, ticket=ticket, serves=serves,
        )),
    ]  # fmt: skip
    directive = _directive(town, kind, begun.date())
    said["governance"] += list(_agreement(town, directive, day, end))
    said["portfolio"].append(
        (day(1, 1), EnteredPortfolio(
            request_id=ID, title=TITLE, origin="business", ticket=ticket, requester=town.requester, serves=serves
        ))
    )  # fmt: skip
    if end != "entered":
        said["portfolio"] += list(_carried_out(town, kind, directive, day, end, weeks))
    return Life(town.id, {name: envelopes(name, town.id, town.pm, each) for name, each in said.items()})


def _registered(town: Town, ticket: TicketRef, serves: tuple[str, ...], at: datetime) -> RequestRegistered:
    return RequestRegistered(
        request_id=ID, ticket=ticket, title=TITLE, description=town.requester.name, requester=town.requester,
        organisation="Samhällsbyggnad", serves=serves, opened_at=at, priority=3,
    )  # fmt: skip


def request(town: Town, kind: int, today: date) -> Life:
    """A request that is no project: it waits, is a change, or was withdrawn."""
    at = datetime.combine(today, time(7, kind % 60), UTC) - timedelta(days=1 + 2 * kind, hours=kind % 9)
    ticket = TicketRef(system="servicedesk", external_id=NUMBER, number=NUMBER)
    said: list[tuple[datetime, Event]] = [(at, _registered(town, ticket, (town.id,), at))]
    after = at + timedelta(hours=5)
    if kind % 3 == 1:
        said.append((after, ClassifiedAsChange(
            request_id=ID, reason="Det görs i den dagliga driften.", criteria=CRITERIA, requester=town.requester,
            ticket=ticket,
        )))  # fmt: skip
    elif kind % 6 == 2:
        said.append((after, RequestWithdrawn(request_id=ID, reason="closed")))
    return Life(town.id, {"intake": envelopes("intake", town.id, town.pm, said)})


def message(town: Town, kind: int, about: UUID, today: date) -> Life:
    """A mail about a project: most were sent, some were given up, a few are on their way."""
    at = datetime.combine(today, time(6, kind % 60), UTC) - timedelta(days=2 * kind)
    due = MessageDue(
        message_id=ID, about=about, because_of=uuid5(ID, "why"), channel="mail", template="report-missed",
        to=town.leader,
    )  # fmt: skip
    said: list[tuple[datetime, Event]] = [(at, due)]
    after = at + timedelta(minutes=2)
    if kind % 20 == 7:
        said.append((after, MessageGivenUp(message_id=ID, attempts=9, reason="550 5.1.1 no such mailbox")))
    elif kind % 20:
        said.append((after, MessageSent(message_id=ID, attempts=1)))
    return Life(town.id, {"notifications": envelopes("notifications", town.id, town.pm, said)})


def _directive(town: Town, kind: int, begun: date) -> Directive:
    gates = tuple(
        Gate(key=key, on=begun + timedelta(days=90 * number), decision=decision)
        for number, (key, decision) in enumerate(GATES, 1)
    )  # fmt: skip
    ends = begun + timedelta(days=420 + 7 * kind)
    return Directive(
        title=TITLE, background=PROSE * 4, orderer=town.requester,
        contacts=(Contact(role="Beställare", person=town.requester),), gates=gates, goals=PROSE * 2,
        requirements=PROSE, wishes=PROSE,
        results=tuple(
            Result(number=number, text=f"Del {number}: {PROSE}", due=TimeGoal(on=begun + timedelta(days=100 * number)))
            for number in range(1, 4)
        ),
        cost=CostCap(
            cap=Money(amount=Decimal(200_000 + 37_000 * kind), currency=town.currency), starts=begun, ends=ends
        ),
        cadence=Cadence(short_days=7, fixed_days=14), financing=Financing(), rough_plan=PROSE * 2, ends=ends,
        delivery_period=f"{ends.year}H{1 + (ends.month > 6)}",
    )  # fmt: skip


def _agreement(town: Town, directive: Directive, day: Any, end: str) -> Iterator[tuple[datetime, Event]]:
    yield day(1, 2), DirectiveSent(
        request_id=ID, requester=town.requester, title=TITLE, language="sv", due=day(30).date()
    )  # fmt: skip
    if end == "entered" and day(0).minute % 2:
        return
    yield day(8), DirectiveSubmitted(request_id=ID, version=1, directive=directive)
    if end == "entered":
        return
    yield day(9), DirectiveAccepted(request_id=ID, version=1, leader=town.leader)
    yield day(10), DirectiveSigned(request_id=ID, version=1, signatory="orderer", person=town.requester)
    yield day(11), DirectiveSigned(request_id=ID, version=1, signatory="leader", person=town.leader)
    yield day(11), DirectiveApproved(request_id=ID, version=1, directive=directive)
    if end == "ranked":
        return
    yield day(13), PlanCommissioned(request_id=ID, leader=town.leader, directive_version=1)
    if end == "assigned" and day(0).minute % 2:
        return
    steps = tuple(
        PlanStep(
            number=number, text=f"Steg {number}", starts=day(20 * number).date(), ends=day(20 * number + 19).date()
        )
        for number in range(1, 9)
    )  # fmt: skip
    plan = Plan(summary=PROSE * 2, steps=steps, risks=(Risk(text="Leverantören är sen", likelihood=2, impact=3),))
    yield day(16), PlanWritten(request_id=ID, version=1, directive_version=1, plan=plan)
    if end == "assigned":
        return
    yield day(17), PlanAccepted(request_id=ID, version=1, party="it_team", person=town.pm)
    yield day(18), PlanAccepted(request_id=ID, version=1, party="business", person=town.requester)
    yield day(18), PlanAgreed(request_id=ID, version=1, directive_version=1)


def _carried_out(
    town: Town, kind: int, directive: Directive, day: Any, end: str, weeks: int
) -> Iterator[tuple[datetime, Event]]:
    cap = directive.cost.cap
    yield day(11, 1), FollowUpAgreed(
        request_id=ID, directive_version=1, cadence=directive.cadence, gates=directive.gates, budget=cap,
        orderer=directive.orderer, ends=directive.ends, delivery_period=directive.delivery_period,
    )  # fmt: skip
    yield day(12), Prioritised(request_id=ID, rank=RANK, by="pm", reason="Flera kommuner har nytta av den.")
    if end == "ranked":
        return
    group = (Member(person=town.pm, kind="it_team", role="Integrationer"),)
    yield day(13), Assigned(request_id=ID, leader=town.leader, group=group, directive_version=1)
    if end == "assigned":
        return
    yield day(14), ReleasePlanned(request_id=ID, period=directive.delivery_period or "2027H1")
    yield day(18), WorkStarted(request_id=ID, plan_version=1)
    last = weeks - 3 - (4 if end == "overdue" else 0)
    for number in range(1, last + 1):
        health = HEALTHS[(number // 3 + kind) % len(HEALTHS)]
        yield day(18 + 7 * number), StatusReported(
            request_id=ID, number=number, cadence="short" if number % 2 else "fixed", time=health, cost="green",
            result="green" if number % 5 else "yellow", progress=min(99, 100 * number // weeks),
            spent=cap.amount * number / weeks // 1, forecast=cap.amount * (95 + kind % 12) / 100 // 1,
            next_steps="Utbildning av handläggarna.",
        )  # fmt: skip
        if number % 13 == 0 and (gate := number // 13) <= len(directive.gates):
            key = directive.gates[gate - 1].key
            on = day(18 + 7 * number)
            yield on, GateDecided(request_id=ID, gate=key, outcome="passed", on=on.date())
    over = day(18 + 7 * (last + 1), 1)
    match end:
        case "completed":
            yield over, ProjectCompleted(request_id=ID, summary="Levererat.", spent=cap.amount * 97 / 100 // 1)
        case "overdue":
            yield over, StatusReportMissed(request_id=ID, cadence="short", due=over)
        case "postponed":
            yield over, ProjectPostponed(request_id=ID, until=directive.ends, reason="Leverantören är sen.")
        case "stopped":
            yield over, ProjectStopped(request_id=ID, reason="Behovet är borta.")
        case "limited":
            yield over, ProjectLimited(request_id=ID, scope="Utan app", reason="Budgeten.")
        case _:
            pass

"""A directive as somebody filled it in: read into values where it could be read, empty where it was left empty.

This lies between the form and the directive. It may have gaps and contradictions; `checks` finds them, each beside
the field it is in. Every row keeps its place in the form, so that a refusal can name "gates.2.on".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from contracts.refusal import Refusal
from contracts.values import (
    Cadence,
    Competence,
    Contact,
    CostCap,
    CostLine,
    Directive,
    EarlierDecision,
    Financing,
    Gate,
    Loan,
    Money,
    Person,
    Result,
    Section,
    TimeGoal,
)
from governance.domain.reading import Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledPerson:
    """A person as written: plain text, which is sealed before it goes into a fact."""

    name: str = ""
    email: str = ""
    phone: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.email or self.phone)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledContact:
    """A row of the contact table (TY-08)."""

    at: int
    role: str
    person: FilledPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledSection:
    """A sub-section of the background (TY-03)."""

    at: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledGate:
    """A decision point (TY-09)."""

    at: int
    key: str
    on: date | None
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledResult:
    """A result and its time goal (TY-11, TY-12)."""

    at: int
    number: int | None
    text: str
    due: TimeGoal | None
    alternative: str
    gate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledEarlier:
    """Funding decided before (TY-16)."""

    at: int
    decided_by: str
    on: date | None
    amount: Amount | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledLine:
    """Hours times rate (TY-18, TY-19)."""

    at: int
    kind: str
    purpose: str
    hours: Decimal | None
    rate: Amount | None

    @property
    def total(self) -> Decimal:
        """Hours × rate; 0 while either is missing."""
        return self.hours * self.rate.value if self.hours is not None and self.rate is not None else Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledCompetence:
    """A role, its competence and what it answers for (TY-07)."""

    at: int
    role: str
    competence: str
    responsibility: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledLoan:
    """People lent from another project (TY-22)."""

    at: int
    from_request: UUID | None
    who: str
    starts: date | None
    ends: date | None
    deciding_lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The whole form. `unreadable` are the refusals of what was written and could not be read."""

    title: str
    background: str
    sections: tuple[FilledSection, ...]
    predecessor: UUID | None
    orderer: FilledPerson
    leader: FilledPerson
    contacts: tuple[FilledContact, ...]
    gates: tuple[FilledGate, ...]
    goals: str
    requirements: str
    wishes: str
    results: tuple[FilledResult, ...]
    cap: Amount | None
    currency: str
    starts: date | None
    ends: date | None
    ranking: tuple[str, ...]
    short_days: int | None
    fixed_days: int | None
    earlier: tuple[FilledEarlier, ...]
    spent: Amount | None
    spent_as_of: date | None
    lines: tuple[FilledLine, ...]
    rough_plan: str
    competences: tuple[FilledCompetence, ...]
    loans: tuple[FilledLoan, ...]
    ends_on: date | None
    delivery_period: str
    unreadable: tuple[Refusal, ...] = ()

    @property
    def planned(self) -> Decimal:
        """The sum of the cost lines (TY-18)."""
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def remaining(self) -> Decimal | None:
        """Earlier funding less what is spent (TY-17); None until both are known."""
        if self.spent is None or not self.earlier:
            return None
        return sum((row.amount.value for row in self.earlier if row.amount), Decimal(0)) - self.spent.value

    def people(self) -> Iterator[tuple[str, FilledPerson]]:
        """Everybody the form names, by the place that names them; they are sealed before the directive is made."""
        yield "orderer", self.orderer
        if self.leader:
            yield "leader", self.leader
        for row in self.contacts:
            yield f"contacts.{row.at}", row.person

    def directive(self, people: Mapping[str, Person]) -> Directive:
        """The directive itself. Call it only when `checks` has found nothing to refuse."""
        return Directive(
            title=self.title,
            background=self.background,
            sections=tuple(Section(heading=row.heading, text=row.text) for row in self.sections),
            predecessor=self.predecessor,
            orderer=people["orderer"],
            leader=people.get("leader"),
            contacts=tuple(Contact(role=row.role, person=people[f"contacts.{row.at}"]) for row in self.contacts),
            gates=tuple(Gate(key=_known(row.key), on=_known(row.on), decision=row.decision) for row in self.gates),
            goals=self.goals,
            requirements=self.requirements,
            wishes=self.wishes,
            results=tuple(_result(row) for row in self.results),
            cost=CostCap(
                cap=Money(amount=_value(self.cap), currency=_known(self.currency)),
                starts=_known(self.starts),
                ends=_known(self.ends),
            ),
            ranking=_known(self.ranking),
            cadence=Cadence(short_days=_known(self.short_days), fixed_days=_known(self.fixed_days)),
            financing=self._financing(),
            rough_plan=self.rough_plan,
            competences=tuple(
                Competence(role=row.role, competence=row.competence, responsibility=row.responsibility)
                for row in self.competences
            ),
            loans=tuple(_loan(row) for row in self.loans),
            ends=self.ends_on,
            delivery_period=self.delivery_period or None,
        )

    def _financing(self) -> Financing:
        return Financing(
            earlier=tuple(
                EarlierDecision(decided_by=row.decided_by, on=_known(row.on), amount=_value(row.amount))
                for row in self.earlier
            ),
            spent=self.spent.value if self.spent else None,
            spent_as_of=self.spent_as_of,
            lines=tuple(
                CostLine(kind=_known(row.kind), purpose=row.purpose, hours=_known(row.hours), rate=_value(row.rate))
                for row in self.lines
            ),
        )


def _result(row: FilledResult) -> Result:
    return Result(
        number=_known(row.number),
        text=row.text,
        due=_known(row.due),
        alternative=row.alternative or None,
        gate=_known(row.gate) or None,
    )


def _loan(row: FilledLoan) -> Loan:
    return Loan(
        from_request=row.from_request,
        who=row.who,
        starts=_known(row.starts),
        ends=_known(row.ends),
        deciding_lead=row.deciding_lead,
    )


def _known(checked: object) -> Any:
    """What the checks have already found present and among the allowed words."""
    return cast("Any", checked)


def _value(amount: Amount | None) -> Decimal:
    assert amount is not None, "the checks let a missing amount through"
    return amount.value

"""Values that several facts hold: people, money, places in time, the directive and its parts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from contracts.event import value
from contracts.personal import Personal


def _aware(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a moment must say its offset from UTC")
    return moment


AwareDatetime = Annotated[datetime, AfterValidator(_aware)]
"""A moment with its offset from UTC; without one nobody knows which moment is meant."""
Text = Annotated[str, StringConstraints(max_length=20_000)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Municipality = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Currency = Literal["SEK", "DKK", "NOK", "EUR"]
Language = Literal["sv", "da", "nb", "en"]
Health = Literal["green", "yellow", "red"]
Goal = Literal["result", "time", "cost"]
Precision = Literal["day", "month"]
Origin = Literal["it_team", "business"]
MemberKind = Literal["it_team", "external_consultant", "business"]


@value
class Person:
    """A person as the flow knows them. The id is a pseudonym; the name and the ways to reach them are sealed."""

    id: UUID
    name: Personal
    email: Personal | None = None
    phone: Personal | None = None
    language: Language | None = None


@value
class TicketRef:
    """The ticket a request came from; kept for ever (IT-03)."""

    system: str
    external_id: str
    number: str | None = None
    url: str | None = None


@value
class Attachment:
    """A file that hangs on a ticket. It stays at its source; a fact only refers to it, and never holds its bytes.

    `key` names it among those of its request. `reference` is how its source knows it.
    """

    key: UUID
    name: Personal
    reference: Personal
    media_type: str | None = None
    size: Annotated[int, Field(ge=0)] | None = None
    """In bytes."""


@value
class Money:
    """An amount in one currency, in its main unit (kronor, not öre)."""

    amount: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2)]
    currency: Currency


@value
class CriterionMet:
    """A size criterion the PM looked at, and whether it spoke for a project (IT-06)."""

    key: str
    met: bool
    note: str = ""


@value
class Contact:
    """A row of the directive's contact table (TY-08); at least one is asked for."""

    role: Line
    person: Person


@value
class Gate:
    """A decision point BP1…BP4: when, and what is decided (TY-09)."""

    key: Literal["BP1", "BP2", "BP3", "BP4"]
    on: date
    decision: Line


@value
class TimeGoal:
    """When a result is due. Month precision is legal (TY-12): then `on` is the last day of that month."""

    on: date
    precision: Precision = "day"


@value
class Result:
    """A numbered result with its time goal, one to one (TY-11, TY-12). Alternatives are legal."""

    number: Annotated[int, Field(ge=1)]
    text: Text
    due: TimeGoal
    alternative: Text | None = None
    gate: Literal["BP1", "BP2", "BP3", "BP4"] | None = None


@value
class CostCap:
    """What the assignment may not exceed, over which period (TY-13)."""

    cap: Money
    starts: date
    ends: date


@value
class CostLine:
    """Hours times rate, of a kind and for a purpose (TY-18, TY-19)."""

    kind: Literal["internal", "external_consultant", "licence", "hardware", "other"]
    purpose: Line
    hours: Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=2)]
    rate: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]

    @property
    def total(self) -> Decimal:
        """Hours × rate, in the currency of the cap."""
        return self.hours * self.rate


@value
class EarlierDecision:
    """Funding that was decided before (TY-16)."""

    decided_by: Line
    on: date
    amount: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2)]


@value
class Financing:
    """Where the money comes from: earlier decisions, spent as of a date, cost lines (TY-16…TY-19)."""

    earlier: tuple[EarlierDecision, ...] = ()
    spent: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2)] | None = None
    spent_as_of: date | None = None
    lines: tuple[CostLine, ...] = ()

    @property
    def planned(self) -> Decimal:
        """The sum of the cost lines (TY-18)."""
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def remaining(self) -> Decimal | None:
        """Earlier decided funding less what is spent (TY-17), or None when nothing is said of either."""
        if self.spent is None:
            return None
        return sum((decision.amount for decision in self.earlier), Decimal(0)) - self.spent


@value
class Cadence:
    """How often the leader reports (TY-15): a short check-in and a fixed meeting, each every so many days."""

    short_days: Annotated[int, Field(ge=1, le=92)] = 7
    fixed_days: Annotated[int, Field(ge=1, le=184)] = 14


@value
class Loan:
    """People lent from one project to another for a period, keeping duties under a new lead (TY-22)."""

    from_request: UUID | None = None
    who: Line
    starts: date
    ends: date
    deciding_lead: Line


@value
class Competence:
    """A function or role the assignment needs, its competence and its area of responsibility (TY-07)."""

    role: Line
    competence: Text = ""
    responsibility: Text = ""


@value
class Section:
    """A free sub-section of the background (TY-03)."""

    heading: Line
    text: Text


@value
class Directive:
    """The assignment directive, complete: what the requester returns and the signatories approve (TY-01…TY-23)."""

    title: Line
    background: Text
    sections: tuple[Section, ...] = ()
    predecessor: UUID | None = None
    orderer: Person
    leader: Person | None = None
    contacts: tuple[Contact, ...]
    gates: tuple[Gate, ...]
    goals: Text = ""
    requirements: Text = ""
    wishes: Text = ""
    results: tuple[Result, ...]
    cost: CostCap
    ranking: tuple[Goal, ...] = ("result", "time", "cost")
    cadence: Cadence
    financing: Financing
    rough_plan: Text = ""
    competences: tuple[Competence, ...] = ()
    loans: tuple[Loan, ...] = ()
    ends: date | None = None
    delivery_period: str | None = None


@value
class Caution:
    """An inconsistency that is shown and does not stop anyone (TY-13, TY-21). `text` is an English key with params."""

    rule: str
    field: str
    text: str
    params: dict[str, str]


@value
class Remark:
    """What the PM asks to be mended, beside the field it concerns."""

    field: str
    text: Text


@value
class Member:
    """A member of the project group, of one of the three kinds (IT-17)."""

    person: Person
    kind: MemberKind
    role: Line
    organisation: str | None = None


@value
class Risk:
    """A risk as the leader sees it: how likely, how bad (1–5), what is done about it."""

    text: Line
    likelihood: Annotated[int, Field(ge=1, le=5)]
    impact: Annotated[int, Field(ge=1, le=5)]
    action: Text = ""


@value
class Criterion:
    """What candidates are scored against, and how much it weighs (IT-12, IT-14)."""

    key: str
    weight: Annotated[Decimal, Field(gt=0, le=100, max_digits=6, decimal_places=3)]
    names: dict[str, str]


@value
class Candidate:
    """A project put to a round, as the voters of every partner municipality see it."""

    request_id: UUID
    municipality: Municipality
    title: Line
    serves: tuple[Municipality, ...] = ()
    summary: Text = ""


@value
class Voter:
    """The seat of one municipality in a round: its IT manager."""

    municipality: Municipality


@value
class Standing:
    """How a candidate came out of a round: its rank, its weighted score, what each criterion gave.

    `favour` is what serving several municipalities added to its cooperation (IT-15), and is counted in `by_criterion`.
    `votes` is how many municipalities scored it.
    """

    request_id: UUID
    rank: Annotated[int, Field(ge=1)]
    score: Decimal | None
    by_criterion: dict[str, Decimal]
    tied_with: tuple[UUID, ...] = ()
    favour: Decimal = Decimal(0)
    votes: int = 0


@value
class Attendee:
    """Who sat at the CAB for a municipality, and for whom if they were a deputy."""

    person: Person
    municipality: Municipality
    role: Line
    present: bool
    deputy_for: Person | None = None


AgendaReason = Literal["new", "ranked", "red", "worsened", "overdue", "gate_due", "stopped", "postponed", "asked_for"]


@value
class AgendaItem:
    """A request on the agenda, and why it is there (IT-21)."""

    request_id: UUID
    municipality: Municipality
    title: Line
    reasons: tuple[AgendaReason, ...]


@value
class PlanStep:
    """A step of the project plan."""

    number: Annotated[int, Field(ge=1)]
    text: Line
    starts: date
    ends: date
    responsible: str = ""


@value
class Plan:
    """The project plan: the agreement between the IT team and the business (IT-18, IT-19)."""

    summary: Text
    steps: tuple[PlanStep, ...]
    resources: Text = ""
    risks: tuple[Risk, ...] = ()
    acceptance_terms: Text = ""

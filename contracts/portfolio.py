"""What portfolio says: a project's place among the others, who does it, and how it goes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.event import Event, fact
from contracts.personal import Personal
from contracts.topics import REQUEST, ROUND
from contracts.values import (
    AwareDatetime,
    Cadence,
    Candidate,
    Criterion,
    Gate,
    Health,
    Line,
    Loan,
    Member,
    Money,
    Municipality,
    Origin,
    Person,
    Risk,
    Standing,
    Text,
    TicketRef,
    Voter,
)

SOURCE = "/flode/portfolio"

Amount = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2)]
CadenceKind = Literal["short", "fixed"]


@fact("portfolio.entered", topic=REQUEST)
class EnteredPortfolio(Event):
    """A project stands in the portfolio: the list of what the IT team or the businesses wish to carry out (IT-08)."""

    request_id: UUID
    title: Line
    origin: Origin
    ticket: TicketRef
    requester: Person
    serves: tuple[Municipality, ...] = ()


@fact("portfolio.left", topic=REQUEST)
class LeftPortfolio(Event):
    """The request is no project any more: its judgement was taken back, or the ticket was withdrawn or merged."""

    request_id: UUID
    reason: Text
    into: UUID | None = None


@fact("portfolio.serves-changed", topic=REQUEST)
class ServesChanged(Event):
    """The project serves these municipalities; cooperation over municipal borders counts in its favour (IT-15)."""

    request_id: UUID
    serves: tuple[Municipality, ...]
    joined_with: UUID | None = None
    reason: Text


@fact("portfolio.follow-up-agreed", topic=REQUEST)
class FollowUpAgreed(Event):
    """The approved directive says how the project is followed: cadences, gates, budget (TY-09, TY-13, TY-15).

    `orderer` is who the results are promised to, besides the requester.
    """

    request_id: UUID
    directive_version: int
    cadence: Cadence
    gates: tuple[Gate, ...]
    budget: Money
    orderer: Person | None = None
    ends: date | None = None
    delivery_period: str | None = None


@fact("portfolio.prioritised", topic=REQUEST)
class Prioritised(Event):
    """The project has this rank in the portfolio and may be assigned (IT-16).

    Ranked by the PM alone, or by a round of the IT managers (IT-13).
    """

    request_id: UUID
    rank: Annotated[int, Field(ge=1)]
    by: Literal["pm", "round"]
    round_id: UUID | None = None
    score: Decimal | None = None
    reason: Text = ""


@fact("portfolio.release-planned", topic=REQUEST)
class ReleasePlanned(Event):
    """The project is planned for delivery in this half-year, "2027H1" (TY-23)."""

    request_id: UUID
    period: Annotated[str, Field(pattern=r"^\d{4}H[12]$")]


@fact("portfolio.assigned", topic=REQUEST)
class Assigned(Event):
    """The PM dealt the project out to a leader and a composed group (IT-16, IT-17).

    Said again when the group changes.
    """

    request_id: UUID
    leader: Person
    group: tuple[Member, ...]
    directive_version: int | None = None
    reason: Text = ""


@fact("portfolio.people-lent", topic=REQUEST)
class PeopleLent(Event):
    """People of this project are lent to another for a period, under a deciding lead (TY-22)."""

    request_id: UUID
    to_request: UUID
    loan: Loan


@fact("portfolio.work-started", topic=REQUEST)
class WorkStarted(Event):
    """The plan is agreed, and the project is carried out by it (IT-19, TY-23)."""

    request_id: UUID
    plan_version: int


@fact("portfolio.status-reported", topic=REQUEST, version=2)
class StatusReported(Event):
    """The leader reported how the project goes (IT-20): the health of time, cost and result, and what comes next.

    Version 1 had one health for all three goals.
    """

    request_id: UUID
    number: int
    cadence: CadenceKind
    time: Health
    cost: Health
    result: Health
    progress: Annotated[int, Field(ge=0, le=100)]
    spent: Amount
    forecast: Amount
    risks: tuple[Risk, ...] = ()
    next_steps: Text = ""
    summary: Text = ""


@fact("portfolio.status-report-missed", topic=REQUEST)
class StatusReportMissed(Event):
    """A report was due by the directive's cadence and had not come (IT-20, TY-15)."""

    request_id: UUID
    cadence: CadenceKind
    due: AwareDatetime


@fact("portfolio.gate-decided", topic=REQUEST)
class GateDecided(Event):
    """A gate was passed, or held: what was decided at BP1…BP4, on which day (TY-09)."""

    request_id: UUID
    gate: Literal["BP1", "BP2", "BP3", "BP4"]
    outcome: Literal["passed", "held"]
    on: date
    note: Text = ""


@fact("portfolio.dialogue-held", topic=REQUEST)
class DialogueHeld(Event):
    """The leader spoke with the orderers of how the project proceeds (IT-22)."""

    request_id: UUID
    with_whom: Person
    note: Personal


@fact("portfolio.project-postponed", topic=REQUEST)
class ProjectPostponed(Event):
    """The project is put off; those who were promised its results are told (TY-04)."""

    request_id: UUID
    until: date | None = None
    reason: Text
    promised_to: tuple[Person, ...] = ()


@fact("portfolio.project-limited", topic=REQUEST)
class ProjectLimited(Event):
    """The project goes on with less than was promised; those who were promised the rest are told (TY-04)."""

    request_id: UUID
    scope: Text
    reason: Text
    promised_to: tuple[Person, ...] = ()


@fact("portfolio.project-stopped", topic=REQUEST)
class ProjectStopped(Event):
    """The project is stopped altogether; those who were promised its results are told (TY-04)."""

    request_id: UUID
    reason: Text
    promised_to: tuple[Person, ...] = ()


@fact("portfolio.project-resumed", topic=REQUEST)
class ProjectResumed(Event):
    """A postponed, limited or stopped project goes on."""

    request_id: UUID
    reason: Text
    promised_to: tuple[Person, ...] = ()


@fact("portfolio.project-completed", topic=REQUEST)
class ProjectCompleted(Event):
    """The project delivered what its directive asked for and is closed."""

    request_id: UUID
    summary: Text
    spent: Amount


# --- the prioritisation round (IT-12…IT-15) ---


@fact("portfolio.round-opened", topic=ROUND)
class RoundOpened(Event):
    """The PM asked the IT managers of all partner municipalities to score these candidates (IT-13)."""

    round_id: UUID
    title: Line
    criteria: tuple[Criterion, ...]
    candidates: tuple[Candidate, ...]
    voters: tuple[Voter, ...]
    deadline: AwareDatetime


@fact("portfolio.scores-given", topic=ROUND)
class ScoresGiven(Event):
    """A municipality's vote: a score 1–5 per candidate and criterion. A candidate left out is an abstention.

    `deputy_for` is set when a deputy acted for the manager, and shows for ever. A municipality votes once; to change
    its vote before the round closes it withdraws the first.
    """

    round_id: UUID
    municipality: Municipality
    voter: Person
    deputy_for: Person | None = None
    as_deputy: bool = False
    scores: dict[str, dict[str, Annotated[int, Field(ge=1, le=5)]]]
    abstained: bool = False


@fact("portfolio.scores-withdrawn", topic=ROUND)
class ScoresWithdrawn(Event):
    """A municipality took its vote back before the round closed, in order to give another."""

    round_id: UUID
    municipality: Municipality
    voter: Person


@fact("portfolio.round-closed", topic=ROUND)
class RoundClosed(Event):
    """The PM closed the round; these are the ranks it gave, ties and abstentions included."""

    round_id: UUID
    standings: tuple[Standing, ...]
    abstained: tuple[Municipality, ...] = ()
    missing: tuple[Municipality, ...] = ()


@fact("portfolio.round-cancelled", topic=ROUND)
class RoundCancelled(Event):
    """The PM called the round off; no rank came of it."""

    round_id: UUID
    reason: Text


ProjectFact = (
    EnteredPortfolio
    | LeftPortfolio
    | ServesChanged
    | FollowUpAgreed
    | Prioritised
    | ReleasePlanned
    | Assigned
    | PeopleLent
    | WorkStarted
    | StatusReported
    | StatusReportMissed
    | GateDecided
    | DialogueHeld
    | ProjectPostponed
    | ProjectLimited
    | ProjectStopped
    | ProjectResumed
    | ProjectCompleted
)
RoundFact = RoundOpened | ScoresGiven | ScoresWithdrawn | RoundClosed | RoundCancelled

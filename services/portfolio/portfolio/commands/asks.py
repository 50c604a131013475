"""What is asked for, as it comes in JSON or in a form. Shapes only: what is allowed, the domain says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.portfolio import Amount, CadenceKind
from contracts.values import AwareDatetime, Health, Language, Line, MemberKind, Municipality, Risk, Text
from portfolio.domain.followup import GateKey


class Asks(BaseModel):
    """Base of what is asked for. What is not known is refused rather than passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Somebody(Asks):
    """A person, by name and address."""

    name: Line
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=255)]
    language: Language | None = None
    municipality: Municipality | None = None


class GroupMember(Somebody):
    """A member of a project group (IT-17)."""

    kind: MemberKind
    role: Line
    organisation: str | None = None


class Rank(Asks):
    """A rank given by the PM alone (IT-12)."""

    rank: int
    reason: Text = ""


class Serves(Asks):
    """The municipalities a project serves (IT-15)."""

    serves: tuple[Municipality, ...]
    reason: Text = ""


class Join(Asks):
    """A like request that is to become part of this project (IT-15)."""

    other: UUID
    reason: Text = ""


class Release(Asks):
    """A half-year to deliver in (TY-23)."""

    period: str


class Assignment(Asks):
    """Who does the project (IT-16, IT-17)."""

    leader: Somebody
    leader_kind: MemberKind = "it_team"
    leader_role: Line | None = None
    group: tuple[GroupMember, ...] = ()
    reason: Text = ""


class Lending(Asks):
    """People lent to another project (TY-22). Say roles or numbers, no names."""

    to: UUID
    who: Line
    starts: date
    ends: date
    deciding_lead: Line


class StatusReport(Asks):
    """How the project goes, as its leader sees it (IT-20)."""

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


class AtGate(Asks):
    """What was decided at a gate (TY-09); today, unless another day is said."""

    gate: GateKey
    outcome: Literal["passed", "held"]
    on: date | None = None
    note: Text = ""


class Dialogue(Asks):
    """A talk with an orderer (IT-22); the directive's, unless another is named."""

    with_whom: Somebody | None = None
    note: Line


class Turn(Asks):
    """A turn of the project's life, why, and who else was promised something (TY-04)."""

    reason: Text = ""
    promised_to: tuple[Somebody, ...] = ()


class Postponement(Turn):
    """Put off until a day, or until further notice (TY-04)."""

    until: date | None = None


class Limitation(Turn):
    """What remains of the project (TY-04)."""

    scope: Text = ""


class Completion(Asks):
    """What was delivered, and what it cost in all (TY-04)."""

    summary: Text = ""
    spent: Amount


class Ranking(Asks):
    """Ranks of several projects, given by the PM alone (IT-12)."""

    ranks: dict[UUID, int]
    reason: Text = ""


class Opening(Asks):
    """A prioritisation round to be opened (IT-13). Without candidates, all projects that wait for a leader stand."""

    title: Line
    deadline: AwareDatetime
    candidates: tuple[UUID, ...] | None = None
    weights: dict[str, Annotated[Decimal, Field(gt=0, le=100, max_digits=6, decimal_places=3)]] = {}
    """For criteria that weigh otherwise in this round than in the partnership's settings (IT-12)."""


class Vote(Asks):
    """A municipality's scores, 1 to 5, per candidate and criterion (IT-13); a candidate left out is an abstention."""

    scores: dict[UUID, dict[str, int]] = {}
    abstained: bool = False
    deputy_for: Somebody | None = None
    """The manager a deputy acts for, when the deputy says so."""


class Cancelling(Asks):
    """Why a round is called off (IT-13)."""

    reason: Text = ""

"""Which plans are to be written, accepted, agreed? (IT-18, IT-19)

One row per request, from the day its directive is sent; to change `PlanRow`, raise `version`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from chassis.db import Database
from chassis.views import Page, Row, Stretch, View
from contracts.envelope import Envelope
from contracts.governance import (
    AgreementFact,
    DirectiveApproved,
    DirectiveClosed,
    DirectiveSent,
    PlanAccepted,
    PlanAgreed,
    PlanCommissioned,
    PlanWritten,
)
from contracts.topics import REQUEST
from contracts.values import Person, Plan

PlanState = Literal["none", "commissioned", "written", "agreed", "closed"]


class PlanVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the plan, the directive it derives from, and who has accepted it."""

    number: int
    written_at: datetime
    directive_version: int
    plan: Plan
    it_team: Person | None = None
    """Who accepted for the IT team."""
    it_team_at: datetime | None = None
    business: Person | None = None
    """Who accepted for the business."""
    business_at: datetime | None = None
    agreed_at: datetime | None = None


class PlanRow(Row, frozen=True, kw_only=True):
    """The plan of a request."""

    request_id: UUID
    municipality: str
    title: str
    state: PlanState
    changed_at: datetime
    stream_version: int
    leader: Person | None = None
    leader_id: UUID | None = None
    directive_version: int | None = None
    """The version of the directive that bound when the plan was commissioned."""
    approved: tuple[int, ...] = ()
    """The versions of the directive a plan may be written from."""
    orderers: dict[int, UUID] = {}
    """Who accepts for the business, by the version of the directive."""
    versions: tuple[PlanVersion, ...] = ()
    agreed_version: int | None = None

    @property
    def standing(self) -> PlanVersion | None:
        """The last version written."""
        return self.versions[-1] if self.versions else None

    @property
    def orderer_id(self) -> UUID | None:
        """Who accepts the standing version for the business."""
        return self.orderers.get(self.standing.directive_version) if self.standing else None


def evolve(row: PlanRow | None, event: Envelope[AgreementFact]) -> PlanRow:
    """Fold one fact."""
    fact, at = event.data, event.time
    if row is None:
        assert isinstance(fact, DirectiveSent), f"{fact.type} before a directive was sent"
        return PlanRow(
            request_id=fact.request_id,
            municipality=event.municipality,
            title=fact.title,
            state="none",
            changed_at=at,
            stream_version=event.version,
        )
    row = row.replace(stream_version=event.version)
    match fact:
        case DirectiveApproved(version=version, directive=directive):
            return row.replace(
                title=directive.title,
                approved=(*row.approved, version),
                orderers={**row.orderers, version: directive.orderer.id},
            )
        case DirectiveClosed():
            return row.replace(state="closed", changed_at=at)
        case DirectiveSent():
            return row.replace(state=_state(row), changed_at=at)
        case PlanCommissioned(leader=leader, directive_version=version):
            state: PlanState = "commissioned" if row.state == "none" else row.state
            return row.replace(
                state=state, leader=leader, leader_id=leader.id, directive_version=version, changed_at=at
            )
        case PlanWritten(version=version, directive_version=directive_version, plan=plan):
            written = PlanVersion(number=version, written_at=at, directive_version=directive_version, plan=plan)
            return row.replace(state="written", versions=(*row.versions, written), changed_at=at)
        case PlanAccepted(party=party, person=person):
            return _of_version(row, **{party: person, f"{party}_at": at}).replace(changed_at=at)
        case PlanAgreed(version=version):
            return _of_version(row, agreed_at=at).replace(state="agreed", agreed_version=version, changed_at=at)
        case _:
            return row


def _state(row: PlanRow) -> PlanState:
    """Where the plan stood before its directive was closed and sent again."""
    if row.standing is None:
        return "none" if row.leader is None else "commissioned"
    return "agreed" if row.standing.agreed_at else "written"


def _of_version(row: PlanRow, **changes: object) -> PlanRow:
    *before, last = row.versions
    return row.replace(versions=(*before, msgspec.structs.replace(last, **changes)))


AGREED_LAST = "(state = 'agreed'), changed_at DESC, request_id"

view = View(
    "plans",
    version=1,
    row=PlanRow,
    facts=AgreementFact,
    topics=(REQUEST,),
    evolve=evolve,
    indexes=("state", AGREED_LAST, "leader_id"),
    private=frozenset({"draft", "question", "answer"}),  # of the directive, whose facts it reads as well
)


COMMISSIONED = "leader_id IS NOT NULL AND state <> 'closed'"


async def commissioned_ones(
    db: Database, *, scope: Iterable[str], limit: int, mark: str | None = None
) -> Stretch[PlanRow]:
    """The plans somebody was asked for, those not yet agreed first; some of them, from a mark on. Raises NoMark."""
    return await view.stretch(db, COMMISSIONED, order=AGREED_LAST, scope=scope, limit=limit, mark=mark)


async def page_of(db: Database, *, scope: Iterable[str], number: int) -> Page[PlanRow]:
    """The same, page by page."""
    return await view.page(db, COMMISSIONED, order=AGREED_LAST, scope=scope, number=number)


async def of_leader(db: Database, leader: UUID, *, scope: Iterable[str]) -> list[PlanRow]:
    """The plans a leader still has to write, or that wait to be accepted, in whatever municipality."""
    return await view.select(db, "leader_id = $1 AND state IN ('commissioned', 'written')", leader, scope=scope)


async def to_accept(
    db: Database, person: UUID, *, pm_of: Iterable[str], scope: Iterable[str], limit: int = 20
) -> list[PlanRow]:
    """The plans that wait for this person to accept them: as the orderer, or as the PM of these municipalities; the
    longest waiting first."""
    standing = "versions -> -1"
    return await view.select(
        db,
        f"state = 'written' AND (({standing} ->> 'it_team_at' IS NULL AND municipality = ANY($2::text[])) OR "
        f"({standing} ->> 'business_at' IS NULL AND orderers ->> ({standing} ->> 'directive_version') = $1)) "
        "ORDER BY changed_at",
        str(person), list(pm_of),
        scope=scope,
        limit=limit,
    )  # fmt: skip

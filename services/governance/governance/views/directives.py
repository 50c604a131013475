"""Where does each directive stand, who has the ball, and what was said and signed of each version?

This is where IT-10, IT-11, TY-01 and TY-06 are seen.

One row per request, folded from governance's own facts and nothing else; to change `DirectiveRow`, raise `version`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from chassis.db import Database
from chassis.views import Page, Row, Stretch, View
from contracts.envelope import Envelope
from contracts.governance import (
    AgreementFact,
    CabDecided,
    DirectiveAccepted,
    DirectiveApproved,
    DirectiveClosed,
    DirectiveDraftSaved,
    DirectiveHelpGiven,
    DirectiveHelpRequested,
    DirectiveReminded,
    DirectiveReopened,
    DirectiveSent,
    DirectiveSentBack,
    DirectiveSigned,
    DirectiveSubmitted,
    PlanAccepted,
    PlanAgreed,
    PlanCommissioned,
    PlanWritten,
)
from contracts.topics import REQUEST
from contracts.values import Caution, Directive, Person, Remark
from governance.domain.directive import HOLDER, DirectiveFact, Holder, Stage
from governance.domain.form import section_of


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the directive, as it was returned, and what became of it."""

    number: int
    returned_at: datetime
    directive: Directive
    warnings: tuple[Caution, ...] = ()
    remarks: tuple[Remark, ...] = ()
    sent_back_at: datetime | None = None
    accepted_at: datetime | None = None
    leader: Person | None = None
    """The leader signatory, once the PM named them."""
    note: str = ""
    orderer_signed_at: datetime | None = None
    leader_signed_at: datetime | None = None
    approved_at: datetime | None = None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A question of the requester, or what the PM said (IT-11). The text is sealed."""

    at: datetime
    by: Literal["requester", "pm"]
    text: str
    field: str | None = None


def asked_at(said: Sequence[Said]) -> str:
    """Where in the form the requester asked last, as the end of its address: the section, or below them all."""
    asked = [each.field for each in said if each.by == "requester"]
    return f"#s-{section_of(asked[-1]) if asked and asked[-1] else 'said'}"


class DirectiveRow(Row, frozen=True, kw_only=True):
    """A directive with its whole course."""

    request_id: UUID
    municipality: str
    title: str
    requester: Person
    stage: Stage
    with_whom: Holder
    """Who has the ball."""
    due: date
    sent_at: datetime
    changed_at: datetime
    stream_version: int
    """The version of governance's stream of this request; its ETag."""
    version: int = 0
    versions: tuple[Version, ...] = ()
    approved_version: int | None = None
    orderer_id: UUID | None = None
    leader_id: UUID | None = None
    draft: str | None = None
    """The form as it was last saved, sealed; None when nothing was saved since the last return."""
    draft_by: Literal["requester", "pm"] | None = None
    draft_at: datetime | None = None
    said: tuple[Said, ...] = ()
    help_wanted: bool = False
    reminders: int = 0
    reason: str = ""
    """Why it was reopened or closed."""

    @property
    def standing(self) -> Version | None:
        """The last version returned."""
        return self.versions[-1] if self.versions else None


def evolve(row: DirectiveRow | None, event: Envelope[AgreementFact]) -> DirectiveRow:
    """Fold one fact."""
    fact = event.data
    if isinstance(fact, DirectiveSent):
        return _sent(row, fact, event)
    assert row is not None, f"{fact.type} before a directive was sent"
    row = row.replace(stream_version=event.version)
    if isinstance(fact, PlanCommissioned | PlanWritten | PlanAccepted | PlanAgreed | CabDecided):
        return row
    row = _evolve(row, fact, event.time)
    return row.replace(with_whom=HOLDER[row.stage], changed_at=event.time)


def _evolve(row: DirectiveRow, fact: DirectiveFact, at: datetime) -> DirectiveRow:
    match fact:
        case DirectiveDraftSaved(draft=draft, by=by):
            return row.replace(stage="in_progress", draft=draft, draft_by=by, draft_at=at)
        case DirectiveHelpRequested() | DirectiveHelpGiven():
            return _heard(row, fact, at)
        case DirectiveReminded(times=times):
            return row.replace(reminders=times)
        case DirectiveSubmitted():
            return _returned(row, fact, at)
        case DirectiveSentBack(remarks=remarks, due=due):
            row = _of_version(row, remarks=remarks, sent_back_at=at, orderer_signed_at=None, leader_signed_at=None)
            return row.replace(stage="sent_back", due=due or row.due, reminders=0, leader_id=None)
        case DirectiveAccepted(leader=leader, note=note):
            row = _of_version(row, accepted_at=at, leader=leader, note=note)
            return row.replace(stage="accepted", leader_id=leader.id)
        case DirectiveSigned(signatory=signatory):
            return _of_version(row, **{f"{signatory}_signed_at": at})
        case DirectiveApproved(version=version, directive=directive):
            row = _of_version(row, approved_at=at, directive=directive)
            return row.replace(stage="approved", approved_version=version)
        case DirectiveReopened(reason=reason, due=due):
            return row.replace(stage="reopened", reason=reason, due=due or row.due, reminders=0, draft=None)
        case DirectiveClosed(reason=reason):
            return row.replace(stage="closed", reason=reason)
        case DirectiveSent():
            raise AssertionError("a directive that is sent begins a row")


def _sent(row: DirectiveRow | None, fact: DirectiveSent, event: Envelope[AgreementFact]) -> DirectiveRow:
    fresh = DirectiveRow(
        request_id=fact.request_id,
        municipality=event.municipality,
        title=fact.title,
        requester=fact.requester,
        stage="sent",
        with_whom=HOLDER["sent"],
        due=fact.due,
        sent_at=event.time,
        changed_at=event.time,
        stream_version=event.version,
    )
    if row is None:
        return fresh
    # Sent again after it was closed: what was agreed before stays to be seen.
    return fresh.replace(
        version=row.version, versions=row.versions, approved_version=row.approved_version, said=row.said
    )


def _heard(row: DirectiveRow, fact: DirectiveHelpRequested | DirectiveHelpGiven, at: datetime) -> DirectiveRow:
    if isinstance(fact, DirectiveHelpRequested):
        asked = Said(at=at, by="requester", text=fact.question, field=fact.field)
        return row.replace(said=(*row.said, asked), help_wanted=True)
    return row.replace(said=(*row.said, Said(at=at, by="pm", text=fact.answer)), help_wanted=False)


def _returned(row: DirectiveRow, fact: DirectiveSubmitted, at: datetime) -> DirectiveRow:
    version = Version(number=fact.version, returned_at=at, directive=fact.directive, warnings=fact.warnings)
    return row.replace(
        stage="returned",
        title=fact.directive.title,
        version=fact.version,
        versions=(*row.versions, version),
        orderer_id=fact.directive.orderer.id,
        leader_id=None,
        draft=None,
        draft_by=None,
        draft_at=None,
        help_wanted=False,
        reminders=0,
        reason="",
    )


def _of_version(row: DirectiveRow, **changes: object) -> DirectiveRow:
    """The row with the version that stands changed."""
    *before, last = row.versions
    return row.replace(versions=(*before, msgspec.structs.replace(last, **changes)))


view = View(
    "directives",
    version=1,
    row=DirectiveRow,
    facts=AgreementFact,
    topics=(REQUEST,),
    evolve=evolve,
    indexes=("with_whom, due", "(with_whom <> 'nobody'), due, request_id", "orderer_id", "leader_id"),
    # The form while it is being filled in, and what is asked and answered about it: the requester's and the PM's alone.
    private=frozenset({"draft", "said", "question", "answer"}),
)


OPEN, SETTLED = "with_whom <> 'nobody'", "with_whom = 'nobody'"
DUE_FIRST = "due, request_id"


async def open_ones(
    db: Database, *, scope: Iterable[str], limit: int, mark: str | None = None
) -> Stretch[DirectiveRow]:
    """The directives somebody still has to do something with, those due first first; some of them, from a mark on.
    Raises NoMark."""
    return await view.stretch(db, OPEN, order=DUE_FIRST, scope=scope, limit=limit, mark=mark)


async def settled_ones(
    db: Database, *, scope: Iterable[str], limit: int, mark: str | None = None
) -> Stretch[DirectiveRow]:
    """The approved and the closed, the latest first; some of them, from a mark on. Raises NoMark."""
    return await view.stretch(db, SETTLED, order=view.latest_first, scope=scope, limit=limit, mark=mark)


async def page_of(db: Database, *, open_ones: bool, scope: Iterable[str], number: int) -> Page[DirectiveRow]:
    """The same two lists, page by page: those somebody has to do something with, or the approved and closed."""
    if open_ones:
        return await view.page(db, OPEN, order=DUE_FIRST, scope=scope, number=number)
    return await view.page(db, SETTLED, order=view.latest_first, scope=scope, number=number)


async def waiting_for_the_pm(db: Database, *, scope: Iterable[str], number: int = 1) -> Page[DirectiveRow]:
    """Those the PM has to look at, and those whose requester asked for help (IT-11); those due first first."""
    where = f"{OPEN} AND (with_whom = 'pm' OR (with_whom = 'requester' AND help_wanted))"
    return await view.page(db, where, order=DUE_FIRST, scope=scope, number=number)


OF_PERSON = "((requester ->> 'id')::uuid = $1 OR orderer_id = $1 OR leader_id = $1)"


async def of_person(db: Database, person: UUID, *, scope: Iterable[str]) -> list[DirectiveRow]:
    """Those a person asked for or signs, in whatever municipality: they are the person's own affairs."""
    return await view.select(db, f"{OF_PERSON} ORDER BY changed_at DESC", person, scope=scope)


async def theirs(
    db: Database, person: UUID, *, scope: Iterable[str], limit: int, mark: str | None = None
) -> Stretch[DirectiveRow]:
    """The same, some of them, from a mark on. Raises NoMark."""
    return await view.stretch(db, OF_PERSON, person, order=view.latest_first, scope=scope, limit=limit, mark=mark)


async def overdue(db: Database, today: date, *, scope: Iterable[str]) -> list[DirectiveRow]:
    """Those whose day has passed while the requester has them (IT-10)."""
    return await view.select(db, "with_whom = 'requester' AND due < $1 ORDER BY due", today, scope=scope)

"""What do we know of each request? Its ticket, its text now and as it was judged, the judgement, what became of it.

A fold over the log and nothing else, so it can be dropped and replayed; to change `RequestRow`, raise `version`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

import msgspec

from chassis.db import Database
from chassis.views import Page, Row, Stretch, View
from contracts.envelope import Envelope
from contracts.intake import (
    ClassificationWithdrawn,
    ClassifiedAsChange,
    ClassifiedAsProject,
    IntakeFact,
    RequestChanged,
    RequestMerged,
    RequestRegistered,
    RequestReopened,
    RequestWithdrawn,
)
from contracts.topics import REQUEST
from contracts.values import Attachment, TicketRef
from intake.domain import likeness

State = Literal["waiting", "project", "change", "withdrawn", "merged"]


class Ticket(msgspec.Struct, frozen=True):
    """The reference that stays with the request for ever (IT-03)."""

    system: str
    external_id: str
    number: str | None = None
    url: str | None = None

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.number or self.external_id


class File(msgspec.Struct, frozen=True):
    """A file that hangs on the ticket. It stays at its source, which knows it by `reference`; `size` is in bytes."""

    key: UUID
    name: str
    reference: str
    media_type: str | None
    size: int | None


class Answer(msgspec.Struct, frozen=True):
    """A size criterion, and whether it spoke for a project (IT-06)."""

    key: str
    met: bool
    note: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The PM's judgement: who, when, why, by what criteria (IT-05, IT-06), and of which text."""

    outcome: Literal["project", "change"]
    reason: str
    criteria: tuple[Answer, ...]
    by: str
    by_name: str | None
    at: datetime
    title: str
    description: str | None
    """The text as it was judged; it stays as it is, whatever the ticket becomes."""
    attachments: tuple[File, ...] = ()
    """The files that hung on it then."""


class RequestRow(Row, frozen=True, kw_only=True):
    """A request. Names, addresses and descriptions are sealed tokens."""

    request_id: UUID
    municipality: str
    state: State
    ticket: Ticket
    title: str
    description: str | None
    description_html: str | None = None
    """The description with its markup, sanitised, where it has some."""
    attachments: tuple[File, ...] = ()
    requester: UUID
    requester_name: str
    requester_email: str | None
    organisation: str | None
    origin: Literal["it_team", "business"]
    serves: tuple[str, ...]
    priority: int | None
    opened_at: datetime
    registered_at: datetime
    edits: int = 0
    """How often its text was changed at the source."""
    judgement: Judgement | None = None
    withdrawn: Literal["left_flow", "closed", "deleted", "withdrawn"] | None = None
    note: str = ""
    """What the source said when it withdrew the ticket."""
    merged_into: UUID | None = None
    merged_into_ticket: Ticket | None = None
    version: int
    changed_at: datetime

    @property
    def differs_from_what_was_judged(self) -> bool:
        """Whether the ticket's text was changed after the judgement."""
        judged = self.judgement
        if judged is None:
            return False
        then = judged.title, judged.description, set(judged.attachments)
        return then != (self.title, self.description, set(self.attachments))


def evolve(row: RequestRow | None, event: Envelope[IntakeFact]) -> RequestRow:
    """Fold one fact."""
    fact = event.data
    if isinstance(fact, RequestRegistered):
        return _registered(fact, event)
    assert row is not None, f"{fact.type} before the request was registered"
    row = row.replace(version=event.version, changed_at=event.time)
    match fact:
        case RequestChanged():
            return row.replace(
                title=fact.title,
                description=fact.description,
                description_html=fact.description_html,
                attachments=_files(fact.attachments),
                ticket=_ticket(fact.ticket) if fact.ticket else row.ticket,
                priority=fact.priority,
                edits=row.edits + 1,
            )
        case RequestWithdrawn():
            return row.replace(state="withdrawn", withdrawn=fact.reason, note=fact.note)
        case RequestMerged():
            into = _ticket(fact.into_ticket)
            return row.replace(state="merged", merged_into=fact.into, merged_into_ticket=into)
        case RequestReopened():
            return row.replace(
                state="waiting", judgement=None, withdrawn=None, note="", merged_into=None, merged_into_ticket=None
            )
        case ClassifiedAsProject():
            return row.replace(state="project", judgement=_judgement(row, "project", fact, event))
        case ClassifiedAsChange():
            return row.replace(state="change", judgement=_judgement(row, "change", fact, event))
        case ClassificationWithdrawn():
            return row.replace(state="waiting", judgement=None)
        case _:
            assert_never(fact)


def _registered(fact: RequestRegistered, event: Envelope[IntakeFact]) -> RequestRow:
    return RequestRow(
        request_id=fact.request_id,
        municipality=event.municipality,
        state="waiting",
        ticket=_ticket(fact.ticket),
        title=fact.title,
        description=fact.description,
        description_html=fact.description_html,
        attachments=_files(fact.attachments),
        requester=fact.requester.id,
        requester_name=fact.requester.name,
        requester_email=fact.requester.email,
        organisation=fact.organisation,
        origin=fact.origin,
        serves=fact.serves,
        priority=fact.priority,
        opened_at=fact.opened_at,
        registered_at=event.time,
        version=event.version,
        changed_at=event.time,
    )


def _ticket(ref: TicketRef) -> Ticket:
    return Ticket(ref.system, ref.external_id, ref.number, ref.url)


def _files(hung: tuple[Attachment, ...]) -> tuple[File, ...]:
    return tuple(File(one.key, one.name, one.reference, one.media_type, one.size) for one in hung)


def _judgement(
    row: RequestRow,
    outcome: Literal["project", "change"],
    fact: ClassifiedAsProject | ClassifiedAsChange,
    event: Envelope[IntakeFact],
) -> Judgement:
    return Judgement(
        outcome=outcome,
        reason=fact.reason,
        criteria=tuple(Answer(one.key, one.met, one.note) for one in fact.criteria),
        by=event.actor,
        by_name=event.actor_name,
        at=event.time,
        title=row.title,
        description=row.description,
        attachments=row.attachments,
    )


NEWEST_FIRST = "opened_at DESC, request_id"

view = View(
    "requests",
    version=2,
    row=RequestRow,
    facts=IntakeFact,
    topics=(REQUEST,),
    evolve=evolve,
    indexes=("requester", NEWEST_FIRST, f"state, {NEWEST_FIRST}"),
)


async def newest_first(
    db: Database, *, scope: Iterable[str], state: State | None = None, limit: int, mark: str | None = None
) -> Stretch[RequestRow]:
    """The requests of these municipalities, of one state or of all, the latest opened first; some of them, from a mark
    on. Raises NoMark."""
    where, asked = ("true", ()) if state is None else ("state = $1", (state,))
    return await view.stretch(db, where, *asked, order=NEWEST_FIRST, scope=scope, limit=limit, mark=mark)


async def page_of(db: Database, *, scope: Iterable[str], number: int, state: State | None = None) -> Page[RequestRow]:
    """The same, page by page, however many there are."""
    if state is None:
        return await view.page(db, order=NEWEST_FIRST, scope=scope, number=number)
    return await view.page(db, "state = $1", state, order=NEWEST_FIRST, scope=scope, number=number)


async def asked_by(
    db: Database, person: UUID, *, scope: Iterable[str], limit: int, mark: str | None = None
) -> Stretch[RequestRow]:
    """What one person asked for, the latest first; some of it, from a mark on. Raises NoMark."""
    return await view.stretch(
        db, "requester = $1", person, order=NEWEST_FIRST, scope=scope, limit=limit, mark=mark
    )  # fmt: skip


class Like(msgspec.Struct, frozen=True):
    """A request that asks for much the same as another."""

    request_id: UUID
    title: str
    municipality: str
    state: State
    opened_at: datetime


COMPARED = 1000
"""With how many a request is compared: those that were opened last."""


async def like(db: Database, row: RequestRow, *, scope: Iterable[str]) -> list[Like]:
    """The requests in these municipalities that wait or are projects and ask for much the same, the likest first
    (IT-15)."""
    found = await view.query(
        db,
        "SELECT request_id, title, municipality, state, opened_at FROM {table} WHERE request_id <> $1 "
        "AND state IN ('waiting', 'project') ORDER BY opened_at DESC LIMIT $2",
        row.request_id,
        COMPARED,
        scope=scope,
    )
    others = {each["request_id"]: Like(**each) for each in found}
    return [others[key] for key, _ in likeness.like(row.title, {key: other.title for key, other in others.items()})]


_UNHEARD = """
SELECT r.request_id, r.ticket ->> 'external_id' AS external_id FROM {table} r
WHERE r.municipality = $1 AND r.ticket ->> 'system' = $2 AND r.state IN ('waiting', 'project') AND r.request_id > $5
    AND EXISTS (SELECT FROM deliveries d WHERE d.request_id = r.request_id AND d.hook = $3)
    AND NOT EXISTS (SELECT FROM deliveries d WHERE d.request_id = r.request_id AND d.received_at > $4)
ORDER BY r.request_id LIMIT $6
"""


async def unheard(
    db: Database, municipality: str, system: str, hook: str, *, since: datetime, after: UUID, limit: int
) -> list[tuple[UUID, str]]:
    """Open requests of a desk, with the ids of their tickets, of which nothing came since a moment; those whose ids
    come after one, in order. A ticket that was only typed in is not among them: its id is what somebody wrote."""
    rows = await view.query(db, _UNHEARD, municipality, system, hook, since, after, limit, scope=(municipality,))
    return [(row["request_id"], row["external_id"]) for row in rows]

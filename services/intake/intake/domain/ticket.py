"""A ticket, as its source reports it, and the request it is about.

A source sends snapshots, not changes: late, twice, out of order, rebuilt between two tries. What it says of one
ticket is ordered by the source's own count or clock alone, never by ours (P13).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from contracts.personal import Personal
from contracts.values import Attachment, Origin, Person, TicketRef

REQUESTS = UUID("3a0b6f0e-7d0f-5d8b-9a57-64f3f2a0c1d8")
"""The namespace of request ids. It never changes: a ticket must find its own request for ever (IT-03)."""

DELIVERIES = UUID("b6a9f9c2-38a1-5a35-8c57-0d9b7f3e21aa")
"""The namespace of the command ids that deliveries have."""

PHONE = "phone"
"""The system of a ticket that stands in no system."""

Kind = Literal["created", "changed", "commented", "closed", "withdrawn", "deleted", "merged", "reopened", "moved"]


def request_of(municipality: str, system: str, external_id: str) -> UUID:
    """The request of a ticket: the same ticket always leads to the same request (P3)."""
    return uuid5(REQUESTS, f"{municipality}/{system}/{external_id}")


def command_of(municipality: str, system: str, delivery_key: str, body_hash: str) -> UUID:
    """The command a delivery gives: the same delivery is the same command however often it comes (P3).

    A source that rebuilds its body between two tries sends a newer snapshot under an old key; the hash of the body
    makes that a command of its own.
    """
    return uuid5(DELIVERIES, f"{municipality}/{system}/{delivery_key}/{body_hash}")


def shown(ticket: TicketRef) -> str:
    """What people call the ticket: its number, or its id where it has none."""
    return ticket.number or ticket.external_id


def folded(names: Iterable[str]) -> frozenset[str]:
    """Names of flows, as they are compared."""
    return frozenset(name.casefold() for name in names)


def is_project_flow(flow: str, names: frozenset[str]) -> bool:
    """Whether a ticket is of the flow that is handed over to the PM (IT-04). Case and outer blanks do not matter."""
    return flow.strip().casefold() in names


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How far the source's reports of a ticket have been followed: the newest revision and time, when the last of them
    was received, and whether one told of its deletion."""

    revision: int | None = None
    at: datetime | None = None
    received: datetime | None = None
    deleted: bool = False


NOTHING = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """The ticket another was merged into, its request, and the requests that one was merged into in its turn."""

    ticket: TicketRef
    request_id: UUID
    leads_to: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a source, or a person at the Service Desk, says of a ticket at one moment; what was written is sealed."""

    kind: Kind
    ticket: TicketRef
    title: str
    description: Personal | None
    requester: Person
    opened_at: datetime
    description_html: Personal | None = None
    """The description with its markup, where it has some; `description` says the same."""
    attachments: tuple[Attachment, ...] = ()
    changed_at: datetime
    """When the source says it came to look like this, or when it was received if the source does not say."""
    organisation: str | None = None
    origin: Origin = "business"
    serves: tuple[str, ...] = ()
    revision: int | None = None
    at: datetime | None = None
    """The source's own time of this snapshot, or None when it gives none."""
    late_since: datetime | None = None
    """When it was first received, for a report that lay parked and is followed only now."""
    priority: int | None = None
    in_flow: bool | None = None
    """Whether the ticket is of the project flow (IT-04); None when the source does not say."""
    is_open: bool | None = None
    """Whether it is open at its source; None when the source does not say."""
    into: Survivor | None = None
    """What the ticket was merged into; a merge always says."""
    note: str = ""

    def is_older_than(self, known: Known) -> bool:
        """Whether a newer snapshot of the ticket was followed already. Equal counts and times are not older: of two
        reports in one second the later to arrive is the right one. Our own clock judges only what lay parked."""
        if self.revision is not None and known.revision is not None:
            return self.revision < known.revision
        if self.at is not None and known.at is not None:
            return self.at < known.at
        return self.late_since is not None and known.received is not None and self.late_since < known.received

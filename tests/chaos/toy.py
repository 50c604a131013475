"""A toy service: requests are registered and changed, and one view keeps, beside the title, every event it was told.

Its row is its own witness: `applied` holds the sequence of each event that changed it, in order, so that an event which
changed the view twice, never, or too early can be seen in the row itself.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5

from chassis.context import Context, a_service_desk
from chassis.views import Row, View
from contracts.envelope import Envelope
from contracts.intake import SOURCE, RequestChanged, RequestRegistered
from contracts.personal import token
from contracts.topics import REQUEST
from contracts.values import Person, TicketRef

SERVICE = "intake"  # whose facts the toy borrows; its store, roles and source are named after it
MUNICIPALITIES = ("granby", "havsund", "mossebo")
BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NAMES = UUID("0d6f6f63-6861-5f73-8074-6f7973000000")

ToyFact = RequestRegistered | RequestChanged


class Toy(Row, frozen=True):
    """A request as the toy knows it."""

    request_id: UUID
    municipality: str
    title: str
    applied: tuple[str, ...]


def evolve(row: Toy | None, event: Envelope[ToyFact]) -> Toy:
    match event.data:
        case RequestRegistered(title=title):
            return Toy(
                request_id=event.subject,
                municipality=event.municipality,
                title=title,
                applied=(str(event.sequence),),
            )
        case RequestChanged(title=title):
            assert row is not None, "changed before it was registered"
            return row.replace(title=title, applied=(*row.applied, str(event.sequence)))


TOYS = View("toys", version=1, row=Toy, facts=ToyFact, topics=(REQUEST,), evolve=evolve)


POISON = "Poison"
"""A title at which the fold of a bad release fails."""


def evolve_badly(row: Toy | None, event: Envelope[ToyFact]) -> Toy:
    if event.data.title == POISON:
        raise ValueError("this release cannot fold that title")
    return evolve(row, event)


def subject(name: str) -> UUID:
    """The request of this name."""
    return uuid5(NAMES, name)


def municipality_of(request: UUID) -> str:
    return MUNICIPALITIES[request.int % len(MUNICIPALITIES)]


def registered(request: UUID, title: str) -> RequestRegistered:
    return RequestRegistered(
        request_id=request,
        ticket=TicketRef(system="toybox", external_id=str(request)),
        title=title,
        requester=Person(id=request, name=token(request, "c2VhbGVk")),
        opened_at=BEGAN,
    )


def changed(request: UUID, title: str) -> RequestChanged:
    return RequestChanged(request_id=request, title=title, changed_at=BEGAN)


def context(request: UUID, command: UUID) -> Context:
    """The Service Desk of the request's municipality gives this command."""
    municipality = municipality_of(request)
    return Context(
        actor=a_service_desk(municipality),
        actor_name=None,
        municipality=municipality,
        command_id=command,
        now=BEGAN,
        correlation=str(command),
    )


__all__ = ["SERVICE", "SOURCE", "TOYS", "Toy", "ToyFact", "changed", "context", "evolve", "registered", "subject"]

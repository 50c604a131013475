"""A request, from the ticket that raised it to the PM's judgement.

Pure: decisions return facts, `evolve` folds facts into state, and neither knows that Kafka, HTTP, a database or a
clock exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never
from uuid import UUID

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
from contracts.personal import Personal
from contracts.refusal import Refusal
from contracts.values import Attachment, Origin, Person, TicketRef
from intake.domain.ticket import NOTHING, PHONE, Known, Report, shown

Judged = Literal["project", "change"]
Withdrawal = Literal["left_flow", "closed", "deleted", "withdrawn"]


class AlreadyRegistered(Refusal):
    """The Service Desk typed in a ticket that is here already."""

    text = "Ticket {number} is already registered. Open the request that it raised instead."
    rule = "IT-03"

    def __init__(self, ticket: TicketRef) -> None:
        super().__init__("ticket.number", number=shown(ticket))


class NoNumber(Refusal):
    """The request keeps the reference to its ticket; only what came by phone has none."""

    text = "Give the number that the ticket has in {system}, or say that it came by phone."
    rule = "IT-03"
    status = 422


class MergedInACircle(Refusal):
    """Two tickets each claim to have been merged into the other; a person must say which survives."""

    text = (
        "Ticket {number} was merged into {into}, but {into} already leads back to it. "
        "Ask the Service Desk which of the two survives, and let it send that ticket again."
    )
    rule = "IT-03"

    def __init__(self, ticket: TicketRef, into: TicketRef) -> None:
        super().__init__("into", number=shown(ticket), into=shown(into))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What intake must remember of a request in order to decide."""

    id: UUID
    ticket: TicketRef
    title: str
    description: Personal | None
    requester: Person
    origin: Origin
    serves: tuple[str, ...]
    description_html: Personal | None = None
    attachments: tuple[Attachment, ...] = ()
    priority: int | None = None
    judged: Judged | None = None
    withdrawn: Withdrawal | None = None
    merged_into: UUID | None = None

    @property
    def waits(self) -> bool:
        """Whether it waits in the PM's inbox."""
        return not (self.judged or self.withdrawn or self.merged_into)

    @property
    def is_over(self) -> bool:
        """Whether the flow has let go of it: taken back, merged, or sent back as a change of daily operation."""
        return bool(self.withdrawn or self.merged_into or self.judged == "change")


def wrong_with_a_reference(system: str, number: str | None) -> Iterator[Refusal]:
    """What is wrong with the reference that somebody at the Service Desk gives (IT-03)."""
    if system != PHONE and not number:
        yield NoNumber("ticket.number", system=system)


def register(request_id: UUID, request: Request | None, report: Report) -> RequestRegistered:
    """The Service Desk registers a ticket (IT-02) whose reference the request keeps for ever (IT-03)."""
    if request is not None:
        raise AlreadyRegistered(request.ticket)
    return RequestRegistered(
        request_id=request_id,
        ticket=report.ticket,
        title=report.title,
        description=report.description,
        description_html=report.description_html,
        attachments=report.attachments,
        requester=report.requester,
        organisation=report.organisation,
        origin=report.origin,
        serves=report.serves,
        opened_at=report.opened_at,
        revision=report.revision,
        priority=report.priority,
    )


def follow(request_id: UUID, request: Request | None, report: Report, known: Known = NOTHING) -> Sequence[IntakeFact]:
    """What a report of the source means for the request: the facts it gives, often none.

    An older snapshot never overwrites a newer one, a deletion wins over whatever arrives after it, and an update that
    overtakes its ticket's creation makes the request. Only tickets of the project flow make one (IT-04).
    """
    if known.deleted or (report.kind != "deleted" and report.is_older_than(known)):
        return ()
    if request is None:
        opens = report.kind in ("created", "changed", "moved", "reopened")
        return (register(request_id, None, report),) if opens and report.in_flow else ()
    match report.kind:
        case "created" | "changed" | "moved" | "reopened":
            return _present(request, report)
        case "closed":
            # A desk closes a ticket as "handed over to a project": once judged, its state is not the request's.
            return (*_text(request, report), _withdrawn(request, "closed", report.note)) if request.waits else ()
        case "withdrawn":
            return () if request.is_over else (_withdrawn(request, "withdrawn", report.note),)
        case "deleted":
            ended = request.merged_into or request.judged == "change" or request.withdrawn == "deleted"
            return () if ended else (_withdrawn(request, "deleted", report.note),)
        case "merged":
            return _merged(request, report)
        case "commented":
            return ()  # what people say to each other about a ticket does not change what it asks for
        case _:
            assert_never(report.kind)


def _present(request: Request, report: Report) -> Sequence[IntakeFact]:
    """The ticket is there, in the project flow or outside it, and has a text."""
    if report.in_flow is False:
        return () if request.is_over else (_withdrawn(request, "left_flow", report.note),)
    # A merge outlasts the flow: a ticket that left, was merged and is in the flow again lives on in the surviving one.
    outside = request.withdrawn == "left_flow" and request.merged_into is None
    open_again = request.withdrawn == "closed" and report.is_open
    came_back = report.kind == "reopened" or open_again or (outside and report.in_flow)
    if request.is_over and came_back:
        return (RequestReopened(request_id=request.id, note=report.note), *_text(request, report))
    if request.merged_into or request.judged == "change":
        return ()  # what happens to it now concerns the surviving ticket, or daily operation
    return _text(request, report)


def _text(request: Request, report: Report) -> Sequence[RequestChanged]:
    same = (request.title, request.description) == (report.title, report.description)
    same = same and set(request.attachments) == set(report.attachments)
    called = _called_now(request, report)
    if same and called is None and report.priority in (None, request.priority):
        return ()
    return (
        RequestChanged(
            request_id=request.id,
            title=report.title,
            description=report.description,
            description_html=report.description_html,
            attachments=report.attachments,
            ticket=called,
            revision=report.revision,
            priority=request.priority if report.priority is None else report.priority,
            changed_at=report.changed_at,
        ),
    )


def _called_now(request: Request, report: Report) -> TicketRef | None:
    """The ticket's reference, if its source calls it by another number now, as it does with one that was moved."""
    number = report.ticket.number
    return report.ticket if number is not None and number != request.ticket.number else None


def _withdrawn(request: Request, reason: Withdrawal, note: str) -> RequestWithdrawn:
    return RequestWithdrawn(request_id=request.id, reason=reason, note=note)


def _merged(request: Request, report: Report) -> Sequence[RequestMerged]:
    into = report.into
    assert into is not None, "a merge without a surviving ticket is not read as one"
    if request.judged == "change" or request.merged_into == into.request_id:
        return ()
    if request.id in (into.request_id, *into.leads_to):
        raise MergedInACircle(request.ticket, into.ticket)
    return (RequestMerged(request_id=request.id, into=into.request_id, into_ticket=into.ticket),)


def evolve(request: Request | None, fact: IntakeFact) -> Request:
    """Fold a fact into what is remembered."""
    if isinstance(fact, RequestRegistered):
        return Request(
            id=fact.request_id,
            ticket=fact.ticket,
            title=fact.title,
            description=fact.description,
            description_html=fact.description_html,
            attachments=fact.attachments,
            requester=fact.requester,
            origin=fact.origin,
            serves=fact.serves,
            priority=fact.priority,
        )
    assert request is not None, f"{fact.type} before the request was registered"
    match fact:
        case RequestChanged():
            return replace(
                request,
                title=fact.title,
                description=fact.description,
                description_html=fact.description_html,
                attachments=fact.attachments,
                ticket=fact.ticket or request.ticket,
                priority=fact.priority,
            )
        case RequestWithdrawn():
            return replace(request, withdrawn=fact.reason)
        case RequestMerged():
            return replace(request, merged_into=fact.into)
        case RequestReopened():
            return replace(request, judged=None, withdrawn=None, merged_into=None)
        case ClassifiedAsProject():
            return replace(request, judged="project")
        case ClassifiedAsChange():
            return replace(request, judged="change")
        case ClassificationWithdrawn():
            return replace(request, judged=None)
        case _:
            assert_never(fact)

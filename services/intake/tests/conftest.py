"""States of the world: a ticket from Ekvik's Service Desk, and what may have become of its request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts.intake import (
    ClassificationWithdrawn,
    ClassifiedAsChange,
    ClassifiedAsProject,
    RequestMerged,
    RequestRegistered,
    RequestReopened,
    RequestWithdrawn,
)
from contracts.personal import Personal, token
from contracts.values import CriterionMet, Person, TicketRef
from intake.domain.ticket import Report, Survivor, request_of

SIGRID = UUID("5b5f3f0e-0f7e-4b8a-9a51-2c1f7f1d0a11")
MORNING = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def sealed(text: str) -> Personal:
    """A token as the vault makes them; the text stands in for the ciphertext."""
    return token(SIGRID, text)


@pytest.fixture
def ticket() -> TicketRef:
    return TicketRef(system="zammad", external_id="81", number="10081", url="https://desk.ekvik.example/#ticket/81")


@pytest.fixture
def request_id(ticket: TicketRef) -> UUID:
    return request_of("ekvik", ticket.system, ticket.external_id)


@pytest.fixture
def requester() -> Person:
    return Person(id=SIGRID, name=sealed("U2lncmlk"), email=sealed("c2lncmlkQGVrdmlr"), language="sv")


@pytest.fixture
def report(ticket: TicketRef, requester: Person) -> Callable[..., Report]:
    """What the desk says of the ticket; every test changes what it is about."""
    said = Report(
        kind="created",
        ticket=ticket,
        title="E-tjänst för bygglov",
        description=sealed("Vi-behover-en-e-tjanst"),
        requester=requester,
        opened_at=MORNING,
        changed_at=MORNING,
        organisation="Samhällsbyggnad",
        serves=("ekvik",),
        priority=3,
        in_flow=True,
    )

    def report(kind: str = "created", **changes: object) -> Report:
        return replace(said, kind=kind, **changes)  # type: ignore[arg-type]  # a test says what it likes

    return report


@pytest.fixture
def registered(request_id: UUID, ticket: TicketRef, requester: Person) -> RequestRegistered:
    return RequestRegistered(
        request_id=request_id,
        ticket=ticket,
        title="E-tjänst för bygglov",
        description=sealed("Vi-behover-en-e-tjanst"),
        requester=requester,
        organisation="Samhällsbyggnad",
        serves=("ekvik",),
        opened_at=MORNING,
        priority=3,
    )


@pytest.fixture
def criteria() -> tuple[CriterionMet, ...]:
    return (CriterionMet(key="hours", met=True, note="about 300"), CriterionMet(key="units", met=False))


@pytest.fixture
def judged_a_project(registered: RequestRegistered, criteria: tuple[CriterionMet, ...]) -> ClassifiedAsProject:
    return ClassifiedAsProject(
        request_id=registered.request_id,
        reason="Three departments and a new supplier",
        criteria=criteria,
        title=registered.title,
        requester=registered.requester,
        ticket=registered.ticket,
        serves=registered.serves,
    )


@pytest.fixture
def judged_a_change(registered: RequestRegistered, criteria: tuple[CriterionMet, ...]) -> ClassifiedAsChange:
    return ClassifiedAsChange(
        request_id=registered.request_id,
        reason="A form in the system we have",
        criteria=criteria,
        requester=registered.requester,
        ticket=registered.ticket,
    )


@pytest.fixture
def judgement_taken_back(request_id: UUID) -> ClassificationWithdrawn:
    return ClassificationWithdrawn(request_id=request_id, was="project", reason="The supplier does it for nothing")


@pytest.fixture
def left_the_flow(request_id: UUID) -> RequestWithdrawn:
    return RequestWithdrawn(request_id=request_id, reason="left_flow")


@pytest.fixture
def closed(request_id: UUID) -> RequestWithdrawn:
    return RequestWithdrawn(request_id=request_id, reason="closed")


@pytest.fixture
def deleted(request_id: UUID) -> RequestWithdrawn:
    return RequestWithdrawn(request_id=request_id, reason="deleted")


@pytest.fixture
def reopened(request_id: UUID) -> RequestReopened:
    return RequestReopened(request_id=request_id)


@pytest.fixture
def survivor() -> Survivor:
    ticket = TicketRef(system="zammad", external_id="77", number="10077")
    return Survivor(ticket=ticket, request_id=request_of("ekvik", "zammad", "77"))


@pytest.fixture
def merged(request_id: UUID, survivor: Survivor) -> RequestMerged:
    return RequestMerged(request_id=request_id, into=survivor.request_id, into_ticket=survivor.ticket)

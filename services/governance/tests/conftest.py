"""States of the world: Solviken's digital building permits, on their way from a directive to a decision of the CAB."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

import pytest

from contracts.governance import (
    DirectiveAccepted,
    DirectiveApproved,
    DirectiveSent,
    DirectiveSigned,
    DirectiveSubmitted,
    MeetingCalled,
    PlanCommissioned,
    PlanWritten,
)
from contracts.personal import token
from contracts.values import AgendaItem, Directive, Person, Plan, PlanStep
from governance.domain import form
from governance.domain.meeting import meeting_of
from governance.domain.tree import Draft

TODAY = date(2026, 3, 2)
MORNING = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
PEOPLE = UUID("3f0c6a5e-3c36-4a53-9a58-0f2d1c9f7a01")

FULL_FORM: Draft = {
    "title": "E-tjänst för bygglov",
    "background": "Ansökningar kommer på papper och skrivs av för hand.",
    "sections": [{"heading": "Omfattning", "text": "Ansökan, komplettering och beslut."}],
    "orderer": {"name": "Greta Lindmark", "email": "greta.lindmark@solviken.example", "phone": "0123-100"},
    "contacts": [
        {"role": "Handläggare", "name": "Olle Strand", "phone": "0123-200", "email": "olle.strand@solviken.example"}
    ],
    "gates": [
        {"key": "BP1", "on": "2026-04-01", "decision": "Uppdragsdirektiv"},
        {"key": "BP2", "on": "2026-05-15", "decision": "Uppdragsplan"},
        {"key": "BP3", "on": "2026-09-30", "decision": "Driftsättning"},
        {"key": "BP4", "on": "2026-12-15", "decision": "Avslut och överlämning"},
    ],
    "goals": "Hälften av ansökningarna kommer digitalt.",
    "requirements": "E-legitimation.",
    "wishes": "Karta i ansökan.",
    "results": [
        {"text": "Upphandlad tjänst", "due": "2026-05", "gate": "BP2"},
        {"text": "Tjänsten i drift", "due": "2026-09-30", "alternative": "Pilot i en stadsdel", "gate": "BP3"},
    ],
    "cost": {"cap": "800 000", "currency": "SEK", "starts": "2026-04-01", "ends": "2026-12-31"},
    "ranking": ["result", "cost", "time"],
    "cadence": {"short_days": "7", "fixed_days": "14"},
    "financing": {
        "earlier": [{"decided_by": "Samhällsbyggnadsnämnden", "on": "2026-01-20", "amount": "1 000 000"}],
        "spent": "50 000",
        "spent_as_of": "2026-02-28",
        "lines": [
            {"kind": "external_consultant", "purpose": "Projektledning", "hours": "300", "rate": "1 200"},
            {"kind": "internal", "purpose": "Utbildning", "hours": "200", "rate": "650"},
        ],
    },
    "rough_plan": "Upphandling under våren, införande under hösten.",
    "competences": [
        {"role": "Projektledare", "competence": "Upphandling", "responsibility": "Tid, kostnad och resultat"}
    ],
    "loans": [],
    "ends": "2026-12-31",
    "delivery_period": "2026H2",
}


def sealed(person: UUID, text: str) -> str:
    """A token as the vault makes them; the text stands in for the ciphertext."""
    return token(person, text)


def known_as(name: str) -> Person:
    """A person of this world."""
    person = uuid5(PEOPLE, name)
    return Person(id=person, name=sealed(person, f"{name}-name"), email=sealed(person, f"{name}-email"))


@pytest.fixture
def request_id() -> UUID:
    return UUID("9f1a4d2e-7b1c-4e7f-8a5d-6c2b1f0e3d4c")


@pytest.fixture
def requester() -> Person:
    return known_as("Olle")


@pytest.fixture
def orderer() -> Person:
    return known_as("Greta")


@pytest.fixture
def leader() -> Person:
    return known_as("Hanna")


@pytest.fixture
def pm() -> Person:
    return known_as("Per")


@pytest.fixture
def full_form() -> dict[str, Any]:
    return deepcopy(FULL_FORM)


@pytest.fixture
def people(orderer: Person, requester: Person) -> dict[str, Person]:
    return {"orderer": orderer, "contacts.0": requester}


@pytest.fixture
def directive(full_form: Draft, people: dict[str, Person]) -> Directive:
    return form.read(full_form).directive(people)


@pytest.fixture
def sent(request_id: UUID, requester: Person) -> DirectiveSent:
    return DirectiveSent(
        request_id=request_id,
        requester=requester,
        title="E-tjänst för bygglov",
        language="sv",
        due=date(2026, 3, 23),
    )


@pytest.fixture
def returned(request_id: UUID, directive: Directive) -> DirectiveSubmitted:
    return DirectiveSubmitted(request_id=request_id, version=1, directive=directive)


@pytest.fixture
def accepted(request_id: UUID, leader: Person) -> DirectiveAccepted:
    return DirectiveAccepted(request_id=request_id, version=1, leader=leader)


@pytest.fixture
def signed_by_orderer(request_id: UUID, orderer: Person) -> DirectiveSigned:
    return DirectiveSigned(request_id=request_id, version=1, signatory="orderer", person=orderer)


@pytest.fixture
def approved(request_id: UUID, directive: Directive) -> DirectiveApproved:
    return DirectiveApproved(request_id=request_id, version=1, directive=directive)


@pytest.fixture
def commissioned(request_id: UUID, leader: Person) -> PlanCommissioned:
    return PlanCommissioned(request_id=request_id, leader=leader, directive_version=1)


@pytest.fixture
def plan() -> Plan:
    step = PlanStep(number=1, text="Upphandling", starts=date(2026, 4, 1), ends=date(2026, 5, 15))
    return Plan(summary="Upphandla, pröva, inför.", steps=(step,))


@pytest.fixture
def written(request_id: UUID, plan: Plan) -> PlanWritten:
    return PlanWritten(request_id=request_id, version=1, directive_version=1, plan=plan)


@pytest.fixture
def meeting_id() -> UUID:
    return meeting_of("solviken", 7)


@pytest.fixture
def called(meeting_id: UUID) -> MeetingCalled:
    return MeetingCalled(
        meeting_id=meeting_id,
        number=7,
        at=datetime(2026, 4, 14, 8, 0, tzinfo=UTC),
        place="Stadshuset, rum 3",
        orderer_meeting="IT-beställarmöte april",
        invited=("bjerkeby", "solviken"),
    )


@pytest.fixture
def item(request_id: UUID) -> AgendaItem:
    return AgendaItem(request_id=request_id, municipality="solviken", title="E-tjänst för bygglov", reasons=("new",))

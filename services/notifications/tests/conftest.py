"""States of the world: a sports hall's booking in Tallvik, those who wish for it, and those who lead it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from chassis.partnership import Partnership
from chassis.testing import a_person_id, sealed
from contracts.governance import MeetingCalled
from contracts.intake import RequestRegistered
from contracts.portfolio import RoundOpened
from contracts.values import Cadence, CostCap, Criterion, Directive, Financing, Money, Person, TicketRef, Voter
from notifications.domain.known import KnownRequest

HALL = UUID("6a1f2c3d-0000-4000-8000-000000000001")
MORNING = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def somebody(name: str, language: str | None = None) -> Person:
    """An invented person, sealed as everywhere."""
    return Person(id=a_person_id(name), name=sealed(name), email=sealed(f"{name} mail"), language=language)  # type: ignore[arg-type]  # callers name languages of the contract


HEDDA = somebody("Hedda Lindqvist-Ås", "sv")
ORDERER = somebody("Bror Tallström")
LEADER = somebody("Ingvild Moastuen", "nb")
TICKET = TicketRef(system="zammad", external_id="81", number="10081")


@pytest.fixture
def registered() -> RequestRegistered:
    return RequestRegistered(
        request_id=HALL, ticket=TICKET, title="Booking of sports halls", requester=HEDDA, opened_at=MORNING
    )


@pytest.fixture
def known() -> KnownRequest:
    return KnownRequest(title="Booking of sports halls", ticket=TICKET, requester=HEDDA, orderer=ORDERER, leader=LEADER)


@pytest.fixture
def round_opened() -> RoundOpened:
    return RoundOpened(
        round_id=UUID(int=2),
        title="Spring 2027",
        criteria=(Criterion(key="time", weight=1, names={"en": "Time"}),),  # type: ignore[arg-type]  # validated
        candidates=(),
        voters=(Voter(municipality="tallvik"), Voter(municipality="soendervig")),
        deadline=datetime(2026, 4, 1, 15, 0, tzinfo=UTC),
    )


@pytest.fixture
def meeting_called() -> MeetingCalled:
    return MeetingCalled(
        meeting_id=UUID(int=3),
        number=7,
        at=datetime(2026, 3, 20, 12, 0, tzinfo=UTC),
        place="The town hall",
        orderer_meeting="IT orderers in March",
        invited=("tallvik", "soendervig"),
    )


@pytest.fixture
def partnership() -> Partnership:
    return Partnership.parse(
        {
            "name": "Samverkan Tallvik",
            "host": "tallvik",
            "mail_from": "Flöde <flode@tallvik.example>",
            "municipalities": {
                "tallvik": {
                    "name": "Tallvik",
                    "hosts": ["localhost", "desk.tallvik.example"],
                    "language": "sv",
                    "country": "SE",
                    "currency": "SEK",
                    "timezone": "Europe/Stockholm",
                    "contacts": [
                        {"office": "pm", "name": "Maj Ekdal", "email": "maj@tallvik.example", "language": "en"},
                        {"office": "it_manager", "name": "Tore Silfverek", "email": "tore@tallvik.example"},
                    ],
                },
                "soendervig": {
                    "name": "Søndervig",
                    "language": "da",
                    "country": "DK",
                    "currency": "DKK",
                    "timezone": "Europe/Copenhagen",
                    "contacts": [
                        {"office": "it_manager", "name": "Asta Lundegård", "email": "asta@soendervig.example"}
                    ],
                },
            },
        },
        Path("partnership.toml"),
    )


@pytest.fixture
def directive() -> Directive:
    return Directive(
        title="Booking of sports halls",
        background="Three calendars",
        orderer=ORDERER,
        contacts=(),
        gates=(),
        results=(),
        cost=CostCap(cap=Money(amount=Decimal(1), currency="SEK"), starts=date(2026, 1, 1), ends=date(2026, 12, 31)),
        cadence=Cadence(),
        financing=Financing(),
    )

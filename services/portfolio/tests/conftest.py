"""States of the world: a project of Ekvik's, and how far it has come. Each is a history; tests fold it and decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from contracts.intake import ClassifiedAsProject
from contracts.personal import Personal, token
from contracts.portfolio import (
    Assigned,
    EnteredPortfolio,
    FollowUpAgreed,
    LeftPortfolio,
    Prioritised,
    ProjectCompleted,
    ProjectFact,
    ProjectLimited,
    ProjectPostponed,
    ProjectStopped,
    StatusReported,
    WorkStarted,
)
from contracts.values import Cadence, CriterionMet, Gate, Member, Money, Person, TicketRef

REQUEST = UUID("0f6a3c1e-8a63-5a57-9a8e-6c9f0e1d2b01")
MORNING = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
History = tuple[ProjectFact, ...]


def sealed(person: UUID, text: str) -> Personal:
    """A token as the vault makes them; the text stands in for the ciphertext."""
    return token(person, text)


def a_person(number: int, name: str) -> Person:
    who = UUID(int=number)
    return Person(id=who, name=sealed(who, name), email=sealed(who, f"{name}-mail"), language="sv")


@pytest.fixture
def request_id() -> UUID:
    return REQUEST


@pytest.fixture
def morning() -> datetime:
    return MORNING


@pytest.fixture
def today() -> date:
    return MORNING.date()


@pytest.fixture
def sigrid() -> Person:
    """The requester, of Ekvik."""
    return a_person(1, "Sigrid")


@pytest.fixture
def osvald() -> Person:
    """The orderer of the directive."""
    return a_person(2, "Osvald")


@pytest.fixture
def berit() -> Person:
    """The project leader."""
    return a_person(3, "Berit")


@pytest.fixture
def torsten() -> Person:
    """An external consultant."""
    return a_person(4, "Torsten")


@pytest.fixture
def judged_a_project(sigrid: Person) -> ClassifiedAsProject:
    return ClassifiedAsProject(
        request_id=REQUEST,
        reason="Two departments and a new supplier",
        criteria=(CriterionMet(key="effort", met=True),),
        title="E-tjänst för bygglov",
        requester=sigrid,
        ticket=TicketRef(system="zammad", external_id="81", number="10081"),
        serves=("sundholm", "ekvik"),
    )


@pytest.fixture
def entered(judged_a_project: ClassifiedAsProject) -> EnteredPortfolio:
    return EnteredPortfolio(
        request_id=REQUEST,
        title=judged_a_project.title,
        origin="business",
        ticket=judged_a_project.ticket,
        requester=judged_a_project.requester,
        serves=("ekvik", "sundholm"),
    )


@pytest.fixture
def prioritised() -> Prioritised:
    return Prioritised(request_id=REQUEST, rank=2, by="pm")


@pytest.fixture
def follow_up(osvald: Person) -> FollowUpAgreed:
    return FollowUpAgreed(
        request_id=REQUEST,
        directive_version=1,
        cadence=Cadence(short_days=7, fixed_days=14),
        gates=(
            Gate(key="BP1", on=date(2026, 3, 9), decision="Uppdragsdirektiv"),
            Gate(key="BP2", on=date(2026, 3, 9), decision="Uppdragsplan"),
            Gate(key="BP3", on=date(2026, 6, 1), decision="Driftsättningsplan"),
        ),
        budget=Money(amount=Decimal(600_000), currency="SEK"),
        orderer=osvald,
        ends=date(2026, 12, 31),
        delivery_period="2026H2",
    )


@pytest.fixture
def assigned(berit: Person) -> Assigned:
    group = (Member(person=berit, kind="it_team", role="Projektledare"),)
    return Assigned(request_id=REQUEST, leader=berit, group=group, directive_version=1)


@pytest.fixture
def started() -> WorkStarted:
    return WorkStarted(request_id=REQUEST, plan_version=1)


@pytest.fixture
def reported() -> StatusReported:
    return StatusReported(
        request_id=REQUEST,
        number=1,
        cadence="fixed",
        time="green",
        cost="yellow",
        result="green",
        progress=20,
        spent=Decimal(100_000),
        forecast=Decimal(620_000),
        next_steps="Upphandlingen annonseras",
    )


@pytest.fixture
def postponed() -> ProjectPostponed:
    return ProjectPostponed(request_id=REQUEST, until=date(2026, 9, 1), reason="Leverantören dröjer")


@pytest.fixture
def limited() -> ProjectLimited:
    return ProjectLimited(request_id=REQUEST, scope="Bara ansökan, inte handläggning", reason="Pengarna räcker inte")


@pytest.fixture
def stopped() -> ProjectStopped:
    return ProjectStopped(request_id=REQUEST, reason="För många uppdrag på en gång")


@pytest.fixture
def an_entered_project(entered: EnteredPortfolio) -> History:
    return (entered,)


@pytest.fixture
def a_prioritised_project(entered: EnteredPortfolio, prioritised: Prioritised) -> History:
    return (entered, prioritised)


@pytest.fixture
def an_assigned_project(a_prioritised_project: History, follow_up: FollowUpAgreed, assigned: Assigned) -> History:
    return (*a_prioritised_project, follow_up, assigned)


@pytest.fixture
def a_running_project(an_assigned_project: History, started: WorkStarted) -> History:
    return (*an_assigned_project, started)


@pytest.fixture
def a_completed_project(a_running_project: History) -> History:
    return (*a_running_project, ProjectCompleted(request_id=REQUEST, summary="I drift", spent=Decimal(590_000)))


@pytest.fixture
def every_state(
    an_entered_project: History,
    a_prioritised_project: History,
    an_assigned_project: History,
    a_running_project: History,
    a_completed_project: History,
    limited: ProjectLimited,
    postponed: ProjectPostponed,
    stopped: ProjectStopped,
) -> dict[str, History]:
    """A history for each state a project can be in."""
    return {
        "entered": an_entered_project,
        "prioritised": a_prioritised_project,
        "assigned": an_assigned_project,
        "under_way": a_running_project,
        "limited": (*a_running_project, limited),
        "postponed": (*a_running_project, postponed),
        "stopped": (*a_running_project, stopped),
        "completed": a_completed_project,
        "left": (*an_entered_project, LeftPortfolio(request_id=REQUEST, reason="Ärendet drogs tillbaka")),
    }


@pytest.fixture
def of_another() -> Callable[[History, UUID], History]:
    """The same history, told of another request."""

    def retold(history: History, other: UUID) -> History:
        return tuple(replace(fact, request_id=other) for fact in history)

    return retold

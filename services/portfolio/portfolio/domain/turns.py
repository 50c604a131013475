"""The turns a project's life takes: postponed, limited, stopped, resumed, completed (TY-04).

Each has a reason, and names those who were promised something and are told: the requester, the orderer of the
approved directive, and whom the one who decides adds.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from contracts.governance import CabDecided
from contracts.portfolio import ProjectCompleted, ProjectLimited, ProjectPostponed, ProjectResumed, ProjectStopped
from contracts.values import Person
from portfolio.domain.project import Project, may
from portfolio.domain.refusals import NotUnderWay, PostponedIntoThePast, ReasonNeeded

Turn = ProjectPostponed | ProjectLimited | ProjectStopped | ProjectResumed
TurnName = Literal["postpone", "limit", "stop", "resume"]


def postpone(
    project: Project | None,
    *,
    reason: str,
    today: date,
    until: date | None = None,
    promised_to: tuple[Person, ...] = (),
) -> ProjectPostponed:
    """The project is put off, until a day or until further notice (TY-04)."""
    project = may(project, ProjectPostponed)
    if until is not None and until <= today:
        raise PostponedIntoThePast(field="until")
    return ProjectPostponed(
        request_id=project.id, until=until, reason=said(reason), promised_to=those_promised(project, promised_to)
    )


def limit(project: Project | None, *, scope: str, reason: str, promised_to: tuple[Person, ...] = ()) -> ProjectLimited:
    """The project goes on with less than was promised; `scope` says what remains (TY-04)."""
    project = may(project, ProjectLimited)
    return ProjectLimited(
        request_id=project.id,
        scope=said(scope, field="scope"),
        reason=said(reason),
        promised_to=those_promised(project, promised_to),
    )


def stop(project: Project | None, *, reason: str, promised_to: tuple[Person, ...] = ()) -> ProjectStopped:
    """The project is stopped altogether (TY-04)."""
    project = may(project, ProjectStopped)
    return ProjectStopped(request_id=project.id, reason=said(reason), promised_to=those_promised(project, promised_to))


def resume(project: Project | None, *, reason: str, promised_to: tuple[Person, ...] = ()) -> ProjectResumed:
    """What was postponed or stopped goes on where it was; what was limited gets its whole scope back (TY-04)."""
    project = may(project, ProjectResumed)
    return ProjectResumed(request_id=project.id, reason=said(reason), promised_to=those_promised(project, promised_to))


def complete(project: Project | None, *, summary: str, spent: Decimal) -> ProjectCompleted:
    """The project delivered and is closed (TY-04). One whose work never started delivered nothing (TY-23)."""
    project = may(project, ProjectCompleted)
    if project.plan_version is None:
        raise NotUnderWay
    return ProjectCompleted(request_id=project.id, summary=said(summary, field="summary"), spent=spent)


def as_the_cab_decided(project: Project | None, decided: CabDecided, *, today: date) -> Turn | None:
    """The CAB's decision of stop, postpone, limit or resume, with its words as the reason (TY-04, IT-21).

    Its other outcomes change nothing in the portfolio.
    """
    reason = f"CAB {decided.meeting_number}: {decided.text}"
    match decided.outcome:
        case "stop":
            return stop(project, reason=reason)
        case "postpone":
            return postpone(project, reason=reason, today=today)
        case "limit":
            return limit(project, scope=decided.text or reason, reason=reason)
        case "resume":
            return resume(project, reason=reason)
        case "approved" | "rejected" | "deferred" | "noted":
            return None


def those_promised(project: Project, others: tuple[Person, ...] = ()) -> tuple[Person, ...]:
    """Who was promised something of this project, each once (TY-04)."""
    known = (project.requester, *(() if project.orderer is None else (project.orderer,)), *others)
    each: dict[UUID, Person] = {}
    for person in known:
        each.setdefault(person.id, person)
    return tuple(each.values())


def said(text: str, *, field: str = "reason") -> str:
    """The text, when there is one. Raises ReasonNeeded beside its field (TY-04)."""
    if not text.strip():
        raise ReasonNeeded(field=field)
    return text

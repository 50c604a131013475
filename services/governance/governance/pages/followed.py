"""What the CAB decided when it last met, and what became of it: each decision beside its project today (IT-21)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chassis.web import Deps
from governance.views import agenda, meetings
from governance.views.agenda import CandidateRow
from governance.views.meetings import Decision, MeetingRow

Course = Literal["unseen", "left", "stopped", "postponed", "going_on"]
"""Where a project is: what governance follows of it, or why it cannot be said."""


@dataclass(frozen=True, slots=True)
class Became:
    """A decision and its project now; `project` is None when it left the portfolio or is not the reader's to see."""

    decision: Decision
    title: str
    course: Course
    project: CandidateRow | None


@dataclass(frozen=True, slots=True)
class LastTime:
    """The meeting before, and what became of its decisions."""

    number: int
    at: datetime
    decisions: tuple[Became, ...]


async def last_time(here: Deps, meeting: MeetingRow, *, scope: Iterable[str]) -> LastTime | None:
    """What was decided at the meeting before this one; None when there was none that the reader may see."""
    readable = frozenset(scope)
    before = await meetings.before(here.db, meeting.at, scope=readable)
    if before is None:
        return None
    titles = {item.request_id: item.title for item in before.agenda}
    projects = await agenda.of_requests(here.db, {each.request_id for each in before.decisions}, scope=readable)
    decisions = tuple(
        Became(
            decision=each,
            title=titles.get(each.request_id) or _title(projects.get(each.request_id)),
            course=course_of(projects.get(each.request_id), readable=each.municipality in readable),
            project=projects.get(each.request_id),
        )
        for each in before.decisions
    )
    return LastTime(before.number, before.at, decisions)


def course_of(project: CandidateRow | None, *, readable: bool) -> Course:
    """Where a project is. `readable` says whether the reader may see its municipality's projects at all."""
    if project is None:
        return "left" if readable else "unseen"
    if project.stopped_at is not None:
        return "stopped"
    return "postponed" if project.postponed_at is not None else "going_on"


def _title(project: CandidateRow | None) -> str:
    return project.title if project else "–"

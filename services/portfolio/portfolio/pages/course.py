"""A request's way as the one who asked sees it: its steps, who has the ball now, and what comes next. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from portfolio.views.courses import CourseRow

Standing = Literal["done", "now", "ahead"]
Who = Literal["you", "pm", "service_desk", "managers", "signatories", "leader", "parties", "nobody"]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the flow. `name` is what it is called by in `course_words.html`; `at` when it was done."""

    name: str
    at: datetime | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class Ball:
    """Who has to do something now, what it is (a name in `course_words.html`), and since when it has been theirs."""

    who: Who
    what: str
    since: datetime


def ball_of(row: CourseRow) -> Ball:
    """Who has the ball."""
    if row.ended is not None:
        return Ball("nobody", row.ended, row.ended_at or row.changed_at)
    if row.judged is None:
        return Ball("pm", "judge", row.waits_since)
    if row.judged == "change":
        return Ball("service_desk", "change", row.judged_at or row.changed_at)
    if row.resting is not None:
        return Ball("nobody" if row.resting == "stopped" else "pm", row.resting, row.rests_since or row.changed_at)
    return _of_directive(row) or _of_project(row)


def _of_directive(row: CourseRow) -> Ball | None:
    since = row.directive_since or row.judged_at or row.changed_at
    match row.directive:
        case None | "closed":
            # One that is ranked and dealt out needs none to go on; where none is known, none is waited for.
            return None if row.ranked_at else Ball("pm", "send", since)
        case "sent" | "sent_back" | "reopened":
            return Ball("you", row.directive, since)
        case "returned":
            return Ball("pm", "read", since)
        case "accepted":
            return Ball("signatories", "sign", since)
        case "approved":
            return None


def _of_project(row: CourseRow) -> Ball:
    if row.started_at:
        return Ball("leader", "carry_out", row.started_at)
    if row.plan == "agreed":
        return Ball("leader", "carry_out", row.plan_since or row.changed_at)
    if row.plan == "written":
        return Ball("parties", "accept_plan", row.plan_since or row.changed_at)
    if row.assigned_at:
        return Ball("leader", "plan", row.assigned_at)
    if row.ranked_at:
        return Ball("pm", "assign", row.ranked_at)
    return Ball("managers", "rank", row.approved_at or row.entered_at or row.changed_at)


def steps_of(row: CourseRow) -> list[Step]:
    """The steps of the flow, those that are done with the moment they were. What ends early ends the list."""
    way: list[tuple[str, datetime | None]] = [("registered", row.began_at), ("judged", row.judged_at)]
    if row.judged == "change":
        way.append(("change", None))
    else:
        way += [
            ("entered", row.entered_at),
            ("directive", row.approved_at),
            ("ranked", row.ranked_at),
            ("assigned", row.assigned_at),
            ("planned", row.planned_at),
            ("under_way", row.started_at),
            ("done", row.ended_at if row.ended == "completed" else None),
        ]
    done = [Step(name, at, "done") for name, at in way if at is not None]
    ahead = [name for name, at in way if at is None]
    if row.ended is not None and row.ended != "completed":
        return [*done, Step(row.ended, row.ended_at, "now")]
    if row.resting == "stopped":
        return [*done, Step("stopped", row.rests_since, "now")]
    if row.resting == "postponed":
        return [*done, Step("postponed", row.rests_since, "now"), *(Step(name, None, "ahead") for name in ahead)]
    return [Step(name, at, "done" if at is not None else "now" if ahead[:1] == [name] else "ahead") for name, at in way]

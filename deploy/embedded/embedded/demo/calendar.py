"""What is done in a project, and when: planned from the day it is dealt out. Pure, so that its days can be checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Literal

from embedded.demo.tales import Tale
from embedded.demo.year import AFTERNOON, MORNING, workday

What = Literal[
    "plan", "accept as it team", "accept as business", "gate", "hold", "report", "talk", "lend", "turn", "resume",
    "reopen", "mend", "accept", "sign as orderer", "sign as leader", "complete",
]  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """Something that is done on a day. `about` is the gate, the cadence of a report, the turn's name."""

    on: date
    hour: int
    what: What
    about: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The days between which a project lives."""

    dealt_out: date
    gates: Sequence[date]
    ends: date
    """BP4, as the directive has it."""
    last: date
    """The last day of the year."""
    turns: date | None = None
    """When it is postponed, limited or stopped."""
    resumes: date | None = None

    def rests(self, day: date, tale: Tale) -> bool:
        """Whether it is postponed or stopped that day."""
        if self.turns is None or tale.fate == "limited":
            return False
        return self.turns <= day and (self.resumes is None or day < self.resumes)


def calendar(tale: Tale, frame: Frame) -> list[Act]:
    """Everything that will be done, the first thing first. What lies beyond the year is never reached."""
    if tale.fate == "assigned":
        acts = list(_reports(tale, frame))
    else:
        acts = [
            *_plans(tale, frame),
            *_reports(tale, frame),
            *_talks(frame),
            *_gates(tale, frame),
            *_turns(tale, frame),
        ]
    acts = [act for act in acts if act.what == "turn" or not frame.rests(act.on, tale)]
    return sorted(acts)


def _plans(tale: Tale, frame: Frame) -> Iterator[Act]:
    for version, start in enumerate((4, 60) if tale.fate == "replanned" else (4,), 1):
        written = frame.dealt_out + timedelta(days=start)
        yield Act(written, MORNING, "plan", number=version)
        yield Act(written + timedelta(days=2), AFTERNOON, "accept as it team", number=version)
        if tale.fate != "planned":
            yield Act(written + timedelta(days=3), MORNING, "accept as business", number=version)


def _reports(tale: Tale, frame: Frame) -> Iterator[Act]:
    """Each report comes a day before it is due, every second one for the fixed meeting (TY-15). Those that are late
    do not come at all: the last ones of a project that goes on, some in the middle of one that is done."""
    period = timedelta(days=int(tale.cadence.split("/")[0]) - 1)
    silence = frame.last - tale.late * period if tale.fate != "done" else frame.last
    day = frame.dealt_out
    for number in count(1):
        before, day = day, workday(day + period, back=True)  # not late because of a weekend
        if frame.resumes and before < frame.resumes <= day:
            day = workday(frame.resumes + period, back=True)  # what is owed is counted anew from that day
        if day >= min(silence, frame.ends):
            return
        if tale.fate == "done" and 3 <= number < 3 + tale.late:
            continue
        yield Act(day, AFTERNOON, "report", "fixed" if number % 2 == 0 else "short", number)


def _talks(frame: Frame) -> Iterator[Act]:
    day = frame.dealt_out + timedelta(days=24)
    while day < min(frame.ends, frame.last):
        yield Act(day, AFTERNOON, "talk", number=(day - frame.dealt_out).days)
        day += timedelta(days=90)


def _gates(tale: Tale, frame: Frame) -> Iterator[Act]:
    agreed = frame.dealt_out + timedelta(days=10)
    yield Act(max(agreed, frame.gates[1]), MORNING, "gate", "BP2")
    if tale.health in ("time", "cost"):
        yield Act(frame.gates[2], AFTERNOON, "hold", "BP3")
    else:
        yield Act(max(agreed, frame.gates[2]), AFTERNOON, "gate", "BP3")
    if tale.fate == "done":
        yield Act(frame.ends, MORNING, "gate", "BP4")
        yield Act(frame.ends + timedelta(days=1), AFTERNOON, "complete")


def _turns(tale: Tale, frame: Frame) -> Iterator[Act]:
    if frame.turns and tale.by_cab is None:
        kind = {"limited": "limit", "stopped": "stop"}.get(tale.fate, "postpone")
        yield Act(frame.turns, MORNING, "turn", kind)
    if frame.resumes:
        yield Act(frame.resumes, MORNING, "resume")
    if tale.lends:
        yield Act(frame.dealt_out + timedelta(days=50), MORNING, "lend", tale.lends)
    if tale.directive_reopened == "closed":
        again = frame.dealt_out + timedelta(days=70)
        steps: tuple[What, ...] = ("reopen", "mend", "accept", "sign as orderer", "sign as leader")
        for days, what in zip((0, 5, 8, 9, 10), steps, strict=True):
            yield Act(again + timedelta(days=days), MORNING, what)

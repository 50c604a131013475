"""A project's story: everything that was said and decided of it in one order, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.envelope import Envelope
from contracts.portfolio import FollowUpAgreed, WorkStarted
from portfolio.views.history import HistoryRow, Lent, Said

KINDS = ("life", "documents", "ranks", "people", "reports", "gates", "talks")
"""The kinds of entries, by which a story can be narrowed."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """A version of the directive that was approved, or of the plan that was agreed on (TY-06)."""

    at: datetime
    document: str
    version: int
    actor_name: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened. `kind` is one of `KINDS`, `what` names the sentence it is told in, `said` holds the
    rest."""

    at: datetime
    kind: str
    what: str
    said: Any
    number: int = 0
    """Which of its sort it is, counted from 1; 0 where nobody counts."""


def story(told: HistoryRow, agreed: Iterable[Agreed], borrowed: Iterable[tuple[UUID, Lent]]) -> list[Entry]:
    """All entries, newest first; what happened in one moment stands the other way round than it was told."""
    entries = [
        *_each("life", "turn", told.turns),
        *(Entry(each.at, "documents", "document", each) for each in agreed),
        *_each("ranks", "rank", told.ranks),
        *_each("people", "assignment", told.assignments),
        *_each("people", "lent", told.loans),
        *(Entry(each.at, "people", "borrowed", (lender, each)) for lender, each in borrowed),
        *_each("reports", "report", told.reports),
        *_each("reports", "missed", told.missed),
        *_each("gates", "gate", told.gates),
        *_each("talks", "talk", told.dialogue),
    ]
    return sorted(entries, key=lambda entry: entry.at)[::-1]


def _each(kind: str, what: str, all_said: Sequence[Said]) -> Iterable[Entry]:
    return (Entry(said.at, kind, what, said, number) for number, said in enumerate(all_said, start=1))


def agreed_in(history: Iterable[Envelope[Any]]) -> list[Agreed]:
    """The versions of directive and plan that a project's history tells of."""
    found: list[Agreed] = []
    for event in history:
        match event.data:
            case FollowUpAgreed() as fact:
                found.append(Agreed(event.time, "directive", fact.directive_version, event.actor_name))
            case WorkStarted() as fact:
                found.append(Agreed(event.time, "plan", fact.plan_version, event.actor_name))
            case _:
                pass  # told by the view of what was said
    return found


def narrowed(entries: Sequence[Entry], kind: str) -> list[Entry]:
    """The entries of a kind; all of them when it is none of `KINDS`."""
    return [entry for entry in entries if kind not in KINDS or entry.kind == kind]


def counted(entries: Sequence[Entry]) -> dict[str, int]:
    """How many entries there are of each kind that there are any of."""
    counts = {kind: sum(entry.kind == kind for entry in entries) for kind in KINDS}
    return {kind: count for kind, count in counts.items() if count}

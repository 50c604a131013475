"""What is being prioritised, who has answered, and what came of it? One row per round.

How a municipality voted is not in the row at all: until the round closes it is nobody's business, and a view that does
not hold it cannot show it by mistake. The votes themselves are in the round's history.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from chassis.db import Database
from chassis.views import Page, Row, Stretch, View
from contracts.envelope import Envelope
from contracts.portfolio import RoundCancelled, RoundClosed, RoundFact, RoundOpened, ScoresGiven, ScoresWithdrawn
from contracts.topics import ROUND
from contracts.values import Candidate, Criterion, Person, Standing
from portfolio.domain.prioritisation import RoundState


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """That a municipality has answered, and who for it; a deputy shows (IT-13)."""

    municipality: str
    voter: Person
    as_deputy: bool
    deputy_for: Person | None
    at: datetime


class RoundRow(Row, frozen=True):
    """A prioritisation round, as every partner municipality sees it."""

    round_id: UUID
    municipality: str
    shared_with: tuple[str, ...]
    changed_at: datetime
    version: int
    title: str
    opened_at: datetime
    deadline: datetime
    criteria: tuple[Criterion, ...]
    candidates: tuple[Candidate, ...]
    voters: tuple[str, ...]
    state: RoundState = RoundState.OPEN
    answers: tuple[Answer, ...] = ()
    closed_at: datetime | None = None
    standings: tuple[Standing, ...] = ()
    abstained: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    reason: str = ""
    """Why it was cancelled."""


def evolve(row: RoundRow | None, event: Envelope[RoundFact]) -> RoundRow:
    """The row after an event."""
    fact = event.data
    if isinstance(fact, RoundOpened):
        voters = tuple(voter.municipality for voter in fact.voters)
        return RoundRow(
            round_id=fact.round_id,
            municipality=event.municipality,
            shared_with=voters,
            changed_at=event.time,
            version=event.version,
            title=fact.title,
            opened_at=event.time,
            deadline=fact.deadline,
            criteria=fact.criteria,
            candidates=fact.candidates,
            voters=voters,
            missing=voters,
        )
    assert row is not None, f"{event.type} before the round was opened"
    row = row.replace(changed_at=event.time, version=event.version)
    match fact:
        case ScoresGiven():
            answer = Answer(
                municipality=fact.municipality,
                voter=fact.voter,
                as_deputy=fact.as_deputy,
                deputy_for=fact.deputy_for,
                at=event.time,
            )
            return answered(row, (*row.answers, answer))
        case ScoresWithdrawn():
            return answered(row, tuple(each for each in row.answers if each.municipality != fact.municipality))
        case RoundClosed():
            return row.replace(
                state=RoundState.CLOSED,
                closed_at=event.time,
                standings=fact.standings,
                abstained=fact.abstained,
                missing=fact.missing,
            )
        case RoundCancelled():
            return row.replace(state=RoundState.CANCELLED, closed_at=event.time, reason=fact.reason)


def answered(row: RoundRow, answers: tuple[Answer, ...]) -> RoundRow:
    """The row with these answers, and who is missing then."""
    have = {each.municipality for each in answers}
    return row.replace(answers=answers, missing=tuple(each for each in row.voters if each not in have))


OPEN_FIRST = "(state <> 'open'), opened_at DESC, round_id"

view = View(
    "rounds",
    version=1,
    row=RoundRow,
    facts=RoundFact,
    topics=(ROUND,),
    evolve=evolve,
    indexes=(OPEN_FIRST,),
    private=frozenset({"scores"}),  # nobody knows how another municipality votes before the round is closed (IT-13)
)


async def open_ones(db: Database, *, scope: Iterable[str]) -> list[RoundRow]:
    """The rounds that are open, the newest first."""
    return await view.select(db, f"state = 'open' ORDER BY {OPEN_FIRST}", scope=scope)


async def newest_first(db: Database, *, scope: Iterable[str], limit: int, mark: str | None = None) -> Stretch[RoundRow]:
    """The rounds a reader of these municipalities may see; open ones first. Some of them, from a mark on. Raises
    NoMark."""
    return await view.stretch(db, order=OPEN_FIRST, scope=scope, limit=limit, mark=mark)


ON_A_PAGE = 20
"""A round holds all its candidates and how they came out: fifty would be more than a megabyte to be read."""


async def page_of(db: Database, *, scope: Iterable[str], number: int) -> Page[RoundRow]:
    """The same, page by page."""
    return await view.page(db, order=OPEN_FIRST, scope=scope, number=number, on_each=ON_A_PAGE)

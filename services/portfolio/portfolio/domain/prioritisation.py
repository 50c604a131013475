"""A prioritisation round: the IT managers of all partner municipalities score candidates (IT-12…IT-15).

The PM opens it when a ranking of the PM's own is not enough, and closes it. A municipality has one seat and votes once;
it may take its vote back and give another until the round is closed. The deadline says when answers are expected: what
comes later counts as long as the round is open. How the votes are counted is told in `scoring`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.portfolio import RoundCancelled, RoundClosed, RoundFact, RoundOpened, ScoresGiven, ScoresWithdrawn
from contracts.refusal import Refusal, together
from contracts.values import Candidate, Criterion, Person, Voter
from portfolio.domain import round_refusals as refused
from portfolio.domain.refusals import ReasonNeeded
from portfolio.domain.scoring import Scores, standings


class RoundState(StrEnum):
    """Open to votes; closed, with ranks; or called off."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What must be remembered of a round in order to decide."""

    id: UUID
    title: str
    criteria: tuple[Criterion, ...]
    candidates: tuple[Candidate, ...]
    voters: tuple[str, ...]
    deadline: datetime
    votes: Mapping[str, ScoresGiven]
    """What each municipality that has answered gave."""
    state: RoundState = RoundState.OPEN

    @property
    def missing(self) -> tuple[str, ...]:
        """The municipalities that have not answered."""
        return tuple(each for each in self.voters if each not in self.votes)


def open_round(
    round_: Round | None,
    *,
    id: UUID,  # noqa: A002  it is the round's id, as in the fact
    title: str,
    criteria: Sequence[Criterion],
    candidates: Sequence[Candidate],
    municipalities: Sequence[str],
    deadline: datetime,
    now: datetime,
) -> RoundOpened:
    """The PM asks every partner municipality to score these candidates, in the order they entered (IT-13)."""
    if round_ is not None:
        raise refused.RoundExists
    if len(candidates) < 2:
        raise refused.TooFewCandidates(field="candidates")
    if len({each.request_id for each in candidates}) < len(candidates):
        raise refused.CandidateTwice(field="candidates")
    if not criteria or len({each.key for each in criteria}) < len(criteria):
        raise refused.CriteriaUnclear(field="criteria")
    if deadline <= now:
        raise refused.DeadlinePassed(field="deadline")
    return RoundOpened(
        round_id=id,
        title=title,
        criteria=tuple(criteria),
        candidates=tuple(candidates),
        voters=tuple(Voter(municipality=each) for each in municipalities),
        deadline=deadline,
    )


def vote(
    round_: Round | None,
    *,
    municipality: str,
    voter: Person,
    scores: Scores,
    abstains: bool = False,
    as_deputy: bool = False,
    deputy_for: Person | None = None,
) -> ScoresGiven:
    """A municipality scores the candidates, or abstains (IT-13). Nobody votes twice, and nobody without a seat.

    A candidate that is scored is scored by every criterion; one that is left out is an abstention in its case.
    """
    round_ = _open(round_)
    _seat(round_, municipality)
    if municipality in round_.votes:
        raise refused.HasVoted(municipality=municipality)
    if abstains and scores:
        raise refused.ScoresAndAbstains(field="abstained")
    if not abstains:
        _must_be_whole(round_, scores)
    return ScoresGiven(
        round_id=round_.id,
        municipality=municipality,
        voter=voter,
        deputy_for=deputy_for,
        as_deputy=as_deputy or deputy_for is not None,
        scores={candidate: dict(given) for candidate, given in scores.items()},
        abstained=abstains,
    )


def withdraw(round_: Round | None, *, municipality: str, voter: Person) -> ScoresWithdrawn:
    """A municipality takes its vote back, in order to give another before the round closes (IT-13)."""
    round_ = _open(round_)
    _seat(round_, municipality)
    if municipality not in round_.votes:
        raise refused.HasNotVoted(municipality=municipality)
    return ScoresWithdrawn(round_id=round_.id, municipality=municipality, voter=voter)


def close(round_: Round | None) -> RoundClosed:
    """The PM closes the round, and the votes are counted (IT-13). A round nobody scored in gives no ranks."""
    round_ = _open(round_)
    scores = [each.scores for each in round_.votes.values() if each.scores]
    if not scores:
        raise refused.NobodyScored
    return RoundClosed(
        round_id=round_.id,
        standings=standings(round_.criteria, round_.candidates, scores),
        abstained=tuple(each for each in round_.voters if each in round_.votes and round_.votes[each].abstained),
        missing=round_.missing,
    )


def cancel(round_: Round | None, *, reason: str) -> RoundCancelled:
    """The PM calls the round off (IT-13)."""
    round_ = _open(round_)
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    return RoundCancelled(round_id=round_.id, reason=reason)


def evolve(round_: Round | None, fact: RoundFact) -> Round:
    """The round after a fact."""
    if isinstance(fact, RoundOpened):
        return Round(
            id=fact.round_id,
            title=fact.title,
            criteria=fact.criteria,
            candidates=fact.candidates,
            voters=tuple(voter.municipality for voter in fact.voters),
            deadline=fact.deadline,
            votes={},
        )
    assert round_ is not None, f"{fact.type} before the round was opened"
    match fact:
        case ScoresGiven():
            return replace(round_, votes={**round_.votes, fact.municipality: fact})
        case ScoresWithdrawn():
            return replace(
                round_, votes={who: given for who, given in round_.votes.items() if who != fact.municipality}
            )
        case RoundClosed():
            return replace(round_, state=RoundState.CLOSED)
        case RoundCancelled():
            return replace(round_, state=RoundState.CANCELLED)


def _open(round_: Round | None) -> Round:
    if round_ is None:
        raise refused.NoSuchRound
    if round_.state is not RoundState.OPEN:
        raise refused.RoundOver
    return round_


def _seat(round_: Round, municipality: str) -> None:
    if municipality not in round_.voters:
        raise refused.NoSeat(municipality=municipality)


def _must_be_whole(round_: Round, scores: Scores) -> None:
    if not scores:
        raise refused.NothingScored(field="scores")
    wrong: list[Refusal] = []
    known = {str(each.request_id) for each in round_.candidates}
    wanted = [each.key for each in round_.criteria]
    for candidate, given in scores.items():
        if candidate not in known:
            wrong.append(refused.NoSuchCandidate(field=f"scores.{candidate}"))
            continue
        for key in (*wanted, *(given.keys() - set(wanted))):
            if key not in wanted:
                wrong.append(refused.NoSuchCriterion(field=f"scores.{candidate}.{key}"))
            elif key not in given:
                wrong.append(refused.HalfScored(field=f"scores.{candidate}.{key}"))
            elif not 1 <= given[key] <= 5:
                wrong.append(refused.ScoreOutside(field=f"scores.{candidate}.{key}"))
    if wrong:
        raise together(wrong)

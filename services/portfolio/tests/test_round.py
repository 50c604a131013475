"""A prioritisation round: who may vote, how often, until when, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from uuid import UUID

import pytest

from contracts.portfolio import RoundCancelled, RoundFact, RoundOpened, ScoresGiven
from contracts.refusal import Refusals
from contracts.values import Candidate, Criterion, Person
from portfolio.domain import round_refusals as refused
from portfolio.domain.prioritisation import Round, RoundState, cancel, close, evolve, open_round, vote, withdraw
from portfolio.domain.refusals import ReasonNeeded

ROUND = UUID(int=500)
PERMITS, PAYROLL, ARCHIVE = UUID(int=11), UUID(int=12), UUID(int=13)
CRITERIA = tuple(Criterion(key=key, weight=Decimal(1), names={"sv": key}) for key in ("time", "economy", "cooperation"))
CANDIDATES = (
    Candidate(request_id=PERMITS, municipality="ekvik", title="E-tjänst för bygglov", serves=("ekvik", "sundholm")),
    Candidate(request_id=PAYROLL, municipality="sundholm", title="Lønsystem", serves=("sundholm",)),
    Candidate(request_id=ARCHIVE, municipality="vallby", title="E-arkiv", serves=("vallby",)),
)
PARTNERS = ("ekvik", "sundholm", "vallby")


def given(*facts: RoundFact) -> Round | None:
    return reduce(evolve, facts, None)


def scored(**by_candidate: int) -> Mapping[str, Mapping[str, int]]:
    """The same score by each criterion; candidates by their names here."""
    ids = {"permits": PERMITS, "payroll": PAYROLL, "archive": ARCHIVE}
    return {str(ids[name]): {each.key: score for each in CRITERIA} for name, score in by_candidate.items()}


@pytest.fixture
def opened(morning: datetime) -> RoundOpened:
    return open_round(
        None,
        id=ROUND,
        title="Våren 2026",
        criteria=CRITERIA,
        candidates=CANDIDATES,
        municipalities=PARTNERS,
        deadline=morning + timedelta(days=10),
        now=morning,
    )


@pytest.fixture
def ekviks_vote(opened: RoundOpened, sigrid: Person) -> ScoresGiven:
    return vote(given(opened), municipality="ekvik", voter=sigrid, scores=scored(permits=4, payroll=2))


def test_every_partner_municipality_has_a_seat(opened: RoundOpened) -> None:
    """IT-13: the IT managers of the municipalities take part."""
    assert tuple(voter.municipality for voter in opened.voters) == PARTNERS
    assert [each.key for each in opened.criteria] == ["time", "economy", "cooperation"]


def test_a_round_puts_at_least_two_projects_against_each_other(morning: datetime) -> None:
    """IT-12."""
    for candidates, refusal in [
        (CANDIDATES[:1], refused.TooFewCandidates),
        ((CANDIDATES[0], CANDIDATES[0]), refused.CandidateTwice),
    ]:
        with pytest.raises(refusal):
            open_round(
                None,
                id=ROUND,
                title="Våren",
                criteria=CRITERIA,
                candidates=candidates,
                municipalities=PARTNERS,
                deadline=morning + timedelta(days=1),
                now=morning,
            )


def test_a_round_needs_criteria_each_of_its_own_name(morning: datetime) -> None:
    """IT-12."""
    for criteria in ((), (CRITERIA[0], CRITERIA[0])):
        with pytest.raises(refused.CriteriaUnclear):
            open_round(
                None,
                id=ROUND,
                title="Våren",
                criteria=criteria,
                candidates=CANDIDATES,
                municipalities=PARTNERS,
                deadline=morning + timedelta(days=1),
                now=morning,
            )


def test_managers_get_time_to_answer_and_a_round_opens_once(opened: RoundOpened, morning: datetime) -> None:
    """IT-13."""
    for round_, refusal in [(None, refused.DeadlinePassed), (given(opened), refused.RoundExists)]:
        with pytest.raises(refusal):
            open_round(
                round_,
                id=ROUND,
                title="Våren",
                criteria=CRITERIA,
                candidates=CANDIDATES,
                municipalities=PARTNERS,
                deadline=morning,
                now=morning,
            )


def test_a_manager_scores_and_leaves_out_what_they_have_no_view_on(ekviks_vote: ScoresGiven) -> None:
    """IT-13: a candidate left out is an abstention in its case."""
    assert set(ekviks_vote.scores) == {str(PERMITS), str(PAYROLL)}
    assert not ekviks_vote.as_deputy


def test_a_deputy_acts_for_the_manager_and_it_shows(opened: RoundOpened, sigrid: Person, torsten: Person) -> None:
    """IT-13."""
    by_deputy = vote(given(opened), municipality="ekvik", voter=torsten, scores=scored(permits=3), as_deputy=True)
    assert by_deputy.as_deputy
    named = vote(given(opened), municipality="ekvik", voter=torsten, scores=scored(permits=3), deputy_for=sigrid)
    assert (named.as_deputy, named.deputy_for) == (True, sigrid)


def test_nobody_votes_twice(opened: RoundOpened, ekviks_vote: ScoresGiven, torsten: Person) -> None:
    """IT-13: not even the deputy after the manager."""
    with pytest.raises(refused.HasVoted):
        vote(given(opened, ekviks_vote), municipality="ekvik", voter=torsten, scores=scored(permits=1))


def test_a_municipality_without_a_seat_does_not_vote(opened: RoundOpened, sigrid: Person) -> None:
    """IT-13."""
    with pytest.raises(refused.NoSeat):
        vote(given(opened), municipality="storby", voter=sigrid, scores=scored(permits=1))


def test_a_vote_is_withdrawn_and_another_given_until_the_round_closes(
    opened: RoundOpened, ekviks_vote: ScoresGiven, sigrid: Person
) -> None:
    """IT-13."""
    back = withdraw(given(opened, ekviks_vote), municipality="ekvik", voter=sigrid)
    again = vote(given(opened, ekviks_vote, back), municipality="ekvik", voter=sigrid, scores=scored(permits=1))
    closed = close(given(opened, ekviks_vote, back, again))
    assert closed.standings[0].by_criterion["time"] == Decimal(1)
    for late in (
        lambda: withdraw(given(opened, ekviks_vote, closed), municipality="ekvik", voter=sigrid),
        lambda: vote(given(opened, closed), municipality="vallby", voter=sigrid, scores=scored(permits=1)),
    ):
        with pytest.raises(refused.RoundOver):
            late()


def test_what_was_not_given_is_not_withdrawn(opened: RoundOpened, sigrid: Person) -> None:
    """IT-13."""
    with pytest.raises(refused.HasNotVoted):
        withdraw(given(opened), municipality="vallby", voter=sigrid)


def test_a_municipality_may_abstain_and_has_answered_then(
    opened: RoundOpened, ekviks_vote: ScoresGiven, torsten: Person
) -> None:
    """IT-13: abstaining is neither for nor against, and is not the same as silence."""
    abstains = vote(given(opened), municipality="sundholm", voter=torsten, scores={}, abstains=True)
    closed = close(given(opened, ekviks_vote, abstains))
    assert (closed.abstained, closed.missing) == (("sundholm",), ("vallby",))
    assert closed.standings == close(given(opened, ekviks_vote)).standings


def test_silence_and_abstention_are_told_apart_when_voting(opened: RoundOpened, torsten: Person) -> None:
    """IT-13."""
    with pytest.raises(refused.NothingScored):
        vote(given(opened), municipality="ekvik", voter=torsten, scores={})
    with pytest.raises(refused.ScoresAndAbstains):
        vote(given(opened), municipality="ekvik", voter=torsten, scores=scored(permits=1), abstains=True)


def test_mistakes_in_a_vote_are_told_each_beside_its_field(opened: RoundOpened, torsten: Person) -> None:
    """IT-12: by every criterion, from 1 to 5, of a candidate of the round."""
    unknown = UUID(int=77)
    wrong = {
        str(PERMITS): {"time": 6, "economy": 3, "cooperation": 3},
        str(PAYROLL): {"time": 1, "economy": 1},
        str(ARCHIVE): {"time": 1, "economy": 1, "cooperation": 1, "beauty": 5},
        str(unknown): {"time": 1},
    }
    with pytest.raises(Refusals) as several:
        vote(given(opened), municipality="ekvik", voter=torsten, scores=wrong)
    assert {(type(each), each.field) for each in several.value.refusals} == {
        (refused.ScoreOutside, f"scores.{PERMITS}.time"),
        (refused.HalfScored, f"scores.{PAYROLL}.cooperation"),
        (refused.NoSuchCriterion, f"scores.{ARCHIVE}.beauty"),
        (refused.NoSuchCandidate, f"scores.{unknown}"),
    }


def test_the_pm_closes_the_round_and_every_candidate_has_a_rank(
    opened: RoundOpened, ekviks_vote: ScoresGiven, torsten: Person
) -> None:
    """IT-13: the standings say how each criterion moved it."""
    vallbys = vote(given(opened), municipality="vallby", voter=torsten, scores=scored(permits=2, payroll=5, archive=1))
    closed = close(given(opened, ekviks_vote, vallbys))
    assert [(each.request_id, each.rank, each.score, each.votes) for each in closed.standings] == [
        (PAYROLL, 1, Decimal("3.50"), 2),
        (PERMITS, 2, Decimal("3.33"), 2),
        (ARCHIVE, 3, Decimal("1.00"), 1),
    ]
    assert closed.standings[1].by_criterion == {"time": Decimal(3), "economy": Decimal(3), "cooperation": Decimal(4)}
    closed_round = given(opened, ekviks_vote, vallbys, closed)
    assert closed_round is not None
    assert closed_round.state is RoundState.CLOSED


def test_a_round_nobody_scored_in_is_cancelled_rather_than_closed(opened: RoundOpened, torsten: Person) -> None:
    """IT-13."""
    abstains = vote(given(opened), municipality="ekvik", voter=torsten, scores={}, abstains=True)
    for facts in ((opened,), (opened, abstains)):
        with pytest.raises(refused.NobodyScored):
            close(given(*facts))


def test_a_round_is_cancelled_with_a_reason_and_gives_no_rank(opened: RoundOpened) -> None:
    """IT-13."""
    with pytest.raises(ReasonNeeded):
        cancel(given(opened), reason="")
    fact = cancel(given(opened), reason="Budgeten är inte klar")
    assert fact == RoundCancelled(round_id=ROUND, reason="Budgeten är inte klar")
    with pytest.raises(refused.RoundOver):
        close(given(opened, fact))


def test_there_is_no_vote_in_a_round_that_is_not(torsten: Person) -> None:
    """IT-13."""
    with pytest.raises(refused.NoSuchRound):
        vote(None, municipality="ekvik", voter=torsten, scores=scored(permits=1))


def test_a_vote_after_the_deadline_counts_while_the_round_is_open(opened: RoundOpened, sigrid: Person) -> None:
    """IT-13: the deadline says when answers are expected; the PM's closing ends the round."""
    overdue = replace(opened, deadline=opened.deadline - timedelta(days=365))
    late = vote(given(overdue), municipality="ekvik", voter=sigrid, scores=scored(permits=1))
    assert close(given(overdue, late)).standings[0].request_id == PERMITS

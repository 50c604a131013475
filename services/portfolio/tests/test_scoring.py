"""How votes become ranks: by example, and by properties that hold for any votes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.values import Candidate, Criterion
from portfolio.domain.scoring import Scores, rounded, standings

MUNICIPALITIES = ("ekvik", "sundholm", "vallby", "fjordnes")
KEYS = ("time", "economy", "cooperation")


def criteria(*weights: object) -> tuple[Criterion, ...]:
    return tuple(
        Criterion(key=key, weight=Decimal(str(weight)), names={}) for key, weight in zip(KEYS, weights, strict=True)
    )


def candidate(number: int, *serves: str) -> Candidate:
    return Candidate(request_id=UUID(int=number), municipality="ekvik", title=f"Projekt {number}", serves=serves)


def ballot(**by_number: tuple[int, int, int]) -> Scores:
    return {
        str(UUID(int=int(name.removeprefix("p")))): dict(zip(KEYS, given, strict=True))
        for name, given in by_number.items()
    }


EQUAL = criteria(1, 1, 1)


def test_a_score_is_the_mean_of_the_criteria_by_their_weights() -> None:
    """IT-12: time and economy, as heavy as the partnership says."""
    (one,) = standings(criteria(3, 1, 1), [candidate(1)], [ballot(p1=(5, 2, 2)), ballot(p1=(4, 2, 1))])
    assert one.by_criterion == {"time": Decimal("4.50"), "economy": Decimal("2.00"), "cooperation": Decimal("1.50")}
    assert one.score == Decimal("3.40")


def test_serving_two_municipalities_gives_one_point_for_cooperation_and_it_shows() -> None:
    """IT-15, IT-14."""
    alone, together = standings(
        EQUAL, [candidate(1, "ekvik"), candidate(2, "ekvik", "vallby")], [ballot(p1=(3, 3, 3), p2=(3, 3, 3))]
    )[::-1]
    assert (together.rank, together.favour, together.by_criterion["cooperation"]) == (1, Decimal(1), Decimal(4))
    assert (alone.rank, alone.favour, alone.by_criterion["cooperation"]) == (2, Decimal(0), Decimal(3))


def test_the_favour_goes_no_higher_than_five() -> None:
    """IT-15."""
    votes = [ballot(p1=(3, 3, 5)), ballot(p1=(3, 3, 4))]
    (one,) = standings(EQUAL, [candidate(1, "ekvik", "vallby")], votes)
    assert (one.favour, one.by_criterion["cooperation"]) == (Decimal("0.50"), Decimal(5))


def test_a_partnership_without_the_cooperation_criterion_gives_no_favour() -> None:
    """IT-15: the favour is in that criterion, and shows there or nowhere."""
    only_time = criteria(1, 1, 1)[:1]
    votes: list[Scores] = [{str(UUID(int=1)): {"time": 3}}]
    (one,) = standings(only_time, [candidate(1, "ekvik", "vallby")], votes)
    assert (one.favour, one.score) == (Decimal(0), Decimal(3))


def test_equal_scores_put_first_who_serves_more_then_who_came_first() -> None:
    """IT-13, IT-15: the stated rule for ties."""
    three, two, early, late = (
        candidate(3, "ekvik", "vallby", "sundholm"),
        candidate(2, "ekvik", "vallby"),
        candidate(1, "ekvik"),
        candidate(4, "ekvik"),
    )
    votes = [ballot(p1=(3, 3, 4), p2=(3, 3, 3), p3=(3, 3, 3), p4=(3, 3, 4))]
    ranked = standings(EQUAL, [early, two, three, late], votes)
    assert [each.request_id.int for each in ranked] == [3, 2, 1, 4]
    assert all(len(each.tied_with) == 3 for each in ranked)


def test_what_is_equal_on_the_page_is_equal() -> None:
    """IT-13: a difference that nobody can see decides nothing."""
    votes = [ballot(p1=(5, 5, 5), p2=(5, 5, 5))] * 400 + [ballot(p1=(4, 5, 5), p2=(5, 5, 5))]
    first, second = standings(EQUAL, [candidate(1), candidate(2)], votes)
    assert first.score == second.score == Decimal(5)
    assert first.request_id == UUID(int=1)
    assert first.tied_with == (UUID(int=2),)


def test_what_nobody_scored_goes_last_without_a_score() -> None:
    """IT-13: an abstention of all is no score of 0."""
    first, last = standings(EQUAL, [candidate(1, "ekvik", "vallby"), candidate(2)], [ballot(p2=(1, 1, 1))])
    assert (last.request_id.int, last.score, last.by_criterion, last.votes) == (1, None, {}, 0)
    assert first.score == Decimal(1)


@pytest.mark.parametrize(
    ("exact", "shown"),
    [(Fraction(1, 3), "0.33"), (Fraction(2, 3), "0.67"), (Fraction(1, 200), "0.01"), (Fraction(7, 2), "3.50")],
)
def test_scores_are_rounded_to_two_decimals_half_up(exact: Fraction, shown: str) -> None:
    assert rounded(exact) == Decimal(shown)


scores_of_one = st.fixed_dictionaries({key: st.integers(1, 5) for key in KEYS})
worlds = st.integers(1, 6).flatmap(
    lambda number: st.tuples(
        st.tuples(
            *(st.sets(st.sampled_from(MUNICIPALITIES), min_size=1).map(sorted).map(tuple) for _ in range(number))
        ),
        st.lists(st.dictionaries(st.integers(1, number).map(lambda n: str(UUID(int=n))), scores_of_one), max_size=6),
    )
)
weights = st.tuples(*(st.integers(1, 40) for _ in KEYS))


@given(worlds, weights)
@settings(max_examples=150, deadline=None)
def test_ranks_are_a_permutation_of_the_candidates(
    world: tuple[tuple[tuple[str, ...], ...], list[Scores]], weighed: tuple[int, int, int]
) -> None:
    """IT-13: every candidate has one rank, 1 to n, whatever was voted."""
    serves, votes = world
    candidates = [candidate(number, *each) for number, each in enumerate(serves, start=1)]
    ranked = standings(criteria(*weighed), candidates, votes)
    assert [each.rank for each in ranked] == list(range(1, len(candidates) + 1))
    assert {each.request_id for each in ranked} == {each.request_id for each in candidates}
    shown = [each.score for each in ranked if each.score is not None]
    assert shown == sorted(shown, reverse=True)
    assert all(Decimal(1) <= score <= Decimal(5) for score in shown)


@given(worlds, weights, st.sampled_from([Decimal("0.5"), Decimal(2), Decimal("2.5")]))
@settings(max_examples=150, deadline=None)
def test_only_the_proportions_of_the_weights_matter(
    world: tuple[tuple[tuple[str, ...], ...], list[Scores]], weighed: tuple[int, int, int], scale: Decimal
) -> None:
    """IT-12: 1-1-2 is 2-2-4."""
    serves, votes = world
    candidates = [candidate(number, *each) for number, each in enumerate(serves, start=1)]
    scaled = tuple(replace(each, weight=each.weight * scale) for each in criteria(*weighed))
    assert standings(scaled, candidates, votes) == standings(criteria(*weighed), candidates, votes)


@given(worlds, weights, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_the_votes_is_irrelevant(
    world: tuple[tuple[tuple[str, ...], ...], list[Scores]], weighed: tuple[int, int, int], random: object
) -> None:
    """IT-13: who answered first has no more to say."""
    serves, votes = world
    candidates = [candidate(number, *each) for number, each in enumerate(serves, start=1)]
    shuffled = list(votes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands in a random.Random
    assert standings(criteria(*weighed), candidates, shuffled) == standings(criteria(*weighed), candidates, votes)


@given(worlds, weights, st.data())
@settings(max_examples=150, deadline=None)
def test_a_better_vote_never_lowers_a_candidate(
    world: tuple[tuple[tuple[str, ...], ...], list[Scores]], weighed: tuple[int, int, int], data: st.DataObject
) -> None:
    """IT-13: raising one score of a candidate leaves it where it was or lifts it."""
    serves, votes = world
    candidates = [candidate(number, *each) for number, each in enumerate(serves, start=1)]
    raisable = [
        (place, who, key) for place, vote in enumerate(votes) for who in vote for key in KEYS if vote[who][key] < 5
    ]
    if not raisable:
        return
    place, who, key = data.draw(st.sampled_from(raisable))
    better = [dict(vote) for vote in votes]
    better[place][who] = {**votes[place][who], key: votes[place][who][key] + 1}

    def rank_of(given_votes: list[Scores]) -> int:
        ranked = standings(criteria(*weighed), candidates, given_votes)
        return next(each.rank for each in ranked if str(each.request_id) == who)

    assert rank_of(list(better)) <= rank_of(votes)

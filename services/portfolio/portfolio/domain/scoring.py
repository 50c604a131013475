"""How votes become ranks (IT-12…IT-15). Pure arithmetic, shown on the round's page in the same words.

1. For each candidate and criterion, the mean of what the municipalities gave it, 1 to 5. A municipality that left a
   candidate out, or abstained altogether, is neither for nor against it: it is not in the mean.
2. A candidate that serves two municipalities or more gets one point more for cooperation, though never above 5 (IT-15).
3. The score is the mean of the criteria by their weights. It is rounded to two decimals first and compared then, so
   that what is equal on the page is equal.
4. Equal scores: the one that serves more municipalities goes first (IT-15); then the one that entered the portfolio
   first. The partnership's settings hold the words of this rule (`tie_rule`).
5. A candidate that nobody scored goes last, by the same rule, and has no score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from contracts.values import Candidate, Criterion, Standing

Scores = Mapping[str, Mapping[str, int]]
"""What one municipality gave: for each candidate it scored, by its id, 1 to 5 for each criterion."""

COOPERATION = "cooperation"
"""The criterion that favours working together over municipal borders (IT-14)."""

FAVOUR = Fraction(1)
HIGHEST = Fraction(5)


@dataclass(frozen=True, slots=True)
class Counted:
    """A candidate's votes, counted."""

    candidate: Candidate
    entered: int
    """Its place among the candidates, who are listed in the order in which they entered the portfolio."""
    votes: int
    means: Mapping[str, Fraction]
    favour: Fraction
    score: Decimal | None


def standings(
    criteria: Sequence[Criterion], candidates: Sequence[Candidate], votes: Sequence[Scores]
) -> tuple[Standing, ...]:
    """Where each candidate stands, first rank first. Ranks are 1 to n, each once (IT-13)."""
    counted = [count(criteria, candidate, place, votes) for place, candidate in enumerate(candidates)]
    return tuple(
        Standing(
            request_id=one.candidate.request_id,
            rank=rank,
            score=one.score,
            by_criterion={key: rounded(mean) for key, mean in one.means.items()},
            tied_with=tuple(
                other.candidate.request_id for other in counted if other is not one and other.score == one.score
            ),
            favour=rounded(one.favour),
            votes=one.votes,
        )
        for rank, one in enumerate(sorted(counted, key=_best_first), start=1)
    )


def count(criteria: Sequence[Criterion], candidate: Candidate, entered: int, votes: Sequence[Scores]) -> Counted:
    """Count one candidate's votes, with the favour of serving several municipalities (IT-14, IT-15)."""
    given = [scores[key] for scores in votes if (key := str(candidate.request_id)) in scores]
    if not given:
        return Counted(candidate, entered, 0, {}, Fraction(0), None)
    means = {each.key: Fraction(sum(scores[each.key] for scores in given), len(given)) for each in criteria}
    favour = Fraction(0)
    if COOPERATION in means and len(set(candidate.serves)) >= 2:
        favour = min(HIGHEST, means[COOPERATION] + FAVOUR) - means[COOPERATION]
        means[COOPERATION] += favour
    total = sum((Fraction(each.weight) for each in criteria), Fraction(0))
    weighted = sum((means[each.key] * Fraction(each.weight) for each in criteria), Fraction(0))
    return Counted(candidate, entered, len(given), means, favour, rounded(weighted / total))


def _best_first(one: Counted) -> tuple[bool, Decimal, int, int]:
    return (
        one.score is None,
        -(one.score or Decimal(0)),
        -len(set(one.candidate.serves)),
        one.entered,
    )


def rounded(exact: Fraction) -> Decimal:
    """Two decimals, half up, exactly: no binary fraction comes in between."""
    return Decimal((200 * exact.numerator + exact.denominator) // (2 * exact.denominator)).scaleb(-2)

"""What a prioritisation round refuses, and the rule each refusal enforces."""

from __future__ import annotations

from contracts.refusal import Forbidden, Refusal


class NoSuchRound(Refusal):
    """There is no round by that id (IT-13)."""

    text = "There is no such prioritisation round."
    rule = "IT-13"
    status = 404


class RoundExists(Refusal):
    """A round is opened once (IT-13)."""

    text = "The round has been opened already."
    rule = "IT-13"


class RoundOver(Refusal):
    """A round that is closed or cancelled takes no votes and is not closed again (IT-13)."""

    text = "The round is over."
    rule = "IT-13"


class TooFewCandidates(Refusal):
    """To prioritise is to put one before another (IT-12)."""

    text = "A round needs at least two candidates."
    rule = "IT-12"
    status = 422


class CandidateTwice(Refusal):
    """A candidate stands once in a round (IT-12)."""

    text = "The same project stands twice among the candidates."
    rule = "IT-12"
    status = 422


class CriteriaUnclear(Refusal):
    """Candidates are scored against criteria, each of its own name (IT-12)."""

    text = "A round needs at least one criterion, and each criterion once."
    rule = "IT-12"
    status = 422


class DeadlinePassed(Refusal):
    """Managers get time to answer (IT-13)."""

    text = "The deadline must be still to come."
    rule = "IT-13"
    status = 422


class NoSeat(Forbidden):
    """Partner municipalities vote, and no others (IT-13)."""

    text = "{municipality} has no seat in this round."
    rule = "IT-13"


class NotYourSeat(Forbidden):
    """The IT manager of a municipality votes for it, or their deputy; nobody votes for another (IT-13)."""

    text = "Only the IT manager of {municipality}, or their deputy, votes for it."
    rule = "IT-13"


class HasVoted(Refusal):
    """A municipality votes once (IT-13)."""

    text = "{municipality} has voted already; withdraw that vote to give another."
    rule = "IT-13"


class HasNotVoted(Refusal):
    """Only a vote that was given is taken back (IT-13)."""

    text = "{municipality} has given no vote that could be withdrawn."
    rule = "IT-13"


class ScoresAndAbstains(Refusal):
    """Who abstains scores nothing (IT-13)."""

    text = "Either score candidates or abstain, not both."
    rule = "IT-13"
    status = 422


class NothingScored(Refusal):
    """To leave out every candidate is to abstain, and is said so (IT-13)."""

    text = "Score at least one candidate, or abstain."
    rule = "IT-13"
    status = 422


class NoSuchCandidate(Refusal):
    """Votes are for the candidates of the round (IT-13)."""

    text = "This project is no candidate in the round."
    rule = "IT-13"
    status = 422


class NoSuchCriterion(Refusal):
    """Candidates are scored by the criteria of the round (IT-12)."""

    text = "The round has no such criterion."
    rule = "IT-12"
    status = 422


class HalfScored(Refusal):
    """A candidate is scored by every criterion, or left out (IT-12)."""

    text = "Score the candidate by every criterion, or leave it out."
    rule = "IT-12"
    status = 422


class ScoreOutside(Refusal):
    """Scores go from 1 to 5 (IT-12)."""

    text = "A score is a whole number from 1 to 5."
    rule = "IT-12"
    status = 422


class NobodyScored(Refusal):
    """Without a single score there is nothing to rank by (IT-13)."""

    text = "No municipality has scored anything yet; cancel the round instead."
    rule = "IT-13"

"""What the portfolio refuses, in the field's words, and the rule each refusal enforces."""

from __future__ import annotations

from contracts.refusal import Forbidden, Refusal


class NotInPortfolio(Refusal):
    """The request was never judged a project, so nothing can be decided of it here (IT-08)."""

    text = "There is no such project in the portfolio."
    rule = "IT-08"
    status = 404


class AlreadyInPortfolio(Refusal):
    """A project enters the portfolio once (IT-08)."""

    text = "The project is in the portfolio already."
    rule = "IT-08"


class NotPrioritised(Refusal):
    """Only a prioritised project is dealt out (IT-16)."""

    text = "The project has not been prioritised yet; rank it first."
    rule = "IT-16"


class NotAssigned(Refusal):
    """There is no leader who could do this (IT-16)."""

    text = "The project has no leader yet; assign it first."
    rule = "IT-16"


class NotUnderWay(Refusal):
    """A project is carried out only by an agreed plan (TY-23)."""

    text = "Work has not started: the plan must be agreed first."
    rule = "TY-23"


class IsPostponed(Refusal):
    """A postponed project rests (TY-04)."""

    text = "The project is postponed; resume it first."
    rule = "TY-04"


class IsStopped(Refusal):
    """A stopped project rests (TY-04)."""

    text = "The project is stopped; resume it first."
    rule = "TY-04"


class IsCompleted(Refusal):
    """A completed project is closed (TY-04)."""

    text = "The project is completed; nothing more is decided of it."
    rule = "TY-04"


class HasLeft(Refusal):
    """The request is no project any more (IT-08)."""

    text = "The request has left the portfolio; it is no project now."
    rule = "IT-08"


class NothingToResume(Refusal):
    """Only what was postponed, limited or stopped goes on again (TY-04)."""

    text = "The project is neither postponed, limited nor stopped."
    rule = "TY-04"


class ReasonNeeded(Refusal):
    """Those concerned are told why (TY-04)."""

    text = "Say why, so that those concerned can be told."
    rule = "TY-04"
    status = 422


class NotTheLeader(Forbidden):
    """Only the appointed leader reports on a project (IT-20)."""

    text = "Only the appointed project leader may do this."
    rule = "IT-20"


class MemberTwice(Refusal):
    """Each member stands once in the group (IT-17)."""

    text = "The same person stands twice in the group."
    rule = "IT-17"
    status = 422


class ForecastBelowSpent(Refusal):
    """A forecast of the whole cost cannot be lower than what is spent already (IT-20)."""

    text = "The forecast is lower than what is already spent."
    rule = "IT-20"
    status = 422


class NoSuchGate(Refusal):
    """The approved directive does not have this gate (TY-09)."""

    text = "The approved directive has no gate {gate}."
    rule = "TY-09"


class GatePassed(Refusal):
    """A gate is passed once (TY-09)."""

    text = "Gate {gate} has been passed already."
    rule = "TY-09"


class GateOutOfOrder(Refusal):
    """Gates are passed in the directive's order (TY-09)."""

    text = "Gate {earlier} comes before gate {gate} and has not been passed."
    rule = "TY-09"


class NotYetDecided(Refusal):
    """What is decided on a day that has not come is not decided (TY-09)."""

    text = "The day of the decision has not come yet."
    rule = "TY-09"
    status = 422


class PeriodEndsBeforeItStarts(Refusal):
    """A loan has a period (TY-22)."""

    text = "The period ends before it starts."
    rule = "TY-22"
    status = 422


class LentToItself(Refusal):
    """People are lent from one project to another (TY-22)."""

    text = "People are lent to another project, not to their own."
    rule = "TY-22"
    status = 422


class PeriodIsOver(Refusal):
    """A release is planned for a half-year that has not ended (TY-23)."""

    text = "This half-year is over. Choose a later one."
    rule = "TY-23"
    status = 422


class PeriodUnreadable(Refusal):
    """Releases are planned by half-year (TY-23)."""

    text = "Choose a half-year from the list; programs write it like 2027H1."
    rule = "TY-23"
    status = 422


class PostponedIntoThePast(Refusal):
    """A project is put off to a later day (TY-04)."""

    text = "A project is postponed until a day that is still to come."
    rule = "TY-04"
    status = 422


class JoinedWithItself(Refusal):
    """Like requests are joined, two of them (IT-15)."""

    text = "A project is joined with another, not with itself."
    rule = "IT-15"
    status = 422


class TooFarToJoin(Refusal):
    """What has been dealt out to a leader is not swallowed by another project (IT-15)."""

    text = "Only a project that has not been assigned can be joined into another."
    rule = "IT-15"


class RankTwice(Refusal):
    """One ranking gives each rank once (IT-12)."""

    text = "Two projects have the same rank in this ranking."
    rule = "IT-12"
    status = 422


class RankTooLow(Refusal):
    """Ranks count from 1 (IT-12)."""

    text = "A rank is a whole number from 1."
    rule = "IT-12"
    status = 422

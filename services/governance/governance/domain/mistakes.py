"""What can be wrong in a directive, each mistake with the rule it breaks and a sentence that says how to mend it."""

from __future__ import annotations

from contracts.refusal import Refusal


class Mistake(Refusal):
    """Something in the form must be mended before the directive can be returned."""

    status = 422


class NoOrderer(Mistake):
    """The orderer approves the directive, and so must be known."""

    text = "Name the orderer and their e-mail address: they approve the directive."
    rule = "TY-01"


class LeaderHalfNamed(Mistake):
    """The leader approves the directive too."""

    text = "Give the leader both name and e-mail address, or leave both empty."
    rule = "TY-01"


class SamePerson(Mistake):
    """Two signatures of one person would be one."""

    text = "The orderer and the leader must be two different people."
    rule = "TY-01"


class NoAddress(Mistake):
    """What was written cannot be an e-mail address."""

    text = "This is not an e-mail address. Write it as name@municipality.example."
    rule = "TY-08"


class NoTitle(Mistake):
    """An assignment without a name cannot be spoken of."""

    text = "Give the assignment a name."
    rule = "TY-02"


class NoBackground(Mistake):
    """The reason of the assignment is missing."""

    text = "Tell the background: why is this to be done?"
    rule = "TY-03"


class HalfASection(Mistake):
    """A sub-section is a heading and a text."""

    text = "A sub-section has both a heading and a text."
    rule = "TY-03"


class NoRoughPlan(Mistake):
    """A proposal contains a rough plan."""

    text = "Sketch the plan in rough: what is done in which order?"
    rule = "TY-07"


class NoRoles(Mistake):
    """A proposal says who is needed."""

    text = "Name at least one role that is needed, with its competence and responsibility."
    rule = "TY-07"


class HalfARole(Mistake):
    """A role without competence and responsibility says nothing."""

    text = "Say the role, the competence it asks for and what it is responsible for."
    rule = "TY-07"


class NoContact(Mistake):
    """Somebody must be there to ask."""

    text = "Name at least one contact."
    rule = "TY-08"


class HalfAContact(Mistake):
    """A contact is a person in a role."""

    text = "A contact has both a role and a name."
    rule = "TY-08"


class NoWayToReach(Mistake):
    """A contact who cannot be reached is none."""

    text = "Give a telephone number or an e-mail address."
    rule = "TY-08"


class NotTheFourGates(Mistake):
    """The schedule has the four decision points, in their order."""

    text = "The schedule has the four decision points BP1, BP2, BP3 and BP4, in this order."
    rule = "TY-09"


class NoGate(Mistake):
    """One of the four decision points is missing, or only half there."""

    text = "Say on which day {gate} is, and what is decided on it."
    rule = "TY-09"


class GateBeforeGate(Mistake):
    """Decision points follow each other; the same day is early enough."""

    text = "{later} cannot come before {earlier}, which is on {day}. The same day is allowed."
    rule = "TY-09"


class NoResult(Mistake):
    """An assignment leads to something."""

    text = "Name at least one result."
    rule = "TY-11"


class NotNumbered(Mistake):
    """Results are numbered from 1 without a gap."""

    text = "Results are numbered 1, 2, 3 and so on; this one is number {number}."
    rule = "TY-11"


class NoResultText(Mistake):
    """A numbered result says what is delivered."""

    text = "Say what this result is."
    rule = "TY-11"


class NotAGate(Mistake):
    """A result is taken up at one of the four decision points, or at none."""

    text = "Choose one of the decision points BP1 to BP4, or none."
    rule = "TY-11"


class NoTimeGoal(Mistake):
    """Each result has one time goal."""

    text = "Say when this result is due: a day or a month."
    rule = "TY-12"


class NoCap(Mistake):
    """The cost has a limit."""

    text = "Say what the assignment may cost at most."
    rule = "TY-13"


class NoCurrency(Mistake):
    """An amount without a currency is a number."""

    text = "Choose the currency."
    rule = "TY-13"


class AnotherCurrency(Mistake):
    """All amounts of a directive are in one currency."""

    text = "This amount is in {written}, but the directive is in another currency."
    rule = "TY-13"


class NoPeriod(Mistake):
    """The cap holds for a period."""

    text = "Say from which day to which day the cost cap holds."
    rule = "TY-13"


class PeriodEndsBeforeItStarts(Mistake):
    """Time goes forwards."""

    text = "The period ends before it starts."
    rule = "TY-13"


class NotARanking(Mistake):
    """The three goals are ranked strictly."""

    text = "Rank result, time and cost: each of them once."
    rule = "TY-14"


class NoCadence(Mistake):
    """There are two rhythms of reporting."""

    text = "Say how many days lie between two reports, from 1 to {most}."
    rule = "TY-15"


class HalfADecision(Mistake):
    """Earlier funding was decided by somebody, on a day, and was so much."""

    text = "Say who decided the earlier funding, on which day, and how much it was."
    rule = "TY-16"


class NoSpentDay(Mistake):
    """What is spent changes from day to day."""

    text = "Say as of which day this is spent."
    rule = "TY-17"


class NoSpentAmount(Mistake):
    """A day alone says nothing."""

    text = "Say how much was spent as of that day."
    rule = "TY-17"


class SpentOutOfNothing(Mistake):
    """Money was spent that nobody had decided on."""

    text = "Something is spent, but no earlier funding is named. Add the decision it was spent from."
    rule = "TY-17"


class NoHours(Mistake):
    """A cost line counts hours."""

    text = "Say how many hours; more than none."
    rule = "TY-18"


class NoRate(Mistake):
    """A cost line has a price by the hour."""

    text = "Say what an hour costs."
    rule = "TY-18"


class OverTheCap(Mistake):
    """The lines must fit the cap."""

    text = "The cost lines come to {planned}, which is more than the cap of {cap}."
    rule = "TY-18"


class NoKind(Mistake):
    """A cost is of a kind."""

    text = "Choose what kind of cost this is."
    rule = "TY-19"


class NoPurpose(Mistake):
    """Consultant hours are bought for something."""

    text = "Say what the hours are for."
    rule = "TY-19"


class EndsBeforeItStarts(Mistake):
    """The assignment has an end, and it lies after its beginning."""

    text = "The assignment cannot end before its cost period starts."
    rule = "TY-20"


class HalfALoan(Mistake):
    """People on loan keep their duties, under a new lead, for a time."""

    text = "Say who is lent, from which day to which, and which lead decides over them."
    rule = "TY-22"


class LoanEndsBeforeItStarts(Mistake):
    """Time goes forwards for those on loan too."""

    text = "The loan ends before it starts."
    rule = "TY-22"


class NotAHalfYear(Mistake):
    """Deliveries are planned by half-years."""

    text = "Choose a half-year from the list; programs write it like 2027H1."
    rule = "TY-23"

"""Why a setting of the cooperation is refused. Each English sentence is the key of its translations."""

from __future__ import annotations

from contracts.refusal import NotFound, Refusal


class NothingChanges(Refusal):
    """What was sent is what holds already."""

    text = "This is what holds already; nothing was changed."


class NotAKey(Refusal):
    """Scores and answers are kept under the key of a criterion for ever."""

    text = "A key is a word in small letters, like “accessibility” or “shared_use”."
    rule = "IT-12"
    status = 422


class TwiceTheKey(Refusal):
    """Each criterion has a key of its own."""

    text = "“{key}” stands more than once."
    rule = "IT-12"
    status = 422


class NothingToJudgeBy(Refusal):
    """Something must be judged by."""

    text = "At least one is needed."
    rule = "IT-12"
    status = 422


class NoSuchSection(NotFound):
    """Help stands beside a section of the directive."""

    text = "The directive has no such section."
    rule = "IT-11"


class InAlready(Refusal):
    """A municipality joins once."""

    text = "{municipality} is in the cooperation already."
    rule = "IT-01"


class NotAMunicipality(Refusal):
    """The id of a municipality stands in every fact and in addresses, and never changes."""

    text = "Write a short name in small letters a to z, digits and hyphens, like “norrhamn”."
    rule = "IT-01"
    status = 422


class NoSuchPartner(NotFound):
    """There is no municipality of that name in the cooperation."""

    text = "No such municipality is in the cooperation."
    rule = "IT-01"


class NoZone(Refusal):
    """Days begin somewhere."""

    text = "There is no time zone of this name; one is Europe/Stockholm."
    status = 422


class DomainOfAnother(Refusal):
    """By the domain of an address it is known whose somebody is."""

    text = "{domain} is the domain of {municipality}."
    rule = "IT-01"
    status = 422


class HostNotNamed(Refusal):
    """Only hosts that a municipality has named are called for it."""

    text = "{host}, where “{system}” is asked, is not among the hosts of {municipality} that may be called."
    status = 422


class HostOfAnswersNotNamed(Refusal):
    """Nor is a host answered that the municipality has not named."""

    text = "{host}, where “{system}” is answered, is not among the hosts of {municipality} that may be called."
    status = 422


class HostNotAmong(Refusal):
    """The same, of whatever else is called because of a connection."""

    text = "{host} is not among the hosts of {municipality} that may be called."
    status = 422


class DomainTwice(Refusal):
    """By the domain of an address it is known whose somebody is."""

    text = "The domain {domain} stands more than once; one municipality has it, and once."
    rule = "IT-01"
    status = 422


class DoesNotHold(Refusal):
    """The cooperation would not hold together."""

    text = "This does not go together with what else holds. It was to be settled at: {place}."
    status = 422


class NotAnAddress(Refusal):
    """Whoever is told is told at an address."""

    text = "Write an e-mail address here, like kim@example.org."
    status = 422


class TwiceInOffice(Refusal):
    """One person is told once in each office."""

    text = "The same person stands twice in this office."
    status = 422


class DeputyOfThemselves(Refusal):
    """A deputy stands in for somebody else."""

    text = "Nobody is their own deputy."
    rule = "IT-13"
    status = 422


class NoDay(Refusal):
    """A deputy stands in from one day until another."""

    text = "Say which day."
    status = 422


class EndsBeforeItStarts(Refusal):
    """A period has a first day and a last."""

    text = "The last day is before the first."
    status = 422


class OverAlready(Refusal):
    """What is over is over; it is part of what happened."""

    text = "This day is over."
    status = 422


class NoSuchDeputy(NotFound):
    """There is no deputy by that id, or their days are over."""

    text = "There is no such deputy whose days are not over."
    rule = "IT-13"

"""What is wrong with what somebody wrote, in plain words beside the field; pydantic's own words are for programmers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chassis.i18n import N_
from contracts.refusal import Refusal, Refusals

MISSING = N_("This is needed.")
NOT_A_CHOICE = N_("Choose one of those that are offered.")
NUMBER = N_("Write a number here.")
WHOLE = N_("Write a whole number here.")
DAY = N_("Write a day here, like 2027-03-31.")
MOMENT = N_("Write a moment here, with its offset from UTC, like 2027-03-31T14:00:00+02:00.")
YES_OR_NO = N_("Answer yes or no here.")
TEXT = N_("Write text here.")
UNKNOWN = N_("This is not known here; is it spelled right?")
SHAPE = N_("This is not made as it must be.")

SENTENCES: Mapping[str, str] = {
    "missing": MISSING,
    "missing_argument": MISSING,
    "missing_keyword_only_argument": MISSING,
    "none_required": N_("This is to be left empty."),
    "string_too_short": N_("Write at least {min_length} characters."),
    "string_too_long": N_("Write at most {max_length} characters."),
    "too_short": N_("At least {min_length} are needed."),
    "too_long": N_("At most {max_length} are possible."),
    "literal_error": NOT_A_CHOICE,
    "enum": NOT_A_CHOICE,
    "greater_than": N_("This must be more than {gt}."),
    "greater_than_equal": N_("This must be at least {ge}."),
    "less_than": N_("This must be less than {lt}."),
    "less_than_equal": N_("This must be at most {le}."),
    "decimal_max_digits": N_("This number has too many digits."),
    "decimal_max_places": N_("Write at most {decimal_places} decimals."),
    "decimal_whole_digits": N_("This number has too many digits."),
    "timezone_aware": MOMENT,
    "string_pattern_mismatch": SHAPE,
    "extra_forbidden": UNKNOWN,
    "unexpected_keyword_argument": UNKNOWN,
    "json_invalid": N_("This is not JSON."),
}
BY_BEGINNING: Mapping[str, str] = {
    "decimal": NUMBER,
    "float": NUMBER,
    "finite": NUMBER,
    "int": WHOLE,
    "date_": DAY,
    "datetime": MOMENT,
    "timezone": MOMENT,
    "bool": YES_OR_NO,
    "string": TEXT,
    "uuid": N_("Write an id here, like 1c9d6e34-0b1a-4f7e-9a55-6a1c0f2d7b10."),
    "url": N_("Write a web address here, like https://example.org/."),
}


class Misfilled(Refusal):
    """A field does not hold what it must. The sentence is the instance's own."""

    status = 422

    def __init__(self, text: str, field: str | None, **params: object) -> None:
        super().__init__(field, **params)
        self.text = text


def in_plain_words(errors: Iterable[Mapping[str, Any]]) -> Refusals:
    """Pydantic's (and FastAPI's) error details as refusals, each beside its field."""
    return Refusals(tuple(_misfilled(error) for error in errors))


def _misfilled(error: Mapping[str, Any]) -> Misfilled:
    kind, context = str(error["type"]), error.get("ctx") or {}
    # An empty text where one is asked for is a field left out, not a text too short.
    if kind == "string_too_short" and context.get("min_length") == 1:
        kind = "missing"
    text = SENTENCES.get(kind) or next(
        (sentence for beginning, sentence in BY_BEGINNING.items() if kind.startswith(beginning)), SHAPE
    )
    params = {name: value for name, value in context.items() if name != "error"}
    return Misfilled(text, field_of(error["loc"]), **params)


def field_of(location: Sequence[int | str]) -> str | None:
    """Where an error is, as a dotted path ("cost.lines.0.hours"), without the words that are not the sender's."""
    path = [str(step) for step in location if isinstance(step, int) or (step.isidentifier() and not step[0].isupper())]
    if location and location[0] in ("body", "query", "path", "header"):
        path = path[1:]
    return ".".join(path) or None

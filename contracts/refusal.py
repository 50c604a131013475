"""A refusal: the domain says no, in the field's words, and says which rule it enforces."""

from __future__ import annotations

from collections.abc import Iterable


class Refusal(Exception):
    """A command that was understood and is not allowed. Nothing has happened because of it.

    `text` is an English sentence with {placeholders}; it is the key by which readers find their own language, so the
    values stand apart in `params`. `rule` is the id of the rule that is enforced ("IT-07"). `field` names the place
    in a form the sentence belongs beside, as a dotted path ("cost.lines.0"). `status` is the HTTP status a refusal
    of this kind has.
    """

    text: str = "This cannot be done."
    rule: str | None = None
    status: int = 409

    def __init__(self, field: str | None = None, **params: object) -> None:
        super().__init__(field, params)
        self.field = field
        self.params = params

    def __str__(self) -> str:
        return self.text.format(**self.params)


class Refusals(Refusal):
    """Several refusals at once, each beside its field; what a form with more than one mistake answers."""

    text = "The form has mistakes; each is explained beside its field."
    status = 422

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        super().__init__()
        self.refusals = refusals


def together(refusals: Iterable[Refusal]) -> Refusal:
    """What tells all of these at once: the only one, or else `Refusals`."""
    each = [one for many in refusals for one in (many.refusals if isinstance(many, Refusals) else (many,))]
    return each[0] if len(each) == 1 else Refusals(tuple(each))


class Forbidden(Refusal):
    """The one who asks may not do this; the sentence says who may, or where to go."""

    text = "You may not do this."
    status = 403


class NotFound(Refusal):
    """There is nothing by that name that the one who asks may see."""

    text = "There is nothing here by that name."
    status = 404

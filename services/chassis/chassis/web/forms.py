"""Plain HTML forms: dotted names become nested values, numbers are read as they are written in the country.

A field's name is its path in the value ("financing.lines.0.hours"), so that a refusal's field finds its place on the
page. After a colon stands how its text is read: ":number" (decimals and thousands as usual in the country), ":flag"
(a box that is ticked or not), ":list" (several values). A field left empty is left out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from chassis.i18n import N_
from chassis.i18n.formats import Formats
from chassis.plain import Misfilled, in_plain_words
from chassis.web.deps import KEY_FIELD

T = TypeVar("T")
VERSION_FIELD = "version"
ACTION_FIELD = "action"
DEEPEST, MOST_ROWS = 8, 500


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody filled in. `version` is the subject's when the form was shown; `action` the button pressed."""

    data: dict[str, Any]
    version: int | None
    action: str | None

    def text(self, name: str) -> str:
        """A top-level field as text, empty when it was left empty."""
        return str(self.data.get(name, ""))


async def form_of(request: Request, formats: Formats) -> Form:
    """Read the form a request brings. Files are not among what forms of Flöde send."""
    given = await request.form()
    fields = [(name, value) for name, value in given.multi_items() if isinstance(value, str)]
    known = dict(fields)
    version = known.get(VERSION_FIELD, "")
    own = {KEY_FIELD, VERSION_FIELD, ACTION_FIELD}
    return Form(
        data=nested(((name, value) for name, value in fields if name not in own), formats),
        version=int(version) if version.isdecimal() and len(version) < 10 else None,
        action=known.get(ACTION_FIELD),
    )


def nested(fields: Iterable[tuple[str, str]], formats: Formats) -> dict[str, Any]:
    """Flat fields as a nested value. Rows of which nothing was filled in are left out."""
    root: dict[str, Any] = {}
    for name, typed in fields:
        path, _, kind = name.partition(":")
        steps = path.split(".")
        text = typed.replace("\r\n", "\n").strip()
        if not text or len(steps) > DEEPEST or not all(step.isidentifier() or _row(step) for step in steps):
            continue
        place = root
        for step in steps[:-1]:
            inner = place.setdefault(step, {})
            place = inner if isinstance(inner, dict) else {}
        if kind == "list":
            place.setdefault(steps[-1], []).append(text)
        else:
            place[steps[-1]] = _read(text, kind, formats)
    return {name: _with_rows(value) for name, value in root.items()}


def _row(step: str) -> bool:
    return step.isdecimal() and step.isascii() and len(step) < 4 and int(step) < MOST_ROWS


def _read(text: str, kind: str, formats: Formats) -> object:
    if kind == "flag":
        return True
    if kind == "number":
        try:
            return formats.parse_number(text)
        except ValueError:
            return text  # the field's own type will say what is wrong, and the page show what was typed
    return text


def _with_rows(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(_row(step) for step in value):
        return [_with_rows(value[step]) for step in sorted(value, key=int)]
    return {name: _with_rows(each) for name, each in value.items()}


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    made: Any = kind
    return TypeAdapter(made)


def filled(kind: type[T], data: Mapping[str, Any]) -> T:
    """A value of a type (a contract's, or any that pydantic knows) made of what was filled in.

    Raises Refusals: every mistake in plain words, beside its field.
    """
    try:
        made: T = _adapter(cast("Hashable", kind)).validate_python(data)
    except ValidationError as wrong:
        raise in_plain_words(wrong.errors()) from None
    return made


def needed(form: Form, *names: str) -> None:
    """Refuse a form in which one of these fields was left empty."""
    for name in names:
        if name not in form.data:
            raise Misfilled(N_("This is needed."), name)

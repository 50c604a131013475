"""An event told as a person would tell it. What a fact means is in its docstring; the words are taken from there."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.position import Position
from contracts.envelope import Envelope
from contracts.personal import is_personal

PLAIN = (str, int, Decimal, bool, date, datetime, UUID)
WIDTH = 110


def tell(position: Position, event: Envelope[Any], state: dict[str, str]) -> list[str]:
    """The lines for one event. `state` is what was known before, and is brought up to date."""
    fact = event.data
    meaning = (inspect.getdoc(type(fact)) or "").split("\n\n")[0].replace("\n", " ")
    role, _, who = event.actor.partition("/")
    by = f"{role} {who[:8]}" if len(who) == 36 else event.actor
    said = _said(fact)
    state.update({name: text for name, text in said.items() if text})
    state["last"] = type(fact).__name__
    lines = [
        f"{event.time:%Y-%m-%d %H:%M} UTC · {type(fact).__name__} · {event.municipality}, by {by} · {position}",
        *textwrap.wrap(meaning, WIDTH, initial_indent="  ", subsequent_indent="  "),
    ]
    told = "; ".join(f"{name}: {text}" for name, text in said.items() if text)
    known = "; ".join(f"{name}: {text}" for name, text in state.items() if name != "last")
    if told:
        lines += textwrap.wrap(f"said: {told}", WIDTH, initial_indent="  ", subsequent_indent="        ")
    lines += textwrap.wrap(f"known then: {known}", WIDTH, initial_indent="  ", subsequent_indent="        ")
    return [*lines, ""]


def _said(fact: Any) -> dict[str, str]:
    """The fields of a fact that can be said in a word or a sentence; who it is about is not repeated."""
    return {
        field.name: _text(getattr(fact, field.name))
        for field in dataclasses.fields(fact)
        if field.name != fact.topic.subject
    }


def _text(value: Any) -> str:
    if is_personal(value):
        return "(sealed)"
    if isinstance(value, tuple):
        return ", ".join(filter(None, (_text(one) for one in value)))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        amounts = [getattr(value, name, None) for name in ("amount", "currency")]
        if all(amounts):
            return " ".join(map(str, amounts))
        words = [_text(getattr(value, field.name)) for field in dataclasses.fields(value)]
        return " ".join(word for word in words if word and word != "(sealed)") or "(sealed)"
    if isinstance(value, UUID):
        return str(value)[:8]
    return str(value)[:200] if isinstance(value, PLAIN) else ""

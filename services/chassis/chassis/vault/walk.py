"""Find the sealed tokens in a value of any shape, and put text in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec
from pydantic import BaseModel

from contracts.personal import is_personal


def tokens_in(value: Any) -> Iterator[str]:
    """Every sealed token in a value: dataclasses, structs, models, dicts, lists, tuples and what they hold."""
    if type(value) is str:
        if is_personal(value):
            yield value
        return
    for _, part in _parts(value):
        yield from tokens_in(part)


def replaced(value: Any, text_of: Callable[[str], str]) -> Any:
    """The value with `text_of` each token in its place. What holds no token is the same object as before.

    Nothing is validated again: an opened name is no sealed token, and a fact's type would refuse it.
    """
    if type(value) is str:
        return text_of(value) if is_personal(value) else value
    changed = {}
    for key, part in _parts(value):
        new = replaced(part, text_of)
        if new is not part:
            changed[key] = new
    return _with(value, changed) if changed else value


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    match value:
        case dict():
            yield from value.items()
        case list() | tuple():
            yield from enumerate(value)
        case msgspec.Struct():
            yield from ((name, getattr(value, name)) for name in value.__struct_fields__)
        case BaseModel():
            yield from ((name, getattr(value, name)) for name in type(value).model_fields)
        case _ if is_dataclass(value) and not isinstance(value, type):
            yield from ((field.name, getattr(value, field.name)) for field in fields(value))
        case _:
            pass


def _with(value: Any, changed: dict[Any, Any]) -> Any:
    match value:
        case dict():
            return {**value, **changed}
        case list():
            return [changed.get(index, part) for index, part in enumerate(value)]
        case tuple():
            items = [changed.get(index, part) for index, part in enumerate(value)]
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        case msgspec.Struct():
            return msgspec.structs.replace(value, **changed)
        case BaseModel():
            return value.model_copy(update=changed)
        case _:
            copy = object.__new__(type(value))
            for field in fields(value):
                object.__setattr__(copy, field.name, changed.get(field.name, getattr(value, field.name)))
            return copy

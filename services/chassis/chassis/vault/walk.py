"""Find the sealed tokens in a value of any shape, and put text in their place.

Every row of every page is walked through, field by field, so what a class holds is looked up once for each class and
not for each value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import msgspec
from pydantic import BaseModel

from contracts.personal import is_personal

MAPPING, SEQUENCE = ("of keys",), ("of numbers",)
"""What stands for the names of the parts of a dict, and of a list or tuple."""


def tokens_in(value: Any) -> Iterator[str]:
    """Every sealed token in a value: dataclasses, structs, models, dicts, lists, tuples and what they hold."""
    found: list[str] = []
    _find(value, found)
    return iter(found)


def replaced(value: Any, text_of: Callable[[str], str]) -> Any:
    """The value with `text_of` each token in its place. What holds no token is the same object as before.

    Nothing is validated again: an opened name is no sealed token, and a fact's type would refuse it.
    """
    if type(value) is str:
        return text_of(value) if is_personal(value) else value
    changed = {}
    for key, part in _parts(value):
        kind: Any = type(part)
        if kind is str or _names(kind):
            new = replaced(part, text_of)
            if new is not part:
                changed[key] = new
    return _with(value, changed) if changed else value


def _find(value: Any, found: list[str]) -> None:
    if type(value) is str:
        if is_personal(value):
            found.append(value)
        return
    for _, part in _parts(value):
        kind: Any = type(part)
        if kind is str or _names(kind):
            _find(part, found)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """The names of the parts that values of a class have; none for a class that holds nothing to be walked through."""
    if issubclass(kind, dict):
        return MAPPING
    if issubclass(kind, list | tuple):
        return SEQUENCE
    if issubclass(kind, msgspec.Struct):
        names: tuple[str, ...] = kind.__struct_fields__
        return names
    if issubclass(kind, BaseModel):
        return tuple(kind.model_fields)
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _parts(value: Any) -> Iterable[tuple[Any, Any]]:
    kind: Any = type(value)
    names = _names(kind)
    if names is MAPPING:
        return list(value.items())
    if names is SEQUENCE:
        return enumerate(value)
    return [(name, getattr(value, name)) for name in names]


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
            kind: Any = type(value)
            for name in _names(kind):
                object.__setattr__(copy, name, changed.get(name, getattr(value, name)))
            return copy

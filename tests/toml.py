"""Settings as TOML, for tests that start processes: the standard library reads it and does not write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def as_toml(settings: Mapping[str, Any]) -> str:
    """A line for each key. What is None is left out."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in _said(settings))


def _said(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in table.items() if value is not None]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_value(one)}" for key, one in _said(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # texts, numbers and truths are written alike

"""How far a directive's form has come, section by section, by the rules of the domain; nobody is scolded for a section
they have not begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from governance.domain import checks, form
from governance.domain.tree import PRESET, Draft
from governance.pages import labels


@dataclass(frozen=True, slots=True)
class Part:
    """A section: whether it is complete, has something missing, is not begun, or may be left empty."""

    section: str
    state: Literal["complete", "missing", "untouched", "optional"]
    missing: int


def progress(tree: Draft, blank: Draft) -> list[Part]:
    """Each section of the form as it stands. What `blank` holds too, nobody has written."""
    faults = [labels.section_of(refusal.field or "") for refusal in checks.refusals(form.read(tree))]
    preset = dict(_texts(form.keep(blank)))
    begun = {
        labels.section_of(path)
        for path, text in _texts(form.keep(tree))
        if text and preset.get(path) != text and path.rpartition(".")[2] not in PRESET
    }
    order = sorted(labels.SECTIONS, key=lambda section: section != "title")  # it stands first in the form
    return [_part(section, faults.count(section), section in begun) for section in order]


def _part(section: str, missing: int, begun: bool) -> Part:
    if missing:
        return Part(section, "missing" if begun else "untouched", missing)
    # What stands there from the beginning, as a cadence or a ranking does, may be right as it is.
    return Part(section, "complete" if begun or section in STANDS else "optional", 0)


STANDS = frozenset({"title", "ranking", "cadence"})
"""Sections that are filled in from the start."""


def _texts(tree: object, path: str = "") -> Iterator[tuple[str, str]]:
    match tree:
        case dict():
            for name, part in tree.items():
                yield from _texts(part, f"{path}.{name}" if path else str(name))
        case list():
            for at, part in enumerate(tree):
                yield from _texts(part, f"{path}.{at}")
        case _:
            yield path, str(tree)

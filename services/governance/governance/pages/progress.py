"""How far a directive's form has come, section by section, by the rules of the domain; nobody is scolded for a section
they have not begun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

from governance.domain import checks, form
from governance.domain.tree import PRESET, Draft
from governance.pages import labels
from governance.views.directives import DirectiveRow, Said


@dataclass(frozen=True, slots=True)
class Part:
    """A section: whether it is complete, has something missing, is not begun, or may be left empty."""

    section: str
    state: Literal["complete", "missing", "untouched", "optional"]
    missing: int


def progress(tree: Draft, blank: Draft) -> list[Part]:
    """Each section of the form as it stands. What `blank` holds too, nobody has written."""
    faults = [form.section_of(refusal.field or "") for refusal in checks.refusals(form.read(tree))]
    preset = dict(_texts(form.keep(blank)))
    begun = {
        form.section_of(path)
        for path, text in _texts(form.keep(tree))
        if text and preset.get(path) != text and path.rpartition(".")[2] not in PRESET
    }
    return [_part(section, faults.count(section), section in begun) for section in ORDER]


def _part(section: str, missing: int, begun: bool) -> Part:
    if missing:
        return Part(section, "missing" if begun else "untouched", missing)
    # What stands there from the beginning, as a cadence or a ranking does, may be right as it is.
    return Part(section, "complete" if begun or section in STANDS else "optional", 0)


ORDER = tuple(sorted(labels.SECTIONS, key=lambda section: section != "title"))
"""The sections as they stand in the form, the name of the assignment first."""
STANDS = frozenset({"title", "ranking", "cadence"})
"""Sections that are filled in from the start."""


def sections_of(fields: Iterable[str | None]) -> list[str]:
    """The section of each field, and of the question about it; what stands in none is left out."""
    found = (form.section_of((field or "").removeprefix("question.")) for field in fields)
    return [section for section in found if section in labels.SECTIONS]


def said_by_section(said: Sequence[Said]) -> dict[str, list[Said]]:
    """Questions and answers by the section they stand in, the newest first. An answer stands where the last question
    before it was asked; what concerns no section is under ""."""
    found: dict[str, list[Said]] = {}
    section = ""
    for each in said:
        if each.by == "requester":
            asked_in = form.section_of(each.field or "")
            section = asked_in if asked_in in labels.SECTIONS else ""
        found.setdefault(section, []).insert(0, each)
    return found


def told_of(row: DirectiveRow, parts: Sequence[Part], wrong: Iterable[str], *, is_requester: bool) -> dict[str, Any]:
    """What is said of each section while it is folded: its state, mistakes, remarks, and what waits to be read."""
    return {
        "parts": parts,
        "wrong": Counter(wrong),
        "remarked": sections_of(each.field for each in (row.standing.remarks if row.standing else ())),
        "waiting": [
            section
            for section, said in said_by_section(row.said).items()
            if section and (said[0].by == "requester") != is_requester
        ],
    }


def following(section: str) -> str:
    """The section after this one; "" after the last."""
    at = ORDER.index(section) + 1
    return ORDER[at] if at < len(ORDER) else ""


def unfolded(parts: Sequence[Part], told: str, *, wrong: Iterable[str] = (), waiting: Iterable[str] = ()) -> Set[str]:
    """The sections that stand open: those that stood open before (`told`, as the form tells it) and those with
    mistakes; when the form is opened anew, those in which somebody waits for an answer, and the first to be done."""
    before = {section for section in told.split() if section in labels.SECTIONS}
    if before or set(wrong):
        return before | set(wrong)
    first = next((part.section for part in parts if part.missing), None)
    return set(waiting) | ({first} if first else set())


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

"""Two people wrote in the same form: what each changed is kept, and where both changed the same, neither is taken
silently (IT-11).

The tables of the form are kept together: rows have no names but their place, so a table in which one of the two added
or took away a row is one field.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from governance.domain.form import keep
from governance.domain.tree import Draft


@dataclass(frozen=True, slots=True)
class Collision:
    """A field that both changed, each to something else; the texts are empty where a whole table is meant."""

    field: str
    theirs: str
    mine: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The form with what both wrote. Where they collide, `tree` holds mine, for the one who writes to decide."""

    tree: Draft
    collisions: tuple[Collision, ...]
    taken: dict[str, str]
    """What came from them, by the field's path."""
    reshaped: bool
    """Whether rows came or went by them: then the form does not look as it did."""


def merge(base: Draft, mine: Draft, theirs: Draft) -> Merged:
    """What I wrote and what they wrote, both beginning from `base`."""
    found = _Merging()
    tree = found.of("", keep(base), keep(mine), keep(theirs))
    return Merged(tree, tuple(found.collisions), found.taken, found.reshaped)


class _Merging:
    def __init__(self) -> None:
        self.collisions: list[Collision] = []
        self.taken: dict[str, str] = {}
        self.reshaped = False

    def of(self, path: str, base: Any, mine: Any, theirs: Any) -> Any:
        """The part of the form at a path."""
        if mine == theirs or base == theirs:
            return mine
        inner = f"{path}." if path else ""
        if isinstance(mine, dict) and isinstance(theirs, dict):
            before = base if isinstance(base, dict) else {}
            return {
                name: self.of(inner + name, before.get(name, ""), mine.get(name, ""), theirs.get(name, ""))
                for name in dict.fromkeys((*mine, *theirs))
            }
        if isinstance(mine, list) and isinstance(theirs, list):
            if isinstance(base, list) and len(base) == len(mine) == len(theirs):
                rows = enumerate(zip(base, mine, theirs, strict=True))
                return [self.of(f"{inner}{at}", *row) for at, row in rows]
            if base == mine:
                self.reshaped = True
                return deepcopy(theirs)
            self.collisions.append(Collision(path, "", ""))
            return mine
        if base == mine:
            self.taken[path] = str(theirs)
            return theirs
        self.collisions.append(Collision(path, str(theirs), str(mine)))
        return mine

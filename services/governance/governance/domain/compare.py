"""What differs between two versions of a directive, field by field (TY-06)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from governance.domain.tree import Draft


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that says something else now; empty text is a field that was not there."""

    field: str
    before: str
    after: str


def differences(before: Draft, after: Draft) -> tuple[Difference, ...]:
    """The fields of two forms that differ, in the order of the later one."""
    old, new = dict(_flat(before)), dict(_flat(after))
    return tuple(
        Difference(field, old.get(field, ""), new.get(field, ""))
        for field in dict.fromkeys((*new, *old))
        if old.get(field, "") != new.get(field, "")
    )


def _flat(tree: object, path: str = "") -> Iterator[tuple[str, str]]:
    match tree:
        case dict():
            for name, part in tree.items():
                yield from _flat(part, f"{path}.{name}" if path else str(name))
        case list():
            for at, part in enumerate(tree):
                yield from _flat(part, f"{path}.{at}")
        case _:
            yield path, str(tree)

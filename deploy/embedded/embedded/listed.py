"""The people with an account, some at a time: those whose name or address holds what somebody looks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from multidict import MultiMapping

from embedded.people import Person

ON_A_PAGE = 30


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of people: `number` counts pages from 1 to `last`, `total` is how many were found in all."""

    people: Sequence[Person]
    words: str
    number: int
    last: int
    total: int


def listed(everyone: Sequence[Person], asked: MultiMapping[str]) -> Listed:
    """Those an address asks for: by words ("q"), each somewhere in the name or the e-mail address, and a page ("page");
    a page that there is not is the nearest."""
    words = " ".join(asked.get("q", "").split())[:200]
    found = [
        each
        for each in everyone
        if all(word in f"{each.name} {each.email}".casefold() for word in words.casefold().split())
    ]
    last = max(1, -(-len(found) // ON_A_PAGE))
    page = asked.get("page", "")
    number = min(int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1, last) or 1
    return Listed(found[(number - 1) * ON_A_PAGE : number * ON_A_PAGE], words, number, last, len(found))

"""What stands in the address of the portfolio: which projects, in what order, how they are shown, which page.

The address is all there is to remember, so a link, a bookmark and a saved view are the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from portfolio.views.found import SORTS, Wanted

WAYS = ("table", "board", "timeline")
PLACE = "/portfolio/"
TEXTS = ("state", "serves", "health", "release", "text")
FLAGS = ("overdue", "mine", "everything")
LONGEST, FURTHEST = 100, 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a reader asks the portfolio for. Empty and False narrow nothing."""

    state: str = ""
    serves: str = ""
    health: str = ""
    release: str = ""
    text: str = ""
    """Sought in the title; `q` in the address."""
    overdue: bool = False
    mine: bool = False
    everything: bool = False
    sort: str = ""
    way: str = "table"
    """How it is shown, one of `WAYS`; `as` in the address."""
    page: int = 1

    @property
    def filters(self) -> tuple[str, ...]:
        """The names of the filters that are set."""
        return tuple(name for name in (*TEXTS, *FLAGS) if getattr(self, name))

    def address(self, **changes: Any) -> str:
        """The address of the same with something changed; other projects, or another order, begin at page 1."""
        query = self.query(**changes)
        return f"{PLACE}?{query}" if query else PLACE

    def query(self, **changes: Any) -> str:
        """What stands after the question mark of `address`."""
        meant = replace(self, **({"page": 1} | changes))
        said = {
            _TOLD.get(field.name, field.name): _said(getattr(meant, field.name))
            for field in fields(meant)
            if getattr(meant, field.name) != field.default
        }
        return urlencode(said)

    def cleared(self) -> str:
        """The address without any filter, shown the same way."""
        return Asked(way=self.way, sort=self.sort).address()

    def sorted_by(self, name: str) -> str:
        """The address by which a column is ordered, and ordered the other way when it is already."""
        return self.address(sort=f"-{name}" if self.sort == name else name)

    def wanted(self, person: UUID) -> Wanted:
        """The projects that are meant, when it is this person who asks."""
        return Wanted(
            state=self.state or None,
            serves=self.serves or None,
            health=self.health or None,
            release=self.release or None,
            overdue=self.overdue,
            everything=self.everything,
            leader=person if self.mine else None,
            text=self.text or None,
        )


_TOLD = {"text": "q", "way": "as"}


def _said(value: object) -> str:
    return "1" if value is True else str(value)


def asked(params: Mapping[str, str]) -> Asked:
    """What an address asks for; what it says besides is passed over, and what cannot be is as if not said."""
    way, page = params.get("as", ""), params.get("page", "")
    sort = params.get("sort", "")
    given: dict[str, Any] = {name: _plain(params.get(_TOLD.get(name, name), "")) for name in TEXTS}
    given |= {name: bool(params.get(name)) for name in FLAGS}
    return Asked(
        **given,
        sort=sort if sort.removeprefix("-") in SORTS else "",
        way=way if way in WAYS else "table",
        page=max(1, min(int(page[:9]), FURTHEST)) if page.isascii() and page.isdecimal() else 1,
    )


def _plain(text: str) -> str:
    """Text as a column can hold it: PostgreSQL takes no character 0."""
    return text.replace("\0", "").strip()[:LONGEST]

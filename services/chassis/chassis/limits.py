"""How often somebody may ask. Nobody who works here notices; who asks without end waits, and is told how long.

| what | whose | at once | then |
|---|---|---|---|
| pages, by hand or by a script in them | one person's | 1200 | 20 a second |
| what costs much: the past, searches of every view, exports, PDF | one person's | 120 | one a second |
| links that do not open | one address's | 20 | one in ten seconds |

Signing in has its own limits at the issuer, and deliveries have turns per Service Desk (intake). A link that opens is
never refused for what others tried at the same address; programs' paths are only limited in what costs much.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from fastapi import Request

from chassis.links import LinkDoesNotOpen
from contracts.refusal import Refusal

MOST_KEYS = 10_000
PROGRAMS = frozenset({"api", "hooks", "health", "metrics", "openapi.json"})


class TooOften(Refusal):
    """More was asked for than can be answered to everybody. `seconds` says how long to wait."""

    text = "You ask for this more often than can be answered. Wait {seconds} s, then try again."
    status = 429


class Buckets:
    """A bucket of tokens for each key: `most` at once, and one more every `every` seconds. Those not
    asked for longest are forgotten first, so that what is remembered stays small however many ask."""

    def __init__(self, most: int, every: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._room, self._every, self._now = (most - 1) * every, every, now
        # A bucket is the one moment at which it will be full again.
        self._full_at: OrderedDict[object, float] = OrderedDict()

    def take(self, key: object) -> None:
        """Take a token. Raises TooOften when there is none."""
        now = self._now()
        full_at = max(self._full_at.get(key, now), now)
        if full_at - now > self._room:
            raise TooOften(seconds=math.ceil(full_at - now - self._room))
        self._full_at[key] = full_at + self._every
        self._full_at.move_to_end(key)
        while len(self._full_at) > MOST_KEYS or (self._full_at and next(iter(self._full_at.values())) <= now):
            self._full_at.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """The buckets of one process."""

    pages: Buckets = field(default_factory=lambda: Buckets(1200, 0.05))
    costly: Buckets = field(default_factory=lambda: Buckets(120, 1.0))
    failing_links: Buckets = field(default_factory=lambda: Buckets(20, 10.0))

    def admit(self, request: Request, person: UUID) -> None:
        """Let somebody's request in. Raises TooOften."""
        if costs_much(request):
            self.costly.take(person)
        elif not PROGRAMS & set(request.url.path.split("/")[2:3]):
            self.pages.take(person)

    @contextmanager
    def judging_a_link(self, request: Request) -> Iterator[None]:
        """Around what finds out whether a link opens: who comes with many that do not is soon told to wait."""
        try:
            yield
        except LinkDoesNotOpen:
            self.failing_links.take(request.client.host if request.client else "")
            raise


def costs_much(request: Request) -> bool:
    """Whether an answer reads topics or every view, or draws a document."""
    place, asked = request.url.path.split("/")[2:], request.query_params
    if place[-1:] and place[-1].endswith((".pdf", "case.json")):
        return True
    past = place[:1] == ["audit"] or place[:2] == ["api", "views"]
    return past and (len(place) > 2 + (place[0] == "api") or bool({"as_of", "and", "q"} & set(asked)))

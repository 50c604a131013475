"""Pages that update themselves: a stream of server-sent events that says that a view moved, and never what is in it.

An event's id is the marks of the views asked for (`chassis.views.read.marks`). Whoever comes with the id they saw last,
or with what their page was made from, is told at once whether anything moved since; so nothing is missed between.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi.responses import StreamingResponse

from chassis.views.read import MOVED
from chassis.web.problems import TROUBLE
from contracts.refusal import NotFound, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

Marks = Mapping[str, str]
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class TooManyWatch(Refusal):
    """As many pages of this process update themselves as may."""

    text = "Too many pages are open that update themselves. Load the page again to see what is new."
    status = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a stream says something, in seconds, and how many streams there may be."""

    look: float = 1.0
    """Between two looks at where the views stand: a stream has one event in that time at most."""
    beat: float = 20.0
    """After which a silent stream says that it is still there."""
    lasts: float = 600.0
    """After which a stream ends. The browser comes again, and is asked again who it is."""
    most: int = 400
    most_each: int = 20
    """For one person, so that nobody takes the streams of all."""


class Live:
    """Where the views of a service stand: one look for all streams of the process, as long as there are any."""

    def __init__(
        self, read: Callable[[], Awaitable[Marks]], views: Iterable[str] = (), *, pace: Pace | None = None
    ) -> None:
        self.views, self.pace = tuple(views), pace or Pace()
        self._read = read
        self._marks: Marks = {}
        self._streams: Counter[UUID] = Counter()
        self._changed = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    def end(self) -> None:
        """End all streams, because the server stops."""
        self._ending.set()

    def answer(self, person: UUID, views: Iterable[str], seen: str | None) -> StreamingResponse:
        """The stream for somebody who saw `seen` of these views. Raises NotFound and TooManyWatch."""
        asked = tuple(views)
        if not asked or not set(asked) <= set(self.views):
            raise NotFound
        if self._streams.total() >= self.pace.most or self._streams[person] >= self.pace.most_each:
            raise TooManyWatch
        return StreamingResponse(self.told(person, asked, seen), media_type="text/event-stream", headers=HEADERS)

    async def told(self, person: UUID, views: tuple[str, ...], seen: str | None) -> AsyncIterator[str]:
        """The events: `same` or `moved` at once, then `moved` each time one of the views did, and beats between."""
        ends = time.monotonic() + self.pace.lasts
        with self._counted(person):
            yield "retry: 3000\n\n"
            now = _compact(await self._stand(), views)
            yield _event("same" if seen in (None, now) else "moved", now, seen, views)
            seen = now
            while not self._ending.is_set() and (left := ends - time.monotonic()) > 0:
                now = _compact(self._marks, views)
                if now != seen:
                    yield _event("moved", now, seen, views)
                    seen = now
                    await self._until((self._ending,), min(self.pace.look, left))
                elif not await self._until((self._changed, self._ending), min(self.pace.beat, left)):
                    yield ": still here\n\n"

    @contextmanager
    def _counted(self, person: UUID) -> Iterator[None]:
        self._streams[person] += 1
        try:
            yield
        finally:
            self._streams -= Counter([person])
            if not self._streams and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _stand(self) -> Marks:
        """Where the views stand now; from here on they are looked at."""
        found = await self._read()
        self._take(found)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="live")
        return found

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self.pace.look)
            # Followers of this process wake us; those of another are found by looking.
            await MOVED.wait(*self.views, seconds=self.pace.look)
            with suppress(*TROUBLE):  # a database that is away for a moment: nothing is known to have moved
                self._take(await self._read())

    def _take(self, found: Marks) -> None:
        if found != self._marks:
            self._marks = found
            self._changed.set()
            self._changed = asyncio.Event()

    async def _until(self, events: Iterable[asyncio.Event], seconds: float) -> bool:
        """Whether any of the events comes within the seconds."""
        waits = [asyncio.ensure_future(each.wait()) for each in events]
        try:
            done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        return bool(done)


def _compact(marks: Marks, views: Iterable[str]) -> str:
    return ".".join(marks.get(view, "") for view in views)


def _event(kind: str, now: str, seen: str | None, views: tuple[str, ...]) -> str:
    before = (seen or "").split(".")
    known = len(before) == len(views)
    moved = [view for at, view in enumerate(views) if not known or before[at] != now.split(".")[at]]
    return f"event: {kind}\nid: {now}\ndata: {','.join(moved if kind == 'moved' else views)}\n\n"

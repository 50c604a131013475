"""How often a password may be tried: a few times a minute for each address, and only so many at once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable


class TooMany(Exception):
    """Wait before trying again; `seconds` says how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:.0f} s")
        self.seconds = seconds


class Attempts:
    """Counts failures per key (an e-mail address). After `most` in `window` seconds further ones wait."""

    def __init__(self, *, most: int = 5, window: float = 60.0, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._window, self._now = most, window, now
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self.at_once = asyncio.Semaphore(2)
        """Each try costs 64 MB and a core for a moment; more at once would starve what matters."""

    def check(self, key: str) -> None:
        """Raises TooMany when this key has failed too often of late."""
        recent = self._recent(key)
        if len(recent) >= self._most:
            raise TooMany(recent[-self._most] + self._window - self._now())

    def failed(self, key: str) -> None:
        """Remember a failure. Only the last ten thousand keys are remembered."""
        self._failures[key] = [*self._recent(key), self._now()]
        self._failures.move_to_end(key)
        while len(self._failures) > 10_000:
            self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)

    def _recent(self, key: str) -> list[float]:
        since = self._now() - self._window
        return [at for at in self._failures.get(key, []) if at > since]

"""Since when somebody has been asked in vain.

On a busy machine an answer may be late, and one that is late is no silence: only who says nothing for a while, asked
more than once, does not answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any, TypeVar

SILENT_SECONDS = 10.0
"""Who has been asked in vain for so long does not answer; before that it is slow to."""
FORGET_SECONDS = 60.0
"""Who was not asked for so long is asked as if for the first time."""
BRIEF_SECONDS = 0.3
"""How long is waited for somebody who did not answer the last time: whoever looks need not wait for it again."""
T = TypeVar("T")


class Heard(StrEnum):
    """How somebody answers who is asked.

    answers  in time
    slow     not yet; it may only have much to do
    silent   not for SILENT_SECONDS
    gone     nobody listens at its address
    unable   it answers, but cannot say what it is asked
    """

    ANSWERS = "answers"
    SLOW = "slow"
    SILENT = "silent"
    GONE = "gone"
    UNABLE = "unable"


class Hearing:
    """Who has been asked in vain, and since when. Kept by each process for those who look. `clock` gives seconds and
    never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._asking: set[asyncio.Task[Any]] = set()  # asyncio itself would let go of a task that nobody waits for

    async def ask(self, name: str, question: Coroutine[Any, Any, T], *, patience: float) -> T:
        """What comes of asking somebody. Raises TimeoutError when nothing has come after `patience` seconds, fewer if
        the last question was in vain as well; an answer that comes later is noted all the same."""
        now = self._clock()
        if now - self._asked.get(name, -FORGET_SECONDS) >= FORGET_SECONDS:
            self._since.pop(name, None)
        # Whoever asks at the same time as somebody else has not been told in vain yet, and waits as long.
        patience = BRIEF_SECONDS if self.in_vain(name) >= patience else patience
        self._since.setdefault(name, now)
        self._asked[name] = now
        asking = asyncio.create_task(self._listen(name, question), name=f"ask {name}")
        self._asking.add(asking)
        asking.add_done_callback(self._ended)
        done, _ = await asyncio.wait({asking}, timeout=patience)
        if not done:
            raise TimeoutError(f"{name} has not answered for {self.in_vain(name):.1f} s")
        return asking.result()

    async def _listen(self, name: str, question: Coroutine[Any, Any, T]) -> T:
        async with asyncio.timeout(SILENT_SECONDS):
            answer = await question
        self._since.pop(name, None)
        return answer

    def _ended(self, asking: asyncio.Task[Any]) -> None:
        self._asking.discard(asking)
        if not asking.cancelled():
            asking.exception()  # looked at, though nobody may wait for it any more

    def in_vain(self, name: str) -> float:
        """For how many seconds somebody has been asked in vain; 0 when the last question was answered."""
        return self._clock() - self._since[name] if name in self._since else 0.0

    def slow_or_silent(self, name: str) -> Heard:
        """What is to be said of somebody from whom nothing has come."""
        return Heard.SILENT if self.in_vain(name) >= SILENT_SECONDS else Heard.SLOW

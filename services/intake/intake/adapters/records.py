"""Records of a system's API. Each is understood or not for itself: one that is odd holds up no other, and is parked for
somebody to see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

import structlog

from chassis.outbox import GiveUp, Retry
from intake.adapters.odd import ODD, what_is_odd
from intake.adapters.port import Arrived, oddly_polled

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page of what a system lists.

    found  what is understood of it, in its order
    odd    a record for each of the others
    full   whether it is as long as was asked for, so that there may be more
    """

    found: tuple[T, ...] = ()
    odd: tuple[Arrived, ...] = ()
    full: bool = False

    @classmethod
    def of(cls, items: object, read: Callable[[Any], T], most: int) -> Self:
        """Read a list of at most so many. Raises Retry for what is none, and for a full one of which nothing is
        understood: from it nothing leads on."""
        if not isinstance(items, list):
            raise Retry("the system answered with something that is no list")
        found: list[T] = []
        odd: list[Arrived] = []
        fault = ""
        for item in items:
            try:
                found.append(read(item))
            except ODD as failure:
                fault = what_is_odd(failure)
                odd.append(oddly_polled(item, fault))
        full = len(items) >= most
        if full and not found:
            raise Retry(f"of {len(items)} tickets that the system lists none is understood: {fault}")
        return cls(tuple(found), tuple(odd), full)

    async def records(self, make: Callable[[T], Awaitable[Arrived | None]]) -> tuple[Arrived, ...]:
        """A record of each, made of what was found; None for what is not there any more. One that the system does not
        give us more of is parked, so that it holds up no other. Raises what asking raises, where that is so of all."""
        made, refused = list(self.odd), list[GiveUp]()
        for one in self.found:
            try:
                record = await make(one)
            except ODD as failure:
                record = oddly_polled(one, what_is_odd(failure))
            except GiveUp as refusal:
                refused.append(refusal)
                record = oddly_polled(one, refusal.reason)
            if record is not None:
                made.append(record)
        if refused and len(refused) == len(self.found):
            raise refused[0]
        return tuple(made)


async def understood(answer: Awaitable[T]) -> T:
    """What came of asking a system. Raises Retry where it answers with something else than its documents say, for
    whoever looks at what is tried again and again."""
    try:
        return await answer
    except ODD as failure:
        at = failure.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        code = at.tb_frame.f_code if at else None
        log.warning("answer.odd", fault=type(failure).__name__, at=code and f"{code.co_name}:{at and at.tb_lineno}")
        raise Retry(f"the system's answer is not understood: {what_is_odd(failure)}") from None

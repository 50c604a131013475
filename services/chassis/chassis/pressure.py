"""How much waits in a store because the broker is away, and when that is so much that no more is taken in (P17).

What was acknowledged is safe in the store, however long the broker is away. But what happens here happens nowhere else
until it is back, and one day somebody must decide that this has gone too far: that day is a setting.
"""

from __future__ import annotations

import time

from chassis.db import Connection, Database, Pool
from chassis.telemetry import TELEMETRY
from contracts.refusal import Refusal

ASK_SECONDS = 1.0
"""How old an answer of the store may be that a write goes by; as long it may go over the limit."""


class TooMuchWaits(Refusal):
    """The broker has been away for so long that nothing more is taken in. Nothing was done; what was done is safe."""

    text = (
        "Nothing can be registered or changed at the moment, because what was decided lately cannot be passed on. "
        "Nothing was done; what was done before is safe. Try again in a while."
    )
    status = 503


async def waiting(connection: Connection | Pool) -> int:
    """How many events of a store have been in no topic yet. Topics that are filled again hold up nothing."""
    found: int = await connection.fetchval(
        "SELECT greatest(0, (SELECT position FROM log_head)"
        " - (SELECT coalesce(max(greatest(reached, done_to)), 0) FROM relay_places))"
    )
    return found


class Pressure:
    """What a process that takes writes knows of what waits, asked of the store once a second at most."""

    def __init__(self, db: Database, service: str, most: int) -> None:
        self._db, self._service, self._most = db, service, most
        self._waiting, self._asked_at = 0, -ASK_SECONDS

    async def check(self) -> None:
        """Raises TooMuchWaits when as many events wait as may."""
        now = time.monotonic()
        if now - self._asked_at >= ASK_SECONDS:
            self._asked_at = now  # the others go by the last answer meanwhile
            self._waiting = await waiting(self._db.worker)
            TELEMETRY.measures.pressure(self._service, self._waiting / self._most)
        if self._waiting >= self._most:
            raise TooMuchWaits

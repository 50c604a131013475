"""Who is who in this request, now that we tell of it? A table of its own (`tables.sql`), not a view: the reaction reads
and writes it in the transaction that moves its place, so it knows exactly what was so when the fact happened.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chassis.db import Connection
from contracts.envelope import Envelope
from notifications.domain.known import Known, KnownMeeting, KnownRequest, KnownRound, learn

KINDS: dict[str, type[Known]] = {"request": KnownRequest, "round": KnownRound, "meeting": KnownMeeting}


async def remember(connection: Connection, event: Envelope[Any]) -> Known | None:
    """What is known of the event's subject, the event included; and keep it."""
    row = await connection.fetchrow("SELECT kind, what::text FROM known WHERE subject = $1 FOR UPDATE", event.subject)
    before: Known | None = msgspec.json.decode(row["what"], type=KINDS[row["kind"]]) if row else None
    after = learn(before, event.data)
    if after is not None and after != before:
        kind = next(name for name, known in KINDS.items() if isinstance(after, known))
        await connection.execute(
            "INSERT INTO known (subject, municipality, kind, what) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (subject) DO UPDATE SET kind = excluded.kind, what = excluded.what",
            event.subject, event.municipality, kind, msgspec.json.encode(after).decode(),
        )  # fmt: skip
    return after

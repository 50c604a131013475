"""What those who operate a service did to it: who, when, why, and what came of it. Only ever added to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from chassis.db import Connection, Database, Pool

Action = Literal["mend", "replay", "rebuild", "verify", "rollback", "drop"]


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, and why. `whom` is "operator/<pseudonym>", or the user of a terminal; `name` is sealed."""

    whom: str
    reason: str = ""
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operated:
    """Something that was done. `before` and `after` are the messages of a mended event; people's names stay sealed.
    `result` is an English sentence with {placeholders}, a key for translation, and `params` their values."""

    id: int
    at: datetime
    action: Action
    about: str
    parked: int | None
    municipality: str | None
    by_whom: str
    by_name: str | None
    reason: str
    before: bytes | None
    after: bytes | None
    result: str
    params: dict[str, Any]


async def note(
    connection: Connection | Pool,
    action: Action,
    about: str,
    by: By,
    result: str,
    *,
    parked: int | None = None,
    municipality: str | None = None,
    before: bytes | None = None,
    after: bytes | None = None,
    **params: object,
) -> None:
    """Note what was done, in the transaction that does it where there is one. `params` belong to the result's text."""
    await connection.execute(
        "INSERT INTO operated (action, about, parked, municipality, by_whom, by_name, reason, before, after, result, "
        "params) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        action, about, parked, municipality, by.whom, by.name, by.reason, before, after, result,
        msgspec.json.encode(params, enc_hook=str).decode(),
    )  # fmt: skip


async def operated(
    db: Database,
    scope: Iterable[str],
    *,
    actions: Iterable[Action],
    parked: int | None = None,
    most: int = 50,
) -> list[Operated]:
    """What was done, the latest first: of these kinds, to nobody's or to what is of a municipality of `scope`."""
    rows = await db.worker.fetch(
        "SELECT * FROM operated WHERE action = ANY($1::text[]) AND ($2::bigint IS NULL OR parked = $2) "
        "AND (municipality IS NULL OR municipality = '' OR municipality = ANY($3::text[])) ORDER BY id DESC LIMIT $4",
        list(actions), parked, list(scope), most,
    )  # fmt: skip
    return [Operated(**{**dict(row), "params": msgspec.json.decode(row["params"])}) for row in rows]

"""Events a reader could not handle. They wait with their reason, and what comes after them of the same subject waits
behind them in order; everything else flows. Nothing is skipped (P10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import structlog
from pydantic import ValidationError

from chassis.db import Connection
from chassis.decode import peek
from chassis.i18n import N_
from chassis.log import Record
from chassis.logging import mask_text

log = structlog.get_logger(__name__)

BEHIND = N_("waits behind an earlier event of its subject")


@dataclass(frozen=True, slots=True)
class Parked:
    """A record to be parked, and why."""

    record: Record
    reason: str


def reason_of(failure: BaseException) -> str:
    """A failure as one line for whoever looks at it. Addresses and the like are masked: a mail server quotes them."""
    text = mask_text(" ".join(_said(failure).split()))[:500]
    return f"{type(failure).__name__}: {text}" if text else type(failure).__name__


def _said(failure: BaseException) -> str:
    if not isinstance(failure, ValidationError):
        return str(failure)
    # Which fields and why; what stood in them may be personal, and where pydantic explains itself helps nobody.
    wrong = failure.errors(include_url=False, include_input=False, include_context=False)
    fields = (".".join(map(str, each["loc"])) for each in wrong)
    return f"{failure.title}: " + "; ".join(
        f"{field}: {each['msg']}" if field else each["msg"] for field, each in zip(fields, wrong, strict=True)
    )


async def waiting_subjects(connection: Connection, reader: str, subjects: Iterable[UUID]) -> set[UUID]:
    """Those of the subjects that have something parked at this reader."""
    query = "SELECT DISTINCT subject FROM parked WHERE reader = $1 AND subject = ANY($2::uuid[]) AND state = 'waiting'"
    return {row["subject"] for row in await connection.fetch(query, reader, list(subjects))}


async def park(connection: Connection, reader: str, parked: list[Parked]) -> None:
    """Park records, in the transaction that moves the checkpoint past them."""
    if not parked:
        return
    await connection.executemany(
        'INSERT INTO parked (reader, municipality, subject, topic, partition, "offset", source, sequence, type, '
        "envelope, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
        "ON CONFLICT (reader, source, sequence) DO UPDATE SET state = 'waiting', reason = excluded.reason",
        [
            (
                reader,
                peek(one.record.message, "municipality") or "",
                one.record.subject,
                one.record.topic,
                one.record.partition,
                one.record.offset,
                one.record.source,
                one.record.sequence,
                one.record.type,
                one.record.message,
                one.reason,
            )
            for one in parked
        ],
    )
    for one in parked:
        log.error("parked", reader=reader, position=str(one.record.position), type=one.record.type, reason=one.reason)

"""What was settled of the cooperation, by whom, when and why?

One row per municipality, what holds for all in the host's; to change `SettingsRow`, raise `version`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from chassis.db import Database
from chassis.views import Row, View
from contracts.envelope import Envelope
from contracts.partnership import PartnershipFact, Settling
from contracts.topics import PARTNERSHIP


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was settled. `settled` says what, by its place in the partnership."""

    kind: str
    """The travelling name of the fact."""
    at: datetime
    actor: str
    actor_name: str | None
    reason: str
    settled: dict[str, Any]
    version: int


class SettingsRow(Row, frozen=True, kw_only=True):
    """All that was settled of a municipality, the last first."""

    partner_id: UUID
    municipality: str
    changes: tuple[Change, ...]
    stream_version: int


def evolve(row: SettingsRow | None, event: Envelope[Settling]) -> SettingsRow:
    """Fold one fact."""
    fact: Any = event.data
    change = Change(
        kind=fact.type,
        at=event.time,
        actor=event.actor,
        actor_name=event.actor_name,
        reason=fact.reason,
        settled=msgspec.to_builtins(fact.settles, str_keys=True),
        version=event.version,
    )
    return SettingsRow(
        partner_id=event.subject,
        municipality=event.municipality,
        changes=(change, *(row.changes if row else ())),
        stream_version=event.version,
    )


view = View("settings", version=2, row=SettingsRow, facts=PartnershipFact, topics=(PARTNERSHIP,), evolve=evolve)


async def of_each(db: Database, *, scope: Iterable[str]) -> dict[str, SettingsRow]:
    """What was settled, by municipality."""
    return {row.municipality: row for row in await view.select(db, scope=scope)}

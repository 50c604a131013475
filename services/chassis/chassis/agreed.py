"""The partnership as it is now: its file, and over it what was set in the pages.

What was set comes as facts; every service folds them into a small view of its own, and every process looks there for
what changed. The fold knows no fact by name: each says itself what it settles, and where (`Settling.settles`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import structlog

from chassis.db import Database
from chassis.partnership import Partnership, PartnershipWrong
from chassis.vault import Vault
from chassis.views import Row, View
from chassis.views.read import MOVED, every
from contracts.envelope import Envelope
from contracts.partnership import PartnershipFact, Settling
from contracts.topics import PARTNERSHIP

LOOK_SECONDS = 1.0
"""How long a change may be unknown to a process after the view has it; not at all where the view runs there."""
log = structlog.get_logger(__name__)


class AgreedRow(Row, frozen=True, kw_only=True):
    """What was set of a municipality, or of all if it is the host's."""

    partner_id: UUID
    municipality: str
    holds: dict[str, Any]
    """By the path of its place in the partnership; its people are sealed."""


def evolve(row: AgreedRow | None, event: Envelope[Settling]) -> AgreedRow:
    """Fold one fact: what it settles stands in the place of what stood there and under it."""
    settled = msgspec.to_builtins(event.data.settles, str_keys=True)
    before = {} if row is None else row.holds
    kept = {path: held for path, held in before.items() if not any(_within(path, new) for new in settled)}
    holds = {**kept, **{path: held for path, held in settled.items() if held is not None}}
    return AgreedRow(partner_id=event.subject, municipality=event.municipality, holds=holds)


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


view = View("agreed", version=1, row=AgreedRow, facts=PartnershipFact, topics=(PARTNERSHIP,), evolve=evolve)
"""Followed by every service, and asked by none but this module."""


def overlaid(file: Partnership, rows: Iterable[AgreedRow]) -> tuple[Partnership, list[str]]:
    """The partnership with the rows over it, opened, and what could not be laid over it.

    Two changes that hold each for itself may not hold together, nor with a file that was changed since: then as much of
    it holds as can.
    """
    left = sorted(rows, key=lambda row: (row.municipality != file.host, row.municipality))
    try:
        return _over(file, left), []
    except PartnershipWrong:
        now, faults = file, []
    for row in left:
        try:
            now = _over(now, [row])
        except PartnershipWrong as wrong:
            faults += wrong.faults
    return now, faults


def proposed(partnership: Partnership, municipality: str, settles: Mapping[str, Any]) -> Partnership:
    """The partnership as it would be with something more settled. Raises PartnershipWrong when it would not hold."""
    holds = msgspec.to_builtins(settles, str_keys=True)
    return _over(partnership, [AgreedRow(partner_id=UUID(int=0), municipality=municipality, holds=holds)])


def _over(partnership: Partnership, rows: Iterable[AgreedRow]) -> Partnership:
    given = {name: getattr(partnership, name) for name in Partnership.model_fields}
    given["municipalities"] = {town.id: dict(town) for town in partnership.municipalities.values()}
    for row in rows:
        gone = [path for path, held in row.holds.items() if _unreachable(held)]
        for path, held in sorted(row.holds.items()):
            first, *rest = path.split("/")
            if any(_within(path, place) for place in gone):
                continue
            if first == "municipality":
                _lay(given, ["municipalities", row.municipality, *rest], held)
            elif row.municipality == partnership.host:
                _lay(given, [first, *rest], held)
    return Partnership.parse(given)


def _lay(place: dict[str, Any], steps: Sequence[str], held: Any) -> None:
    *path, last = steps
    for step in path:
        inner = place.get(step) or {}
        # What stands there belongs to another partnership and is copied; a list's pieces are called by their numbers.
        place[step] = dict(inner) if isinstance(inner, Mapping) else {str(at): one for at, one in enumerate(inner)}
        place = place[step]
    place[last] = [one for one in held if not _unreachable(one)] if isinstance(held, list) else held


def _unreachable(held: Any) -> bool:
    """Whether this is somebody who was erased: their address opens as no address, and they hold nothing any more."""
    return isinstance(held, Mapping) and isinstance(held.get("email"), str) and "@" not in held["email"]


class Current:
    """The partnership as it is now, for all who were handed it before: it answers as a `Partnership` does, and each
    time by what holds then. Code that must see one state of it twice takes `now`."""

    def __init__(self, file: Partnership, faults: Callable[[Partnership], Sequence[str]] = lambda _: ()) -> None:
        self.file, self.now, self._faults = file, file, faults
        self._seen: list[AgreedRow] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.now, name)

    def __getitem__(self, municipality: str) -> Any:
        return self.now[municipality]

    async def look(self, db: Database, vault: Vault) -> None:
        """Take over what was set since the last look. Names are opened anew each time: an erased one is soon gone."""
        rows: list[AgreedRow] = await vault.open_all(await every(view, db))
        if rows == self._seen:
            return
        now, faults = overlaid(self.file, rows)
        if wrong := self._faults(now):
            faults, now = [*faults, *wrong], self.now
        for fault in faults:
            log.error("partnership.does_not_hold", fault=fault)
        self.now, self._seen = now, rows

    async def keep(self, db: Database, vault: Vault) -> None:
        """Look again whenever the view moves, and every so often, until cancelled."""
        while True:
            await MOVED.wait(view.name, seconds=LOOK_SECONDS)
            try:
                await self.look(db, vault)
            except Exception:  # whatever is out, what held holds until it is back
                log.exception("partnership.not_looked_at")


async def refresh(partnership: Partnership | Current, db: Database, vault: Vault) -> None:
    """Let the partnership of this process know what its view knows, for whoever has just settled something."""
    if isinstance(partnership, Current):
        await partnership.look(db, vault)

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
from chassis.locked import unlocked
from chassis.partnership import Partnership, PartnershipWrong
from chassis.vault import Vault
from chassis.views import Row, View
from chassis.views.read import MOVED, every
from contracts.envelope import Envelope
from contracts.partnership import WRITE_BACK, PartnershipFact, Settling
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
    _connect(given)
    return Partnership.parse(given)


def _connect(given: dict[str, Any]) -> None:
    """Lay what was set of connections to ticketing systems over the desks there are."""
    desks = {(desk.municipality, desk.system): desk.model_dump() for desk in given["service_desks"]}
    for municipality, town in given["municipalities"].items():
        for system, said in (town.pop("connections", None) or {}).items():
            key = (municipality, system)
            was = None if said.get("ended") else _desk(desks.pop(key, {}), said)
            desks.pop(key, None)
            if was is not None and was.get("secret") and was.get("kind"):
                desks[key] = {**was, "municipality": municipality, "system": system}
    given["service_desks"] = list(desks.values())


def _desk(desk: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """A desk with what was set of it; what a file alone can say of it stays."""
    desk = dict(desk)
    if said.get("secret"):
        desk |= {"secret": said["secret"], "next_secret": said.get("next_secret")}
    elif said.get("next_secret"):
        desk["next_secret"] = said["next_secret"]
    if settled := said.get("set"):
        desk |= {name: settled[name] for name in ("kind", "url", "timezone", "flows", "closed", "states")}
        asked = {"url": settled["api_url"], "user": settled["api_user"]} | {
            name: settled[name] for name in ("private", "poll_seconds", "unheard_hours")
        }
        desk["api"] = {**(desk.get("api") or {}), **asked} if settled["api_url"] else None
    _particulars(desk, said)
    _secrets(desk, said)
    if desk.get("api") and not desk["api"].get("token"):
        desk["api"] = None  # it cannot be asked before it is known with what
    return desk


def _particulars(desk: dict[str, Any], said: Mapping[str, Any]) -> None:
    """What not every kind has; what a file alone can say of it stays as well."""
    if desk.get("api") and (own := said.get("options")):
        options = {**desk["api"].get("options", {}), **own}
        desk["api"]["options"] = {name: value for name, value in options.items() if value is not None}
    if (answers := said.get("write_back")) is not None:
        desk["write_back"] = {**(desk.get("write_back") or {}), **answers} if answers["url"] else None


def _secrets(desk: dict[str, Any], said: Mapping[str, Any]) -> None:
    keys = dict(said.get("keys") or {})
    if (signing := keys.pop(WRITE_BACK, None)) and desk.get("write_back"):
        desk["write_back"]["secret"] = signing
    if desk.get("write_back") and not desk["write_back"].get("secret"):
        desk["write_back"] = None  # nor can it be answered before it is known how that is signed
    if desk.get("api"):
        desk["api"]["options"] = {**desk["api"].get("options", {}), **keys}
        if said.get("token"):
            desk["api"]["token"] = said["token"]


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
        opened: list[AgreedRow] = await vault.open_all(await every(view, db))
        rows = [row.replace(holds=await unlocked(vault, row.holds)) for row in opened]
        if rows == self._seen:
            return
        now, faults = overlaid(self.file, rows)
        if self._faults(now):
            now, faults = self._usable(now, faults)
        if wrong := self._faults(now):
            faults, now = [*faults, *wrong], self.now
        for fault in faults:
            log.error("partnership.does_not_hold", fault=fault)
        self.now, self._seen = now, rows

    def _usable(self, now: Partnership, faults: list[str]) -> tuple[Partnership, list[str]]:
        """The partnership without the desks that are at fault, as by a secret that their kind cannot use: they must not
        keep everything else from holding."""
        alone = {desk.id: now.model_copy(update={"service_desks": (desk,)}) for desk in now.service_desks}
        wrong = {desk: said for desk, one in alone.items() if (said := self._faults(one))}
        left = tuple(desk for desk in now.service_desks if desk.id not in wrong)
        told = [f"{desk}: {fault}" for desk, said in wrong.items() for fault in said]
        return now.model_copy(update={"service_desks": left}), [*faults, *told]

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

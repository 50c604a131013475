"""Opening names for those who ask what was: first it is written down who reads them, then they are opened."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from chassis import reads
from chassis.identity import Identity, Role
from chassis.web.deps import Deps

READERS = (Role.AUDITOR, Role.PM)
"""Who may ask for what was: others see the present, on the pages of the service."""
T = TypeVar("T")


async def opened(
    here: Deps,
    caller: Identity,
    value: T,
    municipalities: set[str],
    *,
    view: str,
    key: UUID | None = None,
    moment: datetime | None = None,
    role: Role | None = None,
) -> T:
    """A value with its names opened, after it was written down who reads them. Nothing sealed in it: no record."""
    if not reads.holds_names(value):
        return value
    what: reads.What = "list" if key is None else "row"
    await written_down(here, caller, municipalities, view=view, key=key, what=what, moment=moment, role=role)
    return await here.vault.open_all(value, caller.language)


async def written_down(
    here: Deps,
    caller: Identity,
    municipalities: set[str],
    *,
    view: str,
    key: UUID | None,
    what: reads.What,
    moment: datetime | None,
    role: Role | None = None,
) -> None:
    """Write down that the caller reads. Raises what asyncpg raises; then nothing may be shown."""
    await reads.record(
        here.db,
        municipalities,
        reader=caller.actor(caller.home, role or caller.must(*READERS)),
        reader_name=await here.vault.seal(caller.id, caller.name) if caller.name else None,
        view=view,
        key=key,
        what=what,
        as_of=moment,
    )

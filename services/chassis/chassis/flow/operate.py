"""What those who operate a service do to it, the same from a terminal and from a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chassis.flow.audit import By
from chassis.replay import ParkedEvent, replay_reaction, replay_view
from chassis.web.deps import Deps, resources_of

if TYPE_CHECKING:
    from chassis.service import Service


class NotLive(Exception):
    """The reader is a table that nothing is shown of any more."""


async def replay(service: Service, here: Deps, one: ParkedEvent, *, by: By) -> int:
    """Handle the parked events of this one's subject again, in order, by their reader. Returns how many.

    Raises StillParked with what is wrong now, and NotLive.
    """
    for reaction in service.reactions:
        if reaction.name == one.reader:
            resources: dict[str, Any] = dict(resources_of(here))
            return await replay_reaction(here.store, reaction, here.clock, resources, one.subject, by=by)
    row = await here.db.worker.fetchrow(
        "SELECT view FROM view_tables WHERE state = 'live' AND table_name = $1", one.reader
    )
    if row is None:
        raise NotLive(f"{one.reader} is not live any more; nothing of it is shown")
    return await replay_view(here.db, service.view(row["view"]), one.subject, by=by)

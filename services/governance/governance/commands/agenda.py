"""The agenda as it builds itself: what changed since the CAB last met, and what falls due before it meets again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from chassis.web import Deps
from contracts.values import AgendaItem
from governance.views import agenda, meetings
from governance.views.meetings import MeetingRow

USUALLY = timedelta(days=31)
"""How long until the next meeting, as long as it has not been called."""


async def proposed(here: Deps, meeting: MeetingRow, *, scope: Iterable[str]) -> tuple[AgendaItem, ...]:
    """The items there are reasons for (IT-21). A meeting that was cancelled does not count as held."""
    host = [here.partnership.host]
    last = await meetings.before(here.db, meeting.at, scope=host)
    following = await meetings.after(here.db, meeting.at, scope=host)
    until = following.at if following else meeting.at + USUALLY
    return await agenda.items(here.db, since=last.at if last else None, before=until.date(), scope=scope)

"""What waits in governance: directives to fill in, help with, look at and approve (IT-10, IT-11, TY-01), plans to write
and accept (IT-18, IT-19), the next CAB, and the minutes of those before (IT-21)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from chassis.i18n import N_, translate
from chassis.identity import Identity, Role
from chassis.web import Deps
from chassis.web.waiting import Waits
from governance.views import directives, meetings, plans
from governance.views.directives import DirectiveRow, asked_at
from governance.views.meetings import MeetingRow


async def waiting(here: Deps, caller: Identity) -> Sequence[Waits]:
    """What the caller has to do here."""
    return [each for part in (_directives, _plans, _meetings) async for each in part(here, caller)]


async def directives_for(here: Deps, caller: Identity) -> tuple[list[DirectiveRow], list[DirectiveRow], int]:
    """The directives that wait for the caller, those that are theirs before those they judge; those that are theirs and
    do not wait for them; and how many more there are to judge."""
    mine = await directives.of_person(here.db, caller.id, scope=here.partnership.ids)
    to_judge = await directives.waiting_for_the_pm(here.db, scope=caller.scope_of(Role.PM))
    rows = {row.request_id: row for row in (*mine, *to_judge.rows) if _task(row, caller)}
    resting = [row for row in mine if row.request_id not in rows]
    return list(rows.values()), resting, to_judge.total - len(to_judge.rows)


def _task(row: DirectiveRow, caller: Identity) -> str | None:
    """What the caller has to do with a directive now; None when somebody else has to."""
    match row.with_whom:
        case "requester" if caller.id == row.requester.id:
            return N_("Fill the directive in: {title}")
        case "requester" if row.help_wanted and caller.has(Role.PM, row.municipality):
            return N_("Answer the question about the directive: {title}")
        case "pm" if caller.has(Role.PM, row.municipality):
            return N_("Look at the directive that was returned: {title}")
        case "signatories":
            standing = row.standing
            signs = standing is not None and (
                (caller.id == row.orderer_id and standing.orderer_signed_at is None)
                or (caller.id == row.leader_id and standing.leader_signed_at is None)
            )
            return N_("Approve the directive: {title}") if signs else None
        case _:
            return None


def _form(row: DirectiveRow, caller: Identity) -> str:
    """The end of the address of the form, where there is something to write; to the question for whoever answers it."""
    if row.with_whom != "requester":
        return ""
    return "/form" if caller.id == row.requester.id else "/form" + asked_at(row.said)


async def _directives(here: Deps, caller: Identity) -> AsyncIterator[Waits]:
    now = here.clock.now()
    rows, _, _ = await directives_for(here, caller)
    for row in rows:
        task = _task(row, caller) or ""
        ends = datetime.combine(row.due, time(23, 59), ZoneInfo(here.partnership[row.municipality].timezone))
        due = ends if row.with_whom == "requester" else None
        yield Waits(
            what=translate(task, caller.language, title=row.title),
            path=f"/governance/directives/{row.request_id}" + _form(row, caller),
            note=here.partnership[row.municipality].name,
            due=due,
            late=due is not None and due < now,
        )


async def _plans(here: Deps, caller: Identity) -> AsyncIterator[Waits]:
    mine = await plans.of_leader(here.db, caller.id, scope=here.partnership.ids)
    accepts = await plans.to_accept(here.db, caller.id, pm_of=caller.scope_of(Role.PM), scope=here.partnership.ids)
    for row in [row for row in mine if row.state == "commissioned"]:
        what = translate(N_("Write the plan: {title}"), caller.language, title=row.title)
        yield Waits(what=what, path=f"/governance/plans/{row.request_id}/form")
    for row in accepts:
        what = translate(N_("Read and accept the plan: {title}"), caller.language, title=row.title)
        yield Waits(what=what, path=f"/governance/plans/{row.request_id}")


async def _meetings(here: Deps, caller: Identity) -> AsyncIterator[Waits]:
    sits = caller.scope_of(Role.PM, Role.IT_MANAGER, Role.DEPUTY)
    upcoming = await meetings.to_come(here.db, here.clock.now(), scope=sits) if sits else None
    if upcoming is not None:
        yield _about(upcoming, N_("CAB {number}: the agenda"), caller)
    pm_of = caller.scope_of(Role.PM) & {here.partnership.host}
    for row in await meetings.to_minute(here.db, here.clock.now(), scope=pm_of) if pm_of else ():
        yield _about(row, N_("Write the minutes of CAB {number}"), caller)
    for row in await meetings.to_approve(here.db, caller.id, scope=caller.scope):
        yield _about(row, N_("Read and approve the minutes of CAB {number}"), caller)


def _about(row: MeetingRow, what: str, caller: Identity) -> Waits:
    return Waits(
        what=translate(what, caller.language, number=row.number),
        path=f"/governance/meetings/{row.meeting_id}",
        note=row.place,
        due=row.at,
    )

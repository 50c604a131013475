"""What waits in the portfolio: scores to give and rounds to close (IT-13), projects to deal out (IT-16), reports to
write (IT-20)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from chassis.i18n import N_, translate, translate_many
from chassis.identity import Identity, Role
from chassis.web import Deps
from chassis.web.waiting import Waits
from portfolio.views import found, projects, rounds


async def waiting(here: Deps, caller: Identity) -> Sequence[Waits]:
    """What the caller has to do here."""
    return [each for part in (_rounds, _reports, _of_the_pm) async for each in part(here, caller)]


async def _rounds(here: Deps, caller: Identity) -> AsyncIterator[Waits]:
    votes = caller.scope_of(Role.IT_MANAGER, Role.DEPUTY)
    runs = caller.has(Role.PM, here.partnership.host)
    now, language = here.clock.now(), caller.language
    for row in await rounds.open_ones(here.db, scope=caller.scope):
        path = f"/portfolio/rounds/{row.round_id}"
        for town in sorted(votes & set(row.missing)):
            what = translate(N_("Give your scores: {title}"), language, title=row.title)
            note = here.partnership[town].name
            yield Waits(what=what, path=f"{path}/vote/{town}", note=note, due=row.deadline, late=row.deadline < now)
        if runs and (not row.missing or row.deadline < now):
            what = translate(N_("Close the round: {title}"), language, title=row.title)
            yield Waits(what=what, path=path, due=row.deadline)


async def _reports(here: Deps, caller: Identity) -> AsyncIterator[Waits]:
    for row in await projects.led_by(here.db, caller.id, everywhere=here.partnership.ids):
        if row.next_report:
            what = translate(N_("Report on {title}"), caller.language, title=row.title)
            path = f"/portfolio/projects/{row.request_id}/report"
            yield Waits(what=what, path=path, due=row.next_report, late=bool(row.overdue))


async def _of_the_pm(here: Deps, caller: Identity) -> AsyncIterator[Waits]:
    scope, language = caller.scope_of(Role.PM), caller.language
    counted = await found.counts(here.db, found.Wanted(), scope=scope) if scope else ()
    if late := sum(group["overdue"] for group in counted):
        what = translate_many("{number} report is overdue", "{number} reports are overdue", late, language)
        yield Waits(what=what, path="/portfolio/?overdue=1", late=True)
    if ranked := sum(group["projects"] for group in counted if group["state"] == "prioritised"):
        what = translate_many(
            "{number} prioritised project has no leader",
            "{number} prioritised projects have no leader",
            ranked,
            language,
        )
        yield Waits(what=what, path="/portfolio/?state=prioritised")

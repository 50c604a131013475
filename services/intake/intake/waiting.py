"""What waits in intake: requests for the PM's judgement (IT-05), and deliveries that could not be used."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.i18n import translate_many
from chassis.identity import Identity, Role
from chassis.web import Deps
from chassis.web.waiting import Waits
from intake.pages import KEEPERS
from intake.views import deliveries, inbox


async def waiting(here: Deps, caller: Identity) -> Sequence[Waits]:
    """What the caller has to do here."""
    found: list[Waits] = []
    to_judge = await inbox.page_of(here.db, scope=caller.scope_of(Role.PM), number=1)
    if to_judge.total:
        what = translate_many("Judge {number} request", "Judge {number} requests", to_judge.total, caller.language)
        found.append(Waits(what=what, path="/intake/", note=to_judge.rows[0].title))
    if parked := await deliveries.how_many_parked(here.db, scope=caller.scope_of(*KEEPERS)):
        what = translate_many(
            "{number} delivery of a ticketing system could not be used",
            "{number} deliveries of ticketing systems could not be used",
            parked,
            caller.language,
        )
        found.append(Waits(what=what, path="/intake/deliveries", late=True))
    return found

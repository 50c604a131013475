"""What waits in notifications: messages that were given up, and so told nobody."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.i18n import translate_many
from chassis.identity import Identity, Role
from chassis.web import Deps
from chassis.web.waiting import Waits
from notifications.views import messages


async def waiting(here: Deps, caller: Identity) -> Sequence[Waits]:
    """What the caller has to do here."""
    given_up = await messages.page_of(here.db, "given_up", scope=caller.scope_of(Role.PM, Role.OPERATOR), number=1)
    if not given_up.total:
        return ()
    what = translate_many(
        "{number} message was given up", "{number} messages were given up", given_up.total, caller.language
    )
    return (Waits(what=what, path="/notifications/?state=given_up", late=True),)

"""What the operators' pages share: who does something, and what was done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from chassis.flow.audit import Action, By, operated
from chassis.identity import Identity, Role
from chassis.web.deps import Deps

EVERY_SECONDS = 5
"""After which a page of the operators' is made anew while somebody looks: what it shows is in no view."""


async def by_of(here: Deps, caller: Identity, reason: str) -> By:
    """The caller as the one who does something, by role and pseudonym, the name sealed."""
    name = await here.vault.seal(caller.id, caller.name) if caller.name else None
    return By(caller.actor(caller.home, Role.OPERATOR), reason, name)


async def done_by(
    here: Deps, caller: Identity, actions: Iterable[Action], *, parked: int | None = None
) -> list[dict[str, Any]]:
    """What was done to the service lately, with the names of those who did it."""
    scope = caller.scope_of(Role.OPERATOR)
    rows = [
        {
            "at": each.at,
            "action": each.action,
            "about": each.about,
            "parked": each.parked,
            "who": each.by_name or each.by_whom,
            "reason": each.reason,
            "result": each.result,
            "params": each.params,
            "before": pretty(each.before),
            "after": pretty(each.after),
        }
        for each in await operated(here.db, scope, actions=actions, parked=parked)
    ]
    names = await here.vault.open_all([row["who"] for row in rows], caller.language)
    return [{**row, "who": name} for row, name in zip(rows, names, strict=True)]


def pretty(message: bytes | None) -> str:
    """A message as somebody reads it: indented, if it is JSON at all. Personal data stays sealed."""
    if message is None:
        return ""
    try:
        return msgspec.json.format(message, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return message.decode(errors="replace")

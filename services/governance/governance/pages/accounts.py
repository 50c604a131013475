"""People and roles: who holds which role where, since when, and who gave it. They are changed where people sign in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.i18n import N_
from chassis.identity import NAMES, Identity
from chassis.web import Deps, Here, caught_up
from contracts.refusal import NotFound
from governance.pages.shown import show
from governance.views import accounts
from governance.views.accounts import READERS, AccountRow, Happened

router = APIRouter(prefix="/settings/people")

HAPPENED: Mapping[Happened, str] = {
    "first": N_("The account was made, the first of all"),
    "added": N_("The account was made"),
    "enrolled": N_("The account was made, with others"),
    "found": N_("The account was there when this history began"),
    "roles": N_("Other roles"),
    "renamed": N_("Another name or language"),
    "link": N_("A link to choose a password was made"),
    "password": N_("A password was chosen"),
    "closed": N_("The account was removed"),
}


@router.get("")
async def everyone(request: Request, here: Here, caller: Caller) -> Response:
    """Everybody with an account in the caller's municipalities, or with a role there."""
    caller.must(*READERS)
    await caught_up(request, here, accounts.view)
    rows = await accounts.by_home(here.db, scope=caller.scope_of(*READERS))
    rows = await here.vault.open_all(rows, caller.language)
    return show(
        request,
        "people_and_roles.html",
        caller,
        live=[accounts.view],
        open_ones=[row for row in rows if row.open],
        closed_ones=[row for row in rows if not row.open],
        **_words(here, caller),
    )


@router.get("/{account_id}")
async def one(account_id: UUID, request: Request, here: Here, caller: Caller) -> Response:
    """One account and its history."""
    caller.must(*READERS)
    await caught_up(request, here, accounts.view)
    row: AccountRow | None = await accounts.view.get(here.db, account_id, scope=caller.scope_of(*READERS))
    if row is None:
        raise NotFound
    row = await here.vault.open_all(row, caller.language)
    return show(
        request, "account.html", caller, live=[accounts.view], row=row, happened=HAPPENED, **_words(here, caller)
    )


def _words(here: Deps, caller: Identity) -> dict[str, Any]:
    """What roles and municipalities are called, and where accounts are changed, if that is here."""
    return {
        "role_names": {role.value: name for role, name in NAMES.items()},
        "town_names": {town.id: town.name for town in here.partnership.municipalities.values()},
        "changed_at_issuer": here.keeps_accounts and caller.has(READERS[0]),
    }

"""Accounts over JSON: what an issuer tells of them, and who holds which roles."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from chassis.auth import Caller
from chassis.web import Here, Listed, answer, caught_up, next_link, reply
from chassis.web.deps import correlation_of
from chassis.web.schema import PROBLEMS, READS, headers, listed
from governance.commands import accounts as commands
from governance.views import accounts
from governance.views.accounts import READERS, AccountRow

router = APIRouter(prefix="/settings/accounts", tags=["Accounts"], responses=PROBLEMS)


class WordBody(BaseModel):
    """An issuer's word: a JWT with the claims iss, aud ("flode-accounts"), exp, sub, jti (the change's id), what, at,
    person and by. Whoever brings it, it is the signature that counts."""

    word: str = Field(max_length=commands.MOST_CHARACTERS)


@router.post(
    "",
    status_code=201,
    operation_id="tellOfAccount",
    summary="Tell what happened to an account",
)
async def tell(body: WordBody, request: Request, here: Here) -> Response:
    """Take an issuer's word of what happened to an account, once per `jti`; 401 when it is not proven."""
    outcome = await commands.hear(here, body.word, correlation=correlation_of(request))
    return reply(outcome)


@router.get(
    "",
    responses={200: listed(AccountRow)},
    operation_id="listAccounts",
    summary="List who holds which roles",
    openapi_extra=headers(READS),
)
async def list_accounts(request: Request, here: Here, caller: Caller, part: Listed) -> Response:
    """The accounts of the caller's municipalities and those with a role there; for operators, auditors and PMs."""
    caller.must(*READERS)
    await caught_up(request, here, accounts.view)
    found = await accounts.some_by_home(here.db, scope=caller.scope_of(*READERS), **part)
    return answer(await here.vault.open_all(found.rows, caller.language), headers=next_link(request, found.mark))

"""The requester's link: it opens their own directive and nothing else, without an account (IT-09)."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import LANGUAGE_COOKIE
from chassis.i18n import LANGUAGES, best_language
from chassis.limits import Limits
from chassis.links import DIRECTIVE, LinkDoesNotOpen
from chassis.web import Deps, Here, caught_up
from governance.commands.agreements import find
from governance.pages.directives import compare_page, directive_page, print_page
from governance.pages.filling import Desk, filled_in, form_page, own_request
from governance.views import directives

router = APIRouter()


@router.get("/directive/{token}")
async def open_link(request: Request, here: Here, token: str) -> Response:
    """The form while it is with the requester, and what became of it afterwards."""
    desk = await _desk(request, here, token)
    await caught_up(request, here, directives.view)
    if desk.found.agreement.directive.with_requester:
        return await form_page(request, here, desk)
    return await directive_page(
        request, here, desk.caller, desk.found, path=desk.path, by_link=True, own_request=own_request(here, desk)
    )


@router.post("/directive/{token}")
async def fill_in(request: Request, here: Here, token: str) -> Response:
    """Save, ask or return, by the button that was pressed."""
    return await filled_in(request, here, await _desk(request, here, token))


@router.get("/directive/{token}/print")
async def print_it(request: Request, here: Here, token: str, version: int | None = None) -> Response:
    """A version for paper, by default the one that stands."""
    desk = await _desk(request, here, token)
    return await print_page(request, here, desk.caller, desk.found, back=desk.path, number=version)


@router.get("/directive/{token}/compare")
async def compare_by_link(request: Request, here: Here, token: str, before: int, after: int) -> Response:
    """What differs between two versions the requester returned (TY-06)."""
    desk = await _desk(request, here, token)
    return await compare_page(request, here, desk.caller, desk.found, before=before, after=after, back=desk.path)


async def _desk(request: Request, here: Deps, token: str) -> Desk:
    limits: Limits = request.app.state.limits
    with limits.judging_a_link(request):
        return await _opened(request, here, token)


async def _opened(request: Request, here: Deps, token: str) -> Desk:
    link = here.links.read(token, purpose=DIRECTIVE, now=here.clock.now())
    holder = link.identity("en")
    found = await find(here, link.request_id, holder)
    requester = found.agreement.directive.requester
    if found.municipality != link.municipality or requester.id != link.person:
        raise LinkDoesNotOpen
    usual = requester.language or here.partnership[found.municipality].language
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    accepted = request.headers.get("accept-language")
    language = chosen if chosen in LANGUAGES else best_language(accepted, usual)
    holder = replace(holder, language=language)
    request.state.caller = holder
    path = f"/governance/directive/{token}"
    return Desk(holder, found, path, path, link)

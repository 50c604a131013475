"""What somebody asked for and how far it has come: by the link in a mail, without an account, or signed in."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import LANGUAGE_COOKIE, Caller, Identity
from chassis.i18n import LANGUAGES, best_language
from chassis.links import DIRECTIVE, DIRECTIVE_PATH, OWN_REQUEST, LinkDoesNotOpen
from chassis.web import Deps, Here, caught_up, page
from contracts.refusal import NotFound
from portfolio.pages.course import ball_of, steps_of
from portfolio.views import courses, history, projects
from portfolio.views.courses import CourseRow

router = APIRouter(prefix="/portfolio", include_in_schema=False)


@router.get("/requests")
async def my_requests(request: Request, here: Here, caller: Caller) -> Response:
    """All that the reader asked for, each with who has the ball and what comes next."""
    await caught_up(request, here, courses.view)
    rows = await courses.asked_for_by(here.db, caller.id, everywhere=here.partnership.ids)
    rows = await here.vault.open_all(rows, caller.language)
    return page(request, "my_requests.html", caller, live=(courses.view,), rows=[(row, ball_of(row)) for row in rows])


@router.get("/requests/{request_id}")
async def my_request(request: Request, request_id: UUID, here: Here, caller: Caller) -> Response:
    """One request of the reader's own."""
    await caught_up(request, here, courses.view, projects.view)
    row = await courses.asked_by(here.db, request_id, caller.id, scope=here.partnership.ids)
    if row is None:
        raise NotFound
    return await _shown(request, here, caller, row, directive=f"/governance/directives/{request_id}/form")


@router.get("/request/{token}")
async def by_link(request: Request, here: Here, token: str) -> Response:
    """The request that a link was made for, and no other: the link names it, and the person it was made for must be
    the one who asked. Raises LinkDoesNotOpen, LinkExpired."""
    link = here.links.read(token, purpose=OWN_REQUEST, now=here.clock.now())
    await caught_up(request, here, courses.view, projects.view)
    row = await courses.asked_by(here.db, link.request_id, link.person, scope=[link.municipality])
    if row is None or row.municipality != link.municipality:
        raise LinkDoesNotOpen
    usual = row.requester.language or here.partnership[row.municipality].language
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    accepted = request.headers.get("accept-language")
    holder = link.identity(chosen if chosen in LANGUAGES else best_language(accepted, usual))
    request.state.caller = holder
    # Who proved to be the one who asked may fill the directive in: the other link opens for as long as this one.
    directive = DIRECTIVE_PATH.format(link=here.links.make(replace(link, purpose=DIRECTIVE)))
    return await _shown(request, here, holder, row, directive=directive, signed_in=False)


async def _shown(
    request: Request, here: Deps, reader: Identity, row: CourseRow, *, directive: str, signed_in: bool = True
) -> Response:
    scope = [row.municipality]
    project = await projects.view.get(here.db, row.request_id, scope=scope) if row.entered_at else None
    told = await history.view.get(here.db, row.request_id, scope=scope) if project and project.reports else None
    report = told.reports[-1] if told and told.reports else None
    row, project, report = await here.vault.open_all((row, project, report), reader.language)
    return page(
        request,
        "my_request.html",
        reader,
        live=(courses.view, projects.view) if signed_in else (),
        row=row,
        ball=ball_of(row),
        steps=steps_of(row),
        project=project,
        report=report,
        directive=directive if row.directive and row.directive != "closed" else None,
        signed_in=signed_in,
    )

"""A project and its story, every decision of it, and the ranking the PM gives alone."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.aggregate import Outcome
from chassis.auth import Caller, Identity
from chassis.i18n.halves import half_years
from chassis.identity import WHERE_TO_GO, NotYours, Role
from chassis.store import VersionConflict
from chassis.web import Deps, Form, Here, PageNumber, caught_up, filled, form_of, go_to, page
from chassis.web.problems import refusal_of
from contracts.refusal import NotFound, Refusal
from portfolio.api import visible
from portfolio.commands import today
from portfolio.commands.actions import ACTIONS, act
from portfolio.commands.asks import Ranking
from portfolio.commands.projects import rank_several
from portfolio.pages.asked import asked
from portfolio.pages.charts import bar_of
from portfolio.pages.forms import begun, by_id, municipalities, on_the_page, which_page
from portfolio.pages.story import KINDS, agreed_in, counted, narrowed, story
from portfolio.pages.timeline import outcome_of
from portfolio.views import found, history, projects
from portfolio.views.projects import ProjectRow

router = APIRouter(prefix="/portfolio", include_in_schema=False)
ENTRIES, REPORTS = 20, 24
"""How many entries of its story, and how many reports, a project's page shows at once."""
LONGEST = 100
"""Characters of a text that titles are searched for."""


@router.get("/mine")
async def mine(request: Request, here: Here, caller: Caller) -> Response:
    """The projects the reader leads (IT-20); what they asked for is in the list of their requests."""
    await caught_up(request, here, projects.view)
    rows = await projects.led_by(here.db, caller.id, everywhere=here.partnership.ids)
    rows = await here.vault.open_all(rows, caller.language)
    owed = sorted((row for row in rows if row.next_report), key=attrgetter("next_report"))
    return page(request, "mine.html", caller, rows=rows, owed=owed, bar_of=bar_of)


@router.get("/ranking")
async def ranking(request: Request, here: Here, caller: Caller, number: PageNumber = 1) -> Response:
    """The PM ranks alone: a number for each project (IT-12)."""
    caller.must(Role.PM, rule="IT-12")
    await caught_up(request, here, projects.view)
    return await _ranking(request, here, caller, number)


@router.post("/ranking")
async def rank(request: Request, here: Here, caller: Caller, number: PageNumber = 1) -> Response:
    """Take the ranking over."""
    caller.must(Role.PM, rule="IT-12")
    form = await form_of(request, here.formats(caller))
    try:
        outcomes = await rank_several(here, request, caller, filled(Ranking, by_id(form.data, "ranks")))
    except Refusal as refusal:
        return await _ranking(request, here, caller, number, form, on_the_page(refusal))
    return go_to("/portfolio/", next((each for each in reversed(outcomes) if each.facts), None))


async def _ranking(
    request: Request,
    here: Deps,
    caller: Identity,
    number: int,
    form: Form | None = None,
    refusal: Refusal | None = None,
) -> Response:
    listed = await found.rankable(here.db, scope=caller.scope_of(Role.PM), number=number)
    return page(
        request, "ranking.html", caller, listed=listed, given=form.data if form else {}, refusal=refusal,
    )  # fmt: skip


@router.get("/projects/{request_id}")
async def project(request: Request, request_id: UUID, here: Here, caller: Caller) -> Response:
    """One project: how it stands, what has been said of it, what can be decided."""
    await caught_up(request, here, projects.view, history.view)
    row = await visible(here, caller, request_id)
    told = await history.view.get(here.db, request_id, scope=here.partnership.ids)
    borrowed = await history.lent_to(here.db, request_id, scope=caller.scope)
    agreed = agreed_in(await here.store.load(request_id))
    offers = [name for name, each in ACTIONS.items() if each.open_to(caller, row)]
    entries = story(told, agreed, borrowed) if told else []
    kind = request.query_params.get("kind", "")
    shown = narrowed(entries, kind)
    number, last = which_page(asked(request.query_params).page, len(shown), ENTRIES)
    on_page = shown[(number - 1) * ENTRIES : number * ENTRIES]
    reports = told.reports[-REPORTS:] if told else ()
    row, reports, on_page = await here.vault.open_all((row, reports, on_page), caller.language)
    day = today(here.partnership, row.municipality, here.clock.now())
    return page(
        request,
        "project.html",
        caller,
        live=(projects.view, history.view),
        row=row,
        offers=offers,
        reports=reports,
        bar=bar_of(row),
        gates=[(gate, outcome_of(gate.key, gate.on, row, day)) for gate in row.gates],
        passed={each.gate: each.on for each in told.gates if each.outcome == "passed"} if told else {},
        entries=on_page,
        counts=counted(entries),
        all=len(entries),
        kind=kind if kind in KINDS else "",
        number=number,
        last=last,
    )


@router.get("/projects/{request_id}/{decision}")
async def decision(request: Request, request_id: UUID, decision: str, here: Here, caller: Caller) -> Response:
    """The form of a decision."""
    if decision not in ACTIONS:
        raise NotFound
    await caught_up(request, here, projects.view)
    row = await visible(here, caller, request_id)
    offered = ACTIONS[decision]
    if not offered.falls_to(caller, row):
        role = Role.LEADER if offered.who == "leader" else Role.PM
        raise NotYours(WHERE_TO_GO[role], offered.rule)
    return await _decision(request, decision, here, caller, row)


@router.post("/projects/{request_id}/{decision}")
async def decide(request: Request, request_id: UUID, decision: str, here: Here, caller: Caller) -> Response:
    """Take a decision over, or show its form again with what is wrong."""
    if decision not in ACTIONS:
        raise NotFound
    offered = ACTIONS[decision]
    row = await visible(here, caller, request_id)
    form = await form_of(request, here.formats(caller))
    if form.action == "find":
        return await _decision(request, decision, here, caller, row, form)
    try:
        body = filled(offered.body, form.data)
        outcome: Outcome[Any] = await act(offered, here, request, caller, request_id, body, form.version)
    except (Refusal, VersionConflict) as error:
        return await _decision(request, decision, here, caller, row, form, refusal_of(error))
    return go_to(f"/portfolio/projects/{request_id}", outcome)


async def _decision(
    request: Request,
    name: str,
    here: Deps,
    caller: Identity,
    row: ProjectRow,
    form: Form | None = None,
    refusal: Refusal | None = None,
) -> Response:
    row = await here.vault.open_all(row, caller.language)
    day = today(here.partnership, row.municipality, here.clock.now())
    given = form.data if form else begun(name, row, day, request.query_params.get("other"))
    find = form.text("find").replace("\0", "")[:LONGEST] if form else ""
    others = await _others(here, caller, row, name, given, find) if name in ("join", "lend") else []
    return page(
        request,
        f"decide_{name}.html",
        caller,
        refusal=refusal,
        row=row,
        name=name,
        given=given,
        municipalities=municipalities(here),
        others=others,
        find=find,
        most=found.OFFERED,
        half_years=half_years(day, ahead=5, also=str(given.get("period") or "")),
        gates=[(gate.key, f"{gate.key}: {gate.decision}") for gate in row.gates if gate.key not in row.passed],
    )


async def _others(
    here: Deps, caller: Identity, row: ProjectRow, name: str, given: Mapping[str, Any], find: str
) -> list[tuple[UUID, str]]:
    """The projects that this one can be joined with (nobody leads them yet), or that can be lent to (somebody does):
    what was chosen before, and the first in the queue that have the text in their titles."""
    led = name == "lend"
    chosen = await found.of_ids(here.db, [str(given.get("to" if led else "other"))], scope=caller.scope)
    chosen = [each for each in chosen if each.request_id != row.request_id]
    first = await found.offered(here.db, row.request_id, led=led, text=find, scope=caller.scope)
    return list({each.request_id: each.title for each in (*chosen, *first)}.items())

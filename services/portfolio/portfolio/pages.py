"""The pages of portfolio: the list and its filters, a project, every decision of it, the ranking and the rounds.

Plain forms that post, and then lead to a page that shows what was written.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.aggregate import Outcome
from chassis.auth import Caller, Identity
from chassis.identity import Role
from chassis.store import VersionConflict
from chassis.web import Deps, Form, Here, caught_up, filled, form_of, go_to, page
from chassis.web.problems import refusal_of
from contracts.portfolio import Prioritised
from contracts.refusal import NotFound, Refusal
from portfolio.api import visible, visible_round
from portfolio.commands import rounds as prioritisation
from portfolio.commands import today
from portfolio.commands.actions import ACTIONS, act
from portfolio.commands.asks import Opening, Ranking, Vote
from portfolio.commands.forms import begun, by_id, half_years, name_of, on_the_page
from portfolio.commands.projects import rank_several
from portfolio.domain.lifecycle import MAY_HAPPEN
from portfolio.domain.scoring import COOPERATION
from portfolio.views import history, projects, rounds
from portfolio.views.projects import ProjectRow

router = APIRouter(prefix="/portfolio", include_in_schema=False)

# --- the portfolio and its projects ---


@router.get("/")
async def portfolio(request: Request, here: Here, caller: Caller) -> Response:
    """The portfolio, first in the queue first, filtered by what stands in the address (IT-12)."""
    await caught_up(request, here, projects.view)
    asked = {name: request.query_params.get(name, "") for name in ("state", "serves", "health", "release")}
    flags = {name: name in request.query_params for name in ("overdue", "everything")}
    rows = await projects.in_order(
        here.db,
        scope=caller.scope,
        state=asked["state"] or None,
        serves=asked["serves"] or None,
        health=asked["health"] or None,
        release=asked["release"] or None,
        overdue=flags["overdue"],
        everything=flags["everything"],
    )
    totals = {
        "municipality": await projects.totals(here.db, "municipality", scope=caller.scope),
        "state": await projects.totals(here.db, "state", scope=caller.scope),
    }
    rows = await here.vault.open_all(rows, caller.language)
    return page(
        request,
        "portfolio.html",
        caller,
        rows=rows,
        asked=asked,
        flags=flags,
        totals=totals,
        municipalities=municipalities(here),
    )


@router.get("/mine")
async def mine(request: Request, here: Here, caller: Caller) -> Response:
    """The projects the reader leads or has asked for (IT-20)."""
    await caught_up(request, here, projects.view)
    rows = await projects.of_a_person(here.db, caller.id, everywhere=here.partnership.ids)
    rows = await here.vault.open_all(rows, caller.language)
    return page(request, "mine.html", caller, rows=rows, now=here.clock.now())


@router.get("/ranking")
async def ranking(request: Request, here: Here, caller: Caller) -> Response:
    """The PM ranks alone: a number for each project (IT-12)."""
    caller.must(Role.PM, rule="IT-12")
    await caught_up(request, here, projects.view)
    return await _ranking(request, here, caller)


@router.post("/ranking")
async def rank(request: Request, here: Here, caller: Caller) -> Response:
    """Take the ranking over."""
    form = await form_of(request, here.formats(caller))
    try:
        outcomes = await rank_several(here, request, caller, filled(Ranking, by_id(form.data, "ranks")))
    except Refusal as refusal:
        return await _ranking(request, here, caller, form, on_the_page(refusal))
    return go_to("/portfolio/", next((each for each in reversed(outcomes) if each.facts), None))


async def _ranking(
    request: Request, here: Deps, caller: Identity, form: Form | None = None, refusal: Refusal | None = None
) -> Response:
    rows = await projects.in_order(here.db, scope=caller.scope_of(Role.PM))
    rows = [row for row in rows if row.state in MAY_HAPPEN[Prioritised]]
    return page(request, "ranking.html", caller, rows=rows, given=form.data if form else {}, refusal=refusal)


@router.get("/projects/{request_id}")
async def project(request: Request, request_id: UUID, here: Here, caller: Caller) -> Response:
    """One project: how it stands, what has been said of it, what can be decided."""
    await caught_up(request, here, projects.view, history.view)
    row = await visible(here, caller, request_id)
    told = await history.view.get(here.db, request_id, scope=here.partnership.ids)
    borrowed = await history.lent_to(here.db, request_id, scope=caller.scope)
    offers = [name for name, each in ACTIONS.items() if each.open_to(caller, row)]
    row, told = await here.vault.open_all((row, told), caller.language)
    return page(request, "project.html", caller, row=row, told=told, borrowed=borrowed, offers=offers)


@router.get("/projects/{request_id}/{decision}")
async def decision(request: Request, request_id: UUID, decision: str, here: Here, caller: Caller) -> Response:
    """The form of a decision."""
    if decision not in ACTIONS:
        raise NotFound
    await caught_up(request, here, projects.view)
    return await _decision(request, decision, here, caller, await visible(here, caller, request_id))


@router.post("/projects/{request_id}/{decision}")
async def decide(request: Request, request_id: UUID, decision: str, here: Here, caller: Caller) -> Response:
    """Take a decision over, or show its form again with what is wrong."""
    if decision not in ACTIONS:
        raise NotFound
    offered = ACTIONS[decision]
    row = await visible(here, caller, request_id)
    form = await form_of(request, here.formats(caller))
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
    others = await projects.in_order(here.db, scope=caller.scope) if name in ("join", "lend") else []
    row = await here.vault.open_all(row, caller.language)
    day = today(here.partnership, row.municipality, here.clock.now())
    return page(
        request,
        f"decide_{name}.html",
        caller,
        refusal=refusal,
        row=row,
        name=name,
        given=form.data if form else begun(name, row, day),
        municipalities=municipalities(here),
        others=[
            (other.request_id, other.title)
            for other in others
            if other.request_id != row.request_id and (other.leader_id is None) == (name == "join")
        ],
        half_years=[(period, period) for period in half_years(day)],
        gates=[(gate.key, f"{gate.key}: {gate.decision}") for gate in row.gates if gate.key not in row.passed],
    )


def municipalities(here: Deps) -> list[tuple[str, str]]:
    """The partner municipalities, to choose among."""
    return [(each.id, each.name) for each in here.partnership.municipalities.values()]


# --- prioritisation rounds ---


@router.get("/rounds")
async def all_rounds(request: Request, here: Here, caller: Caller) -> Response:
    """The prioritisation rounds, open ones first (IT-13)."""
    await caught_up(request, here, rounds.view)
    rows = await rounds.newest_first(here.db, scope=caller.scope)
    return page(request, "rounds.html", caller, rows=rows)


@router.get("/rounds/new")
async def new_round(request: Request, here: Here, caller: Caller) -> Response:
    """The form by which the PM opens a round (IT-13)."""
    caller.must(Role.PM, rule="IT-13")
    return await _new_round(request, here, caller)


@router.post("/rounds/new")
async def open_round(request: Request, here: Here, caller: Caller) -> Response:
    """Open the round."""
    form = await form_of(request, here.formats(caller))
    try:
        data = {**form.data, "deadline": _moment(form.text("deadline"), here)}
        outcome = await prioritisation.open_round(here, request, caller, filled(Opening, data))
    except Refusal as refusal:
        return await _new_round(request, here, caller, form, refusal)
    return go_to(f"/portfolio/rounds/{outcome.subject}", outcome)


def _moment(text: str, here: Deps) -> object:
    """A moment as a form gives it, in the host's time; what cannot be read is left for its field to say so."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(here.partnership[here.partnership.host].timezone))
    except ValueError:
        return text


async def _new_round(
    request: Request, here: Deps, caller: Identity, form: Form | None = None, refusal: Refusal | None = None
) -> Response:
    rows = await projects.in_order(here.db, scope=caller.scope_of(Role.PM))
    rows = [row for row in rows if row.state in MAY_HAPPEN[Prioritised]]
    given = form.data if form else {"candidates": [str(row.request_id) for row in rows if row.leader_id is None]}
    candidates = [(row.request_id, row.title) for row in rows]
    return page(request, "round_new.html", caller, candidates=candidates, given=given, refusal=refusal)


@router.get("/rounds/{round_id}")
async def one_round(request: Request, round_id: UUID, here: Here, caller: Caller) -> Response:
    """A round: who has answered; how to vote; and once it is closed, how it came out and why (IT-13)."""
    await caught_up(request, here, rounds.view)
    return await _round(request, here, caller, round_id)


async def _round(
    request: Request, here: Deps, caller: Identity, round_id: UUID, refusal: Refusal | None = None
) -> Response:
    row = await visible_round(here, caller, round_id)
    votes = await prioritisation.votes_shown(here, caller, round_id)
    row, votes = await here.vault.open_all((row, votes), caller.language)
    seats = sorted(caller.scope_of(Role.IT_MANAGER, Role.DEPUTY) & set(row.voters))
    titles = {candidate.request_id: candidate.title for candidate in row.candidates}
    return page(
        request,
        "round.html",
        caller,
        refusal=refusal,
        row=row,
        votes=votes,
        seats=seats,
        titles=titles,
        heads=[(name_of(criterion, caller.language), "number") for criterion in row.criteria],
        cooperation=COOPERATION,
        is_pm=caller.has(Role.PM),
    )


@router.get("/rounds/{round_id}/vote/{municipality}")
async def ballot(request: Request, round_id: UUID, municipality: str, here: Here, caller: Caller) -> Response:
    """The form by which an IT manager, or a deputy, votes for their municipality (IT-13)."""
    prioritisation.seat_of(caller, municipality)
    return await _ballot(request, here, caller, round_id, municipality)


@router.post("/rounds/{round_id}/vote/{municipality}")
async def vote(request: Request, round_id: UUID, municipality: str, here: Here, caller: Caller) -> Response:
    """Take the vote over."""
    form = await form_of(request, here.formats(caller))
    try:
        said = filled(Vote, by_id(form.data, "scores"))
        outcome = await prioritisation.vote(here, request, caller, round_id, municipality, said)
    except Refusal as refusal:
        return await _ballot(request, here, caller, round_id, municipality, form, on_the_page(refusal))
    return go_to(f"/portfolio/rounds/{round_id}", outcome)


async def _ballot(
    request: Request,
    here: Deps,
    caller: Identity,
    round_id: UUID,
    municipality: str,
    form: Form | None = None,
    refusal: Refusal | None = None,
) -> Response:
    row = await visible_round(here, caller, round_id)
    deputy = not caller.has(Role.IT_MANAGER, municipality)
    given = form.data if form else {}
    return page(
        request, "vote.html", caller, refusal=refusal, row=row, municipality=municipality, deputy=deputy, given=given
    )


@router.post("/rounds/{round_id}/withdraw/{municipality}")
async def withdraw(request: Request, round_id: UUID, municipality: str, here: Here, caller: Caller) -> Response:
    """Take a vote back."""
    try:
        outcome = await prioritisation.withdraw_vote(here, request, caller, round_id, municipality)
    except Refusal as refusal:
        return await _round(request, here, caller, round_id, refusal)
    return go_to(f"/portfolio/rounds/{round_id}", outcome)


@router.post("/rounds/{round_id}/close")
async def close(request: Request, round_id: UUID, here: Here, caller: Caller) -> Response:
    """Close the round; the ranks are given."""
    try:
        outcome = await prioritisation.close_round(here, request, caller, round_id)
    except Refusal as refusal:
        return await _round(request, here, caller, round_id, refusal)
    return go_to(f"/portfolio/rounds/{round_id}", outcome)


@router.post("/rounds/{round_id}/cancel")
async def cancel(request: Request, round_id: UUID, here: Here, caller: Caller) -> Response:
    """Call the round off."""
    form = await form_of(request, here.formats(caller))
    try:
        outcome = await prioritisation.cancel_round(here, request, caller, round_id, form.text("reason"))
    except Refusal as refusal:
        return await _round(request, here, caller, round_id, refusal)
    return go_to(f"/portfolio/rounds/{round_id}", outcome)

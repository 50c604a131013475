"""Prioritisation rounds: opened, voted in, closed, and how they came out (IT-13)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller, Identity
from chassis.identity import Role
from chassis.web import Deps, Form, Here, PageNumber, caught_up, filled, form_of, go_to, page
from contracts.portfolio import ScoresGiven
from contracts.refusal import Refusal
from portfolio.api import visible_round
from portfolio.commands import rounds as prioritisation
from portfolio.commands.asks import Opening, Vote
from portfolio.domain.scoring import COOPERATION
from portfolio.pages.charts import moved
from portfolio.pages.forms import by_id, municipalities, name_of, on_the_page
from portfolio.views import found, rounds
from portfolio.views.projects import ProjectRow
from portfolio.views.rounds import RoundRow

router = APIRouter(prefix="/portfolio", include_in_schema=False)
INSTEAD = "instead"
"""The button by which a vote is changed; by the other nobody changes unawares what a deputy has given meanwhile."""
LONGEST = 100
"""Characters of a text that titles are searched for."""


@router.get("/rounds")
async def all_rounds(request: Request, here: Here, caller: Caller, number: PageNumber = 1) -> Response:
    """The prioritisation rounds, open ones first (IT-13)."""
    await caught_up(request, here, rounds.view)
    listed = await rounds.page_of(here.db, scope=caller.scope, number=number)
    return page(request, "rounds.html", caller, rows=listed.rows, listed=listed)


@router.get("/rounds/new")
async def new_round(request: Request, here: Here, caller: Caller) -> Response:
    """The form by which the PM opens a round (IT-13)."""
    caller.must(Role.PM, municipality=here.partnership.host, rule="IT-13")
    return await _new_round(request, here, caller)


@router.post("/rounds/new")
async def open_round(request: Request, here: Here, caller: Caller) -> Response:
    """Open the round."""
    caller.must(Role.PM, municipality=here.partnership.host, rule="IT-13")
    form = await form_of(request, here.formats(caller))
    if form.action == "find":
        return await _new_round(request, here, caller, form)
    try:
        deadline = form.text("deadline")
        data = {**form.data, **({"deadline": _moment(deadline, here)} if deadline else {})}
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
    scope = caller.scope_of(Role.PM)
    find = form.text("find").replace("\0", "")[:LONGEST] if form else ""
    listed = await found.rankable(here.db, text=find, scope=scope)
    given = form.data if form else {"candidates": [str(row.request_id) for row in listed.rows if row.leader_id is None]}
    # What was ticked stays on the page, whatever was looked for after it.
    ticked = await found.of_ids(here.db, given.get("candidates"), scope=scope) if form else []
    called = dict(municipalities(here))
    candidates = {
        row.request_id: f"{row.title} ({called.get(row.municipality, row.municipality)})"
        for row in (*ticked, *listed.rows)
    }
    return page(
        request, "round_new.html", caller,
        candidates=list(candidates.items()), given=given, find=find, refusal=refusal, listed=listed,
    )  # fmt: skip


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
        live=(rounds.view,),
        refusal=refusal,
        row=row,
        votes=votes,
        seats=seats,
        late=row.deadline < here.clock.now(),
        titles=titles,
        readable=await _readable(here, caller, row),
        heads=[(name_of(criterion, caller.language), "number") for criterion in row.criteria],
        cooperation=COOPERATION,
        moved={each.request_id: moved(row.criteria, each) for each in row.standings},
        is_pm=caller.has(Role.PM, here.partnership.host),
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
        outcome = await prioritisation.vote(
            here, request, caller, round_id, municipality, said, instead=form.action == INSTEAD
        )
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
    stands = (await prioritisation.votes_shown(here, caller, round_id)).get(municipality)
    deputy = not caller.has(Role.IT_MANAGER, municipality)
    return page(
        request,
        "vote.html",
        caller,
        refusal=refusal,
        row=row,
        municipality=municipality,
        manager=prioritisation.manager_of(here, municipality) if deputy else None,
        deputy=deputy,
        given=form.data if form else _as_given(stands) if stands else {},
        instead=INSTEAD if stands else None,
        known=await _known(here, row),
        readable=await _readable(here, caller, row),
        late=row.deadline < here.clock.now(),
    )


async def _readable(here: Deps, caller: Identity, row: RoundRow) -> set[UUID]:
    """The candidates whose own pages the reader may open; the others are named and lead nowhere."""
    return {each.request_id for each in await found.of_ids(here.db, _candidates(row), scope=caller.scope)}


async def _known(here: Deps, row: RoundRow) -> dict[UUID, ProjectRow]:
    """What is known of the candidates. Whoever scores them sees what each costs and when it is to be delivered,
    whichever municipality it is for: the criteria ask for it (IT-12, IT-13). Nothing else of the rows is shown."""
    rows = await found.of_ids(here.db, _candidates(row), scope=here.partnership.ids)
    return {each.request_id: each for each in rows}


def _candidates(row: RoundRow) -> list[str]:
    return [str(candidate.request_id) for candidate in row.candidates]


def _as_given(stands: ScoresGiven) -> dict[str, Any]:
    """The vote that stands as the form's fields have it."""
    scores = {f"p{UUID(candidate).hex}": dict(given) for candidate, given in stands.scores.items()}
    return {"scores": scores, "abstained": stands.abstained}


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

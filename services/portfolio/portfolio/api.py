"""The JSON API of portfolio: /portfolio/api/…

Writes take Idempotency-Key and If-Match and answer with ETag and position; reads wait for a position (`?after=`). Every
decision of a project is POST /portfolio/api/projects/{id}/{decision}; see `commands.actions`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from chassis.auth import Caller, Identity
from chassis.web import Deps, Here, Listed, answer, caught_up, expected_version, next_link, reply
from chassis.web.answers import POSITION_HEADER
from chassis.web.schema import CHANGES, PROBLEMS, READS, WRITES, headers, listed, shown
from contracts.portfolio import ScoresGiven
from contracts.values import Health
from portfolio.commands import rounds as prioritisation
from portfolio.commands.actions import ACTIONS, Action, act
from portfolio.commands.asks import Cancelling, Opening, Ranking, Vote
from portfolio.commands.projects import rank_several
from portfolio.domain.lifecycle import State
from portfolio.domain.refusals import NotInPortfolio
from portfolio.domain.round_refusals import NoSuchRound
from portfolio.views import history, projects, rounds
from portfolio.views.history import HistoryRow
from portfolio.views.projects import ProjectRow
from portfolio.views.rounds import RoundRow

router = APIRouter(
    prefix="/portfolio/api",
    tags=["portfolio"],
    responses=PROBLEMS,
    generate_unique_id_function=lambda route: f"portfolio_{route.name}",
)


@router.get("/projects", responses={200: listed(ProjectRow)}, response_model=None, openapi_extra=headers(READS))
async def portfolio(
    request: Request,
    here: Here,
    caller: Caller,
    part: Listed,
    state: State | None = None,
    serves: str | None = None,
    health: Health | None = None,
    release: str | None = None,
    overdue: bool = False,
    everything: bool = False,
) -> Response:
    """The portfolio, first in the queue first; completed projects and those that left only when asked for (IT-12)."""
    await caught_up(request, here, projects.view)
    found = await projects.in_order(
        here.db,
        scope=caller.scope,
        state=state,
        serves=serves,
        health=health,
        release=release,
        overdue=overdue,
        everything=everything,
        **part,
    )
    return answer(await here.vault.open_all(found.rows, caller.language), headers=next_link(request, found.mark))


@router.get("/mine", responses={200: listed(ProjectRow)}, response_model=None, openapi_extra=headers(READS))
async def mine(request: Request, here: Here, caller: Caller, part: Listed) -> Response:
    """The projects the caller leads or has asked for, in whichever municipality."""
    await caught_up(request, here, projects.view)
    found = await projects.of_a_person(here.db, caller.id, everywhere=here.partnership.ids, **part)
    return answer(await here.vault.open_all(found.rows, caller.language), headers=next_link(request, found.mark))


@router.get("/totals", response_model=None, openapi_extra=headers(READS))
async def totals(
    request: Request, here: Here, caller: Caller, by: Literal["municipality", "state"] = "municipality"
) -> Response:
    """How many projects and how much money, per municipality or per state, as far as the caller may see (IT-12)."""
    await caught_up(request, here, projects.view)
    return answer(await projects.totals(here.db, by, scope=caller.scope))


@router.get(
    "/projects/{request_id}", responses={200: shown(ProjectRow)}, response_model=None, openapi_extra=headers(READS)
)
async def project(request: Request, request_id: UUID, here: Here, caller: Caller) -> Response:
    """One project. Its ETag is what If-Match of a decision takes."""
    await caught_up(request, here, projects.view)
    row = await visible(here, caller, request_id)
    return answer(await here.vault.open_all(row, caller.language), version=row.version)


@router.get(
    "/projects/{request_id}/history",
    responses={200: shown(HistoryRow)},
    response_model=None,
    openapi_extra=headers(READS),
)
async def project_history(request: Request, request_id: UUID, here: Here, caller: Caller) -> Response:
    """What has been said and decided of a project: ranks, reports, gates, turns, talks, loans (TY-06, IT-20, IT-22)."""
    await caught_up(request, here, projects.view, history.view)
    await visible(here, caller, request_id)
    row = await history.view.get(here.db, request_id, scope=here.partnership.ids)
    if row is None:
        raise NotInPortfolio
    return answer(await here.vault.open_all(row, caller.language))


def decision_of(offered: Action) -> Callable[..., Awaitable[Response]]:
    """The route of an action."""

    async def decide(request: Request, request_id: UUID, here: Here, caller: Caller, said: Any) -> Response:
        outcome = await act(offered, here, request, caller, request_id, said, expected_version(request))
        return reply(outcome)

    decide.__annotations__["said"] = offered.body
    decide.__doc__ = offered.run.__doc__
    return decide


for each in ACTIONS.values():
    router.add_api_route(
        f"/projects/{{request_id}}/{each.name}",
        decision_of(each),
        methods=["POST"],
        status_code=201,
        name=each.name,
        response_model=None,
        openapi_extra=headers(CHANGES),
    )


@router.post("/ranking", status_code=201, response_model=None, openapi_extra=headers(WRITES))
async def rank_all(request: Request, said: Ranking, here: Here, caller: Caller) -> Response:
    """The PM ranks several projects at once, without a round (IT-12): all of them, or none."""
    outcomes = await rank_several(here, request, caller, said)
    last = next((outcome.position for outcome in reversed(outcomes) if outcome.position), "")
    done = [
        {"id": str(outcome.subject), "version": outcome.version, "position": outcome.position} for outcome in outcomes
    ]
    return JSONResponse({"ranked": done}, 201, {POSITION_HEADER: last} if last else {})


@router.get("/rounds", responses={200: listed(RoundRow)}, response_model=None, openapi_extra=headers(READS))
async def all_rounds(request: Request, here: Here, caller: Caller, part: Listed) -> Response:
    """The prioritisation rounds, open ones first (IT-13)."""
    await caught_up(request, here, rounds.view)
    found = await rounds.newest_first(here.db, scope=caller.scope, **part)
    return answer(await here.vault.open_all(found.rows, caller.language), headers=next_link(request, found.mark))


@router.post("/rounds", status_code=201, response_model=None, openapi_extra=headers(WRITES))
async def open_round(request: Request, said: Opening, here: Here, caller: Caller) -> Response:
    """The PM opens a round with a seat for every partner municipality (IT-13)."""
    return reply(await prioritisation.open_round(here, request, caller, said))


@router.get("/rounds/{round_id}", responses={200: shown(RoundRow)}, response_model=None, openapi_extra=headers(READS))
async def one_round(request: Request, round_id: UUID, here: Here, caller: Caller) -> Response:
    """A round: who has answered, and once it is closed how it came out (IT-13)."""
    await caught_up(request, here, rounds.view)
    row = await visible_round(here, caller, round_id)
    return answer(await here.vault.open_all(row, caller.language), version=row.version)


@router.get(
    "/rounds/{round_id}/votes",
    responses={200: shown(dict[str, ScoresGiven])},
    response_model=None,
    openapi_extra=headers(READS),
)
async def votes(request: Request, round_id: UUID, here: Here, caller: Caller) -> Response:
    """How the municipalities voted: all of them once the round is closed, until then only the caller's own (IT-13)."""
    await caught_up(request, here, rounds.view)
    await visible_round(here, caller, round_id)
    given = await prioritisation.votes_shown(here, caller, round_id)
    return answer(await here.vault.open_all(given, caller.language))


@router.put(
    "/rounds/{round_id}/votes/{municipality}", status_code=201, response_model=None, openapi_extra=headers(CHANGES)
)
async def vote(request: Request, round_id: UUID, municipality: str, said: Vote, here: Here, caller: Caller) -> Response:
    """The IT manager of a municipality votes for it, or their deputy; nobody votes twice or for another (IT-13)."""
    expected = expected_version(request)
    return reply(await prioritisation.vote(here, request, caller, round_id, municipality, said, expected))


@router.delete("/rounds/{round_id}/votes/{municipality}", response_model=None, openapi_extra=headers(CHANGES))
async def withdraw_vote(request: Request, round_id: UUID, municipality: str, here: Here, caller: Caller) -> Response:
    """A municipality takes its vote back while the round is open (IT-13)."""
    expected = expected_version(request)
    outcome = await prioritisation.withdraw_vote(here, request, caller, round_id, municipality, expected)
    return reply(outcome, 200)


@router.post("/rounds/{round_id}/close", status_code=201, response_model=None, openapi_extra=headers(CHANGES))
async def close_round(request: Request, round_id: UUID, here: Here, caller: Caller) -> Response:
    """The PM closes the round; every candidate gets its rank (IT-13)."""
    return reply(await prioritisation.close_round(here, request, caller, round_id, expected_version(request)))


@router.post("/rounds/{round_id}/cancel", status_code=201, response_model=None, openapi_extra=headers(CHANGES))
async def cancel_round(request: Request, round_id: UUID, said: Cancelling, here: Here, caller: Caller) -> Response:
    """The PM calls the round off; no rank comes of it (IT-13)."""
    expected = expected_version(request)
    return reply(await prioritisation.cancel_round(here, request, caller, round_id, said.reason, expected))


async def visible(here: Deps, caller: Identity, request_id: UUID) -> ProjectRow:
    """A project as this caller may see it. Raises NotInPortfolio (404) for what is not there or not theirs."""
    row = await projects.seen_by(here.db, request_id, caller.id, scope=caller.scope, everywhere=here.partnership.ids)
    if row is None:
        raise NotInPortfolio
    return row


async def visible_round(here: Deps, caller: Identity, round_id: UUID) -> RoundRow:
    """A round as this caller may see it. Raises NoSuchRound."""
    row = await rounds.view.get(here.db, round_id, scope=caller.scope)
    if row is None:
        raise NoSuchRound
    return row

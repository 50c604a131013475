"""The portfolio: as a table, as a board by state, as a timeline; filtered, ordered and paged by its address (IT-12)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller, Identity
from chassis.i18n.halves import half_years
from chassis.web import Deps, Here, caught_up, form_of, go_to, page
from contracts.refusal import Refusal
from portfolio.commands import saved, today
from portfolio.domain.lifecycle import State
from portfolio.pages.asked import Asked, asked
from portfolio.pages.charts import TRENDS, bar_of, glance, grouped, money_bar, sums
from portfolio.pages.forms import municipalities, which_page
from portfolio.pages.timeline import axis_of, line_of
from portfolio.views import found, projects

router = APIRouter(prefix="/portfolio", include_in_schema=False)
ON_A_PAGE, ON_THE_TIMELINE, IN_A_COLUMN = 40, 30, 8
"""How many projects are shown at once: so many that a page of them stays under 100 kB."""
OVER = frozenset({State.COMPLETED, State.LEFT})


@router.get("/")
async def portfolio(request: Request, here: Here, caller: Caller) -> Response:
    """The portfolio, first in the queue first, as its address says."""
    await caught_up(request, here, projects.view)
    return await _portfolio(request, here, caller, asked(request.query_params))


async def _portfolio(
    request: Request, here: Deps, caller: Identity, ask: Asked, refusal: Refusal | None = None
) -> Response:
    wanted = ask.wanted(caller.id)
    money = await found.counts(here.db, wanted, scope=caller.scope)
    counts = glance(money)
    match ask.way:
        case "board":
            shown = await _board(here, caller, wanted, money)
        case "timeline":
            shown = await _timeline(here, caller, ask, wanted, sum(row["served"] for row in money))
        case _:
            shown = await _table(here, caller, ask, wanted, counts.projects)
    day = today(here.partnership, caller.home, here.clock.now())
    views = await here.vault.open_all(await saved.saved_by(here, caller), caller.language)
    return page(
        request,
        "portfolio.html",
        caller,
        live=(projects.view,),
        refusal=refusal,
        asked=ask,
        glance=counts,
        trends=TRENDS,
        sums=[{**each, "bar": money_bar(each["budget"], each["spent"], each["forecast"])} for each in sums(money)],
        municipalities=municipalities(here),
        half_years=half_years(day, back=4, ahead=7, also=ask.release),
        saved=views,
        bar_of=bar_of,
        **shown,
    )


async def _table(here: Deps, caller: Identity, ask: Asked, wanted: found.Wanted, hits: int) -> dict[str, Any]:
    number, last = which_page(ask.page, hits, ON_A_PAGE)
    rows = await found.page_of(
        here.db, wanted, scope=caller.scope, sort=ask.sort, limit=ON_A_PAGE, skip=(number - 1) * ON_A_PAGE
    )
    return {
        "rows": await here.vault.open_all(rows, caller.language),
        "number": number,
        "last": last,
    }


async def _board(here: Deps, caller: Identity, wanted: found.Wanted, money: list[dict[str, Any]]) -> dict[str, Any]:
    counts = {state: sum(row["projects"] for row in money if row["state"] == state) for state in found.STATES}
    # Every state a project goes through has its column, empty or not; those that are over only where some are shown.
    states = [state for state in found.STATES if counts[state] or (state not in OVER and not wanted.state)]
    cards = await found.first_of_each(here.db, wanted, states, scope=caller.scope, limit=IN_A_COLUMN)
    cards = await here.vault.open_all(cards, caller.language)
    columns = [
        {
            "state": state,
            "projects": counts[state],
            "sums": sums(row for row in money if row["state"] == state),
            "cards": cards[state],
        }
        for state in states
    ]
    return {"columns": columns, "number": 1, "last": 1}


async def _timeline(here: Deps, caller: Identity, ask: Asked, wanted: found.Wanted, lines: int) -> dict[str, Any]:
    number, last = which_page(ask.page, lines, ON_THE_TIMELINE)
    rows = await found.by_served(
        here.db, wanted, scope=caller.scope, limit=ON_THE_TIMELINE, skip=(number - 1) * ON_THE_TIMELINE
    )
    zone = here.partnership[caller.home].timezone
    axis = axis_of([row for _, row in rows], today(here.partnership, caller.home, here.clock.now()), zone)
    groups: dict[str, list[Any]] = {}
    for served, row in rows:
        groups.setdefault(served, []).append(line_of(row, axis, zone))
    return {"axis": axis, "groups": groups, "number": number, "last": last}


@router.get("/totals")
async def totals(request: Request, here: Here, caller: Caller) -> Response:
    """How many projects and how much money, per municipality and per state (IT-12)."""
    await caught_up(request, here, projects.view)
    by_municipality = await projects.totals(here.db, "municipality", scope=caller.scope)
    by_state = await projects.totals(here.db, "state", scope=caller.scope)
    called = dict(municipalities(here))
    return page(
        request,
        "totals.html",
        caller,
        called=called,
        by_municipality=grouped(by_municipality, called),
        by_state=grouped(by_state, found.STATES),
    )


@router.post("/saved")
async def save(request: Request, here: Here, caller: Caller) -> Response:
    """Give the filters of an address a name, to find them again."""
    form = await form_of(request, here.formats(caller))
    ask = asked(dict(parse_qsl(form.text("address"))))
    try:
        await saved.save(here, caller, form.text("name"), ask.query())
    except Refusal as refusal:
        return await _portfolio(request, here, caller, ask, refusal)
    return go_to(ask.address())


@router.post("/saved/{view_id}/remove")
async def remove(view_id: UUID, here: Here, caller: Caller) -> Response:
    """Forget a named view; what it showed stays where it was."""
    await saved.remove(here, caller, view_id)
    return go_to("/portfolio/")

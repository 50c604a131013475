"""Decisions that concern several projects at once: a ranking, two requests that become one, people on loan.

They are written in one transaction, each history by a command id derived from the one that was given, so that asked
again they do nothing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from uuid import UUID

from fastapi import Request

from chassis.aggregate import Outcome, handle
from chassis.context import Context
from chassis.identity import Identity, Role
from chassis.web import Deps
from contracts.values import Loan
from portfolio.commands import PROJECT, derived, history_of, together
from portfolio.commands.asks import Ranking
from portfolio.domain import assignment, entry, ranking
from portfolio.domain.project import Project


async def rank_several(here: Deps, request: Request, caller: Identity, said: Ranking) -> list[Outcome[Project]]:
    """The PM ranks several projects at once, alone (IT-12): all of them, or none when one is refused.

    Returns those whose rank changed. Given again, it is answered for the same ones, and ranks nothing anew (P3).
    """
    role = caller.must(Role.PM, rule="IT-12")
    context = await here.context(request, caller, here.partnership.host, role=role)
    ranking.must_be_a_ranking(said.ranks)
    outcomes = []
    async with together(here) as connection:
        homes = {each: (await history_of(here, each, within=connection))[0].municipality for each in said.ranks}
        parts = {each: derived(context, each, home) for each, home in homes.items()}
        given = [
            each
            for each, part in parts.items()
            if await here.store.find_command(part.command_id, part.fingerprint, within=connection)
        ]
        for request_id in given or said.ranks:
            caller.must(Role.PM, municipality=homes[request_id], rule="IT-12")
            decide = partial(ranking.rank_alone, rank=said.ranks[request_id], reason=said.reason)
            outcome = await handle(here.store, PROJECT, request_id, decide, parts[request_id], within=connection)
            if outcome.facts:
                outcomes.append(outcome)
    return outcomes


async def join(
    here: Deps, request_id: UUID, other_id: UUID, *, reason: str, context: Context, expected: int | None = None
) -> Outcome[Project]:
    """Two like requests become one (IT-15): one serves what both served, the other leaves into it."""
    async with together(here) as connection:
        first = PROJECT.fold(await history_of(here, request_id, within=connection))
        other_history = await history_of(here, other_id, within=connection)
        other, other_home = PROJECT.fold(other_history), other_history[0].municipality
        outcome = await handle(
            here.store,
            PROJECT,
            request_id,
            lambda state: entry.join(state, other, reason=reason, other_home=other_home)[0],
            context,
            expected=expected,
            within=connection,
        )
        if not outcome.duplicate:
            await handle(
                here.store,
                PROJECT,
                other_id,
                lambda state: entry.join(first, state, reason=reason, other_home=other_home)[1],
                derived(context, other_id, other_home),
                within=connection,
            )
    return outcome


async def lend(
    here: Deps, request_id: UUID, to: UUID, loan: Loan, context: Context, *, expected: int | None = None
) -> Outcome[Project]:
    """People of one project work in another for a period (TY-22)."""
    other = PROJECT.fold(await here.store.load(to))
    loan = replace(loan, from_request=request_id)
    return await handle(
        here.store, PROJECT, request_id, lambda state: assignment.lend(state, other, loan), context, expected=expected
    )

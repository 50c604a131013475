"""A prioritisation round, asked for over HTTP (IT-12…IT-15). Rounds belong to the host of the partnership.

The PM opens, closes and cancels; the IT manager of each municipality votes for it, or a deputy, and nobody for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial, reduce
from uuid import UUID, uuid5

from fastapi import Request

from chassis.aggregate import Outcome, handle
from chassis.context import Context
from chassis.identity import Identity, Role
from chassis.logging import get_logger
from chassis.web import Deps
from contracts.portfolio import (
    EnteredPortfolio,
    Prioritised,
    RoundClosed,
    RoundFact,
    RoundOpened,
    ScoresGiven,
    ScoresWithdrawn,
)
from contracts.refusal import Refusal
from contracts.values import Candidate, Person
from portfolio.commands import PROJECT, ROUND, derived, history_of, person, together
from portfolio.commands.asks import Opening, Somebody, Vote
from portfolio.domain import prioritisation, ranking
from portfolio.domain.lifecycle import State
from portfolio.domain.prioritisation import Round
from portfolio.domain.project import may
from portfolio.domain.round_refusals import NoSuchRound, NotYourSeat
from portfolio.views import projects

log = get_logger(__name__)


async def open_round(here: Deps, request: Request, caller: Identity, said: Opening) -> Outcome[Round]:
    """The PM opens a prioritisation round with a seat for every partner municipality (IT-13).

    The criteria are the partnership's (IT-12, IT-14), weighed as it says or as the PM does for this round. Asked again
    with the same key, it is the same round.
    """
    context = await _as_pm(here, request, caller)
    round_id = uuid5(context.command_id, "round")
    opened: RoundOpened | None = None
    if not await here.store.find_command(context.command_id, context.fingerprint):
        standing = await waiting(here) if said.candidates is None else said.candidates
        opened = prioritisation.open_round(
            None,
            id=round_id,
            title=said.title,
            criteria=[
                replace(criterion, weight=said.weights.get(criterion.key, criterion.weight))
                for criterion in here.partnership.criteria
            ],
            candidates=await candidates(here, standing),
            municipalities=sorted(here.partnership.ids),
            deadline=said.deadline,
            now=context.now,
        )
    return await handle(here.store, ROUND, round_id, lambda round_: opened if round_ is None else None, context)


async def waiting(here: Deps) -> list[UUID]:
    """The projects that wait for a leader: who stands when the PM names nobody."""
    return await projects.ids_in(here.db, (State.ENTERED, State.PRIORITISED), scope=here.partnership.ids)


async def candidates(here: Deps, requests: Sequence[UUID]) -> list[Candidate]:
    """The projects as candidates, in the order in which they entered the portfolio. Refuses what cannot be ranked."""
    found: list[tuple[int, Candidate]] = []
    for place, request_id in enumerate(requests):
        try:
            history = await history_of(here, request_id)
            state = may(PROJECT.fold(history), Prioritised)
        except Refusal as refusal:
            refusal.field = f"candidates.{place}"
            raise
        entered = max(event.sequence for event in history if isinstance(event.data, EnteredPortfolio))
        candidate = Candidate(
            request_id=request_id, municipality=history[0].municipality, title=state.title, serves=state.serves
        )
        found.append((entered, candidate))
    return [candidate for _, candidate in sorted(found, key=lambda each: each[0])]


async def vote(
    here: Deps,
    request: Request,
    caller: Identity,
    round_id: UUID,
    municipality: str,
    said: Vote,
    expected: int | None = None,
    *,
    instead: bool = False,
) -> Outcome[Round]:
    """A municipality's IT manager, or their deputy, scores the candidates or abstains (IT-13).

    `instead` changes the vote that was given: it is taken back and this one given, both or neither.
    """
    role = seat_of(caller, municipality)
    context = await here.context(request, caller, here.partnership.host, role=role)
    voter = await _voter(here, caller)
    manager = said.deputy_for or (manager_of(here, municipality) if role is Role.DEPUTY else None)
    deputy_for = None if manager is None else await person(here, manager)

    def give(state: Round | None) -> Sequence[RoundFact]:
        taken_back = [prioritisation.withdraw(state, municipality=municipality, voter=voter)] if instead else []
        given = prioritisation.vote(
            reduce(prioritisation.evolve, taken_back, state),
            municipality=municipality,
            voter=voter,
            scores={str(candidate): given for candidate, given in said.scores.items()},
            abstains=said.abstained,
            as_deputy=role is Role.DEPUTY,
            deputy_for=deputy_for,
        )
        return (*taken_back, given)

    return await handle(here.store, ROUND, round_id, give, context, expected=expected)


async def withdraw_vote(
    here: Deps, request: Request, caller: Identity, round_id: UUID, municipality: str, expected: int | None = None
) -> Outcome[Round]:
    """A municipality takes its vote back while the round is open (IT-13)."""
    role = seat_of(caller, municipality)
    context = await here.context(request, caller, here.partnership.host, role=role)
    voter = await _voter(here, caller)

    def take_back(state: Round | None) -> ScoresWithdrawn:
        return prioritisation.withdraw(state, municipality=municipality, voter=voter)

    return await handle(here.store, ROUND, round_id, take_back, context, expected=expected)


async def close_round(
    here: Deps, request: Request, caller: Identity, round_id: UUID, expected: int | None = None
) -> Outcome[Round]:
    """The PM closes the round: the votes are counted, and every candidate gets its rank, in one transaction (IT-13).

    A candidate that has meanwhile left, or is stopped or completed, gets none; the standings tell where it stood.
    """
    context = await _as_pm(here, request, caller)
    async with together(here) as connection:
        outcome = await handle(
            here.store, ROUND, round_id, prioritisation.close, context, expected=expected, within=connection
        )
        closed = [fact for fact in outcome.facts if isinstance(fact, RoundClosed)]
        for standing in closed[0].standings if not outcome.duplicate else ():
            home = (await history_of(here, standing.request_id, within=connection))[0].municipality
            try:
                await handle(
                    here.store,
                    PROJECT,
                    standing.request_id,
                    partial(ranking.rank_by_round, standing=standing, round_id=round_id),
                    derived(context, standing.request_id, home),
                    within=connection,
                )
            except Refusal as refusal:
                log.info("round.not_ranked", request=str(standing.request_id), rule=refusal.rule)
    return outcome


async def cancel_round(
    here: Deps, request: Request, caller: Identity, round_id: UUID, reason: str, expected: int | None = None
) -> Outcome[Round]:
    """The PM calls the round off (IT-13)."""
    context = await _as_pm(here, request, caller)
    decision = partial(prioritisation.cancel, reason=reason)
    return await handle(here.store, ROUND, round_id, decision, context, expected=expected)


async def votes_shown(here: Deps, caller: Identity, round_id: UUID) -> dict[str, ScoresGiven]:
    """The votes this caller may see: every municipality's once the round is closed, until then only their own (IT-13).

    Raises NoSuchRound.
    """
    found = ROUND.fold(await here.store.load(round_id))
    if found is None:
        raise NoSuchRound
    if found.state is prioritisation.RoundState.CLOSED:
        return dict(found.votes)
    own = caller.scope_of(Role.IT_MANAGER, Role.DEPUTY)
    return {municipality: given for municipality, given in found.votes.items() if municipality in own}


def seat_of(caller: Identity, municipality: str) -> Role:
    """The role in which somebody votes for a municipality: its IT manager, or a deputy (IT-13)."""
    for role in (Role.IT_MANAGER, Role.DEPUTY):
        if caller.has(role, municipality):
            return role
    raise NotYourSeat(municipality=municipality)


def manager_of(here: Deps, municipality: str) -> Somebody | None:
    """The IT manager of a municipality, when the partnership's settings name one."""
    offices = here.partnership[municipality].contacts if municipality in here.partnership.ids else ()
    manager = next((each for each in offices if each.office == "it_manager"), None)
    return None if manager is None else Somebody(name=manager.name, email=manager.email, municipality=municipality)


async def _voter(here: Deps, caller: Identity) -> Person:
    name = await here.vault.seal(caller.id, caller.name or "?")
    email = await here.vault.seal(caller.id, caller.email) if caller.email else None
    return Person(id=caller.id, name=name, email=email)


async def _as_pm(here: Deps, request: Request, caller: Identity) -> Context:
    # A round is the host's, and ranks everybody's projects: a PM of one partner alone does not run it.
    role = caller.must(Role.PM, municipality=here.partnership.host, rule="IT-13")
    return await here.context(request, caller, here.partnership.host, role=role)

"""What may be asked of portfolio, and of whom.

`asks` are the forms, `actions` the decisions of one project with who may ask for them, `projects` what concerns several
projects at once, `rounds` what concerns a prioritisation round. Each loads, asks the domain and appends what it
answers; what concerns several histories is one transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from chassis.aggregate import Aggregate
from chassis.context import Context
from chassis.db import Connection
from chassis.partnership import Partnership
from chassis.web import Deps
from contracts.envelope import Envelope
from contracts.portfolio import ProjectFact, RoundFact
from contracts.values import Person
from portfolio.commands.asks import Somebody
from portfolio.domain import prioritisation, project
from portfolio.domain.prioritisation import Round
from portfolio.domain.project import Project
from portfolio.domain.refusals import NotInPortfolio

PROJECT: Aggregate[Project, ProjectFact] = Aggregate("project", ProjectFact, project.evolve)
ROUND: Aggregate[Round, RoundFact] = Aggregate("round", RoundFact, prioritisation.evolve)


async def history_of(here: Deps, request_id: UUID, *, within: Connection | None = None) -> list[Envelope[Any]]:
    """A project's own history. Raises NotInPortfolio when there is none (IT-08)."""
    history = await here.store.load(request_id, within=within)
    if not history:
        raise NotInPortfolio
    return history


async def home_of(here: Deps, request_id: UUID) -> str:
    """The municipality a project belongs to. Raises NotInPortfolio."""
    return (await history_of(here, request_id))[0].municipality


async def person(here: Deps, said: Somebody) -> Person:
    """Somebody who is named to us, sealed. The same address is the same person wherever it is named."""
    who = here.person_id(said.email, said.municipality)
    return Person(
        id=who,
        name=await here.vault.seal(who, said.name),
        email=await here.vault.seal(who, said.email),
        language=said.language,
    )


def today(partnership: Partnership, municipality: str, now: datetime) -> date:
    """The day it is in a municipality."""
    return now.astimezone(ZoneInfo(partnership[municipality].timezone)).date()


@asynccontextmanager
async def together(here: Deps) -> AsyncIterator[Connection]:
    """Several histories in one transaction; the relay is told once it has been committed."""
    async with here.db.work() as connection:
        yield connection
    here.store.committed()


def derived(context: Context, request_id: UUID, municipality: str) -> Context:
    """The context of the part of a command that concerns this project."""
    return replace(context, command_id=uuid5(context.command_id, str(request_id)), municipality=municipality)

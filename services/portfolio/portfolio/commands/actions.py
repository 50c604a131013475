"""The decisions of one project that can be asked for: by whom, by which rule, and what is done.

The JSON API and the pages offer the same actions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from fastapi import Request

from chassis.aggregate import Outcome, handle
from chassis.context import Context
from chassis.i18n import N_, translate
from chassis.identity import Identity, Role
from chassis.plain import MISSING, Misfilled
from chassis.web import Deps
from contracts.event import Event
from contracts.portfolio import (
    Assigned,
    DialogueHeld,
    GateDecided,
    PeopleLent,
    Prioritised,
    ProjectCompleted,
    ProjectFact,
    ProjectLimited,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    ReleasePlanned,
    ServesChanged,
    StatusReported,
)
from contracts.values import Loan, Member, Person
from portfolio import commands
from portfolio.commands import projects
from portfolio.commands.asks import (
    Asks,
    Assignment,
    AtGate,
    Completion,
    Dialogue,
    Join,
    Lending,
    Limitation,
    Postponement,
    Rank,
    Release,
    Serves,
    Somebody,
    StatusReport,
    Turn,
)
from portfolio.domain import assignment, entry, followup, ranking, turns
from portfolio.domain.lifecycle import MAY_HAPPEN
from portfolio.domain.project import Project, may
from portfolio.domain.refusals import NotInPortfolio
from portfolio.views.projects import ProjectRow

UNKNOWN_MUNICIPALITY = N_("{municipality} is no partner municipality.")
By = Literal["pm", "leader", "either"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request to decide something of a project, as the action meets it."""

    here: Deps
    caller: Identity
    request_id: UUID
    home: str
    body: Any
    context: Context
    expected: int | None

    @property
    def today(self) -> date:
        """The day it is in the project's municipality."""
        return commands.today(self.here.partnership, self.home, self.context.now)

    async def decide(self, decision: Callable[[Project | None], ProjectFact | None]) -> Outcome[Project]:
        """Take a decision of the project."""
        return await handle(
            self.here.store, commands.PROJECT, self.request_id, decision, self.context, expected=self.expected
        )

    async def person(self, said: Somebody) -> Person:
        """Somebody who is named, sealed."""
        return await commands.person(self.here, said)


Run = Callable[[Asked], Awaitable[Outcome[Project]]]


@dataclass(frozen=True, slots=True)
class Action:
    """A decision that can be asked for: by the PM, by the leader the project has, or by either.

    `fact` is what comes of it; the table of moves says in which states it may happen.
    """

    name: str
    body: type[Asks]
    fact: type[Event]
    who: By
    rule: str
    run: Run

    def falls_to(self, caller: Identity, row: ProjectRow) -> bool:
        """Whether it is this caller's to decide, as the PM of the municipality or as the leader the project has."""
        pm, leader = caller.has(Role.PM, row.municipality), row.leader_id == caller.id
        return {"pm": pm, "leader": leader, "either": pm or leader}[self.who]

    def open_to(self, caller: Identity, row: ProjectRow) -> bool:
        """Whether this caller could do it of this project as it stands, as far as can be told beforehand."""
        may = self.falls_to(caller, row) and row.state in MAY_HAPPEN[self.fact]
        return may and (self.fact is not GateDecided or bool(row.next_gate))


ACTIONS: dict[str, Action] = {}


def action(name: str, body: type[Asks], fact: type[Event], who: By, rule: str) -> Callable[[Run], Run]:
    """Offer a decision under a name."""

    def offer(run: Run) -> Run:
        ACTIONS[name] = Action(name, body, fact, who, rule, run)
        return run

    return offer


async def act(
    offered: Action, here: Deps, request: Request, caller: Identity, request_id: UUID, body: Any, expected: int | None
) -> Outcome[Project]:
    """Do what an action asks for, if this caller may. Whether somebody leads the project, the domain knows."""
    if offered.who == "pm":
        caller.must(Role.PM, rule=offered.rule)
    home = await commands.home_of(here, request_id)
    role = Role.LEADER
    if offered.who == "pm" or (offered.who == "either" and caller.has(Role.PM, home)):
        role = caller.must(Role.PM, municipality=home, rule=offered.rule)
    context = await here.context(request, caller, home, role=role)
    return await offered.run(
        Asked(here=here, caller=caller, request_id=request_id, home=home, body=body, context=context, expected=expected)
    )


async def theirs_too(asked: Asked, other: UUID) -> None:
    """A second project that a decision of the PM's concerns must be theirs as well. Raises NotInPortfolio, NotYours."""
    home = await commands.home_of(asked.here, other)
    if home not in asked.caller.scope:
        raise NotInPortfolio  # to say more would tell one municipality what another has
    asked.caller.must(Role.PM, municipality=home, rule="IT-12")


@action("rank", Rank, Prioritised, "pm", "IT-12")
async def rank(asked: Asked) -> Outcome[Project]:
    """The PM ranks a project without a round (IT-12)."""
    said: Rank = asked.body
    return await asked.decide(lambda project: ranking.rank_alone(project, said.rank, reason=said.reason))


@action("serve", Serves, ServesChanged, "pm", "IT-15")
async def serve(asked: Asked) -> Outcome[Project]:
    """The PM says which municipalities a project serves (IT-15)."""
    said: Serves = asked.body
    for place, municipality in enumerate(said.serves):
        if municipality not in asked.here.partnership.ids:
            raise Misfilled(UNKNOWN_MUNICIPALITY, f"serves.{place}", municipality=municipality)
    return await asked.decide(lambda project: entry.change_serves(project, said.serves, reason=said.reason))


@action("join", Join, ServesChanged, "pm", "IT-15")
async def join(asked: Asked) -> Outcome[Project]:
    """The PM joins a like request with this project (IT-15)."""
    said: Join = asked.body
    await theirs_too(asked, said.other)
    return await projects.join(
        asked.here,
        asked.request_id,
        said.other,
        reason=said.reason,
        context=asked.context,
        expected=asked.expected,
    )


@action("release", Release, ReleasePlanned, "pm", "TY-23")
async def release(asked: Asked) -> Outcome[Project]:
    """The PM plans the half-year of delivery (TY-23)."""
    said: Release = asked.body
    return await asked.decide(lambda project: ranking.plan_release(project, said.period, today=asked.today))


@action("assign", Assignment, Assigned, "pm", "IT-16")
async def assign(asked: Asked) -> Outcome[Project]:
    """The PM deals a prioritised project out to a leader and a group (IT-16, IT-17)."""
    said: Assignment = asked.body
    language = asked.here.partnership[asked.home].language
    leader = await asked.person(said.leader)
    group = [
        Member(person=await asked.person(each), kind=each.kind, role=each.role, organisation=each.organisation)
        for each in said.group
    ]
    role = said.leader_role or translate(N_("Project leader"), language)
    return await asked.decide(
        lambda project: assignment.assign(
            project,
            leader=leader,
            group=tuple(group),
            leader_role=role,
            leader_kind=said.leader_kind,
            reason=said.reason,
        )
    )


@action("lend", Lending, PeopleLent, "pm", "TY-22")
async def lend(asked: Asked) -> Outcome[Project]:
    """The PM lends people of this project to another (TY-22)."""
    said: Lending = asked.body
    await theirs_too(asked, said.to)
    loan = Loan(who=said.who, starts=said.starts, ends=said.ends, deciding_lead=said.deciding_lead)
    return await projects.lend(asked.here, asked.request_id, said.to, loan, asked.context, expected=asked.expected)


@action("report", StatusReport, StatusReported, "leader", "IT-20")
async def report(asked: Asked) -> Outcome[Project]:
    """The leader reports how the project goes (IT-20)."""
    said: StatusReport = asked.body
    told = followup.Report(**dict(said))
    return await asked.decide(lambda project: followup.report(project, told, by=asked.caller.id))


@action("gate", AtGate, GateDecided, "either", "TY-09")
async def gate(asked: Asked) -> Outcome[Project]:
    """The PM or the leader records what was decided at a gate (TY-09)."""
    said: AtGate = asked.body
    is_pm = asked.caller.has(Role.PM, asked.home)

    def decided(project: Project | None) -> GateDecided:
        if not is_pm:
            followup.led_by(may(project, GateDecided), asked.caller.id)
        return followup.decide_gate(
            project,
            said.gate,
            outcome=said.outcome,
            on=said.on or asked.today,
            today=asked.today,
            note=said.note,
        )

    return await asked.decide(decided)


@action("talk", Dialogue, DialogueHeld, "leader", "IT-22")
async def talk(asked: Asked) -> Outcome[Project]:
    """The leader notes a talk with an orderer; the note is sealed as the orderer's (IT-22)."""
    said: Dialogue = asked.body
    if said.with_whom is not None:
        whom: Person | None = await asked.person(said.with_whom)
    else:
        state = commands.PROJECT.fold(await commands.history_of(asked.here, asked.request_id))
        whom = state.orderer if state else None
    if whom is None:
        raise Misfilled(MISSING, "with_whom.name")
    note = await asked.here.vault.seal(whom.id, said.note)
    return await asked.decide(
        lambda project: followup.hold_dialogue(project, with_whom=whom, note=note, by=asked.caller.id)
    )


async def promised(asked: Asked) -> tuple[Person, ...]:
    """Whom the PM adds to those who were promised something (TY-04)."""
    return tuple([await asked.person(each) for each in asked.body.promised_to])


@action("postpone", Postponement, ProjectPostponed, "pm", "TY-04")
async def postpone(asked: Asked) -> Outcome[Project]:
    """The PM puts a project off (TY-04)."""
    said: Postponement = asked.body
    people = await promised(asked)
    return await asked.decide(
        lambda project: turns.postpone(
            project, reason=said.reason, until=said.until, today=asked.today, promised_to=people
        )
    )


@action("limit", Limitation, ProjectLimited, "pm", "TY-04")
async def limit(asked: Asked) -> Outcome[Project]:
    """The PM limits a project to less than was promised (TY-04)."""
    said: Limitation = asked.body
    people = await promised(asked)
    return await asked.decide(
        lambda project: turns.limit(project, scope=said.scope, reason=said.reason, promised_to=people)
    )


@action("stop", Turn, ProjectStopped, "pm", "TY-04")
async def stop(asked: Asked) -> Outcome[Project]:
    """The PM stops a project altogether (TY-04)."""
    people = await promised(asked)
    return await asked.decide(lambda project: turns.stop(project, reason=asked.body.reason, promised_to=people))


@action("resume", Turn, ProjectResumed, "pm", "TY-04")
async def resume(asked: Asked) -> Outcome[Project]:
    """The PM lets a postponed, limited or stopped project go on (TY-04)."""
    people = await promised(asked)
    return await asked.decide(lambda project: turns.resume(project, reason=asked.body.reason, promised_to=people))


@action("complete", Completion, ProjectCompleted, "pm", "TY-04")
async def complete(asked: Asked) -> Outcome[Project]:
    """The PM closes a project that has delivered (TY-04)."""
    said: Completion = asked.body
    return await asked.decide(lambda project: turns.complete(project, summary=said.summary, spent=said.spent))

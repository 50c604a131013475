"""The flow as a state machine: any command, by anybody, in any order, held to the model after every one.

Each rule asks the services for one thing and knows from the model what must come of it: done, or refused. A refused
command leaves no event (P2); a command that is given again comes to the same and leaves none either (P3). The rules go
wherever chance leads; `the_next_steps` goes on where the flow stands, so that its far end is reached as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import httpx
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chassis.testing import NOON
from contracts.event import Event
from intake.domain.ticket import request_of
from tests.integration.flow_model import Cab, Case
from tests.integration.flow_people import CRITERIA, FULL_FORM, PLAN, REQUESTER, SOMEBODY
from tests.integration.flow_promises import the_log_keeps_its_promises, views_are_folds_of
from tests.integration.flow_world import World

EXAMPLES = count(1)
"""Every example has tickets of its own, so that all may share one set of databases."""

WHO = some.sampled_from(["pm"] * 6 + ["leader"] * 3 + ["orderer", "requester", "other leader", "desk", "technician"])
PARTY = some.sampled_from(["pm", "orderer", "leader"] * 3 + ["requester", "technician"])
LEADER = some.sampled_from(["leader"] * 3 + ["other leader", "pm", "orderer"])
"""Those whom a step is most likely allowed, and others."""
CASE = some.integers(0, 2)
KIND = some.sampled_from(["changed"] * 3 + ["reopened", "withdrawn", "deleted", "left_flow", "merged"])
"""What a Service Desk says of a ticket; it leaves the flow by moving to another."""
STALE = some.sampled_from([None] * 5 + ["known", "stale"])
"""Whether the command says which version it has seen, and truly."""
OFF = some.sampled_from([0] * 3 + [-1, 1])
"""How far the version that is named lies beside the right one."""


@dataclass(frozen=True)
class Done:
    """A command that left events, to be given again."""

    again: Callable[[], Coroutine[Any, Any, httpx.Response]]
    status: int
    said: Any


class Flow(RuleBasedStateMachine):
    """What every part of the machine stands on: asking, and judging the answer."""

    world: World
    runner: asyncio.Runner
    begins: int

    @initialize(steps=some.tuples(*[some.sampled_from([0, 3, 6, 8, 8, 12])] * 3))
    def begin(self, steps: tuple[int, ...]) -> None:
        """Three tickets, two of Ekvik and one of Nordvik, each so many steps on its way."""
        self.example = next(EXAMPLES)
        self.cases = [Case(number, home) for number, home in enumerate(("ekvik", "ekvik", "nordvik"))]
        self.keys, self.done, self.days = count(1), list[Done](), 0
        self.round: UUID | None = None
        self.meetings, self.rounds = set[UUID](), set[UUID]()
        self.meeting, self.cab = UUID(int=0), Cab()
        self.open, self.scored, self.candidates, self.voted = False, False, list[int](), set[str]()
        self.world.clock.advance(NOON - self.world.clock.now())
        self.begins = len(self.world.log)
        for which, many in enumerate(steps):
            self.the_next_steps(which, many)

    def the_next_steps(self, which: int, steps: int) -> None:
        """What those who know the flow do next of a request."""
        raise NotImplementedError

    def teardown(self) -> None:
        """At the end of every example the log and the views are looked through."""
        if hasattr(self, "begins"):
            self.runner.run(self.world.show())
            assert self.runner.run(self.world.parked()) == []
            # As time passes, reports are missed in what earlier examples left as well; that is theirs.
            mine = {*self.rounds, *self.meetings, *(self.subject(case) for case in self.cases)}
            log = [each.event for each in self.world.log[self.begins :] if each.event.subject in mine]
            the_log_keeps_its_promises(log)
            self.runner.run(views_are_folds_of(self.world, log))

    def subject(self, case: Case) -> UUID:
        """The request of a ticket."""
        return request_of(case.home, "zammad", self.ticket(case))

    def ticket(self, case: Case) -> str:
        """The id a ticket has at its source."""
        return f"{self.example}-{case.number}"

    def ask(
        self, who: str, path: str, body: object = None, *, allowed: bool, changes: bool = True, method: str = "POST",
        subject: UUID | None = None, seen: str | None = None,
    ) -> list[Event]:  # fmt: skip
        """Ask for something; the facts that came of it. `allowed` is what the model says."""
        service, key, expected = path.split("/")[1], f"{self.example}/{next(self.keys)}", None
        if seen is not None and subject is not None:
            expected = self.world.versions[service, subject] + (1 if seen == "stale" else 0)
        allowed = allowed and seen != "stale"

        def give() -> Coroutine[Any, Any, httpx.Response]:
            return self.world.ask(who, method, path, body, key=key, expected=expected)

        return self.judge(give, allowed=allowed, changes=changes, told=f"{who}: {method} {path} {body}")

    def judge(
        self, give: Callable[[], Coroutine[Any, Any, httpx.Response]], *, allowed: bool, changes: bool, told: str
    ) -> list[Event]:
        """Give a command and hold the answer, and what it left in the stores, to what the model says."""
        answer = self.runner.run(give())
        told = f"{told}\nanswered {answer.status_code}: {answer.text}"
        assert answer.status_code < 500, told
        assert answer.is_success == allowed, f"the model says {'done' if allowed else 'refused'}\n{told}"
        new = self.runner.run(self.world.hear())
        assert bool(new) == (allowed and changes), f"it left {[each.event.type for each in new]}\n{told}"
        if new:
            self.done.append(Done(give, answer.status_code, answer.json()))
            self.runner.run(self.world.settle(new))
        return [each.event.data for each in new]

    @precondition(lambda self: self.done)
    @rule(data=some.data())
    def a_command_is_given_again(self, data: some.DataObject) -> None:
        """P3: the same command id gives the same answer, and nothing comes of it."""
        done = data.draw(some.sampled_from(self.done[-8:]), label="again")
        answer = self.runner.run(done.again())
        assert (answer.status_code, answer.json()) == (done.status, done.said)
        assert self.runner.run(self.world.hear()) == []


class RequestFlow(Flow):
    """Intake, directive, plan and project of single requests."""

    @rule(which=CASE, kind=KIND, title=some.integers(1, 2), late=some.booleans())
    def the_desk_delivers(self, which: int, kind: str, title: int, late: bool) -> None:
        """A snapshot of the ticket, perhaps an older one than was seen (IT-02, IT-04)."""
        case = self.cases[which]
        late = late and case.revision > 0 and kind != "deleted"
        case.revision += 1
        ticket: dict[str, Any] = {
            "external_id": self.ticket(case), "kind": "moved" if kind == "left_flow" else kind,
            "title": f"Titel {title}",
            "flow": "drift" if kind == "left_flow" else "projekt", "requester": SOMEBODY[REQUESTER[case.home]].told,
            "opened_at": "2026-03-02T08:30:00+01:00", "revision": 0 if late else case.revision,
        }  # fmt: skip
        if kind == "merged":
            ticket["into"] = {"external_id": f"{self.example}-another"}
        key = f"{self.example}/{next(self.keys)}"
        changes = not late and case.told(kind, title)
        self.judge(
            lambda: self.world.deliver(case.home, ticket, key=key), allowed=True, changes=changes, told=str(ticket)
        )

    @rule(which=CASE, who=some.sampled_from(["desk", "technician", "pm", "leader"]))
    def somebody_registers(self, which: int, who: str) -> None:
        """By hand; a technician never does (IT-02, IT-07)."""
        case = self.cases[which]
        body = {
            "municipality": case.home, "title": "Titel 1", "requester": SOMEBODY[REQUESTER[case.home]].told,
            "ticket": {"system": "zammad", "external_id": self.ticket(case)},
        }  # fmt: skip
        allowed = case.may_register(who)
        self.ask(who, "/intake/api/requests", body, allowed=allowed)
        if allowed:
            case.register(1)

    @rule(which=CASE, who=WHO, outcome=some.sampled_from(["project"] * 3 + ["change"]), seen=STALE)
    def somebody_judges(self, which: int, who: str, outcome: str, seen: str | None) -> None:
        """IT-05, IT-06."""
        case = self.cases[which]
        path = f"/intake/api/requests/{self.subject(case)}/classification"
        body = {"outcome": outcome, "reason": "Det är så stort", "criteria": CRITERIA}
        if self.ask(who, path, body, allowed=case.may_judge(who), subject=self.subject(case), seen=seen):
            case.judge(outcome)

    @rule(which=CASE, who=WHO, seen=STALE)
    def somebody_takes_the_judgement_back(self, which: int, who: str, seen: str | None) -> None:
        """IT-05, IT-06."""
        case = self.cases[which]
        path = f"/intake/api/requests/{self.subject(case)}/classification/withdrawal"
        allowed = case.may_unjudge(who)
        if self.ask(
            who, path, {"reason": "Mindre än vi trodde"}, allowed=allowed, subject=self.subject(case), seen=seen
        ):
            case.unjudge()

    @rule(which=CASE, who=PARTY, off=OFF, seen=STALE,
          step=some.sampled_from(["return", "accept", "send-back", "sign", "reopen"]))  # fmt: skip
    def somebody_moves_the_directive(self, which: int, who: str, step: str, off: int, seen: str | None) -> None:
        """Returned, accepted or sent back, signed by two, reopened (IT-10, TY-01, TY-06)."""
        case = self.cases[which]
        who = REQUESTER[case.home] if step == "return" and who in ("requester", "orderer") else who
        version = case.version + off
        bodies: dict[str, dict[str, Any]] = {
            "return": {"form": FULL_FORM}, "accept": {"version": version, "leader": SOMEBODY["leader"].told},
            "send-back": {"version": version, "remarks": [{"field": "goals", "text": "Vad är målet?"}]},
            "sign": {"version": version}, "reopen": {"reason": "Kartan ska med"},
        }  # fmt: skip
        allowed = {
            "return": case.may_return(who), "accept": case.may_accept(who, version),
            "send-back": case.may_send_back(who, version), "sign": case.may_sign(who, version),
            "reopen": case.may_reopen(who),
        }[step]  # fmt: skip
        path = f"/governance/api/directives/{self.subject(case)}/{step}"
        if self.ask(who, path, bodies[step], allowed=allowed, subject=self.subject(case), seen=seen):
            match step:
                case "return":
                    case.returned()
                case "sign":
                    case.sign(who)
                case _:
                    case.directive = {"accept": "accepted", "send-back": "sent_back", "reopen": "reopened"}[step]

    @rule(which=CASE, who=LEADER, off=OFF, seen=STALE)
    def somebody_writes_the_plan(self, which: int, who: str, off: int, seen: str | None) -> None:
        """IT-18."""
        case = self.cases[which]
        version = max(case.approved, default=0) + off
        body = {"directive_version": version, "plan": PLAN}
        path = f"/governance/api/plans/{self.subject(case)}/versions"
        if self.ask(who, path, body, allowed=case.may_plan(who, version), subject=self.subject(case), seen=seen):
            case.plan(version)

    @rule(which=CASE, who=PARTY, party=some.sampled_from(["it_team", "business"]), off=OFF, seen=STALE)
    def somebody_accepts_the_plan(self, which: int, who: str, party: str, off: int, seen: str | None) -> None:
        """IT-19."""
        case = self.cases[which]
        version = case.plan_version + off
        body = {"party": party, "version": version}
        path = f"/governance/api/plans/{self.subject(case)}/acceptances"
        allowed = case.may_agree(who, party, version)
        if self.ask(who, path, body, allowed=allowed, subject=self.subject(case), seen=seen):
            case.agree(party)

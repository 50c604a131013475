"""The part of the flow's state machine that concerns the portfolio and its rounds, and the way onwards."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as some
from hypothesis.stateful import precondition, rule

from contracts.portfolio import RoundClosed
from tests.integration.flow_machine import CASE, LEADER, STALE, WHO, RequestFlow
from tests.integration.flow_model import TURNS, Case
from tests.integration.flow_people import REPORT, REQUESTER, SCORED_BY, SOMEBODY, TOWNS

VOTERS = some.sampled_from(
    ["manager of ekvik", "manager of nordvik", "deputy of nordvik", "manager of ekvik", "manager of nordvik", "pm"]
)
LEADERS = some.sampled_from(["leader", "leader", "other leader"])


class PortfolioFlow(RequestFlow):
    """Ranks, assignments, reports, turns."""

    def act(self, case: Case, who: str, action: str, body: Any, *, allowed: bool, **more: Any) -> bool:
        """Ask for a decision of a project; whether something came of it."""
        subject = self.subject(case)
        path = f"/portfolio/api/projects/{subject}/{action}"
        return bool(self.ask(who, path, body, allowed=allowed, subject=subject, **more))

    @rule(which=CASE, who=WHO, rank=some.integers(0, 3), seen=STALE)
    def somebody_ranks(self, which: int, who: str, rank: int, seen: str | None) -> None:
        """The PM, alone (IT-12)."""
        case = self.cases[which]
        allowed = who == "pm" and case.rankable and rank >= 1
        if self.act(case, who, "rank", {"rank": rank}, allowed=allowed, changes=rank != case.rank, seen=seen):
            case.ranked(rank)

    @precondition(lambda self: any(case.place for case in self.cases))
    @rule(
        who=some.sampled_from(["pm", "pm", "pm", "leader"]),
        ranks=some.dictionaries(CASE, some.integers(1, 3), min_size=1, max_size=3),
    )
    def somebody_ranks_several(self, who: str, ranks: dict[int, int]) -> None:
        """All of them or none, no two at one rank (IT-12)."""
        cases = {self.cases[which]: rank for which, rank in ranks.items()}
        allowed = who == "pm" and all(case.rankable for case in cases) and len(set(ranks.values())) == len(ranks)
        body = {"ranks": {str(self.subject(case)): rank for case, rank in cases.items()}}
        changes = any(case.rank != rank for case, rank in cases.items())
        if self.ask(who, "/portfolio/api/ranking", body, allowed=allowed, changes=changes):
            for case, rank in cases.items():
                case.ranked(rank)

    @rule(which=CASE, who=WHO, leader=LEADERS, reason=some.sampled_from(["", "Hon hinner inte"]), seen=STALE)
    def somebody_assigns(self, which: int, who: str, leader: str, reason: str, seen: str | None) -> None:
        """The PM, once it is prioritised (IT-16)."""
        case = self.cases[which]
        body = {"leader": SOMEBODY[leader].told, "reason": reason}
        if self.act(case, who, "assign", body, allowed=case.may_assign(who, reason), seen=seen):
            case.assign(leader)

    @rule(which=CASE, who=LEADER, seen=STALE)
    def somebody_reports(self, which: int, who: str, seen: str | None) -> None:
        """The leader, and nobody else (IT-20)."""
        case = self.cases[which]
        self.act(case, who, "report", REPORT, allowed=case.may_report(who), seen=seen)

    @precondition(lambda self: any(case.place for case in self.cases))
    @rule(
        which=CASE,
        who=some.sampled_from(["pm", "pm", "pm", "leader"]),
        turn=some.sampled_from([*TURNS, "resume", "complete"]),
        seen=STALE,
    )
    def a_project_takes_a_turn(self, which: int, who: str, turn: str, seen: str | None) -> None:
        """Stopped, put off, limited, resumed, completed by the PM (TY-04)."""
        case = self.cases[which]
        body: dict[str, Any] = {"reason": "Nytt läge"}
        if turn == "limit":
            body["scope"] = "Utan karta"
        if turn == "complete":
            allowed, body = case.may_complete(), {"summary": "I drift", "spent": "598000"}
        else:
            allowed = case.may_turn(turn)
        if self.act(case, who, turn, body, allowed=who == "pm" and allowed, seen=seen):
            if turn == "complete":
                case.place = "completed"
            else:
                case.turn(turn)

    @precondition(lambda self: self.days < 45)
    @rule(days=some.sampled_from([1, 8, 40, 40]))
    def time_passes(self, days: int) -> None:
        """Reminders and missed reports are said, once each; nothing else changes (IT-10, IT-20)."""
        self.days += days
        self.runner.run(self.world.tick(days))
        before = len(self.world.log)
        self.runner.run(self.world.tick(0))
        assert [each.event.type for each in self.world.log[before:]] == [], "what is due is said once"

    @rule(which=CASE, steps=some.integers(1, 12))
    def the_next_steps(self, which: int, steps: int) -> None:
        """Those who know the flow do what comes next of a request."""
        case = self.cases[which]
        for _ in range(steps):
            self._the_next_step(which, case)
            if case.started:
                break

    def _the_next_step(self, which: int, case: Case) -> None:
        if not case.registered:
            self.the_desk_delivers(which, "changed", 1, False)
        elif case.over:
            self.the_desk_delivers(which, "reopened", 1, False)
        elif case.judged is None:
            self.somebody_judges(which, "pm", "project", None)
        elif case.fillable:
            self.somebody_moves_the_directive(which, REQUESTER[case.home], "return", 0, None)
        elif case.directive == "returned":
            self.somebody_moves_the_directive(which, "pm", "accept", 0, None)
        elif case.directive == "accepted":
            missing = "leader" if "orderer" in case.signed else "orderer"
            self.somebody_moves_the_directive(which, missing, "sign", 0, None)
        else:
            self._the_next_of_the_project(which, case)

    def _the_next_of_the_project(self, which: int, case: Case) -> None:
        if case.place == "entered" and case.rankable:
            self.somebody_ranks(which, "pm", 1 + which, None)
        elif case.state == "prioritised":
            self.somebody_assigns(which, "pm", "leader", "", None)
        elif case.state in ("postponed", "stopped"):
            self.a_project_takes_a_turn(which, "pm", "resume", None)
        elif case.started:
            self.somebody_reports(which, case.leader or "leader", None)
        elif case.plan_leader is not None and case.plan_version == case.agreed:
            self.somebody_writes_the_plan(which, case.plan_leader, 0, None)
        elif case.plan_version > case.agreed:
            party = "business" if "it_team" in case.accepted else "it_team"
            who = "orderer" if party == "business" else "pm"
            self.somebody_accepts_the_plan(which, who, party, 0, None)


class RoundFlow(PortfolioFlow):
    """The rounds as well."""

    @precondition(lambda self: not self.open and any(case.rankable for case in self.cases))
    @rule(who=some.sampled_from(["pm", "pm", "pm", "manager of ekvik"]), which=some.sets(CASE, min_size=2))
    def somebody_opens_a_round(self, who: str, which: set[int]) -> None:
        """The PM, of at least two projects that may be ranked (IT-13)."""
        chosen = [self.cases[each] for each in sorted(which)]
        body = {
            "title": "Höstens prioritering", "deadline": "2027-01-01T12:00:00Z",
            "candidates": [str(self.subject(case)) for case in chosen],
        }  # fmt: skip
        allowed = who == "pm" and len(chosen) > 1 and all(case.rankable for case in chosen)
        facts = self.ask(who, "/portfolio/api/rounds", body, allowed=allowed)
        if facts:
            self.round, self.open, self.scored = facts[0].subject, True, False
            self.candidates, self.voted = sorted(which), set()
            self.rounds.add(self.round)

    @precondition(lambda self: self.round)
    @rule(who=VOTERS, town=some.sampled_from(TOWNS), score=some.integers(0, 5), seen=STALE)
    def somebody_votes(self, who: str, town: str, score: int, seen: str | None) -> None:
        """One vote for each municipality, and nobody votes for another; a score of none is an abstention (IT-13)."""
        given = {str(self.subject(self.cases[each])): dict.fromkeys(SCORED_BY, score) for each in self.candidates}
        body = {"scores": given} if score else {"abstained": True}
        allowed = self.open and who.endswith(f" of {town}") and town not in self.voted
        path = f"/portfolio/api/rounds/{self.round}/votes/{town}"
        if self.ask(who, path, body, allowed=allowed, method="PUT", subject=self.round, seen=seen):
            self.voted.add(town)
            self.scored = self.scored or bool(score)

    @precondition(lambda self: self.round)
    @rule(who=WHO, seen=STALE)
    def somebody_closes_the_round(self, who: str, seen: str | None) -> None:
        """The PM, when somebody scored; those that may still be ranked get their ranks (IT-13)."""
        path = f"/portfolio/api/rounds/{self.round}/close"
        allowed = who == "pm" and self.open and self.scored
        facts = self.ask(who, path, allowed=allowed, subject=self.round, seen=seen)
        for closed in facts:
            if isinstance(closed, RoundClosed):
                self.open = False
                ranks = {standing.request_id: standing.rank for standing in closed.standings}
                assert sorted(ranks.values()) == list(range(1, len(self.candidates) + 1))
                for case in (self.cases[each] for each in self.candidates):
                    if case.rankable:
                        case.ranked(ranks[self.subject(case)])

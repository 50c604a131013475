"""The part of the flow's state machine that concerns the CAB: called, prepared, held, written down (IT-21)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as some
from hypothesis.stateful import precondition, rule

from tests.integration.flow_machine import CASE, OFF, STALE
from tests.integration.flow_model import Cab
from tests.integration.flow_people import SOMEBODY
from tests.integration.flow_portfolio import RoundFlow

LEADS = some.sampled_from(["pm"] * 5 + ["leader", "manager of ekvik", "technician"])
MEMBERS = ("pm", "manager of ekvik", "manager of nordvik", "deputy of nordvik")
APPROVES = some.sampled_from([*MEMBERS, "manager of ekvik", "deputy of nordvik", "requester"])
DEPUTY_FOR = {"deputy of nordvik": "manager of nordvik"}
OUTCOMES = ("stop", "postpone", "limit", "resume", "approved", "rejected", "deferred", "noted")


class WholeFlow(RoundFlow):
    """The CAB as well."""

    def put(self, who: str, what: str, body: Any, *, allowed: bool, seen: str | None) -> bool:
        """Ask for a list of the meeting to be this from now on; whether it is."""
        path = f"/governance/api/meetings/{self.meeting}/{what}"
        return bool(self.ask(who, path, body, allowed=allowed, method="PUT", subject=self.meeting, seen=seen))

    def post(self, who: str, what: str, body: Any, *, allowed: bool, seen: str | None = None) -> bool:
        """Ask for something to happen at the meeting; whether it did."""
        path = f"/governance/api/meetings/{self.meeting}/{what}"
        return bool(self.ask(who, path, body, allowed=allowed, subject=self.meeting, seen=seen))

    @precondition(lambda self: self.cab.over)
    @rule(who=LEADS)
    def somebody_calls_the_cab(self, who: str) -> None:
        """The PM, with the next IT-orderer meeting."""
        body = {"at": "2026-04-14T09:00:00+02:00", "place": "Rum 3", "orderer_meeting": "April"}
        facts = self.ask(who, "/governance/api/meetings", body, allowed=self.cab.may_call(who))
        if facts:
            self.meeting, self.cab = facts[0].subject, Cab(over=False)
            self.meetings.add(self.meeting)

    @precondition(lambda self: self.meetings)
    @rule(who=LEADS, which=some.sets(CASE, min_size=1), twice=some.sampled_from([False] * 5 + [True]), seen=STALE)
    def somebody_sets_the_agenda(self, who: str, which: set[int], twice: bool, seen: str | None) -> None:
        """In the PM's order; nothing stands on it twice."""
        cases = [self.cases[each] for each in sorted(which)]
        items = [
            {"request_id": str(self.subject(case)), "municipality": case.home, "title": "Bygglov", "reasons": ["new"]}
            for case in (cases * 2 if twice else cases)
        ]
        allowed = self.cab.may_lead(who) and not twice
        if self.put(who, "agenda", {"items": items}, allowed=allowed, seen=seen):
            self.cab.agenda = set(which)

    @precondition(lambda self: self.meetings)
    @rule(
        who=LEADS,
        present=some.sets(some.sampled_from(MEMBERS)),
        astray=some.sampled_from([None] * 5 + ["for nobody", "not invited"]),
        seen=STALE,
    )
    def somebody_records_who_attends(self, who: str, present: set[str], astray: str | None, seen: str | None) -> None:
        """Those of the municipalities that are invited, and deputies with whom they sit for."""
        rows = [_row(each) for each in MEMBERS if each in present]
        if astray == "for nobody":
            rows.append({**_row("requester"), "role": "deputy"})
        if astray == "not invited":
            rows.append({**_row("requester"), "municipality": "storvik"})
        allowed = self.cab.may_lead(who) and astray is None
        if self.put(who, "attendance", {"attendees": rows}, allowed=allowed, seen=seen):
            self.cab.record(present)

    @precondition(lambda self: self.meetings)
    @rule(who=LEADS, which=CASE, outcome=some.sampled_from(OUTCOMES))
    def the_cab_decides(self, who: str, which: int, outcome: str) -> None:
        """Of what stands on the agenda; the project hears of it and takes the turn, or neither happens."""
        case = self.cases[which]
        body = {"request_id": str(self.subject(case)), "outcome": outcome, "text": "Vi har inte folk till allt"}
        if self.post(who, "decisions", body, allowed=self.cab.may_decide(who, case)):
            self.cab.complete = False
            case.decided(outcome)

    @precondition(lambda self: self.meetings)
    @rule(who=LEADS, seen=STALE)
    def somebody_writes_the_minutes(self, who: str, seen: str | None) -> None:
        """When it is known who attended."""
        if self.post(who, "minutes", {"text": "1. Bygglov"}, allowed=self.cab.may_write(who), seen=seen):
            self.cab.write()

    @precondition(lambda self: self.cab.minutes)
    @rule(who=APPROVES, off=OFF)
    def somebody_approves_the_minutes(self, who: str, off: int) -> None:
        """Who attended and did not write them; that closes the meeting."""
        version = self.cab.minutes + off
        if self.post(who, "minutes/approve", {"version": version}, allowed=self.cab.may_approve(who, version)):
            self.cab.over = True

    @precondition(lambda self: self.meetings)
    @rule(who=LEADS, what=some.sampled_from(["move", "move", "cancel"]))
    def somebody_moves_or_cancels_the_meeting(self, who: str, what: str) -> None:
        """The PM, until it is over."""
        body = {"reason": "Snöoväder"}
        if what == "move":
            body |= {"at": "2026-04-15T10:00:00+02:00", "place": "Rum 9"}
        if self.post(who, what, body, allowed=self.cab.may_lead(who)):
            self.cab.over = what == "cancel"

    @rule(
        which=CASE,
        outcome=some.sampled_from(OUTCOMES),
        approver=some.sampled_from(MEMBERS),
        steps=some.integers(3, 6),
    )
    def the_cab_meets(self, which: int, outcome: str, approver: str, steps: int) -> None:
        """Those who know how it is done hold a meeting, or the first part of one."""
        if self.cab.over:
            self.somebody_calls_the_cab("pm")
        held: tuple[Callable[[], None], ...] = (
            lambda: self.somebody_sets_the_agenda("pm", {which}, False, None),
            lambda: self.somebody_records_who_attends("pm", set(MEMBERS), None, None),
            lambda: self.the_cab_decides("pm", which, outcome),
            lambda: self.somebody_writes_the_minutes("pm", None),
            lambda: self.somebody_approves_the_minutes(approver, 0),
        )
        for step in held[:steps]:
            step()


def _row(who: str) -> dict[str, Any]:
    """Somebody at the table."""
    role = "deputy" if who in DEPUTY_FOR else "it_manager" if who.startswith("manager") else "pm"
    row: dict[str, Any] = {"municipality": SOMEBODY[who].home, "role": role, "person": SOMEBODY[who].told}
    if who in DEPUTY_FOR:
        row["deputy_for"] = SOMEBODY[DEPUTY_FOR[who]].told
    return row

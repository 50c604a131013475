"""The flow as the rules tell it, small and by hand: what may be done next of a request, and what comes of it.

Written from the rules (IT-01…IT-22, TY-01…TY-23) and not from the services. A decision of the model is a method named
`may_…` that says whether a command is allowed; the method of the same name without it says what comes of it, in the
other services as well. Reading the two side by side is the flow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.integration.flow_people import REQUESTER

RUNNING = {"assigned", "under_way", "limited"}
STANDING = {"entered", "prioritised", "assigned", "under_way", "limited"}
TURNS = {
    "stop": STANDING | {"postponed"},
    "postpone": STANDING,
    "limit": STANDING - {"entered"},
    "resume": {"limited", "postponed", "stopped"},
}
"""In which states a project may be stopped, put off, limited, resumed (TY-04)."""


@dataclass(eq=False)
class Case:
    """One ticket, and everything that has become of it."""

    number: int
    home: str
    # what the Service Desk and the PM said of the request
    registered: bool = False
    revision: int = 0
    title: int = 0
    deleted: bool = False
    judged: str | None = None
    gone: str | None = None
    # the directive and the plan
    directive: str | None = None
    version: int = 0
    signed: set[str] = field(default_factory=set)
    approved: set[int] = field(default_factory=set)
    plan_leader: str | None = None
    plan_version: int = 0
    plan_from: int = 0
    accepted: set[str] = field(default_factory=set)
    agreed: int = 0
    # the project
    place: str | None = None
    resting: str | None = None
    limited: bool = False
    rank: int | None = None
    leader: str | None = None
    started: int = 0

    @property
    def state(self) -> str | None:
        """Where the project stands, as people speak of it."""
        if self.place in (None, "left", "completed"):
            return self.place
        return self.resting or ("limited" if self.limited else self.place)

    @property
    def over(self) -> bool:
        """Whether intake has let go of it."""
        return self.gone is not None or self.judged == "change"

    @property
    def fillable(self) -> bool:
        """Whether the directive is with the requester."""
        return self.directive in ("sent", "in_progress", "sent_back", "reopened")

    # --- intake ---

    def told(self, kind: str, title: int) -> bool:
        """The Service Desk tells of the ticket; whether that says anything new (IT-02, IT-04)."""
        if self.deleted:
            return False
        self.deleted = kind == "deleted"
        if not self.registered:
            if kind in ("changed", "reopened"):
                self.registered, self.title = True, title
            return self.registered
        new_text = title != self.title
        if kind in ("changed", "reopened"):
            back = self.over and (kind == "reopened" or self.gone == "left_flow")
            if back:
                self.judged = self.gone = None
            elif self.gone == "merged" or self.judged == "change":
                return False
            self.title = title
            return back or new_text
        if kind == "merged":
            if self.judged == "change" or self.gone == "merged":
                return False
        elif kind == "deleted":
            if self.gone in ("merged", "deleted") or self.judged == "change":
                return False
        elif self.over:
            return False
        self.gone = kind
        self._no_project_any_more()
        return True

    def may_register(self, who: str) -> bool:
        """Only a Service Desk registers, and no ticket twice (IT-02, IT-03, IT-07)."""
        return who == "desk" and not self.registered

    def register(self, title: int) -> None:
        """Somebody at the desk types a ticket in."""
        self.registered, self.title = True, title

    def may_judge(self, who: str) -> bool:
        """Only the PM judges, once, what waits (IT-05, IT-06)."""
        return who == "pm" and self.registered and self.judged is None and self.gone is None

    def judge(self, outcome: str) -> None:
        """A project gets a directive and a place in the portfolio (IT-08, IT-09)."""
        self.judged = outcome
        if outcome == "change":
            return
        if self.directive in (None, "closed"):
            self.directive = "sent"
            self.signed = set()
        if self.place in (None, "left"):
            self.place, self.resting, self.limited = "entered", None, False
            self.rank = self.leader = None
            self.started = 0

    def may_unjudge(self, who: str) -> bool:
        """A judgement is taken back by the PM; a change is final (IT-05, IT-06)."""
        return who == "pm" and self.judged == "project" and self.gone is None

    def unjudge(self) -> None:
        """The request waits again, and is no project."""
        self.judged = None
        self._no_project_any_more()

    def _no_project_any_more(self) -> None:
        if self.directive is not None:
            self.directive = "closed"
        if self.place not in (None, "completed"):
            self.place = "left"

    # --- the directive and the plan ---

    def may_return(self, who: str) -> bool:
        """The requester returns what they were sent (IT-10)."""
        return self.fillable and who == REQUESTER[self.home]

    def returned(self) -> None:
        """Each return is a version."""
        self.directive, self.version, self.signed = "returned", self.version + 1, set()

    def may_accept(self, who: str, version: int) -> bool:
        """The PM accepts the version that was returned (IT-10)."""
        return who == "pm" and self.directive == "returned" and version == self.version

    def may_send_back(self, who: str, version: int) -> bool:
        """The PM sends a version back until both have signed it (IT-10)."""
        return who == "pm" and self.directive in ("returned", "accepted") and version == self.version

    def may_sign(self, who: str, version: int) -> bool:
        """The two signatories sign, each once (TY-01)."""
        may = who in ("orderer", "leader") and who not in self.signed
        return may and self.directive == "accepted" and version == self.version

    def sign(self, who: str) -> None:
        """With the second signature it is approved (TY-01)."""
        self.signed.add(who)
        if len(self.signed) == 2:
            self.directive = "approved"
            self.approved.add(self.version)

    def may_reopen(self, who: str) -> bool:
        """The PM or the orderer reopens what is approved (TY-06)."""
        return who in ("pm", "orderer") and self.directive == "approved"

    def may_plan(self, who: str, version: int) -> bool:
        """The appointed leader writes the plan, from an approved directive (IT-18)."""
        return who == self.plan_leader and self.directive != "closed" and version in self.approved

    def plan(self, version: int) -> None:
        """A change is a new version, to be accepted anew (IT-19)."""
        self.plan_version, self.plan_from, self.accepted = self.plan_version + 1, version, set()

    def may_agree(self, who: str, party: str, version: int) -> bool:
        """The PM accepts for the IT team, the orderer for the business (IT-19)."""
        may = (who, party) in (("pm", "it_team"), ("orderer", "business")) and party not in self.accepted
        return may and 0 < self.plan_version == version != self.agreed

    def agree(self, party: str) -> None:
        """When both have, the work starts (IT-19, TY-23)."""
        self.accepted.add(party)
        if len(self.accepted) < 2:
            return
        self.agreed = self.plan_version
        rests_or_runs = self.state in RUNNING | {"postponed", "stopped"}
        if rests_or_runs and self.leader is not None and self.agreed > self.started:
            self.place, self.started = "under_way", self.agreed

    # --- the project ---

    @property
    def rankable(self) -> bool:
        """Whether it can be ranked: it stands in the portfolio and is not stopped or over (IT-12)."""
        return self.state in STANDING | {"postponed"}

    def ranked(self, rank: int) -> None:
        """A rank is what lets it be assigned (IT-16)."""
        self.rank = rank
        if self.place == "entered":
            self.place = "prioritised"

    def may_assign(self, who: str, reason: str) -> bool:
        """The PM deals out what is prioritised; anew only with a reason (IT-16)."""
        return who == "pm" and self.state in RUNNING | {"prioritised"} and (self.leader is None or reason != "")

    def assign(self, leader: str) -> None:
        """The leader is to write the plan (IT-18)."""
        self.leader = leader
        if self.place == "prioritised":
            self.place = "assigned"
        if self.directive != "closed":
            self.plan_leader = leader

    def may_report(self, who: str) -> bool:
        """The leader reports, and nobody else (IT-20)."""
        return self.state in RUNNING and who == self.leader

    def may_turn(self, turn: str) -> bool:
        """Whether a project may be stopped, put off, limited or resumed now (TY-04)."""
        return self.state in TURNS[turn]

    def turn(self, turn: str) -> None:
        """Stopped and postponed lie over the place it had (TY-04)."""
        if turn == "limit":
            self.limited = True
        elif turn == "resume":
            self.limited = self.limited and self.resting is not None
            self.resting = None
        else:
            self.resting = {"stop": "stopped", "postpone": "postponed"}[turn]

    def may_complete(self) -> bool:
        """Nothing is delivered by what never started (TY-23)."""
        return self.state in ("under_way", "limited") and self.started > 0

    def may_be_decided(self) -> bool:
        """What the CAB decides reaches a project by its directive (IT-09, IT-21)."""
        return self.directive is not None

    def decided(self, outcome: str) -> None:
        """A decision of the CAB is a turn where the project can take it, and words otherwise (IT-21, TY-04)."""
        if outcome in TURNS and self.may_turn(outcome):
            self.turn(outcome)


@dataclass(eq=False)
class Cab:
    """A CAB meeting, from the call to the approved minutes (IT-21)."""

    over: bool = True
    agenda: set[int] = field(default_factory=set)
    """The numbers of the cases that stand on it."""
    present: set[str] = field(default_factory=set)
    minutes: int = 0
    complete: bool = False
    """Whether the last minutes hold all that was recorded."""

    def may_call(self, who: str) -> bool:
        """The PM calls it, and presents."""
        return who == "pm"

    def may_lead(self, who: str) -> bool:
        """Agenda, attendance, another place, the end of it: the PM's, until it is over."""
        return who == "pm" and not self.over

    def record(self, present: set[str]) -> None:
        """Who attended; minutes that were written before are older than that."""
        self.present, self.complete = present, False

    def may_decide(self, who: str, case: Case) -> bool:
        """Of what stands on the agenda."""
        return self.may_lead(who) and case.number in self.agenda and case.may_be_decided()

    def may_write(self, who: str) -> bool:
        """The PM writes the minutes when it is known who attended."""
        return self.may_lead(who) and bool(self.present)

    def write(self) -> None:
        """Each writing is a version."""
        self.minutes, self.complete = self.minutes + 1, True

    def may_approve(self, who: str, version: int) -> bool:
        """Whoever attended and did not write them approves the last minutes, if nothing was recorded since."""
        whole = not self.over and 0 < self.minutes == version and self.complete
        return whole and who in self.present and who != "pm"

"""What people do of a project from its directive to its end, by the shortest way (IT-09…IT-20)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.e2e.cast import CAST, HOST
from tests.e2e.deliveries import a_ticket
from tests.e2e.flow.directive import the_form
from tests.e2e.flow.tickets import CRITERIA
from tests.e2e.installation import Installation

MANAGERS = {HOST: "manager", "soenderlund": "danish manager", "fjellvaag": "norwegian manager"}
PEOPLE = ("pm", "requester", "orderer", "leader", *MANAGERS.values())
"""Who has a part in it."""


def the_directive_is_agreed(here: Installation, request: UUID) -> None:
    """The requester returns it, the PM accepts it, orderer and leader sign."""
    path = f"/governance/api/directives/{request}"
    here.followed("requester", path, what="a directive to fill in")
    here.post("requester", f"{path}/return", {"form": the_form(datetime.now(UTC).date())})
    here.post("pm", f"{path}/accept", {"version": 1, "leader": CAST["leader"].told})
    for somebody in ("orderer", "leader"):
        here.post(somebody, f"{path}/sign", {"version": 1})


def it_is_ranked(here: Installation, request: UUID) -> None:
    """The managers score it in a round, beside another project that somebody asked for elsewhere."""
    criteria = [{**each, "met": True} for each in CRITERIA]
    beside: str = here.deliver(HOST, a_ticket("7001", "Gemensam vaktplan")).json()["id"]
    judged = {"outcome": "project", "reason": "Den är stor.", "criteria": criteria}
    here.post("pm", f"/intake/api/requests/{beside}/classification", judged)
    here.followed("pm", f"/portfolio/api/projects/{beside}", what="the other project in the portfolio")
    project = f"/portfolio/api/projects/{request}"
    here.followed("pm", project, lambda row: row["budget"], what="the budget in the portfolio")
    deadline = (datetime.now(UTC) + timedelta(days=14)).isoformat()
    opening = {"title": "Prioritering", "deadline": deadline, "candidates": [str(request), beside]}
    path = f"/portfolio/api/rounds/{here.post('pm', '/portfolio/api/rounds', opening).json()['id']}"
    given = {str(request): 5, beside: 2}
    scores = {"scores": {one: dict.fromkeys(("time", "economy", "cooperation"), each) for one, each in given.items()}}
    for municipality, manager in MANAGERS.items():
        here.put(manager, f"{path}/votes/{municipality}", scores)
    here.post("pm", f"{path}/close")
    here.followed("pm", project, lambda row: row["rank"], what="a rank")


def it_is_assigned(here: Installation, request: UUID) -> None:
    """To its leader."""
    here.post("pm", f"/portfolio/api/projects/{request}/assign", {"leader": CAST["leader"].told})


def the_work_begins(here: Installation, request: UUID) -> None:
    """The leader's plan is accepted by both sides."""
    path, today = f"/governance/api/plans/{request}", datetime.now(UTC).date()
    here.followed("leader", path, what="a plan to write")
    step = {"text": "Upphandling", "starts": today.isoformat(), "ends": (today + timedelta(days=90)).isoformat()}
    plan: dict[str, Any] = {"summary": "Upphandla, pröva, inför.", "steps": [step]}
    here.post("leader", f"{path}/versions", {"directive_version": 1, "plan": plan})
    for somebody, party in (("pm", "it_team"), ("orderer", "business")):
        here.post(somebody, f"{path}/acceptances", {"version": 1, "party": party})
    project = f"/portfolio/api/projects/{request}"
    here.followed("pm", project, lambda row: row["state"] == "under_way", what="the start of the work")


def it_is_completed(here: Installation, request: UUID) -> None:
    """The PM closes it."""
    here.post("pm", f"/portfolio/api/projects/{request}/complete", {"summary": "I drift.", "spent": "598000"})

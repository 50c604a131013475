"""A ranked project is dealt out, planned by its leader, agreed on, and reported on (IT-16…IT-20, IT-22)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.e2e.cast import CAST, CONSULTANT
from tests.e2e.flow.story import Story

TALK = "Greta vill att hennes chef Assar får se karttjänsten först."
GROUP = [
    {**CAST["technician"].told, "kind": "it_team", "role": "Tekniker"},
    {**CONSULTANT.told, "kind": "external_consultant", "role": "Upphandlare", "organisation": "Konsult AB"},
    {**CAST["requester"].told, "kind": "business", "role": "Handläggare"},
]


def report(health: str, **more: Any) -> dict[str, Any]:
    """A status report whose three goals are equally well."""
    well = dict.fromkeys(("time", "cost", "result"), health)
    return {"cadence": "fixed", **well, "progress": 20, "spent": "90000", "forecast": "590000", **more}


def it_is_assigned_and_planned(story: Story, today: date) -> None:
    """To a leader and a group of three kinds; the plan comes from an approved version of the directive."""
    here = story.here
    project = f"/portfolio/api/projects/{story.ids['project']}"
    assignment = {"leader": CAST["leader"].told, "group": GROUP}
    story.tried("a manager assigns", "manager", "POST", f"{project}/assign", assignment)
    nobody = [*GROUP[:2], {**GROUP[2], "kind": "volunteer"}]
    story.tried("a volunteer is in the group", "pm", "POST", f"{project}/assign", {**assignment, "group": nobody})
    seen = here.ask("pm", "GET", project, **here.after(project)).headers["ETag"]
    story.done("the PM assigns", "pm", f"{project}/assign", assignment, if_match=seen)
    story.tried("the PM assigns on what was seen before", "pm", "POST", f"{project}/assign", assignment, if_match=seen)
    story.saw("the project after it is assigned", "leader", project)
    story.tried("a report of somebody who does not lead it", "pm", "POST", f"{project}/report", report("green"))

    path = f"/governance/api/plans/{story.ids['project']}"
    here.followed("leader", path, what="a plan to write")
    step = {"text": "Upphandling", "starts": today.isoformat(), "ends": (today + timedelta(days=90)).isoformat()}
    plan = {"summary": "Upphandla, pröva, inför.", "steps": [step]}
    body = {"directive_version": 2, "plan": plan}
    story.tried("the PM writes the plan", "pm", "POST", f"{path}/versions", body)
    old = {**body, "directive_version": 1}
    story.tried("a plan from what was never approved", "leader", "POST", f"{path}/versions", old)
    story.done("the leader writes the plan", "leader", f"{path}/versions", body)
    it_team, business = ({"version": 1, "party": party} for party in ("it_team", "business"))
    story.tried("the leader accepts for the business", "leader", "POST", f"{path}/acceptances", business)
    story.done("the PM accepts the plan", "pm", f"{path}/acceptances", it_team)
    story.tried("the PM accepts it twice", "pm", "POST", f"{path}/acceptances", it_team)
    story.done("the orderer accepts the plan", "orderer", f"{path}/acceptances", business)
    story.saw("the plan", "orderer", path)

    story.shown["the project when the plan is agreed"] = here.followed(
        "pm", project, lambda row: row["state"] == "under_way", what="the start of the work"
    )


def the_leader_reports(story: Story) -> None:
    """Green, then red; a gate, a talk with the orderer."""
    project = f"/portfolio/api/projects/{story.ids['project']}"
    story.done("the first report", "leader", f"{project}/report", report("green"))
    red = report("green", cost="red", progress=40, spent="400000", forecast="700000", summary="Anbuden blev dyra.")
    story.done("a red report", "leader", f"{project}/report", red)
    low = report("green", spent="5", forecast="1")
    story.tried("a forecast below what is spent", "leader", "POST", f"{project}/report", low)
    story.done("the first gate", "leader", f"{project}/gate", {"gate": "BP1", "outcome": "passed"})
    story.done("a talk", "leader", f"{project}/talk", {"note": TALK})
    story.saw("the project after it turned red", "manager", project)
    story.saw("the history after it turned red", "pm", f"{project}/history")

"""The CAB meets with the IT-orderer meeting, its decision reaches the project, and the project ends (IT-21)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.cast import CAST
from tests.e2e.flow.story import Story
from tests.e2e.installation import until


def the_cab_decides(story: Story, now: datetime) -> None:
    """Called, its agenda built from what changed, attended by a deputy, decided, minuted and approved."""
    here = story.here
    call = {
        "at": (now.astimezone(UTC) + timedelta(days=3)).isoformat(),
        "place": "Kommunhuset, rum 3",
        "orderer_meeting": "IT-beställarmöte, höst",
    }
    story.tried("a manager calls the CAB", "manager", "POST", "/governance/api/meetings", call)
    called = story.done("the PM calls the CAB", "pm", "/governance/api/meetings", call, key="call-1")
    story.tried("the same call again", "pm", "POST", "/governance/api/meetings", call, key="call-1")
    story.ids["meeting"] = called.json()["id"]
    path = f"/governance/api/meetings/{story.ids['meeting']}"

    def proposal() -> Any:
        items = here.get("pm", f"{path}/proposal")
        ours = [item for item in items if item["request_id"] == story.ids["project"]]
        return items if ours and "red" in ours[0]["reasons"] else None

    items = story.shown["the proposed agenda"] = until(proposal, what="the red project on the agenda")
    decision = {"request_id": story.ids["project"], "outcome": "limit", "text": "Kartan får vänta till nästa år."}
    story.tried("a decision on what is not on the agenda", "pm", "POST", f"{path}/decisions", decision)
    # The PM takes up what the story is about, and leaves out what else may go on in this installation.
    ours = [item for item in items if item["request_id"] in story.ids.values()]
    here.put("pm", f"{path}/agenda", {"items": ours})
    story.tried("minutes before attendance", "pm", "POST", f"{path}/minutes", {"text": "Vi sågs."})
    seats: list[dict[str, Any]] = [
        {"municipality": "lindmala", "role": "pm", "person": CAST["pm"].told},
        {"municipality": "lindmala", "role": "it_manager", "person": CAST["manager"].told},
        {"municipality": "soenderlund", "role": "it_manager", "person": CAST["danish manager"].told, "present": False},
        {
            "municipality": "fjellvaag",
            "role": "deputy",
            "person": CAST["deputy"].told,
            "deputy_for": CAST["norwegian manager"].told,
        },
    ]
    alone = [{**seats[3], "deputy_for": None}]
    story.tried("a deputy of nobody", "pm", "PUT", f"{path}/attendance", {"attendees": alone})
    here.put("pm", f"{path}/attendance", {"attendees": seats})
    story.done("the CAB limits the project", "pm", f"{path}/decisions", decision, key="decide-1")
    story.tried("the same decision again", "pm", "POST", f"{path}/decisions", decision, key="decide-1")
    story.done("the PM writes the minutes", "pm", f"{path}/minutes", {"text": "Anbuden gicks igenom. Kartan väntar."})
    approve = f"{path}/minutes/approve"
    story.tried("the writer approves the minutes", "pm", "POST", approve, {"version": 1})
    story.tried("one who was away approves them", "danish manager", "POST", approve, {"version": 1})
    story.done("the deputy approves the minutes", "deputy", approve, {"version": 1})
    story.saw("the meeting after it", "danish manager", path)

    project = f"/portfolio/api/projects/{story.ids['project']}"
    story.shown["the project after the CAB"] = here.followed(
        "pm", project, lambda row: row["state"] == "limited", what="the CAB's decision in the portfolio"
    )
    story.saw("the history after the CAB", "pm", f"{project}/history")


def it_is_completed(story: Story) -> None:
    """The PM closes the project, and nothing more happens to it."""
    project = f"/portfolio/api/projects/{story.ids['project']}"
    done = {"summary": "E-tjänsten är i drift, utan karta.", "spent": "598000"}
    story.tried("the leader completes it", "leader", "POST", f"{project}/complete", done)
    story.done("the PM completes it", "pm", f"{project}/complete", done)
    story.tried("it is stopped after its end", "pm", "POST", f"{project}/stop", {"reason": "För sent"})
    story.saw("the project after its end", "requester", project)
    story.saw("the totals", "pm", "/portfolio/api/totals?by=state")

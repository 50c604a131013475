"""The project is dealt out, planned, agreed on and reported on."""

from __future__ import annotations

from datetime import date, timedelta

from tests.e2e.browser import Visitors
from tests.e2e.cast import CAST, CONSULTANT
from tests.e2e.clicked.request import TITLE

RISK = "Leverantören hinner inte före skolstarten"
RED = "Anbuden blev dyra."


def the_pm_assigns(people: Visitors) -> None:
    """To a leader, with a technician, a consultant and somebody from the business."""
    pm = people["pm"]
    pm.opens("/portfolio/")
    pm.follows(TITLE)
    pm.follows("Assign it")
    pm.writes({"leader.name": CAST["leader"].name, "leader.email": CAST["leader"].email, "leader_kind": "it_team"})
    for at, (member, kind, role) in enumerate(
        (
            (CAST["technician"], "it_team", "Tekniker"),
            (CONSULTANT, "external_consultant", "Upphandlare"),
            (CAST["requester"], "business", "Handläggare"),
        )
    ):
        row = f"group.{at}"
        pm.writes(
            {
                f"{row}.name": member.name,
                f"{row}.email": member.email,
                f"{row}.kind": kind,
                f"{row}.role": role,
            }
        )
    pm.presses("Assign it")
    pm.sees(CAST["leader"].name, CONSULTANT.name, "Handläggare")


def both_parties_agree_on_the_plan(people: Visitors, today: date) -> None:
    """The leader writes it from the approved version; the PM accepts for the IT team, the orderer for the business."""
    leader = people["leader"]
    leader.opens("/")
    leader.follows("Directives and meetings")
    leader.waits_for(leader.words("Write the plan: {title}", title=TITLE))
    leader.follows("Write the plan: {title}", title=TITLE)
    if not leader.field("steps.0.text").count():
        leader.presses("Add a step")
    leader.writes({"summary": "Upphandla, pröva, inför.", "directive_version": "2"})
    leader.presses("Put this version to both parties", refused=422)
    leader.is_told("steps.0.text", holds="")
    end = (today + timedelta(days=90)).isoformat()
    leader.writes({"steps.0.text": "Upphandling", "steps.0.starts": today.isoformat(), "steps.0.ends": end})
    leader.presses("Put this version to both parties")
    leader.reads("Waiting for acceptance")

    pm, orderer = people["pm"], people["orderer"]
    pm.opens("/governance/")
    pm.follows("Plans")
    pm.follows(TITLE)
    pm.presses("Accept version {number} for the IT team", number=1)
    orderer.opens(leader.page.url.partition("?")[0].removeprefix(people.here.url))
    orderer.presses("Accept version {number} for the business", number=1)
    orderer.reads("Agreed by both parties")


def the_leader_reports(people: Visitors) -> None:
    """Green, then red with a risk; a gate and a talk with the orderer."""
    leader = people["leader"]
    leader.opens("/")
    leader.follows("Portfolio")
    leader.follows("My projects")
    leader.waits_for(leader.words("Report on {title}", title=TITLE))
    leader.follows("Report on {title}", title=TITLE)
    well = {"cadence": "fixed", "result": "green", "time": "green", "cost": "green"}
    leader.writes({**well, "progress": "20", "spent": "90 000", "forecast": "590 000"})
    leader.presses("Report the status")
    leader.follows("Report the status")
    leader.writes({**well, "cost": "red", "progress": "40", "spent": "400 000", "forecast": "7"})
    leader.writes({"summary": RED})
    leader.activates(leader.page.locator("main form summary"))
    leader.writes({"risks.0.text": RISK, "risks.0.likelihood": "4", "risks.0.impact": "3"})
    leader.presses("Report the status", refused=422)
    leader.is_told("forecast", holds="7")
    assert leader.field("summary").input_value() == RED
    assert leader.field("risks.0.likelihood").input_value() == "4"
    leader.writes({"forecast": "700 000"})
    leader.presses("Report the status")
    leader.sees(RISK, RED)
    leader.follows("Record a gate decision")
    leader.writes({"gate": "BP1", "outcome": "passed"})
    leader.presses("Record a gate decision")
    leader.follows("Note a talk with the orderer")
    leader.writes({"note": "Bussbolaget vill vara med."})
    leader.presses("Note a talk with the orderer")
    leader.sees("Bussbolaget vill vara med.")

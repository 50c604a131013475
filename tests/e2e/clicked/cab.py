"""The CAB meets, decides and is minuted; then those who look back see all of it."""

from __future__ import annotations

from datetime import date, timedelta

from tests.e2e.browser import Visitors
from tests.e2e.cast import CAST
from tests.e2e.clicked.request import TITLE
from tests.e2e.clicked.work import RED, RISK

DECISION = "Turerna till sjöss får vänta."
MINUTES = "Anbuden gicks igenom, och sjöturerna väntar."


def the_pm_calls_the_cab(people: Visitors, today: date) -> None:
    """The agenda holds the red project by itself."""
    pm = people["pm"]
    pm.opens("/governance/")
    pm.follows("Call a CAB meeting")
    pm.writes({"day": (today + timedelta(days=3)).isoformat(), "time": "kvart över nio", "place": "Kommunhuset"})
    pm.presses("Call the meeting", refused=422)
    pm.is_told("time", holds="kvart över nio")
    assert pm.field("place").input_value() == "Kommunhuset"
    pm.writes({"time": "09:15", "orderer_meeting": "IT-beställarmöte, vinter"})
    pm.presses("Call the meeting")
    pm.follows("Build the agenda")
    pm.waits_for(TITLE, pm.words("Red"))
    pm.presses("Set this agenda")


def they_sit_down(people: Visitors) -> None:
    """One is away, one is a deputy, for whom must be said; who was away is so when it is looked at again."""
    pm = people["pm"]
    pm.follows("Record who attends")
    pm.presses("Add a seat")
    last = pm.page.locator('main [name^="attendees."][name$=".municipality"]').count() - 1  # the one just added
    seats = {pm.field(f"attendees.{at}.municipality").input_value(): at for at in reversed(range(last))}
    expected = {"lindmala": "manager", "soenderlund": "danish manager", "fjellvaag": "norwegian manager"}
    for town, who in expected.items():
        assert pm.field(f"attendees.{seats[town]}.name").input_value() == CAST[who].name, "the PM has no names to type"
    deputy, away = f"attendees.{seats['fjellvaag']}", f"attendees.{seats['soenderlund']}"
    changed = {
        f"{away}.present": "no",
        **{f"{deputy}.{name}": getattr(CAST["deputy"], name) for name in ("name", "email")},
        f"{deputy}.role": "deputy",
        f"attendees.{last}.municipality": "lindmala",
        f"attendees.{last}.role": "pm",
        **{f"attendees.{last}.{name}": getattr(CAST["pm"], name) for name in ("name", "email")},
        f"attendees.{last}.present": "yes",
    }
    pm.writes(changed)
    pm.presses("Record the attendance", refused=422)
    pm.is_told(f"{deputy}.deputy_for_name", holds="")
    assert pm.field(f"attendees.{last}.name").input_value() == CAST["pm"].name
    manager = CAST["norwegian manager"]
    pm.writes({f"{deputy}.deputy_for_name": manager.name, f"{deputy}.deputy_for_email": manager.email})
    pm.presses("Record the attendance")
    pm.follows("Record who attends")
    assert pm.field(f"{away}.present").input_value() == "no"
    pm.page.go_back()


def they_decide(people: Visitors) -> None:
    """The project is limited; another than the writer approves the minutes."""
    pm = people["pm"]
    pm.writes({"outcome": "limit"})
    pm.selects(pm.field("request_id"), label=TITLE)
    pm.presses("Record the decision", refused=422)
    pm.is_told("text", holds="")
    assert pm.field("outcome").input_value() == "limit"
    pm.writes({"text": DECISION})
    pm.presses("Record the decision")
    pm.sees(DECISION)
    pm.writes({"minutes": MINUTES})
    pm.presses("Write the minutes")
    deputy = people["deputy"]
    deputy.opens("/governance/")
    deputy.follows("Read and approve the minutes of CAB {number}", number=1)
    deputy.presses("Approve version {number} of the minutes", number=1)
    deputy.reads("Closed, minutes approved")
    deputy.sees(MINUTES, CAST["norwegian manager"].name)


def all_is_told(people: Visitors) -> None:
    """The project's page has its whole history, for the auditor too; the PM sees who was told what."""
    auditor = people["new auditor"]
    auditor.opens("/portfolio/")
    auditor.waits_for(auditor.words("limited"))
    auditor.follows(TITLE)
    auditor.sees(DECISION, RED, RISK, CAST["leader"].name, CAST["pm"].name)
    auditor.reads("Turns of its life")
    auditor.follows("Its directive")
    auditor.reads("Approved by both")
    auditor.opens("/intake/requests")
    auditor.follows(TITLE)
    auditor.reads("The PM judged it a project.")

    requester = people["requester"]
    requester.opens("/")
    requester.follows("My requests")
    requester.follows(TITLE)
    requester.follows("The project in the portfolio")
    requester.sees(DECISION)

    pm = people["pm"]
    pm.opens("/")
    pm.follows("Messages")
    pm.follows("Sent")
    pm.waits_for(CAST["requester"].name, CAST["orderer"].name)
    pm.clicks(pm.page.locator("main table th a"))
    pm.follows("All that was told of the same matter")

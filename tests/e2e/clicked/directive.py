"""The requester fills the directive in by the link of the mail; the PM helps, sends it back, accepts; both sign."""

from __future__ import annotations

from datetime import date, timedelta

from tests.e2e.browser import Visitor, Visitors
from tests.e2e.cast import CAST
from tests.e2e.clicked.request import TITLE

BY_LINK, SIGNED_IN = "/governance/directive/", "/governance/directives/"
QUESTION = "Räknas skolskjuts med båt?"
ANSWER = "Ja, båten också."
REMARK = "Är båten med i taket?"
ROWS = {
    "contacts": "Add a contact",
    "results": "Add a result",
    "financing.lines": "Add a cost line",
    "competences": "Add a role",
}
"""The parts that are tables: their first row, and the button that adds one."""


def the_form(today: date) -> dict[str, str]:
    """A directive that holds together, field by field."""

    def day(after: int) -> str:
        return (today + timedelta(days=after)).isoformat()

    gates = list(enumerate(zip((0, 30, 200, 300), ("Direktiv", "Plan", "Driftsättning", "Avslut"), strict=True)))
    return {
        "orderer.name": CAST["orderer"].name,
        "orderer.email": CAST["orderer"].email,
        "background": "Scheman ritas på papper.",
        "contacts.0.role": "Handläggare",
        "contacts.0.name": CAST["requester"].name,
        "contacts.0.phone": "0123-100 300",
        **{f"gates.{at}.on": day(after) for at, (after, _) in gates},
        **{f"gates.{at}.decision": decision for at, (_, decision) in gates},
        "goals": "Alla resor planeras digitalt.",
        "results.0.text": "Tjänsten i drift",
        "results.0.due": day(190),
        "results.0.gate": "BP3",
        "cost.cap": "600 000",
        "cost.currency": "SEK",
        "cost.starts": day(0),
        "cost.ends": day(365),
        "ranking.0": "result",
        "ranking.1": "time",
        "ranking.2": "cost",
        "cadence.short_days": "7",
        "cadence.fixed_days": "14",
        "financing.lines.0.kind": "external_consultant",
        "financing.lines.0.purpose": "Utveckling",
        "financing.lines.0.hours": "500",
        "financing.lines.0.rate": "1 200",
        "rough_plan": "Upphandling under våren, införande under hösten.",
        "competences.0.role": "Projektledare",
        "competences.0.competence": "Upphandling",
        "competences.0.responsibility": "Tid och kostnad",
        "ends": day(365),
    }


def the_requester_begins(people: Visitors) -> Visitor:
    """Without an account: saves a draft, and asks for help, which the PM gives."""
    requester = people.stranger("sv", "requester")
    requester.opens(people.link("requester", TITLE, BY_LINK))
    requester.writes({"background": "Scheman"})
    requester.presses("Save the draft")
    requester.reads("Saved")
    requester.writes({"said": QUESTION})
    requester.presses("Save and ask")
    assert requester.field("background").input_value() == "Scheman"

    pm = people["pm"]
    pm.opens("/")
    pm.follows("Directives and meetings")
    pm.waits_for(TITLE)
    pm.follows("Directives")
    pm.reads("Asks for help")
    pm.follows(TITLE)
    pm.sees(QUESTION)
    pm.follows("Fill the directive in")
    assert pm.field("background").input_value() == "Scheman"
    pm.writes({"said": ANSWER})
    pm.presses("Save and answer")
    return requester


def the_requester_returns_it(people: Visitors, requester: Visitor, today: date) -> None:
    """The cost lines are over the cap at first, and a result comes after its gate, which may be so."""
    requester.opens(people.link("requester", TITLE, BY_LINK))
    requester.sees(QUESTION, ANSWER)
    for table, button in ROWS.items():
        if not requester.page.locator(f'[name^="{table}.0."]').count():
            requester.unfolds(requester.page.locator(f'[value="add:{table}"]'))
            requester.presses(button)
    full = the_form(today)
    late = (today + timedelta(days=250)).isoformat()
    requester.writes({**full, "financing.lines.0.rate": "1 300", "results.0.due": late})
    requester.presses("Return the directive to the PM", refused=422)
    requester.is_told("cost.cap", holds="600 000")
    assert requester.field("financing.lines.0.rate").input_value() == "1 300"
    assert requester.field("rough_plan").input_value() == full["rough_plan"]

    requester.writes({"financing.lines.0.rate": "1 200"})
    requester.presses("Return the directive to the PM")
    requester.reads("Worth a second look")
    for box in requester.page.locator('[name="acknowledged:list"]').all():
        requester.ticks(box)
    requester.presses("Return the directive to the PM")
    requester.reads("Returned to the PM")


def the_pm_sends_it_back(people: Visitors, requester: Visitor, today: date) -> None:
    """With a remark, which stands where it belongs when the requester opens the same link again."""
    pm = people["pm"]
    pm.opens("/governance/")
    pm.follows("Look at the directive that was returned: {title}", title=TITLE)
    pm.activates(pm.page.locator("main summary"))
    pm.presses("Send back with these remarks", refused=422)
    pm.writes({"remarks.cost": REMARK})
    pm.presses("Send back with these remarks")
    pm.reads("Sent back with remarks")

    requester.page.reload()
    requester.sees(REMARK)
    requester.writes({"results.0.due": the_form(today)["results.0.due"]})
    requester.presses("Return the directive to the PM")
    requester.reads("Returned to the PM")


def both_agree(people: Visitors) -> None:
    """The PM accepts it and names the leader; orderer and leader approve, each for themselves."""
    pm = people["pm"]
    pm.opens("/governance/")
    pm.follows("Look at the directive that was returned: {title}", title=TITLE)
    pm.writes({"leader.name": CAST["leader"].name, "note": "Bra så."})
    pm.presses("Accept, and ask both signatories", refused=422)
    pm.is_told("leader.email", holds="")
    assert pm.field("note").input_value() == "Bra så."
    pm.writes({"leader.email": CAST["leader"].email})
    pm.presses("Accept, and ask both signatories")
    pm.reads("Accepted, waiting for signatures")
    for part in ("orderer", "leader"):
        people[part].opens(people.link(part, TITLE, SIGNED_IN))
        people[part].presses("Approve version {number}", number=2)
    people["leader"].reads("Approved by both")
    people["leader"].follows("For paper")
    people["leader"].sees(CAST["orderer"].name, CAST["leader"].name, "Utveckling")
    pm.page.reload()
    pm.follows("what differs from {number}", number=1)
    pm.reads("Differences")

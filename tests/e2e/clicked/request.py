"""Somebody gets an account; a ticket arrives, and the PM judges it."""

from __future__ import annotations

from tests.e2e.browser import Visitors
from tests.e2e.cast import CAST, HOST
from tests.e2e.deliveries import a_ticket
from tests.e2e.installation import PASSWORD

TITLE = "Digital skolskjuts"
OTHER = "Ny telefonväxel"
DESCRIPTION = "Scheman för bussarna ritas på papper, och föräldrarna ringer kansliet."
WHY = "Större än daglig drift."
SIZE = {"effort": "yes", "cost": "yes", "several_units": "no", "new_system": "no", "procurement": "no"}


def an_auditor_gets_an_account(people: Visitors) -> None:
    """The operator adds them, first without an address; they choose a password by the link."""
    operator = people["operator"]
    operator.opens("/")
    operator.follows("People and roles")
    yrsa = {"name": "Yrsa Falk", "language": "nb", "role": "auditor@*"}
    operator.writes(yrsa)
    operator.presses("Add", refused=422)
    operator.is_told("email", holds="")
    assert operator.field("name").input_value() == "Yrsa Falk"
    operator.writes({"email": "yrsa.falk@lindmala.example"})
    operator.presses("Add")
    link = operator.page.locator("code").inner_text()

    people.signed_in["new auditor"] = auditor = people.stranger("nb")
    auditor.opens(link.removeprefix(people.here.url))
    auditor.writes({"password": PASSWORD, "repeated": "något annat"})
    auditor.presses("Save and sign in", refused=422)
    auditor.writes({"password": PASSWORD, "repeated": PASSWORD})
    auditor.presses("Save and sign in")
    auditor.reads("Nothing waits for you now.")
    auditor.presses("Sign out")
    auditor.opens("/sign-in")
    auditor.writes({"email": "yrsa.falk@lindmala.example", "password": "inte det här"})
    auditor.presses("Sign in", refused=401)
    assert auditor.field("email").input_value() == "yrsa.falk@lindmala.example"
    auditor.writes({"password": PASSWORD})
    auditor.presses("Sign in")
    auditor.reads("Nothing waits for you now.")


def two_tickets_arrive(people: Visitors) -> None:
    """From the Service Desk of the host municipality, both asked for by the same person."""
    for number, title in (("8101", TITLE), ("8102", OTHER)):
        ticket = a_ticket(number, title, description=DESCRIPTION, requester=CAST["requester"].told)
        assert people.here.deliver(HOST, ticket).status_code == 201


def the_pm_judges(people: Visitors) -> None:
    """Both are projects. A reason is asked for, and what was chosen is still there."""
    pm = people["pm"]
    for title in (TITLE, OTHER):
        pm.opens("/")
        pm.follows("Requests")
        pm.waits_for(title)
        pm.picks(title)
        pm.sees(DESCRIPTION, CAST["requester"].name)
        pm.follows("All about this request, and what has happened")
        pm.sees(DESCRIPTION)
        pm.writes({f"criteria.{key}.met": met for key, met in SIZE.items()})
        pm.writes({"outcome": "project", "criteria.effort.note": "Ett halvår"})
        pm.presses("Judge", refused=422)
        pm.is_told("reason", holds="")
        assert pm.field("criteria.effort.note").input_value() == "Ett halvår"
        assert pm.page.locator('[name="outcome"][value="project"]').is_checked()
        pm.writes({"reason": WHY})
        pm.presses("Judge")
        pm.sees(WHY, CAST["pm"].name, "Ett halvår")
        pm.reads("The PM judged it a project.")

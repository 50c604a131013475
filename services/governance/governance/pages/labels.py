"""What things are called on the pages of governance; the keys of their translations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from chassis.i18n import N_, translate
from chassis.i18n.formats import Formats
from chassis.i18n.halves import in_words

STAGES: Mapping[str, str] = {
    "sent": N_("Sent to the requester"),
    "in_progress": N_("Being filled in"),
    "returned": N_("Returned to the PM"),
    "sent_back": N_("Sent back with remarks"),
    "accepted": N_("Accepted, waiting for signatures"),
    "approved": N_("Approved by both"),
    "reopened": N_("Reopened for a new version"),
    "closed": N_("Closed"),
}
HOLDERS: Mapping[str, str] = {
    "requester": N_("The requester"),
    "pm": N_("The PM"),
    "signatories": N_("The signatories"),
    "nobody": N_("Nobody"),
}
TONES: Mapping[str, str] = {
    "returned": "caution",
    "sent_back": "caution",
    "approved": "good",
    "agreed": "good",
    "closed": "neutral",
    "cancelled": "bad",
    "going_on": "good",
    "stopped": "bad",
    "postponed": "caution",
}
GOALS: Mapping[str, str] = {"result": N_("Result"), "time": N_("Time"), "cost": N_("Cost")}
KINDS: Mapping[str, str] = {
    "internal": N_("Internal hours"),
    "external_consultant": N_("External consultant hours"),
    "licence": N_("Licence"),
    "hardware": N_("Hardware"),
    "other": N_("Other"),
}
PLAN_STATES: Mapping[str, str] = {
    "none": N_("Not commissioned"),
    "commissioned": N_("To be written by the leader"),
    "written": N_("Waiting for acceptance"),
    "agreed": N_("Agreed by both parties"),
    "closed": N_("Closed"),
}
REASONS: Mapping[str, str] = {
    "new": N_("New"),
    "ranked": N_("Ranked"),
    "red": N_("Red"),
    "worsened": N_("Worsened"),
    "overdue": N_("Report overdue"),
    "gate_due": N_("Decision point due"),
    "stopped": N_("Stopped"),
    "postponed": N_("Postponed"),
    "asked_for": N_("Asked for"),
}
OUTCOMES: Mapping[str, str] = {
    "noted": N_("Noted"),
    "approved": N_("Approved"),
    "rejected": N_("Rejected"),
    "deferred": N_("Deferred"),
    "stop": N_("Stop"),
    "postpone": N_("Postpone"),
    "limit": N_("Limit"),
    "resume": N_("Resume"),
}
SEATS: Mapping[str, str] = {
    "it_manager": N_("IT manager"),
    "deputy": N_("Deputy"),
    "pm": N_("PM"),
    "orderer": N_("IT orderer"),
    "leader": N_("Project leader"),
    "other": N_("Other"),
}
MEETING_STAGES: Mapping[str, str] = {
    "called": N_("Called"),
    "minuted": N_("Minutes written"),
    "closed": N_("Closed, minutes approved"),
    "cancelled": N_("Cancelled"),
}
COURSES: Mapping[str, str] = {
    "going_on": N_("In the portfolio"),
    "stopped": N_("Stopped"),
    "postponed": N_("Postponed"),
    "left": N_("No longer in the portfolio"),
    "unseen": N_("Seen by its own municipality"),
}
SECTIONS: Mapping[str, str] = {
    "orderer": N_("Approval: the orderer"),
    "leader": N_("Approval: the leader"),
    "title": N_("Name of the assignment"),
    "background": N_("Background"),
    "sections": N_("Sub-sections of the background"),
    "contacts": N_("Contacts"),
    "gates": N_("Schedule"),
    "goals": N_("Goals, requirements and wishes"),
    "results": N_("Results and time goals"),
    "cost": N_("Cost"),
    "ranking": N_("Ranking of the goals"),
    "cadence": N_("Reporting"),
    "financing": N_("Financing"),
    "rough_plan": N_("Rough plan"),
    "competences": N_("Roles, competence and responsibility"),
    "loans": N_("People on loan"),
    "ends": N_("End and delivery"),
}
"""The parts of a directive that remarks are made on, in the order of the form."""
FIELDS: Mapping[str, str] = {
    "orderer.name": N_("Orderer"),
    "orderer.email": N_("Orderer's e-mail address"),
    "orderer.phone": N_("Orderer's telephone"),
    "leader.name": N_("Leader"),
    "leader.email": N_("Leader's e-mail address"),
    "leader.phone": N_("Leader's telephone"),
    "title": N_("Name of the assignment"),
    "background": N_("Background"),
    "predecessor": N_("Project it follows on from"),
    "sections.heading": N_("Heading"),
    "sections.text": N_("Text"),
    "contacts.role": N_("Role"),
    "contacts.name": N_("Name"),
    "contacts.phone": N_("Telephone"),
    "contacts.email": N_("E-mail address"),
    "gates.key": N_("Decision point"),
    "gates.on": N_("Day"),
    "gates.decision": N_("Decision"),
    "goals": N_("Goals"),
    "requirements": N_("Requirements"),
    "wishes": N_("Wishes"),
    "results.text": N_("Result"),
    "results.alternative": N_("Alternative"),
    "results.due": N_("Time goal"),
    "results.gate": N_("Taken up at"),
    "cost.cap": N_("Cost cap"),
    "cost.currency": N_("Currency"),
    "cost.starts": N_("From"),
    "cost.ends": N_("Until"),
    "ranking": N_("Ranking of the goals"),
    "cadence.short_days": N_("Days between short check-ins"),
    "cadence.fixed_days": N_("Days between fixed meetings"),
    "financing.earlier.decided_by": N_("Decided by"),
    "financing.earlier.on": N_("Day"),
    "financing.earlier.amount": N_("Amount"),
    "financing.spent": N_("Spent so far"),
    "financing.spent_as_of": N_("Spent as of"),
    "financing.lines.kind": N_("Kind"),
    "financing.lines.purpose": N_("Purpose"),
    "financing.lines.hours": N_("Hours"),
    "financing.lines.rate": N_("Price by the hour"),
    "rough_plan": N_("Rough plan"),
    "competences.role": N_("Role"),
    "competences.competence": N_("Competence"),
    "competences.responsibility": N_("Responsibility"),
    "loans.who": N_("Roles on loan"),
    "loans.from_request": N_("From project"),
    "loans.starts": N_("From"),
    "loans.ends": N_("Until"),
    "loans.deciding_lead": N_("Lead who decides"),
    "ends": N_("The assignment ends"),
    "delivery_period": N_("Half-year of delivery"),
}


def bare(path: str) -> str:
    """A field's path without the numbers of its rows: "gates.2.on" is "gates.on"."""
    return ".".join(step for step in path.split(".") if not step.isdecimal())


AMOUNTS = frozenset(
    {"cost.cap", "financing.spent", "financing.earlier.amount", "financing.lines.hours", "financing.lines.rate"}
)
"""Fields that hold a number, which is written with the country's separators."""


def readable(path: str, text: str, formats: Formats) -> str:
    """What stands in a field of a returned directive, as it is read: no word of ours, number, day or half-year as
    programs write it."""
    match bare(path):
        case "financing.lines.kind":
            return translate(KINDS.get(text, text), formats.language)
        case "ranking":
            return translate(GOALS.get(text, text), formats.language)
        case "delivery_period":
            return in_words(text, formats.language)
        case name if name in AMOUNTS and text:
            return formats.number(Decimal(text))
        case name if name.rpartition(".")[2] in DAYS and DAY.fullmatch(text):
            return formats.date(date.fromisoformat(text))
        case _:
            return text


DAYS = frozenset({"on", "starts", "ends", "spent_as_of", "due"})
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def row_of(path: str) -> int | None:
    """The number of the row a field stands in, from 1; None when it stands in none."""
    return next((int(step) + 1 for step in path.split(".") if step.isdecimal()), None)


WORDS: Mapping[str, Mapping[str, str]] = {
    "stages": STAGES,
    "holders": HOLDERS,
    "tones": TONES,
    "goals": GOALS,
    "kinds": KINDS,
    "plan_states": PLAN_STATES,
    "reasons": REASONS,
    "outcomes": OUTCOMES,
    "courses": COURSES,
    "seats": SEATS,
    "meeting_stages": MEETING_STAGES,
    "sections": SECTIONS,
    "fields": FIELDS,
}
"""All of them, as templates get them."""

"""What an auditor reads above columns and for chosen words: what several services use is said here once, the rest
beside each service's views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from chassis.i18n import N_

CODES = frozenset({"SEK", "DKK", "NOK", "EUR", "SE", "DK", "NO", "FI", "BP1", "BP2", "BP3", "BP4"})
"""Words that are the same in every language."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Keys for translation, by the names of the code: of fields (by Class.field where a class means something else by
    it), of chosen words, of views, and of what else is at work in a service: its reactions, clockworks and channels."""

    fields: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)

    def of_field(self, name: str, of: type[Any] | None = None) -> str | None:
        """What a field is called; None when nobody has said it."""
        names = (f"{of.__name__}.{name}", name) if of is not None else (name,)
        return next((said[each] for each in names for said in (self.fields, COMMON.fields) if each in said), None)

    def of_view(self, view: str) -> str | None:
        """What a view is called, or else what may be read beside the views."""
        return self.views.get(view) or COMMON.views.get(view)

    def of_word(self, word: str) -> str | None:
        """What a chosen word is called."""
        return word if word in CODES else self.words.get(word) or COMMON.words.get(word)


def fields_within(kind: type[Any]) -> Iterator[tuple[type[Any], str]]:
    """Every field of a row or a fact, and of what it holds, with the class that it is of."""
    yield from _within(kind, set())


def words_of(hint: Any) -> Iterator[str]:
    """The words that a field of this type can hold."""
    if get_origin(hint) is Literal:
        yield from map(str, get_args(hint))
    elif isinstance(hint, type) and issubclass(hint, Enum):
        yield from (str(each.value) for each in hint)
    else:
        for part in get_args(hint):
            yield from words_of(part)


def _within(hint: Any, seen: set[type[Any]]) -> Iterator[tuple[type[Any], str]]:
    if isinstance(hint, type) and (issubclass(hint, msgspec.Struct) or is_dataclass(hint)):
        if hint in seen:
            return
        seen.add(hint)
        hints = get_type_hints(hint)
        for name in (
            hint.__struct_fields__ if issubclass(hint, msgspec.Struct) else [each.name for each in fields(hint)]
        ):
            yield hint, name
            yield from _within(hints[name], seen)
    for part in get_args(hint):
        yield from _within(part, seen)


COMMON = Labels(
    fields={
        "request_id": N_("The request's id"),
        "municipality": N_("Municipality"),
        "title": N_("Title"),
        "requester": N_("Requester"),
        "id": N_("Id"),
        "name": N_("Name"),
        "email": N_("E-mail"),
        "phone": N_("Phone"),
        "language": N_("Language"),
        "with_whom": N_("Spoke with"),
        "due": N_("Due on"),
        "changed_at": N_("Last changed"),
        "version": N_("Version"),
        "number": N_("Number"),
        "text": N_("Text"),
        "orderer": N_("Orderer"),
        "leader": N_("Leader"),
        "role": N_("Role"),
        "person": N_("Person"),
        "gates": N_("Gates"),
        "Gate.key": N_("Gate"),
        "key": N_("Key"),
        "on": N_("On the day"),
        "decision": N_("Decision"),
        "gate": N_("Gate"),
        "cost": N_("Cost"),
        "amount": N_("Amount"),
        "currency": N_("Currency"),
        "starts": N_("Starts on"),
        "ends": N_("Ends"),
        "cadence": N_("Rhythm of reporting"),
        "short_days": N_("Days between short reports"),
        "fixed_days": N_("Days between fixed reports"),
        "spent": N_("Spent"),
        "kind": N_("Kind"),
        "loans": N_("Loans of people"),
        "from_request": N_("Lent by the project"),
        "who": N_("Who"),
        "deciding_lead": N_("Deciding lead"),
        "delivery_period": N_("Period of delivery"),
        "note": N_("Note"),
        "leader_id": N_("The leader's pseudonym"),
        "at": N_("When it was"),
        "by": N_("By whom"),
        "reason": N_("Reason"),
        "state": N_("State"),
        "directive_version": N_("Version of the directive"),
        "summary": N_("Summary"),
        "risks": N_("Risks"),
        "likelihood": N_("Likelihood"),
        "impact": N_("Impact"),
        "action": N_("What is done about it"),
        "entered_at": N_("Entered the portfolio on"),
        "rank": N_("Rank"),
        "ranked_at": N_("Ranked on"),
        "health": N_("Health of the project"),
        "passed": N_("Gates passed"),
        "outcome": N_("Outcome"),
        "shared_with": N_("Shared with"),
        "since": N_("Since"),
        "deputy_for": N_("Deputy for"),
        "system": N_("Ticketing system"),
        "organisation": N_("Organisation"),
        "serves": N_("Serves"),
        "opened_at": N_("Opened on"),
        "ticket": N_("Ticket"),
        "external_id": N_("Id at the source"),
        "url": N_("Web address"),
        "origin": N_("Origin"),
        "criteria": N_("Criteria"),
        "template": N_("Template"),
        "until": N_("Until"),
        "into": N_("Joined with the project"),
        "round_id": N_("The round's id"),
        "score": N_("Score"),
        "budget": N_("Budget"),
        "time": N_("Time"),
        "result": N_("Result"),
        "progress": N_("Progress in percent"),
        "forecast": N_("Forecast"),
        "next_steps": N_("Next steps"),
        "promised_to": N_("Promised delivery"),
        "media_type": N_("Kind of file"),
        "reference": N_("Reference"),
        "size": N_("Size"),
        "field": N_("Field"),
        "params": N_("Values in the text"),
        "rule": N_("Rule"),
        "was": N_("What it had been judged"),
        "competence": N_("Competence"),
        "responsibility": N_("Responsibility"),
        "cap": N_("Cost ceiling"),
        "hours": N_("Hours"),
        "purpose": N_("Purpose"),
        "rate": N_("Hourly rate"),
        "met": N_("Is met"),
        "background": N_("Background"),
        "competences": N_("Competences needed"),
        "contacts": N_("Contacts"),
        "financing": N_("Financing"),
        "goals": N_("Goals"),
        "predecessor": N_("Earlier project"),
        "ranking": N_("What matters most"),
        "requirements": N_("Requirements"),
        "results": N_("Results"),
        "rough_plan": N_("Rough plan"),
        "sections": N_("Sections"),
        "wishes": N_("Wishes"),
        "directive": N_("Directive"),
        "remarks": N_("Remarks of the PM"),
        "warnings": N_("Remarks of Flöde's"),
        "decided_by": N_("Decided by"),
        "earlier": N_("Earlier decisions"),
        "lines": N_("Lines of cost"),
        "spent_as_of": N_("Spent as of"),
        "acceptance_terms": N_("Terms of acceptance"),
        "resources": N_("Resources"),
        "steps": N_("Steps"),
        "responsible": N_("Who is responsible"),
        "plan": N_("Plan"),
        "attachments": N_("Attachments"),
        "description": N_("Description"),
        "description_html": N_("Description with its formatting"),
        "priority": N_("Priority"),
        "revision": N_("Revision at the source"),
        "into_ticket": N_("Joined with the ticket"),
        "alternative": N_("Alternative"),
        "heading": N_("Heading"),
        "precision": N_("Exact to"),
        "approved_at": N_("Approved on"),
        "names": N_("Name by language"),
        "weight": N_("Weight"),
        "actor": N_("Who did it"),
        "actor_name": N_("Name of who did it"),
        "by_name": N_("Name of who did it"),
    },
    words={
        "sv": N_("Swedish"),
        "da": N_("Danish"),
        "nb": N_("Norwegian"),
        "en": N_("English"),
        "sent": N_("Has been sent"),
        "closed": N_("Closed"),
        "external_consultant": N_("External consultant"),
        "cancelled": N_("Cancelled"),
        "red": N_("Red"),
        "stopped": N_("Stopped"),
        "postponed": N_("Postponed"),
        "it_team": N_("The IT team"),
        "business": N_("The business"),
        "pm": N_("The PM"),
        "round": N_("A round"),
        "green": N_("Green"),
        "yellow": N_("Yellow"),
        "short": N_("Short report"),
        "fixed": N_("Fixed report"),
        "passed": N_("The gate was passed"),
        "held": N_("The gate was held"),
        "accepted": N_("Accepted"),
        "agreed": N_("Agreed by both parties"),
        "approved": N_("Approved"),
        "change": N_("A change, no project"),
        "commissioned": N_("Has been asked for"),
        "cost": N_("Cost"),
        "day": N_("To the day"),
        "deleted": N_("Deleted at the source"),
        "hardware": N_("Hardware"),
        "internal": N_("Own staff"),
        "left_flow": N_("Left the project flow"),
        "licence": N_("Licence"),
        "merged": N_("Merged"),
        "month": N_("To the month"),
        "other": N_("Other"),
        "project": N_("Project"),
        "reopened": N_("Opened again"),
        "result": N_("Result"),
        "returned": N_("Returned"),
        "sent_back": N_("Sent back"),
        "time": N_("Time"),
        "withdrawn": N_("Taken back"),
        "written": N_("Written"),
    },
    views={
        "people": N_("Search for a person"),
        "reads": N_("Who read names here"),
        "agreed": N_("What holds in the cooperation"),
    },
)

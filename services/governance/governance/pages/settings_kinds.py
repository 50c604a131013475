"""The parts of the settings: what stands in the form of each, and what is done with what was filled in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from chassis.aggregate import Outcome
from chassis.context import Context
from chassis.i18n import N_
from chassis.web import Deps
from chassis.web.forms import Form, filled
from contracts.partnership import (
    CadenceSet,
    CriteriaSet,
    DeputyEnded,
    DeputyNamed,
    GuidanceWritten,
    MunicipalityChanged,
    MunicipalityJoined,
    Office,
    OfficersNamed,
    Question,
    SizeCriteriaSet,
    TieRuleSet,
    Town,
)
from contracts.refusal import Refusal, Refusals
from contracts.values import Cadence, Criterion, Language
from governance.commands import settings as commands
from governance.commands.settings import FilledOfficer, Part
from governance.domain.agreed import Partner
from governance.domain.filled import FilledPerson
from governance.domain.unsettled import NoSuchDeputy, NotAMunicipality

Settle = Callable[[Deps, "str | None", Form, Context], Awaitable[Outcome[Partner]]]


class FilledCriteria(BaseModel):
    """The form of the criteria."""

    criteria: tuple[Criterion, ...] = ()


class FilledQuestions(BaseModel):
    """The form of the size criteria."""

    size_criteria: tuple[Question, ...] = ()


class InOffice(BaseModel):
    """A row of the form of the officers."""

    office: Office
    name: str = ""
    email: str = ""
    language: Language | None = None


class FilledOfficers(BaseModel):
    """The form of the officers."""

    officers: tuple[InOffice, ...] = ()


class Days(BaseModel):
    """From when until when."""

    starts: date | None = None
    ends: date | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A part of the settings.

    of       whether it holds for all, or is that of a municipality or of a section of the directive
    facts    which facts settle it
    form     what stands in its form now
    rows     the table of the form to which rows are added
    """

    part: str
    settles: Part
    of: Literal["all", "section", "town"]
    title: str
    lead: str
    facts: tuple[str, ...]
    settle: Settle = field(repr=False)
    form: Callable[[Deps, str | None], dict[str, Any]] = field(repr=False, default=lambda *_: {})
    rows: str = ""

    def tells(self, fact: str, settled: Mapping[str, Any], of: str | None) -> bool:
        """Whether a change is one of this part, and of this section."""
        return fact in self.facts and (self.of != "section" or of is None or f"guidance/{of}" in settled)

    def municipality(self, here: Deps, of: str | None, form: Form) -> str:
        """Whose fact it is that settles it."""
        if self.part == "join":
            if not form.text("municipality"):
                raise NotAMunicipality("municipality")
            return form.text("municipality")
        return of if self.of == "town" and of else here.partnership.host


def _with_names(form: Form, table: str) -> dict[str, Any]:
    return {table: [{"names": {}, **row} for row in form.data.get(table, []) if isinstance(row, dict)]}


def _words(form: Form, name: str) -> dict[str, str]:
    found = form.data.get(name)
    return {key: str(text) for key, text in found.items()} if isinstance(found, dict) else {}


def _person(form: Form, name: str) -> FilledPerson:
    said = _words(form, name)
    return FilledPerson(name=said.get("name", ""), email=said.get("email", "").lower())


async def _criteria(here: Deps, _: str | None, form: Form, context: Context) -> Outcome[Partner]:
    given = filled(FilledCriteria, _with_names(form, "criteria"))
    return await commands.set_criteria(
        here, given.criteria, form.text("reason"), context=context, expected=form.version
    )


async def _size(here: Deps, _: str | None, form: Form, context: Context) -> Outcome[Partner]:
    given = filled(FilledQuestions, _with_names(form, "size_criteria"))
    return await commands.set_size_criteria(
        here, given.size_criteria, form.text("reason"), context=context, expected=form.version
    )


async def _cadence(here: Deps, _: str | None, form: Form, context: Context) -> Outcome[Partner]:
    given = {name: form.data.get(name, "") for name in ("short_days", "fixed_days")}
    return await commands.set_cadence(
        here, filled(Cadence, given), form.text("reason"), context=context, expected=form.version
    )


async def _ties(here: Deps, _: str | None, form: Form, context: Context) -> Outcome[Partner]:
    return await commands.set_tie_rule(
        here, _words(form, "tie_rule"), form.text("reason"), context=context, expected=form.version
    )


async def _guidance(here: Deps, of: str | None, form: Form, context: Context) -> Outcome[Partner]:
    return await commands.write_guidance(
        here, of or "", _words(form, "guidance"), form.text("reason"), context=context, expected=form.version
    )


def _town(form: Form) -> Town:
    given: dict[str, Any] = {
        name: form.data[name] for name in ("name", "language", "country", "currency", "timezone") if name in form.data
    }
    lists: dict[str, Any] = {
        name: tuple(form.text(name).lower().replace(",", " ").split()) for name in ("email_domains", "hosts")
    }
    try:
        return filled(Town, {**given, **lists})
    except Refusals as wrong:
        for each in wrong.refusals:  # a list stands in one field
            each.field = each.field.partition(".")[0] if each.field else None
        raise


async def _join(here: Deps, _: str | None, form: Form, context: Context) -> Outcome[Partner]:
    return await commands.join(here, context.municipality, _town(form), form.text("reason"), context=context)


async def _municipality(here: Deps, of: str | None, form: Form, context: Context) -> Outcome[Partner]:
    return await commands.change(
        here, of or "", _town(form), form.text("reason"), context=context, expected=form.version
    )


async def _officers(here: Deps, of: str | None, form: Form, context: Context) -> Outcome[Partner]:
    given = filled(FilledOfficers, {"officers": form.data.get("officers", [])})
    officers = [
        FilledOfficer(
            office=one.office, person=FilledPerson(name=one.name, email=one.email.lower()), language=one.language
        )
        for one in given.officers
    ]
    return await commands.name_officers(
        here, of or "", officers, form.text("reason"), context=context, expected=form.version
    )


async def _deputies(here: Deps, of: str | None, form: Form, context: Context) -> Outcome[Partner]:
    if form.action == "end":
        return await _end(here, of or "", form, context)
    days = filled(Days, {name: form.data[name] for name in ("starts", "ends") if form.data.get(name)})
    return await commands.name_deputy(
        here,
        of or "",
        manager=_person(form, "manager"),
        deputy=_person(form, "deputy"),
        starts=days.starts,
        ends=days.ends,
        reason=form.text("reason"),
        context=context,
    )


async def _end(here: Deps, municipality: str, form: Form, context: Context) -> Outcome[Partner]:
    try:
        deputy_id = UUID(form.text("ending"))
    except ValueError:
        raise NoSuchDeputy("ending") from None
    try:
        return await commands.end_deputy(here, municipality, deputy_id, form.text("ending_reason"), context=context)
    except Refusal as refusal:
        refusal.field = "ending_reason" if refusal.field == "reason" else refusal.field
        raise


def _town_now(here: Deps, of: str | None) -> dict[str, Any]:
    said = here.partnership[of or ""].model_dump(exclude={"contacts", "deputies"})
    return {**said, "email_domains": " ".join(said["email_domains"]), "hosts": " ".join(said["hosts"])}


def _manager_now(here: Deps, of: str | None) -> dict[str, Any]:
    managers = [one for one in here.partnership[of or ""].contacts if one.office == "it_manager"]
    return {"manager": {"name": managers[0].name, "email": managers[0].email}} if managers else {}


KINDS: Mapping[str, Kind] = {
    kind.part: kind
    for kind in (
        Kind(
            part="criteria", settles="criteria", of="all", rows="criteria", settle=_criteria,
            title=N_("Criteria and weights"),
            lead=N_(
                "Candidates are scored against these in rounds. A round that is open keeps those it was opened with."
            ),
            facts=(CriteriaSet.type,),
            form=lambda here, _: here.partnership.model_dump(include={"criteria"}),
        ),
        Kind(
            part="size", settles="size", of="all", rows="size_criteria", settle=_size,
            title=N_("Size criteria"),
            lead=N_("These are asked when a request is judged a project or a change within daily operation."),
            facts=(SizeCriteriaSet.type,),
            form=lambda here, _: here.partnership.model_dump(include={"size_criteria"}),
        ),
        Kind(
            part="cadence", settles="cadence", of="all", settle=_cadence,
            title=N_("How often leaders report"),
            lead=N_("A new directive begins with these days; what a directive says holds for its project."),
            facts=(CadenceSet.type,),
            form=lambda here, _: {
                "short_days": here.partnership.cadence.short_days, "fixed_days": here.partnership.cadence.fixed_days
            },
        ),
        Kind(
            part="ties", settles="ties", of="all", settle=_ties,
            title=N_("What is done with equal scores"),
            lead=N_("Shown wherever rounds are shown, in the reader's language."),
            facts=(TieRuleSet.type,),
            form=lambda here, _: {"tie_rule": here.partnership.tie_rule},
        ),
        Kind(
            part="guidance", settles="guidance", of="section", settle=_guidance,
            title=N_("Help in the directive"),
            lead=N_("This stands beside its part of the directive, for whoever fills it in."),
            facts=(GuidanceWritten.type,),
            form=lambda here, of: {"guidance": here.partnership.guidance.get(of or "", {})},
        ),
        Kind(
            part="join", settles="municipality", of="all", settle=_join,
            title=N_("A municipality joins"),
            lead=N_("Its people can sign in from then on, and its tickets be taken."),
            facts=(),
        ),
        Kind(
            part="municipality", settles="municipality", of="town", settle=_municipality, form=_town_now,
            title=N_("The municipality"),
            lead=N_("How it writes, and whose addresses and hosts are its own."),
            facts=(MunicipalityJoined.type, MunicipalityChanged.type),
        ),
        Kind(
            part="officers", settles="officers", of="town", rows="officers", settle=_officers,
            title=N_("Who is told by their office"),
            lead=N_(
                "They get the mails that concern their office. What they may do in Flöde follows from their account."
            ),
            facts=(OfficersNamed.type,),
            form=lambda here, of: {
                "officers": [one.model_dump() for one in here.partnership[of or ""].contacts]
            },
        ),
        Kind(
            part="deputies", settles="deputies", of="town", settle=_deputies, form=_manager_now,
            title=N_("Deputies of the IT manager"),
            lead=N_("On these days, both included, the deputy scores in rounds and sits at the CAB for the manager."),
            facts=(DeputyNamed.type, DeputyEnded.type),
        ),
    )
}  # fmt: skip
"""By the word in their address, in the order in which they are shown."""

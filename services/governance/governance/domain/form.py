"""The directive's form: a tree of texts with the field names of the contract, "gates.2.on" being one of them.

The web page, the JSON API and the saved draft all hold the same tree. `read` makes values of it; `template` makes it.
"""

from __future__ import annotations

from collections.abc import Mapping

from governance.domain import reading
from governance.domain.filled import (
    Filled,
    FilledCompetence,
    FilledContact,
    FilledEarlier,
    FilledGate,
    FilledLine,
    FilledLoan,
    FilledPerson,
    FilledResult,
    FilledSection,
)
from governance.domain.tree import Draft, Reader

GATES = ("BP1", "BP2", "BP3", "BP4")
GOALS = ("result", "time", "cost")
FIELDS = (
    "title",
    "background",
    "predecessor",
    *(f"{person}.{field}" for person in ("orderer", "leader") for field in ("name", "email", "phone")),
    "goals",
    "requirements",
    "wishes",
    *(f"cost.{field}" for field in ("cap", "currency", "starts", "ends")),
    "cadence.short_days",
    "cadence.fixed_days",
    "financing.spent",
    "financing.spent_as_of",
    "rough_plan",
    "ends",
    "delivery_period",
)
"""The fields that stand alone."""
TABLES: Mapping[str, tuple[str, ...]] = {
    "sections": ("heading", "text"),
    "contacts": ("role", "name", "phone", "email"),
    "gates": ("key", "on", "decision"),
    "results": ("number", "text", "due", "alternative", "gate"),
    "financing.earlier": ("decided_by", "on", "amount"),
    "financing.lines": ("kind", "purpose", "hours", "rate"),
    "competences": ("role", "competence", "responsibility"),
    "loans": ("who", "from_request", "starts", "ends", "deciding_lead"),
}
"""The tables of the form and their columns. Rows may be added to and taken from all but the gates, which are four."""

OF_SECTION: Mapping[str, str] = {
    "predecessor": "background",
    "requirements": "goals",
    "wishes": "goals",
    "delivery_period": "ends",
}
"""Fields that stand in the section of another."""


def section_of(path: str) -> str:
    """The section a field stands in."""
    first = path.partition(".")[0]
    return OF_SECTION.get(first, first)


def keep(told: Draft) -> Draft:
    """What of a tree belongs to the form, as texts: that, and nothing else, is saved as a draft."""
    kept: Draft = {}
    for name in FIELDS:
        *path, last = name.split(".")
        _branch(kept, path)[last] = _reader(told, path).raw(last)
    for name, columns in TABLES.items():
        *path, last = name.split(".")
        _branch(kept, path)[last] = _reader(told, path).texts(last, columns)
    kept["ranking"] = list(_ranking(told))
    return kept


def read(draft: Draft) -> Filled:
    """The form as values. Nothing is refused here; what cannot be read is noted for `checks`."""
    form = Reader(draft)
    cost, cadence, financing = form.part("cost"), form.part("cadence"), form.part("financing")
    return Filled(
        title=form.line("title"),
        background=form.text("background"),
        sections=tuple(
            FilledSection(at=at, heading=row.line("heading"), text=row.text("text"))
            for at, row in form.rows("sections")
        ),
        predecessor=form.value("predecessor", reading.request),
        orderer=_person(form.part("orderer")),
        leader=_person(form.part("leader")),
        contacts=tuple(
            FilledContact(at=at, role=row.line("role"), person=_person(row)) for at, row in form.rows("contacts")
        ),
        gates=tuple(
            FilledGate(at=at, key=row.raw("key"), on=row.value("on", reading.day), decision=row.line("decision"))
            for at, row in form.rows("gates")
        ),
        goals=form.text("goals"),
        requirements=form.text("requirements"),
        wishes=form.text("wishes"),
        results=tuple(_result(nth, at, row) for nth, (at, row) in enumerate(form.rows("results"), start=1)),
        cap=cost.value("cap", reading.amount),
        currency=cost.raw("currency").upper(),
        starts=cost.value("starts", reading.day),
        ends=cost.value("ends", reading.day),
        ranking=_ranking(draft),
        short_days=cadence.value("short_days", reading.whole),
        fixed_days=cadence.value("fixed_days", reading.whole),
        earlier=tuple(
            FilledEarlier(
                at=at,
                decided_by=row.line("decided_by"),
                on=row.value("on", reading.day),
                amount=row.value("amount", reading.amount),
            )
            for at, row in financing.rows("earlier")
        ),
        spent=financing.value("spent", reading.amount),
        spent_as_of=financing.value("spent_as_of", reading.day),
        lines=tuple(
            FilledLine(
                at=at,
                kind=row.raw("kind"),
                purpose=row.line("purpose"),
                hours=row.value("hours", reading.number),
                rate=row.value("rate", reading.amount),
            )
            for at, row in financing.rows("lines")
        ),
        rough_plan=form.text("rough_plan"),
        competences=tuple(
            FilledCompetence(
                at=at,
                role=row.line("role"),
                competence=row.text("competence"),
                responsibility=row.text("responsibility"),
            )
            for at, row in form.rows("competences")
        ),
        loans=tuple(
            FilledLoan(
                at=at,
                from_request=row.value("from_request", reading.request),
                who=row.line("who"),
                starts=row.value("starts", reading.day),
                ends=row.value("ends", reading.day),
                deciding_lead=row.line("deciding_lead"),
            )
            for at, row in form.rows("loans")
        ),
        ends_on=form.value("ends", reading.day),
        delivery_period=form.raw("delivery_period").upper().replace(" ", ""),
        unreadable=tuple(form.refusals),
    )


def _result(nth: int, at: int, row: Reader) -> FilledResult:
    # The form numbers its rows itself; whoever sends numbers along is held to them (TY-11).
    return FilledResult(
        at=at,
        number=row.value("number", reading.whole) if row.raw("number") else nth,
        text=row.text("text"),
        due=row.value("due", reading.day_or_month),
        alternative=row.text("alternative"),
        gate=row.raw("gate"),
    )


def _person(part: Reader) -> FilledPerson:
    return FilledPerson(name=part.line("name"), email=part.line("email").lower(), phone=part.line("phone"))


def _ranking(told: Draft) -> tuple[str, ...]:
    ranking = told.get("ranking")
    return tuple(str(goal) for goal in ranking[:9]) if isinstance(ranking, list | tuple) else ()


def _branch(kept: Draft, path: list[str]) -> Draft:
    for step in path:
        kept = kept.setdefault(step, {})
    return kept


def _reader(told: Draft, path: list[str]) -> Reader:
    reader = Reader(told)
    for step in path:
        reader = reader.part(step)
    return reader

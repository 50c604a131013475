"""Settling something of the cooperation: who may, and whether it holds together with all else.

The PM of the host settles what holds for all; operators, and the PM, who is in it and in which office; an IT manager
names the deputy of their own municipality.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID, uuid5

from chassis.aggregate import Aggregate, Outcome, handle
from chassis.agreed import proposed
from chassis.context import Context
from chassis.identity import Identity, Role
from chassis.partnership import PartnershipWrong
from chassis.web import Deps
from contracts.partnership import Office, Officer, PartnershipFact, Question, Town, partner_of
from contracts.values import Cadence, Criterion, Language
from governance.commands.people import named, today
from governance.domain import agreed, unsettled
from governance.domain.agreed import Partner
from governance.domain.filled import FilledPerson
from governance.domain.refusals import SayWhat
from governance.domain.words import clean

PARTNER: Aggregate[Partner, PartnershipFact] = Aggregate("partner", PartnershipFact, agreed.evolve)
Part = Literal["criteria", "size", "cadence", "ties", "guidance", "municipality", "officers", "deputies"]
"""What can be settled, as the pages call it."""
OF_ALL: frozenset[Part] = frozenset({"criteria", "size", "cadence", "ties", "guidance"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledOfficer:
    """Somebody in office, as a form names them."""

    office: Office
    person: FilledPerson
    language: Language | None = None


def settler(here: Deps, caller: Identity, part: Part, municipality: str | None = None) -> Role:
    """As whom somebody settles this. Raises NotYours for everybody else."""
    host = here.partnership.host
    if part == "deputies" and municipality is not None and caller.has(Role.IT_MANAGER, municipality):
        return Role.IT_MANAGER
    if part in OF_ALL or part == "deputies":
        return caller.must(Role.PM, municipality=host)
    return caller.must(Role.OPERATOR, Role.PM, municipality=host)


async def set_criteria(
    here: Deps, criteria: Sequence[Criterion], reason: str, *, context: Context, expected: int | None = None
) -> Outcome[Partner]:
    """By what candidates are ranked in rounds opened from now on (IT-12, IT-14)."""
    return await _settle(here, lambda was, at: agreed.set_criteria(was, at, criteria, reason), context, expected)


async def set_size_criteria(
    here: Deps, questions: Sequence[Question], reason: str, *, context: Context, expected: int | None = None
) -> Outcome[Partner]:
    """What the PM is asked when a request is judged (IT-06)."""
    return await _settle(here, lambda was, at: agreed.set_size_criteria(was, at, questions, reason), context, expected)


async def set_cadence(
    here: Deps, cadence: Cadence, reason: str, *, context: Context, expected: int | None = None
) -> Outcome[Partner]:
    """How often leaders report unless their directive says otherwise (TY-15)."""
    return await _settle(here, lambda was, at: agreed.set_cadence(was, at, cadence, reason), context, expected)


async def set_tie_rule(
    here: Deps, words: Mapping[str, str], reason: str, *, context: Context, expected: int | None = None
) -> Outcome[Partner]:
    """What is done with equal scores (IT-13)."""
    return await _settle(here, lambda was, at: agreed.set_tie_rule(was, at, words, reason), context, expected)


async def write_guidance(
    here: Deps, section: str, words: Mapping[str, str], reason: str, *, context: Context, expected: int | None = None
) -> Outcome[Partner]:
    """The help beside a section of the directive (IT-11)."""
    return await _settle(
        here, lambda was, at: agreed.write_guidance(was, at, section, words, reason), context, expected
    )


async def join(here: Deps, municipality: str, town: Town, reason: str, *, context: Context) -> Outcome[Partner]:
    """A municipality joins the cooperation (IT-01)."""
    known = municipality in here.partnership.ids
    _of_no_other(here, municipality, town)
    return await _settle(here, lambda was, at: agreed.join(was, at, municipality, town, reason, known=known), context)


async def change(
    here: Deps, municipality: str, town: Town, reason: str, *, context: Context, expected: int | None = None
) -> Outcome[Partner]:
    """Something of a municipality is otherwise from now on."""
    _in_it(here, municipality)
    _of_no_other(here, municipality, town)
    return await _settle(here, lambda was, at: agreed.change(was, at, town, reason), context, expected)


async def name_officers(
    here: Deps,
    municipality: str,
    filled: Sequence[FilledOfficer],
    reason: str,
    *,
    context: Context,
    expected: int | None = None,
) -> Outcome[Partner]:
    """Who holds the offices of a municipality and is told because of it."""
    _in_it(here, municipality)
    for at, one in enumerate(filled):
        _somebody(one.person, f"officers.{at}")
    officers = [
        Officer(office=one.office, person=await named(here, municipality, one.person, one.language)) for one in filled
    ]
    return await _settle(here, lambda was, at: agreed.name_officers(was, at, officers, reason), context, expected)


async def name_deputy(
    here: Deps,
    municipality: str,
    *,
    manager: FilledPerson,
    deputy: FilledPerson,
    starts: date,
    ends: date,
    reason: str,
    context: Context,
) -> Outcome[Partner]:
    """Somebody stands in for the IT manager of a municipality (IT-13)."""
    _in_it(here, municipality)
    _somebody(manager, "manager", address=False)
    _somebody(deputy, "deputy")
    for_whom, who = await named(here, municipality, manager), await named(here, municipality, deputy)
    day = today(here, municipality)
    return await _settle(
        here,
        lambda _, at: agreed.name_deputy(
            at,
            deputy_id=uuid5(context.command_id, "deputy"),
            manager=for_whom,
            deputy=who,
            starts=starts,
            ends=ends,
            today=day,
            reason=reason,
        ),
        context,
    )


async def end_deputy(
    here: Deps, municipality: str, deputy_id: UUID, reason: str, *, context: Context
) -> Outcome[Partner]:
    """A deputy stands in no longer."""
    day = today(here, municipality)
    return await _settle(
        here,
        lambda was, at: agreed.existing(was).end_deputy(at, deputy_id, today=day, reason=reason),
        context,
    )


async def _settle(
    here: Deps,
    decide: Callable[[Partner | None, UUID], PartnershipFact],
    context: Context,
    expected: int | None = None,
) -> Outcome[Partner]:
    subject = partner_of(context.municipality)

    def holding(state: Partner | None) -> PartnershipFact:
        fact = decide(state, subject)
        holds_together(here, context.municipality, fact.settles)
        return fact

    return await handle(here.store, PARTNER, subject, holding, context, expected=expected)


def holds_together(here: Deps, municipality: str, settles: Mapping[str, Any]) -> None:
    """Refuse what would not hold together with all else. People are looked at before they are sealed, not here."""
    open_to_all = {path: held for path, held in settles.items() if "/contacts" not in path and "/deputies" not in path}
    try:
        proposed(here.partnership, municipality, open_to_all)
    except PartnershipWrong as wrong:
        raise unsettled.DoesNotHold(fault="; ".join(wrong.faults)) from None


def _in_it(here: Deps, municipality: str) -> None:
    if municipality not in here.partnership.ids:
        raise unsettled.NoSuchPartner


def _of_no_other(here: Deps, municipality: str, town: Town) -> None:
    for domain in town.email_domains:
        for other in here.partnership.municipalities.values():
            if other.id != municipality and domain.lower() in other.email_domains:
                raise unsettled.DomainOfAnother("email_domains", domain=domain, municipality=other.name)


def _somebody(told: FilledPerson, place: str, *, address: bool = True) -> None:
    """Refuse a person without a name, or one who cannot be written to."""
    if not clean(told.name):
        raise SayWhat(f"{place}.name")
    before, _, domain = clean(told.email).partition("@")
    if (address or told.email) and (not before or not domain or "@" in domain or len(clean(told.email).split()) != 1):
        raise unsettled.NotAnAddress(f"{place}.email")

"""Settling something of the cooperation: who may, and whether it holds together with all else.

The PM of the host settles what holds for all; operators, and the PM, who is in it and in which office; an IT manager
names the deputy of their own municipality.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID, uuid5

from chassis.aggregate import Aggregate, Outcome, handle
from chassis.agreed import proposed
from chassis.context import Context
from chassis.identity import Identity, Role
from chassis.partnership import Fault, Partnership, PartnershipWrong
from chassis.web import Deps
from contracts.partnership import Office, Officer, PartnershipFact, Question, Town, partner_of
from contracts.refusal import Refusal, Refusals, together
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
HOSTS_OF: Mapping[str, tuple[str, type[Refusal]]] = {
    "api": ("api_url", unsettled.HostNotNamed),
    "write_back": ("write_back.url", unsettled.HostOfAnswersNotNamed),
}
"""What is called of a connection: its field on the page, and what is said when its host may not be called."""
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
    if wrong := [refusal for at, one in enumerate(filled) for refusal in _nobody(one.person, f"officers.{at}")]:
        raise together(wrong)
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
    starts: date | None,
    ends: date | None,
    reason: str,
    context: Context,
) -> Outcome[Partner]:
    """Somebody stands in for the IT manager of a municipality (IT-13). All that is wrong is told at once."""
    _in_it(here, municipality)
    day = today(here, municipality)
    themselves = bool(clean(deputy.email)) and clean(deputy.email).lower() == clean(manager.email).lower()
    wrong = [
        *_nobody(deputy, "deputy"),
        *_nobody(manager, "manager", address=False),
        *agreed.wrong_with_a_deputy(themselves=themselves, starts=starts, ends=ends, today=day, reason=reason),
    ]
    if wrong or starts is None or ends is None:
        raise together(wrong)
    for_whom, who = await named(here, municipality, manager), await named(here, municipality, deputy)
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
    return await settle_together(here, lambda state: decide(state, subject), context, expected=expected)


async def settle_together(
    here: Deps,
    decide: Callable[[Partner | None], PartnershipFact | Sequence[PartnershipFact]],
    context: Context,
    *,
    expected: int | None = None,
) -> Outcome[Partner]:
    """Settle something of a municipality, if it holds together with all else that is settled.

    Two who settle at the same moment, in two municipalities, come one after the other, and the second sees what the
    first has settled though no view knows it yet. Otherwise one of the two would be left out of what holds, and nobody
    be told. What a command costs besides is nothing to mind: settings are few.
    """
    subject = partner_of(context.municipality)
    async with here.db.work() as connection:
        await here.store.hold(connection)
        others = {partner_of(town): town for town in here.partnership.ids}
        histories = await here.store.load_each(list(others), within=connection)
        written = {others[each]: PARTNER.fold(history) for each, history in histories.items()}

        def holding(state: Partner | None) -> Sequence[PartnershipFact]:
            decided = decide(state)
            facts = decided if isinstance(decided, Sequence) else (decided,)
            settles = {path: held for fact in facts for path, held in fact.settles.items()}
            holds_together(_as_written(here, written), context.municipality, settles)
            return facts

        outcome = await handle(here.store, PARTNER, subject, holding, context, expected=expected, within=connection)
    here.store.committed()
    return outcome


def _as_written(here: Deps, written: Mapping[str, Partner | None]) -> Partnership:
    """The partnership with all that is settled, known to the views or not; what does not hold together is left out, as
    it is everywhere."""
    now = here.partnership
    for town, partner in written.items():
        with suppress(PartnershipWrong):
            now = proposed(now, town, _but_people(partner.holds)) if partner else now
    return now


def holds_together(partnership: Partnership, municipality: str, settles: Mapping[str, Any]) -> None:
    """Refuse what would not hold together with all else. People are looked at before they are sealed, not here."""
    try:
        proposed(partnership, municipality, _but_people(settles))
    except PartnershipWrong as wrong:
        raise Refusals(tuple(_told(fault, partnership, settles) for fault in wrong.faults)) from None


def _but_people(settles: Mapping[str, Any]) -> dict[str, Any]:
    return {path: held for path, held in settles.items() if "/contacts" not in path and "/deputies" not in path}


def _told(fault: str, partnership: Partnership, settles: Mapping[str, Any]) -> Refusal:
    """A fault as a refusal, beside the field that brings it about."""
    connects = any("/connections/" in path for path in settles)
    match fault:
        case Fault(kind="host", params={"host": host, "system": system, "municipality": town, "place": place}):
            name = partnership[town].name if town in partnership.ids else town
            field, refused = HOSTS_OF[place]
            return refused(field if connects else "hosts", host=host, system=system, municipality=name)
        case Fault(kind="twice", params={"place": "email_domains", "key": domain}):
            return unsettled.DomainTwice("email_domains", domain=domain)
        case Fault(kind="twice", params={"key": key}):
            return unsettled.TwiceTheKey(key=key)
        case Fault(kind="nothing"):
            return unsettled.NothingToJudgeBy()
        case _:
            return unsettled.DoesNotHold(place=fault.partition(":")[0])


def _in_it(here: Deps, municipality: str) -> None:
    if municipality not in here.partnership.ids:
        raise unsettled.NoSuchPartner


def _of_no_other(here: Deps, municipality: str, town: Town) -> None:
    for domain in town.email_domains:
        for other in here.partnership.municipalities.values():
            if other.id != municipality and domain.lower() in other.email_domains:
                raise unsettled.DomainOfAnother("email_domains", domain=domain, municipality=other.name)


def _nobody(told: FilledPerson, place: str, *, address: bool = True) -> Iterator[Refusal]:
    """What is wrong with a person without a name, or one who cannot be written to."""
    if not clean(told.name):
        yield SayWhat(f"{place}.name")
    before, _, domain = clean(told.email).partition("@")
    if (address or told.email) and (not before or not domain or "@" in domain or len(clean(told.email).split()) != 1):
        yield unsettled.NotAnAddress(f"{place}.email")

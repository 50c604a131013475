"""What was settled of the cooperation, for one municipality or for all: by what is judged, how often is reported, who
is in it and in which office.

Pure: decisions return facts, `evolve` folds them; time, ids and sealed people are handed in. Whether a municipality's
setting fits with those of the others is checked by the command, which knows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.partnership import (
    CadenceSet,
    CriteriaSet,
    DeputyEnded,
    DeputyNamed,
    GuidanceWritten,
    MunicipalityChanged,
    MunicipalityJoined,
    Officer,
    OfficersNamed,
    PartnershipFact,
    Question,
    Settling,
    SizeCriteriaSet,
    TieRuleSet,
    Town,
)
from contracts.refusal import Refusal, Refusals, together
from contracts.values import Cadence, Criterion, Language, Person
from governance.domain import unsettled
from governance.domain.refusals import SayWhat
from governance.domain.words import bounded, said

LANGUAGES: tuple[Language, ...] = ("sv", "da", "nb", "en")
"""What is shown to all is said in each, so that nobody reads another's language."""
SECTIONS = (
    "title", "orderer", "leader", "background", "sections", "contacts", "gates", "goals", "results", "cost", "ranking",
    "cadence", "financing", "rough_plan", "competences", "loans", "ends",
)  # fmt: skip
"""The sections of the directive, in the order of the form."""
KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
F = TypeVar("F", bound=Settling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """What governance must remember of a municipality's settings in order to decide."""

    holds: Mapping[str, Any] = field(default_factory=dict)
    """What was settled last, by its place in the partnership."""
    deputies: Mapping[UUID, tuple[date, date]] = field(default_factory=dict)
    """The first and the last day of each deputy."""

    def end_deputy(self, partner_id: UUID, deputy_id: UUID, *, today: date, reason: str) -> DeputyEnded:
        """A deputy stands in no longer: from today on; what was before has been."""
        _, ends = self.deputies.get(deputy_id, (today, date.min))
        if ends < today:
            raise unsettled.NoSuchDeputy
        day = today - timedelta(days=1)
        return DeputyEnded(partner_id=partner_id, deputy_id=deputy_id, ends=day, reason=said(reason, "reason"))


def set_criteria(partner: Partner | None, partner_id: UUID, criteria: Sequence[Criterion], reason: str) -> CriteriaSet:
    """By what candidates are ranked from now on (IT-12, IT-14)."""
    named = tuple(replace(one, names=_in_every_language(one.names, f"criteria.{at}.names"))
                  for at, one in enumerate(criteria))  # fmt: skip
    _keys([one.key for one in criteria], "criteria")
    return _new(partner, CriteriaSet(partner_id=partner_id, criteria=named, reason=said(reason, "reason")))


def set_size_criteria(
    partner: Partner | None, partner_id: UUID, questions: Sequence[Question], reason: str
) -> SizeCriteriaSet:
    """What is asked from now on when a request is judged (IT-06)."""
    named = tuple(Question(key=one.key, names=_in_every_language(one.names, f"size_criteria.{at}.names"))
                  for at, one in enumerate(questions))  # fmt: skip
    _keys([one.key for one in questions], "size_criteria")
    return _new(partner, SizeCriteriaSet(partner_id=partner_id, size_criteria=named, reason=said(reason, "reason")))


def set_cadence(partner: Partner | None, partner_id: UUID, cadence: Cadence, reason: str) -> CadenceSet:
    """How often is reported where a directive does not say otherwise (TY-15)."""
    return _new(partner, CadenceSet(partner_id=partner_id, cadence=cadence, reason=said(reason, "reason")))


def set_tie_rule(partner: Partner | None, partner_id: UUID, words: Mapping[str, str], reason: str) -> TieRuleSet:
    """What is done with equal scores, in words (IT-13)."""
    told = _in_every_language(words, "tie_rule")
    return _new(partner, TieRuleSet(partner_id=partner_id, tie_rule=told, reason=said(reason, "reason")))


def write_guidance(
    partner: Partner | None, partner_id: UUID, section: str, words: Mapping[str, str], reason: str
) -> GuidanceWritten:
    """The help beside a section of the directive (IT-11); where all languages are empty it is taken away."""
    if section not in SECTIONS:
        raise unsettled.NoSuchSection
    told = {language: bounded(words.get(language, ""), f"guidance.{language}", 2000) for language in LANGUAGES}
    kept: dict[Language, str] = {language: text for language, text in told.items() if text}
    if not kept and not (partner and f"guidance/{section}" in partner.holds):
        raise SayWhat("guidance.sv")
    return _new(
        partner,
        GuidanceWritten(partner_id=partner_id, section=section, guidance=kept, reason=said(reason, "reason")),
    )


def join(
    partner: Partner | None, partner_id: UUID, municipality: str, town: Town, reason: str, *, known: bool
) -> MunicipalityJoined:
    """A municipality joins the cooperation (IT-01). `known` is whether it is in it already."""
    if not ID.fullmatch(municipality):
        raise unsettled.NotAMunicipality("municipality")
    if known or (partner and "municipality/name" in partner.holds):
        raise unsettled.InAlready("municipality", municipality=municipality)
    return MunicipalityJoined(partner_id=partner_id, town=_in_a_zone(town), reason=said(reason, "reason"))


def change(partner: Partner | None, partner_id: UUID, town: Town, reason: str) -> MunicipalityChanged:
    """Something of a municipality is otherwise from now on."""
    fact = MunicipalityChanged(partner_id=partner_id, town=_in_a_zone(town), reason=said(reason, "reason"))
    return _new(partner, fact)


def name_officers(partner: Partner | None, partner_id: UUID, officers: Sequence[Officer], reason: str) -> OfficersNamed:
    """Who holds the offices of a municipality and is told because of it."""
    seen = [(one.office, one.person.id) for one in officers]
    for at, one in enumerate(officers):
        if one.person.email is None:
            raise unsettled.NotAnAddress(f"officers.{at}.email")
        if seen.index((one.office, one.person.id)) < at:
            raise unsettled.TwiceInOffice(f"officers.{at}.email")
    return _new(partner, OfficersNamed(partner_id=partner_id, officers=tuple(officers), reason=said(reason, "reason")))


def wrong_with_a_deputy(
    *, themselves: bool, starts: date | None, ends: date | None, today: date, reason: str
) -> Iterator[Refusal]:
    """All that is wrong with a deputy besides how they are named (IT-13)."""
    if themselves:
        yield unsettled.DeputyOfThemselves("deputy.email")
    for name, day in (("starts", starts), ("ends", ends)):
        if day is None:
            yield unsettled.NoDay(name)
    if ends is not None and ends < today:
        yield unsettled.OverAlready("ends")
    elif starts is not None and ends is not None and ends < starts:
        yield unsettled.EndsBeforeItStarts("ends")
    try:
        said(reason, "reason")
    except Refusal as refusal:
        yield refusal


def name_deputy(
    partner_id: UUID,
    *,
    deputy_id: UUID,
    manager: Person,
    deputy: Person,
    starts: date,
    ends: date,
    today: date,
    reason: str,
) -> DeputyNamed:
    """Somebody stands in for the IT manager, from one day until another (IT-13)."""
    if deputy.email is None:
        raise unsettled.NotAnAddress("deputy.email")
    themselves = deputy.id == manager.id
    if wrong := [*wrong_with_a_deputy(themselves=themselves, starts=starts, ends=ends, today=today, reason=reason)]:
        raise together(wrong)
    return DeputyNamed(
        partner_id=partner_id,
        deputy_id=deputy_id,
        manager=manager,
        deputy=deputy,
        starts=starts,
        ends=ends,
        reason=said(reason, "reason"),
    )


def existing(partner: Partner | None) -> Partner:
    """What was settled, which may be nothing."""
    return partner or Partner()


def evolve(partner: Partner | None, fact: PartnershipFact) -> Partner:
    """What is settled after one more fact: what stood under its places goes with them."""
    partner, settles = existing(partner), fact.settles
    under = tuple(f"{place}/" for place in settles)
    stays = {path: held for path, held in partner.holds.items() if not path.startswith(under)}
    partner = replace(partner, holds={**stays, **settles})
    match fact:
        case DeputyNamed(deputy_id=deputy_id, starts=starts, ends=ends):
            return replace(partner, deputies={**partner.deputies, deputy_id: (starts, ends)})
        case DeputyEnded(deputy_id=deputy_id, ends=ends):
            starts, _ = partner.deputies[deputy_id]
            return replace(partner, deputies={**partner.deputies, deputy_id: (starts, ends)})
        case _:
            return partner


def _new(partner: Partner | None, fact: F) -> F:
    if partner is not None and all(partner.holds.get(path) == held for path, held in fact.settles.items()):
        raise unsettled.NothingChanges
    return fact


def _keys(keys: Sequence[str], place: str) -> None:
    if not keys:
        raise unsettled.NothingToJudgeBy(place)
    wrong: list[Refusal] = [
        unsettled.NotAKey(f"{place}.{at}.key") for at, key in enumerate(keys) if not KEY.fullmatch(key)
    ]
    wrong += [
        unsettled.TwiceTheKey(f"{place}.{at}.key", key=key) for at, key in enumerate(keys) if keys.index(key) < at
    ]
    if wrong:
        raise Refusals(tuple(wrong))


def _in_every_language(words: Mapping[Any, str], place: str) -> dict[Any, str]:
    told = {language: bounded(words.get(language, ""), f"{place}.{language}", 255) for language in LANGUAGES}
    if missing := [language for language, text in told.items() if not text]:
        raise Refusals(tuple(SayWhat(f"{place}.{language}") for language in missing))
    return cast("dict[Any, str]", told)


def is_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _in_a_zone(town: Town) -> Town:
    if not is_zone(town.timezone):
        raise unsettled.NoZone("timezone")
    return replace(town, name=said(town.name, "name", 255))

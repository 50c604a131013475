"""Everybody who goes into a fact goes in sealed: the one who acts, and those whom a form names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from chassis.identity import Identity
from chassis.web import Deps
from contracts.values import Language, Person
from governance.domain.filled import Filled, FilledPerson
from governance.domain.words import clean

LANGUAGES: Mapping[str, Language] = {"sv": "sv", "da": "da", "nb": "nb", "en": "en"}


def today(here: Deps, municipality: str) -> date:
    """The day it is in a municipality."""
    return here.clock.now().astimezone(ZoneInfo(here.partnership[municipality].timezone)).date()


async def person_of(here: Deps, caller: Identity) -> Person:
    """The one who acts, as a fact knows them."""
    return Person(
        id=caller.id,
        name=await here.vault.seal(caller.id, caller.name or caller.email or str(caller.id)),
        email=await here.vault.seal(caller.id, caller.email) if caller.email else None,
        language=LANGUAGES.get(caller.language),
    )


async def named(here: Deps, municipality: str, told: FilledPerson, language: Language | None = None) -> Person:
    """Somebody a form names. By their address they are the same person as when they sign in; without one they are
    only who they are said to be."""
    told = FilledPerson(name=clean(told.name), email=clean(told.email).lower(), phone=clean(told.phone))
    if told.email:
        person = here.person_id(told.email, municipality)
    else:
        person = here.vault.person_id(municipality, f"contact {told.name} {told.phone}")
    return Person(
        id=person,
        name=await here.vault.seal(person, told.name or told.email),
        email=await here.vault.seal(person, told.email) if told.email else None,
        phone=await here.vault.seal(person, told.phone) if told.phone else None,
        language=language,
    )


async def everybody_in(here: Deps, municipality: str, filled: Filled) -> dict[str, Person]:
    """Everybody a directive names, by the place that names them."""
    return {place: await named(here, municipality, told) for place, told in filled.people()}

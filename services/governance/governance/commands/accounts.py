"""An issuer tells of an account. Its word is proven by its signature, not by whoever brings it; told again it has no
second effect, for the change's own id is the command's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from chassis.aggregate import Aggregate, Outcome, handle
from chassis.context import Context, the_system
from chassis.identity import Identity, Role
from chassis.settings import Issuer
from chassis.web import Deps
from contracts.accounts import AccountFact, Held, Opened, RoleName
from contracts.refusal import Refusal
from contracts.values import Person
from governance.commands.people import LANGUAGES
from governance.domain import account
from governance.domain.account import Account, Told, What

ACCOUNT: Aggregate[Account, AccountFact] = Aggregate("account", AccountFact, account.evolve)
PURPOSE = "accounts"
"""What an issuer's word must be meant for; a token by which somebody signs in is no such word."""
CHANGES = UUID("5e7d7a4b-3a66-5c0f-8c1a-2f4f5b7a9d31")
"""The namespace of the command ids that follow from a change's id. It never changes."""
MOST_CHARACTERS = 64 * 1024
EVERYWHERE = "*"


class NotUnderstood(Refusal):
    """An issuer's word is proven but does not say what happened."""

    text = "The issuer's word is not understood: {what}."
    status = 422


class Somebody(BaseModel):
    """A person, as a token of the issuer's would tell."""

    sub: str
    name: str = Field(min_length=1, max_length=255)
    email: str = Field(min_length=3, max_length=255)
    language: str = ""
    roles: dict[str, list[str]] = {}


class Change(BaseModel):
    """What happened to an account, and who did it; nobody for what a command of operations did."""

    jti: UUID
    what: What
    at: AwareDatetime
    person: Somebody
    by: Somebody | None = None
    renamed: bool = False
    how: Opened = "added"


@dataclass(frozen=True, slots=True)
class _Known:
    """Somebody an issuer speaks of, as all of Flöde knows them."""

    identity: Identity
    held: tuple[Held, ...]


async def hear(here: Deps, word: str, *, correlation: str) -> Outcome[Account]:
    """Take an issuer's word. Raises NotSignedIn when it is not proven, NotUnderstood when it says nothing."""
    issuer, claims = await here.auth.vouched(word, PURPOSE, most=MOST_CHARACTERS)
    try:
        change = Change.model_validate(claims)
    except ValidationError as wrong:
        raise NotUnderstood(what=", ".join(".".join(map(str, each["loc"])) for each in wrong.errors())) from None
    whom = _known(here, issuer, change.person)
    by = _known(here, issuer, change.by).identity if change.by else None
    told = Told(
        what=change.what,
        person=await _person(here, whom.identity),
        roles=whom.held,
        where=tuple(sorted(whom.identity.roles)),
        at=change.at,
        renamed=change.renamed,
        how=change.how,
    )
    home = whom.identity.home
    context = Context(
        actor=_actor(by, home),
        actor_name=await here.vault.seal(by.id, by.name) if by and by.name else None,
        municipality=home,
        command_id=uuid5(CHANGES, f"{issuer.issuer}#{change.jti}"),
        now=here.clock.now(),
        correlation=correlation,
        fingerprint=hashlib.sha256(change.model_dump_json().encode()).digest(),
    )
    return await handle(here.store, ACCOUNT, whom.identity.id, lambda state: account.hear(state, told), context)


def _known(here: Deps, issuer: Issuer, told: Somebody) -> _Known:
    """The one an issuer speaks of; roles and municipalities that are not known here are somebody else's affair."""
    identity = here.auth.whom(issuer, told.model_dump())
    names: Mapping[str, list[RoleName]] = {
        municipality: [role.value for role in Role if role.value in roles]
        for municipality, roles in told.roles.items()
        if municipality == EVERYWHERE or municipality in identity.roles
    }
    held = [Held(municipality=each, roles=tuple(roles)) for each, roles in sorted(names.items()) if roles]
    return _Known(identity, tuple(held))


def _actor(by: Identity | None, home: str) -> str:
    if by is None:
        return the_system("issuer")
    acting = Role.OPERATOR if by.has(Role.OPERATOR) else None
    return by.actor(home, acting)


async def _person(here: Deps, whom: Identity) -> Person:
    return Person(
        id=whom.id,
        name=await here.vault.seal(whom.id, whom.name or ""),
        email=await here.vault.seal(whom.id, whom.email) if whom.email else None,
        language=LANGUAGES.get(whom.language),
    )


__all__ = ["ACCOUNT", "PURPOSE", "Change", "NotUnderstood", "hear"]

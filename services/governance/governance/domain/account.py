"""An account, as the issuers tell of it: opened, given other roles, closed. What an issuer did is so; nothing of it is
refused, and what is known already is not said twice.

Pure: what was told is handed in, facts are returned, `evolve` folds them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.accounts import (
    AccountClosed,
    AccountFact,
    AccountLinkMade,
    AccountOpened,
    AccountRenamed,
    Held,
    Opened,
    PasswordChosen,
    RolesGiven,
)
from contracts.values import Person

What = Literal["opened", "changed", "link-made", "password-chosen", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an issuer tells of somebody's account. `roles` are those held now; for one that was closed, those it had."""

    what: What
    person: Person
    roles: tuple[Held, ...]
    where: tuple[str, ...]
    at: datetime
    renamed: bool = False
    how: Opened = "found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What governance must remember of an account in order to say what is new of it."""

    id: UUID
    roles: tuple[Held, ...] = ()
    open: bool = True


def hear(account: Account | None, told: Told) -> tuple[AccountFact, ...]:
    """What is new. Of an account that was never heard of it is said first that it is there."""
    who, there = told.person.id, account is not None and account.open
    held = account.roles if account is not None else ()
    if told.what == "closed":
        return (AccountClosed(account_id=who, roles=held, at=told.at),) if there else ()
    facts: list[AccountFact] = []
    if not there:
        facts.append(_opened(told))
    elif told.what in ("opened", "changed"):
        if told.renamed:
            facts.append(AccountRenamed(account_id=who, person=told.person, at=told.at))
        if told.roles != held:
            facts.append(_given(held, told))
    if told.what == "link-made":
        facts.append(AccountLinkMade(account_id=who, at=told.at))
    if told.what == "password-chosen":
        facts.append(PasswordChosen(account_id=who, at=told.at))
    return tuple(facts)


def _opened(told: Told) -> AccountOpened:
    return AccountOpened(
        account_id=told.person.id,
        person=told.person,
        roles=told.roles,
        where=told.where,
        how=told.how if told.what == "opened" else "found",
        at=told.at,
    )


def _given(before: tuple[Held, ...], told: Told) -> RolesGiven:
    return RolesGiven(
        account_id=told.person.id,
        person=told.person,
        before=before,
        roles=told.roles,
        where=told.where,
        at=told.at,
    )


def evolve(account: Account | None, event: AccountFact) -> Account:
    """Fold one fact."""
    if isinstance(event, AccountOpened):
        return Account(id=event.account_id, roles=event.roles)
    assert account is not None, f"{event.type} before the account was opened"
    match event:
        case RolesGiven(roles=roles):
            return replace(account, roles=roles)
        case AccountClosed():
            return replace(account, roles=(), open=False)
        case AccountRenamed() | AccountLinkMade() | PasswordChosen():
            return account

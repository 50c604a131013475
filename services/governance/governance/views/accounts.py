"""Who holds which role in which municipality, and since when?

One row per account, seen by the person's own municipality and by those in which a role was ever held; to change
`AccountRow`, raise `version`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from chassis.db import Database
from chassis.identity import Role
from chassis.views import Row, Stretch, View
from contracts.accounts import (
    AccountClosed,
    AccountFact,
    AccountLinkMade,
    AccountOpened,
    AccountRenamed,
    Held,
    PasswordChosen,
    RolesGiven,
)
from contracts.envelope import Envelope
from contracts.topics import ACCOUNT
from contracts.values import Person

READERS = (Role.OPERATOR, Role.AUDITOR, Role.PM)
"""Who may see who holds which roles."""

Happened = Literal["first", "added", "enrolled", "found", "roles", "renamed", "link", "password", "closed"]


class HeldRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role somebody holds in a municipality ("*" for every one), and since when without a break."""

    municipality: str
    role: str
    since: datetime


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to an account, and who did it."""

    what: Happened
    at: datetime
    by: str
    by_name: str | None = None
    given: tuple[tuple[str, str], ...] = ()
    """Municipality and role."""
    taken: tuple[tuple[str, str], ...] = ()


class AccountRow(Row, frozen=True, kw_only=True):
    """An account from the day it was opened, and who did what to it."""

    account_id: UUID
    municipality: str
    shared_with: tuple[str, ...]
    person: Person
    open: bool
    opened_at: datetime
    changed_at: datetime
    stream_version: int
    roles: tuple[HeldRole, ...] = ()
    ready: bool = False
    """Whether a password was chosen since it was opened."""
    closed_at: datetime | None = None
    history: tuple[Change, ...] = ()


def evolve(row: AccountRow | None, event: Envelope[AccountFact]) -> AccountRow:
    """Fold one fact."""
    fact = event.data
    if isinstance(fact, AccountOpened):
        return _opened(row, event, fact)
    assert row is not None, f"{fact.type} before the account was opened"
    row = row.replace(changed_at=fact.at, stream_version=event.version)
    match fact:
        case RolesGiven():
            before, now = _pairs(fact.before), _pairs(fact.roles)
            return _with(
                row.replace(
                    person=fact.person,
                    roles=_since(row.roles, now, fact.at),
                    shared_with=_shared(row.shared_with, fact.where),
                ),
                event,
                "roles",
                given=tuple(each for each in now if each not in before),
                taken=tuple(each for each in before if each not in now),
            )
        case AccountRenamed():
            return _with(row.replace(person=fact.person), event, "renamed")
        case AccountLinkMade():
            return _with(row, event, "link")
        case PasswordChosen():
            return _with(row.replace(ready=True), event, "password")
        case AccountClosed():
            closed = row.replace(open=False, roles=(), ready=False, closed_at=fact.at)
            return _with(closed, event, "closed", taken=_pairs(fact.roles))


def _opened(row: AccountRow | None, event: Envelope[AccountFact], fact: AccountOpened) -> AccountRow:
    """The account, or the one that was closed and is there again."""
    now = _pairs(fact.roles)
    opened = AccountRow(
        account_id=fact.account_id,
        municipality=event.municipality,
        shared_with=_shared(row.shared_with if row else (), fact.where),
        person=fact.person,
        open=True,
        opened_at=fact.at,
        changed_at=fact.at,
        stream_version=event.version,
        roles=_since((), now, fact.at),
        ready=fact.how in ("first", "enrolled"),
        history=row.history if row else (),
    )
    return _with(opened, event, fact.how, given=now)


def _with(
    row: AccountRow,
    event: Envelope[AccountFact],
    what: Happened,
    *,
    given: tuple[tuple[str, str], ...] = (),
    taken: tuple[tuple[str, str], ...] = (),
) -> AccountRow:
    """The row with one more line of its history."""
    change = Change(what=what, at=event.data.at, by=event.actor, by_name=event.actor_name, given=given, taken=taken)
    return row.replace(history=(*row.history, change))


def _pairs(held: tuple[Held, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((each.municipality, role) for each in held for role in each.roles)


def _since(before: tuple[HeldRole, ...], now: tuple[tuple[str, str], ...], at: datetime) -> tuple[HeldRole, ...]:
    """The roles held now; those that were held before are held since then."""
    known = {(each.municipality, each.role): each.since for each in before}
    return tuple(HeldRole(municipality=town, role=role, since=known.get((town, role), at)) for town, role in now)


def _shared(before: tuple[str, ...], where: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*before, *where}))


view = View("accounts", version=1, row=AccountRow, facts=AccountFact, topics=(ACCOUNT,), evolve=evolve)


BY_HOME = "open DESC, municipality, opened_at, account_id"


async def by_home(db: Database, *, scope: Iterable[str]) -> list[AccountRow]:
    """Every account, those that are open first, by municipality and by when they were opened."""
    return await view.select(db, f"true ORDER BY {BY_HOME}", scope=scope)


async def some_by_home(
    db: Database, *, scope: Iterable[str], limit: int, mark: str | None = None
) -> Stretch[AccountRow]:
    """The same, some of them, from a mark on. Raises NoMark."""
    return await view.stretch(db, order=BY_HOME, scope=scope, limit=limit, mark=mark)


async def holding(db: Database, role: Role, where: Iterable[str], *, scope: Iterable[str]) -> list[AccountRow]:
    """The open accounts with a role in one of these municipalities itself, those that were opened first before."""
    held = (
        "open AND EXISTS (SELECT FROM jsonb_array_elements(roles) held "
        "WHERE held ->> 'role' = $1 AND held ->> 'municipality' = ANY ($2)) ORDER BY opened_at, account_id"
    )
    return await view.select(db, held, role.value, list(where), scope=scope)

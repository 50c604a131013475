"""Connecting a municipality's ticketing system, changing and ending it: by those who operate Flöde there."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from chassis.aggregate import Outcome
from chassis.context import Context
from chassis.locked import lock
from chassis.web import Deps
from contracts.partnership import Connection, PartnershipFact, connection_of, partner_of
from governance.commands.settings import settle_together
from governance.domain import connection as domain
from governance.domain.agreed import Partner
from governance.domain.connection import Particular, There

Decide = Callable[[Partner | None, UUID, There | None], PartnershipFact | Sequence[PartnershipFact]]


def there(here: Deps, municipality: str, system: str) -> There | None:
    """The connection as it is now; None when there is none."""
    desk = here.partnership.desk(municipality, system)
    return None if desk is None else There(kind=desk.kind, has_next=desk.next_secret is not None)


def a_secret() -> str:
    """A new secret, as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


async def connect(
    here: Deps, system: str, connection: Connection, *, secret: str, token: str | None, reason: str, context: Context,
    particular: Particular = domain.NOTHING_PARTICULAR,
) -> Outcome[Partner]:  # fmt: skip
    """Connect a system that is not connected yet."""
    locked, locked_token = await _lock(here, context, system, secret), await _lock(here, context, system, token)
    assert locked is not None
    others = await _lock_each(here, context, system, particular)
    return await _settle(
        here, system, context,
        lambda _, at, now: domain.connect(
            at, system, connection, there=now, secret=locked, token=locked_token, reason=reason, particular=others
        ),
    )  # fmt: skip


async def change(
    here: Deps, system: str, connection: Connection, *, token: str | None, reason: str, context: Context,
    particular: Particular = domain.NOTHING_PARTICULAR,
) -> Outcome[Partner]:  # fmt: skip
    """Say otherwise how a system is spoken with."""
    locked, others = await _lock(here, context, system, token), await _lock_each(here, context, system, particular)
    return await _settle(
        here, system, context,
        lambda was, at, now: domain.change(
            was, at, system, connection, there=now, token=locked, reason=reason, particular=others
        ),
    )  # fmt: skip


async def renew_secret(here: Deps, system: str, secret: str, *, reason: str, context: Context) -> Outcome[Partner]:
    """A new secret beside the old one."""
    locked = await _lock(here, context, system, secret)
    assert locked is not None
    return await _settle(
        here, system, context,
        lambda was, at, now: domain.renew_secret(was, at, system, locked, there=now, reason=reason),
    )  # fmt: skip


async def end_old_secret(here: Deps, system: str, *, reason: str, context: Context) -> Outcome[Partner]:
    """Only the new secret from now on."""
    return await _settle(
        here, system, context,
        lambda was, at, now: domain.end_old_secret(was, at, system, there=now, reason=reason),
    )  # fmt: skip


async def end(here: Deps, system: str, *, reason: str, context: Context) -> Outcome[Partner]:
    """The system is not spoken with any more."""
    return await _settle(here, system, context, lambda _, at, now: domain.end(at, system, there=now, reason=reason))


async def _settle(here: Deps, system: str, context: Context, decide: Decide) -> Outcome[Partner]:
    town = context.municipality

    def decided(state: Partner | None) -> PartnershipFact | Sequence[PartnershipFact]:
        return decide(state, partner_of(town), there(here, town, system))

    return await settle_together(here, decided, context)


async def _lock_each(here: Deps, context: Context, system: str, typed: Particular) -> Particular:
    locked = {key: await _lock(here, context, system, secret) for key, secret in typed.keys.items()}
    return replace(typed, keys={key: secret for key, secret in locked.items() if secret is not None})


async def _lock(here: Deps, context: Context, system: str, text: str | None) -> str | None:
    return await lock(here.vault, connection_of(context.municipality, system), text) if text else None

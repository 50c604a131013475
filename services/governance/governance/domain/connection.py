"""A municipality's connection to a ticketing system: set, given secrets, ended. Pure; secrets are handed in locked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.partnership import (
    Connection,
    ConnectionEnded,
    ConnectionSecretsSet,
    ConnectionSet,
    ConnectionTokenSet,
    PartnershipFact,
)
from contracts.refusal import NotFound, Refusal
from governance.domain.agreed import Partner, existing
from governance.domain.unsettled import NothingChanges
from governance.domain.words import said


class NoSuchConnection(NotFound):
    """The municipality has no connection of this name."""

    text = "No such ticketing system is connected."


class NoSuchKind(Refusal):
    """There is no adapter of this name."""

    text = "There is no such kind of ticketing system; choose one of the list."
    status = 422


class ConnectedAlready(Refusal):
    """The municipality has a connection of this name."""

    text = "“{system}” is connected already; change it there."


class AnotherKind(Refusal):
    """What a system is stays what it is, because its tickets keep its name for ever."""

    text = "What kind of system it is cannot be changed; connect another one under another name."


class TwoSecretsAlready(Refusal):
    """There is a new secret beside the old one already."""

    text = "There is a new secret beside the old one already. End the old one first."


class NoNewSecret(Refusal):
    """There is only one secret, so it cannot be ended."""

    text = "There is no new secret yet that could take the old one's place."


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """The connection as it is now: its kind, and which secrets it has, wherever they were set."""

    kind: str
    has_next: bool


def connect(
    partner_id: UUID, system: str, connection: Connection, *, there: There | None, secret: str, token: str | None,
    reason: str,
) -> tuple[PartnershipFact, ...]:  # fmt: skip
    """A system is connected, with a secret of its own."""
    if there is not None:
        raise ConnectedAlready("system", system=system)
    why = said(reason, "reason")
    facts: list[PartnershipFact] = [
        ConnectionSet(partner_id=partner_id, system=system, connection=connection, reason=why),
        ConnectionSecretsSet(partner_id=partner_id, system=system, secret=secret, next_secret=None, reason=why),
    ]
    if token:
        facts.append(ConnectionTokenSet(partner_id=partner_id, system=system, token=token, reason=why))
    return tuple(facts)


def change(
    partner: Partner | None, partner_id: UUID, system: str, connection: Connection, *, there: There | None,
    token: str | None, reason: str,
) -> tuple[PartnershipFact, ...]:  # fmt: skip
    """Something of a connection is otherwise; without a token the one it has stays."""
    if there is None:
        raise NoSuchConnection
    if there.kind != connection.kind:
        raise AnotherKind("kind")
    why = said(reason, "reason")
    facts: list[PartnershipFact] = []
    if _holds(partner, system, "set") != connection:
        facts.append(ConnectionSet(partner_id=partner_id, system=system, connection=connection, reason=why))
    if token:
        facts.append(ConnectionTokenSet(partner_id=partner_id, system=system, token=token, reason=why))
    if not facts:
        raise NothingChanges
    return tuple(facts)


def renew_secret(
    partner: Partner | None, partner_id: UUID, system: str, secret: str, *, there: There | None, reason: str
) -> ConnectionSecretsSet:
    """A new secret holds beside the old one, until that is ended."""
    if there is None:
        raise NoSuchConnection
    if there.has_next:
        raise TwoSecretsAlready
    return ConnectionSecretsSet(
        partner_id=partner_id,
        system=system,
        secret=_holds(partner, system, "secret"),
        next_secret=secret,
        reason=said(reason, "reason"),
    )


def end_old_secret(
    partner: Partner | None, partner_id: UUID, system: str, *, there: There | None, reason: str
) -> ConnectionSecretsSet:
    """Only the new secret holds from now on."""
    new = _holds(partner, system, "next_secret")
    if there is None:
        raise NoSuchConnection
    if new is None:
        raise NoNewSecret
    return ConnectionSecretsSet(
        partner_id=partner_id, system=system, secret=new, next_secret=None, reason=said(reason, "reason")
    )


def end(partner_id: UUID, system: str, *, there: There | None, reason: str) -> ConnectionEnded:
    """The system is not spoken with any more."""
    if there is None:
        raise NoSuchConnection
    return ConnectionEnded(partner_id=partner_id, system=system, reason=said(reason, "reason"))


def _holds(partner: Partner | None, system: str, what: str) -> Any:
    return existing(partner).holds.get(f"municipality/connections/{system}/{what}")

"""A municipality's connection to a ticketing system: set, given secrets, ended. Pure; secrets are handed in locked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts.partnership import (
    Connection,
    ConnectionEnded,
    ConnectionKeySet,
    ConnectionSecretsSet,
    ConnectionSet,
    ConnectionTokenSet,
    PartnershipFact,
    SignedAnswers,
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


class NotToBeAsked(Refusal):
    """An API is asked as somebody."""

    text = "Without a password or a token it cannot be asked."
    status = 422


class NotToldWithoutApi(Refusal):
    """What a kind is told besides goes with its API."""

    text = "This holds only for what is asked: give the address of its API as well, or let this be as usual."
    status = 422


class NotToBeChecked(Refusal):
    """Which options a kind has is known by the service that has its adapter."""

    text = "What is particular to this kind of system cannot be checked now. Try again in a moment."
    status = 503


class NotSigningSecret(Refusal):
    """Standard Webhooks signs with the bytes that a secret means."""

    text = "A secret for signed answers is whsec_ and Base64, of 24 bytes or more. Leave it empty and one is made."
    status = 422


class NotAnAddressOfOurs(Refusal):
    """Where something is called, or opened by people."""

    text = "Write an address here, like {example}."
    status = 422


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Particular:
    """What not every kind of system has: None for what nothing was said of.

    `keys` are its secrets besides those of deliveries and the token, locked, by what they are called.
    """

    options: Mapping[str, str | None] | None = None
    write_back: SignedAnswers | None = None
    keys: Mapping[str, str] = field(default_factory=dict)

    def fact(self, partner_id: UUID, system: str, connection: Connection, reason: str) -> ConnectionSet:
        """What was said of a connection, with this."""
        options = None if self.options is None else dict(self.options)
        return ConnectionSet(
            partner_id=partner_id, system=system, connection=connection, reason=reason, options=options,
            write_back=self.write_back,
        )  # fmt: skip


NOTHING_PARTICULAR = Particular()


def connect(
    partner_id: UUID, system: str, connection: Connection, *, there: There | None, secret: str, token: str | None,
    reason: str, particular: Particular = NOTHING_PARTICULAR,
) -> tuple[PartnershipFact, ...]:  # fmt: skip
    """A system is connected, with a secret of its own."""
    if there is not None:
        raise ConnectedAlready("system", system=system)
    why = said(reason, "reason")
    facts: list[PartnershipFact] = [
        particular.fact(partner_id, system, connection, why),
        ConnectionSecretsSet(partner_id=partner_id, system=system, secret=secret, next_secret=None, reason=why),
    ]
    return (*facts, *_given(partner_id, system, token, particular.keys, why))


def change(
    partner: Partner | None, partner_id: UUID, system: str, connection: Connection, *, there: There | None,
    token: str | None, reason: str, particular: Particular = NOTHING_PARTICULAR,
) -> tuple[PartnershipFact, ...]:  # fmt: skip
    """Something of a connection is otherwise; without a token the one it has stays, and so do its other secrets and
    what nothing was said of."""
    if there is None:
        raise NoSuchConnection
    if there.kind != connection.kind:
        raise AnotherKind("kind")
    why = said(reason, "reason")
    facts: list[PartnershipFact] = []
    fact = particular.fact(partner_id, system, connection, why)
    if any(existing(partner).holds.get(path) != held for path, held in fact.settles.items()):
        facts.append(fact)
    facts += _given(partner_id, system, token, particular.keys, why)
    if not facts:
        raise NothingChanges
    return tuple(facts)


def _given(
    partner_id: UUID, system: str, token: str | None, keys: Mapping[str, str], why: str
) -> Iterator[PartnershipFact]:
    if token:
        yield ConnectionTokenSet(partner_id=partner_id, system=system, token=token, reason=why)
    for key, secret in keys.items():
        yield ConnectionKeySet(partner_id=partner_id, system=system, key=key, secret=secret, reason=why)


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

"""What a route may use: `here`, the service's store, database, vault and settings, and the context of a command."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4, uuid5

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from chassis.auth import Authenticator
from chassis.clock import Clock
from chassis.context import Context
from chassis.db import Database
from chassis.i18n import N_
from chassis.i18n.formats import Formats
from chassis.identity import Identity, Role
from chassis.links import Links
from chassis.partnership import Partnership
from chassis.plain import Misfilled
from chassis.pressure import Pressure
from chassis.settings import Settings
from chassis.store import Store
from chassis.telemetry import current_traceparent
from chassis.vault import Vault

COMMANDS = UUID("0b9a54d0-5c54-58c6-8e36-9d1c1f7d2b6e")
"""The namespace of command ids that follow from an Idempotency-Key. It never changes."""
KEY_HEADER = "Idempotency-Key"
KEY_FIELD = "idempotency_key"
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What a service process has opened, for its routes. `Here` is the parameter that brings it."""

    service: str
    store: Store
    db: Database
    vault: Vault
    settings: Settings
    partnership: Partnership
    clock: Clock
    auth: Authenticator
    links: Links
    pressure: Pressure | None = None
    """When writes are refused because too much waits for the broker; None when they never are."""
    begun: dict[frozenset[str], datetime] = field(default_factory=dict)
    """When the first event of these municipalities was decided, once that is known: a log only grows, and to look for
    it anew would pass over all that others did before them."""

    @property
    def keeps_accounts(self) -> bool:
        """Whether people sign in at this site, and not elsewhere."""
        return any(issuer.issuer == self.settings.public_url for issuer in self.settings.issuers)

    async def context(
        self, request: Request, caller: Identity, municipality: str, *, role: Role | None = None
    ) -> Context:
        """The context of a command that the caller gives by this request, about a subject of a municipality.

        The command's id follows from the Idempotency-Key (a header, or a form's hidden field), so that a repeated
        request has one effect (P3). `role` is the one acted in, when the caller has several.
        """
        command_id, fingerprint = await command_of(request, caller)
        return Context(
            actor=caller.actor(municipality, role),
            actor_name=await self.vault.seal(caller.id, caller.name) if caller.name else None,
            municipality=municipality,
            command_id=command_id,
            now=self.clock.now(),
            correlation=correlation_of(request),
            traceparent=current_traceparent(),
            fingerprint=fingerprint,
        )

    def person_id(self, email: str, municipality: str | None = None) -> UUID:
        """The pseudonym of an address: the one its owner has when signed in.

        `municipality` is where the person belongs when no partner has the address's domain; the host when not said.
        """
        return self.vault.person_id(self.partnership.home_of(email, municipality), email)

    def formats(self, caller: Identity | None, language: str | None = None) -> Formats:
        """How dates, numbers and money are written for the caller."""
        home = self.partnership[caller.home if caller else self.partnership.host]
        return home.formats(language or (caller.language if caller else None))


def resources_of(here: Deps) -> Mapping[str, Any]:
    """What reactions, senders and clockworks are handed, by name."""
    return {
        "store": here.store,
        "db": here.db,
        "vault": here.vault,
        "settings": here.settings,
        "partnership": here.partnership,
        "links": here.links,
        "clock": here.clock,
    }


async def here(request: Request) -> Deps:
    """The dependency behind `Here`; a coroutine, because FastAPI calls anything else in a thread."""
    deps: Deps = request.app.state.here
    return deps


Here = Annotated[Deps, Depends(here)]
"""A parameter of a route: what the service has opened."""


def correlation_of(request: Request) -> str:
    """What everything that comes of this request is known by, in facts and log lines."""
    correlation: str = getattr(request.state, "correlation", "") or uuid4().hex
    return correlation


async def command_of(request: Request, caller: Identity) -> tuple[UUID, bytes | None]:
    """The id of the command a request gives, and the fingerprint of what it says.

    Keys are the caller's own: nobody meets another's. Without a key every request is a command of its own.
    """
    content = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    key = request.headers.get(KEY_HEADER, "").strip().strip('"')
    if is_form(request):
        form = await request.form()
        key = key or str(form.get(KEY_FIELD, ""))
        for name, value in sorted((name, _text(value)) for name, value in form.multi_items() if name != KEY_FIELD):
            content.update(f"{len(name)}:{name}={len(value)}:{value}\n".encode())
    else:
        content.update(await request.body())
    if not key:
        return uuid4(), None
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Misfilled(N_("An Idempotency-Key has at most {most} characters."), KEY_HEADER, most=LONGEST_KEY)
    return uuid5(COMMANDS, f"{caller.id}/{key}"), content.digest()


def is_form(request: Request) -> bool:
    """Whether a request's body is what an HTML form sends."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("application/x-www-form-urlencoded", "multipart/form-data")


def _text(value: UploadFile | str) -> str:
    return value if isinstance(value, str) else (value.filename or "")

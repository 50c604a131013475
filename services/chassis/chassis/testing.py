"""What tests of services are made of: prepared databases, contexts, and specifications that read as sentences."""

from __future__ import annotations

import json as json_format
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit, urlunsplit
from uuid import UUID, uuid4, uuid5

from fastapi import FastAPI

from chassis.clock import ToldClock
from chassis.context import Context
from chassis.limits import Limits
from chassis.outbox import GiveUp
from chassis.outward import Answer, Outward
from chassis.prepare import prepare
from chassis.service import Service
from chassis.web import Deps, create_app
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.personal import token
from contracts.refusal import Refusal

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday noon on which most tests happen."""
PEOPLE = UUID("00000000-0000-5000-8000-000000000000")


class Databases(Protocol):
    """Makes test databases: `embedded.testing.Databases`, or anything like it."""

    def like(self, name: str, prepare: Callable[[str], Any]) -> str:
        """The superuser's URL of a copy of a database prepared once."""
        ...


def as_role(url: str, role: str) -> str:
    """The URL of a test database as another role; tests use one password for all."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}:test@{parts.hostname}:{parts.port}"))


def urls_of(url: str, service: str) -> tuple[str, str]:
    """The worker's and the api's URL of a service's test database."""
    return as_role(url, f"{service}_worker"), as_role(url, f"{service}_api")


def a_database(databases: Databases, service: str, tables: str | None = None) -> tuple[str, str]:
    """A database prepared for a service, of this test alone: the worker's and the api's URL."""

    async def make(url: str) -> None:
        await prepare(url, service, *urls_of(url, service), own_tables=tables)

    return urls_of(databases.like(f"flode_{service}_{zlib.crc32((tables or '').encode()):x}", make), service)


_UNUSED: defaultdict[tuple[str, str], list[FastAPI]] = defaultdict(list)


@asynccontextmanager
async def an_app(service: Service, here: Deps) -> AsyncIterator[FastAPI]:
    """A service's own routes around `here`, for the length of a block.

    FastAPI looks through every route when an application is first asked, which costs more than most tests do. So one
    that a test is done with is handed on to the next; two that are used at once are two.
    """
    assert here.pressure is None, "the application is made for what it stands on"
    assert not isinstance(here.clock, ToldClock), "the application is made for what it stands on"
    unused = _UNUSED[service.name, here.settings.public_url]
    app = (
        unused.pop()
        if unused
        else create_app(service.name, service.package, service.routers, here, streamed=service.streamed)
    )
    app.state.here, app.state.limits = here, Limits()
    yield app
    unused.append(app)


def a_person_id(name: str) -> UUID:
    """The pseudonym of an invented person, the same each time."""
    return uuid5(PEOPLE, name)


def sealed(name: str) -> str:
    """A well-formed sealed token about an invented person, which no key opens."""
    return token(a_person_id(name), name.encode().hex())


def a_context(**changes: Any) -> Context:
    """A command of somebody in Tallvik, at noon, unless told otherwise."""
    given: dict[str, Any] = {
        "actor": f"pm/{a_person_id('Maj Ekdal')}",
        "actor_name": sealed("Maj Ekdal"),
        "municipality": "tallvik",
        "command_id": uuid4(),
        "now": NOON,
        "correlation": "test",
    }
    return Context(**{**given, **changes})


def an_envelope(fact: Event, *, version: int = 1, sequence: int = 1, **changes: Any) -> Envelope[Any]:
    """A fact in an envelope, as a view's fold meets it."""
    given: dict[str, Any] = {
        "id": uuid5(fact.subject, f"{fact.type}/{version}/{sequence}"),
        "source": f"/flode/{fact.type.partition('.')[0]}",
        "subject": fact.subject,
        "version": version,
        "time": NOON,
        "municipality": "tallvik",
        "actor": f"pm/{a_person_id('Maj Ekdal')}",
        "correlation": "test",
        "data": fact,
        "sequence": sequence,
    }
    return Envelope(**{**given, **changes})


@dataclass(frozen=True)
class Given:
    """A history, told as facts; what is decided on it is the `when`."""

    evolve: Callable[[Any, Any], Any]
    facts: tuple[Event, ...]

    def when(self, decide: Callable[[Any], Any]) -> Decided:
        """Decide on the state the facts lead to."""
        state = None
        for fact in self.facts:
            state = self.evolve(state, fact)
        try:
            decided = decide(state)
        except Refusal as refusal:
            return Decided((), refusal)
        if decided is None:
            return Decided((), None)
        return Decided((decided,) if isinstance(decided, Event) else tuple(decided), None)


@dataclass(frozen=True)
class Decided:
    """What a decision came to: facts, or a refusal."""

    facts: tuple[Event, ...]
    refusal: Refusal | None

    def then(self, *expected: Event) -> None:
        """These facts and no others."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.facts == expected

    def then_nothing(self) -> None:
        """Nothing happened, and nothing was refused."""
        self.then()

    def then_refused(self, kind: type[Refusal]) -> Refusal:
        """Refused in this way; returns the refusal."""
        assert isinstance(self.refusal, kind), f"expected {kind.__name__}, got {self.refusal!r} {self.facts!r}"
        return self.refusal


def specification(evolve: Callable[[Any, Any], Any]) -> Callable[..., Given]:
    """`given` for an aggregate: specification(evolve)(registered, classified).when(…).then(…)."""
    return lambda *facts: Given(evolve, facts)


def folded(evolve: Callable[[Any, Envelope[Any]], Any], events: Sequence[Envelope[Any]]) -> Any:
    """The row a view has after these events."""
    row = None
    for event in events:
        row = evolve(row, event)
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned(Outward):
    """A way to a system that is not there: it answers by method and path what `says` has for them, and keeps in `asked`
    what it was asked, with the query, the body and the headers. Where it has nothing to say, it is as with a 404."""

    municipality: str = "ekvik"
    hosts: Collection[str] = ()
    says: Mapping[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], Any, Mapping[str, str]]] = field(default_factory=list)

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        """The answer. Raises GiveUp where there is none, and an answer that is an exception."""
        del expected
        parts = urlsplit(url)
        what = f"{method} {parts.path}"
        self.asked.append((what, dict(parse_qsl(parts.query)), json or form or body, headers or {}))
        answer = self.says.get(what, GiveUp("the system answered 404"))
        if isinstance(answer, Exception):
            raise answer
        said = answer(dict(parse_qsl(parts.query)), json or form) if callable(answer) else answer
        return Answer(200, {}, json_format.dumps(said).encode())

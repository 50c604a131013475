"""All services with real databases and one shared log that a list plays: what is committed in one is read by the
others when the test says so. Everything is asked over HTTP, as people and Service Desks ask."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from aiokafka import TopicPartition
from joserfc import jwk, jwt
from standardwebhooks.webhooks import Webhook

from chassis.auth import Authenticator
from chassis.clock import SetClock
from chassis.db import Database
from chassis.decode import decode
from chassis.links import Links
from chassis.log import Record
from chassis.outbox import SenderLoop
from chassis.react import ReactionFollower
from chassis.schedule import ClockworkLoop
from chassis.serve import resources_of
from chassis.service import Service
from chassis.settings import Issuer, Settings
from chassis.store import Store
from chassis.testing import NOON, Databases, a_database, an_app
from chassis.topics import key_of, partition_of
from chassis.vault import Vault
from chassis.views.follow import ViewFollower
from chassis.web import Deps
from contracts.catalogue import topic_of
from contracts.envelope import Envelope
from tests.integration.flow_people import SECRETS, SOMEBODY, a_partnership

ORIGIN = "https://flode.example"
KEY = jwk.ECKey.generate_key("P-256", {"use": "sig", "kid": "k"})


@dataclass(slots=True)
class Running:
    """One service, and how far its store has been read."""

    service: Service
    here: Deps
    client: httpx.AsyncClient
    views: tuple[ViewFollower, ...]
    reactions: tuple[ReactionFollower, ...]
    clockworks: tuple[ClockworkLoop, ...]
    senders: tuple[SenderLoop, ...]
    read: int = 0


@dataclass(frozen=True, slots=True)
class Logged:
    """An event in the shared log: where it lies, and what it says."""

    record: Record
    event: Envelope[Any]


@dataclass
class World:
    """The services and the log between them."""

    running: dict[str, Running]
    clock: SetClock
    log: list[Logged] = field(default_factory=list)
    """Everything that was read, causes before what came of them."""
    versions: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    _offsets: Counter[TopicPartition] = field(default_factory=Counter)
    _shown: int = 0
    _tokens: dict[tuple[str, float], dict[str, str]] = field(default_factory=dict)

    def headers(self, who: str) -> dict[str, str]:
        """The headers of somebody who signed in."""
        now = self.clock.now()
        if (who, now.timestamp()) not in self._tokens:
            person = SOMEBODY[who]
            said = {
                "iss": "https://id.example", "aud": "flode", "sub": person.email, "name": person.name,
                "email": person.email, "language": "en", "exp": int((now + timedelta(hours=1)).timestamp()),
                "roles": person.roles,
            }  # fmt: skip
            token = jwt.encode({"alg": "ES256", "kid": "k"}, said, KEY)
            self._tokens[who, now.timestamp()] = {"Authorization": f"Bearer {token}"}
        return self._tokens[who, now.timestamp()]

    async def ask(
        self, who: str, method: str, path: str, body: object = None, *, key: str, expected: int | None = None
    ) -> httpx.Response:
        """Ask a service for something, as somebody."""
        headers = {**self.headers(who), "Idempotency-Key": key}
        if expected is not None:
            headers["If-Match"] = f'"{expected}"'
        client = self.running[path.split("/")[1]].client
        return await client.request(method, path, json={} if body is None else body, headers=headers)

    async def deliver(self, home: str, ticket: dict[str, Any], *, key: str) -> httpx.Response:
        """A Service Desk delivers a ticket, signed."""
        body = json.dumps(ticket, ensure_ascii=False)
        now = self.clock.now()
        signed = {
            "content-type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRETS[home]).sign(key, now, body),
        }
        path = f"/intake/hooks/standard-webhooks/{home}.zammad"
        return await self.running["intake"].client.post(path, content=body.encode(), headers=signed)

    async def hear(self) -> list[Logged]:
        """Read what was committed since the last time, in every service, into the log."""
        new: list[Logged] = []
        for each in self.running.values():
            for row in await each.here.store.read(each.read):
                each.read = row.position
                topic = topic_of(row.type)
                place = TopicPartition(topic.name, partition_of(row.subject, topic))
                record = Record(
                    topic=place.topic, partition=place.partition, offset=self._offsets[place], timestamp=0,
                    source=each.here.store.source, sequence=row.position, key=key_of(row.subject), message=row.message,
                )  # fmt: skip
                self._offsets[place] += 1
                self.versions[each.service.name, row.subject] += 1
                new.append(Logged(record, decode(row.message, row.position)))
        self.log += new
        return new

    async def settle(self, new: list[Logged]) -> None:
        """Let every service react to what is new, and to what comes of that, until nothing more does."""
        while new:
            for each in self.running.values():
                for reaction in each.reactions:
                    await _apply(reaction, new)
            new = await self.hear()

    async def show(self) -> None:
        """Let the views catch up with the log."""
        new, self._shown = self.log[self._shown :], len(self.log)
        for each in self.running.values():
            for view in each.views:
                await _apply(view, new)

    async def tick(self, days: int) -> None:
        """Some days pass, and the clockworks look at what is due."""
        await self.show()
        self.clock.advance(timedelta(days=days))
        for each in self.running.values():
            for clockwork in each.clockworks:
                await clockwork.run_once()
        await self.settle(await self.hear())

    async def send(self) -> None:
        """Let what is due to be sent be sent."""
        while sum([await sender.run_once() for each in self.running.values() for sender in each.senders]):
            await self.settle(await self.hear())

    async def parked(self) -> list[str]:
        """Why anything was set aside, anywhere."""
        reasons: list[str] = []
        for each in self.running.values():
            rows = await each.here.db.worker.fetch("SELECT reader, reason FROM parked")
            reasons += [f"{row['reader']}: {row['reason']}" for row in rows]
        return reasons


async def _apply(follower: ViewFollower | ReactionFollower, new: Iterable[Logged]) -> None:
    topics = {topic.name for topic in follower.topics}
    batch: dict[TopicPartition, list[Record]] = {}
    for each in new:
        if each.record.topic in topics:
            batch.setdefault(TopicPartition(each.record.topic, each.record.partition), []).append(each.record)
    if batch:
        await follower.apply(batch)


@asynccontextmanager
async def a_flow_world(databases: Databases, folder: Path, services: Iterable[Service]) -> AsyncIterator[World]:
    """These services opened, and closed afterwards."""
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    vault, partnership, clock = await Vault.in_memory(), a_partnership(), SetClock(NOON)
    issuer = Issuer(issuer="https://id.example", audience="flode", jwks_file=jwks)
    async with AsyncExitStack() as stack:
        running: dict[str, Running] = {}
        for service in services:
            urls = a_database(databases, service.name, service.tables)
            db = await stack.enter_async_context(Database(*urls))
            store = await stack.enter_async_context(Store(db, service.name))
            here = Deps(
                service=service.name, store=store, db=db, vault=vault, partnership=partnership, clock=clock,
                settings=_settings(urls, issuer, folder, service),
                auth=Authenticator((issuer,), partnership, person_id=vault.person_id, clock=clock),
                links=Links(bytes(32)),
            )  # fmt: skip
            running[service.name] = await _run(service, here, stack)
        yield World(running=running, clock=clock)


async def _run(service: Service, here: Deps, stack: AsyncExitStack) -> Running:
    resources = resources_of(here)
    views = tuple(ViewFollower(view, here.db) for view in service.followed)
    reactions = tuple(ReactionFollower(each, here.store, here.clock, resources) for each in service.reactions)
    for view in views:
        await view.restore()
    for reaction in reactions:
        await reaction.restore()
    app = await stack.enter_async_context(an_app(service, here))
    transport = httpx.ASGITransport(app=app)
    client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=ORIGIN))
    client.headers["accept-language"] = "en"
    return Running(
        service=service,
        here=here,
        client=client,
        views=views,
        reactions=reactions,
        clockworks=tuple(ClockworkLoop(each, here.store, here.clock, resources) for each in service.clockworks),
        senders=tuple(SenderLoop(each, here.db) for each in service.senders(resources)) if service.senders else (),
    )


def _settings(urls: tuple[str, str], issuer: Issuer, folder: Path, service: Service) -> Settings:
    return Settings(
        service=service.name, database=urls[0], database_api=urls[1], vault_database=urls[0], vault_key=bytes(32),
        link_key=bytes(32), kafka="127.0.0.1:1", issuers=(issuer,), partnership=folder / "none.toml",
        public_url=ORIGIN, mail=f"spool:{folder / 'mail'}",
    )  # fmt: skip

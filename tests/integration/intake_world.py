"""Intake with a real database, three municipalities and their Service Desks, asked over HTTP; no broker."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
from aiokafka import TopicPartition
from joserfc import jwk, jwt
from standardwebhooks.webhooks import Webhook

from chassis.auth import Authenticator
from chassis.clock import SetClock
from chassis.db import Database
from chassis.links import Links
from chassis.log import Record
from chassis.partnership import Partnership
from chassis.settings import Issuer, Settings
from chassis.store import Store
from chassis.testing import NOON, Databases, a_database, an_app
from chassis.topics import key_of, partition_of
from chassis.vault import Vault
from chassis.views.follow import ViewFollower
from chassis.web import Deps
from contracts.topics import REQUEST
from intake.main import service

ORIGIN = "https://flode.example"
KEY = jwk.ECKey.generate_key("P-256", {"use": "sig", "kid": "k"})
SECRET = "whsec_" + base64.b64encode(b"a secret of Ekvik's desk").decode()
NEXT_SECRET = "whsec_" + base64.b64encode(b"the next one of Ekvik's").decode()
TOKEN = "nordvik-desk-token-0001"
HOOK = "/intake/hooks/standard-webhooks/ekvik.zammad"
EVENTS = "/intake/hooks/cloudevents/nordvik.znuny"


def a_partnership() -> Partnership:
    def town(name: str, language: str, country: str, currency: str, zone: str) -> dict[str, Any]:
        mail = [f"{name.lower()}.example"]
        return {
            "name": name, "language": language, "country": country, "currency": currency, "timezone": zone,
            "email_domains": mail,
        }  # fmt: skip

    desk = {"municipality": "ekvik", "system": "zammad", "secret": SECRET, "next_secret": NEXT_SECRET}
    return Partnership.parse(
        {
            "name": "Samverkan vid viken",
            "host": "ekvik",
            "municipalities": {
                "ekvik": town("Ekvik", "sv", "SE", "SEK", "Europe/Stockholm"),
                "nordvik": town("Nordvik", "nb", "NO", "NOK", "Europe/Oslo"),
            },
            "service_desks": [
                desk,
                {"municipality": "nordvik", "system": "znuny", "kind": "bearer", "secret": TOKEN},
            ],
        }
    )


def a_ticket(**changes: Any) -> dict[str, Any]:
    """What Ekvik's desk sends of a ticket of the project flow."""
    return {
        "external_id": "81",
        "number": "10081",
        "kind": "created",
        "flow": "projekt",
        "title": "E-tjänst för bygglov",
        "description": "Vi behöver en e-tjänst för bygglov.",
        "requester": {"name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example", "language": "sv"},
        "organisation": "Samhällsbyggnad",
        "opened_at": "2026-03-02T08:30:00+01:00",
        **changes,
    }


@dataclass
class World:
    """The application and what stands behind it."""

    here: Deps
    client: httpx.AsyncClient
    followers: tuple[ViewFollower, ...]
    clock: SetClock
    read: int = 0
    offsets: Counter[int] = field(default_factory=Counter)

    async def deliver(
        self,
        content: object,
        *,
        key: str = "msg-1",
        secret: str = SECRET,
        at: timedelta = timedelta(0),
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Deliver to Ekvik's hook, signed."""
        body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        when = self.clock.now() + at
        signed = {
            "content-type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(when.timestamp())),
            "webhook-signature": Webhook(secret).sign(key, when, body.decode()),
            **(headers or {}),
        }
        return await self.client.post(HOOK, content=body, headers=signed)

    def token(self, name: str, home: str = "ekvik", /, **roles: list[str]) -> dict[str, str]:
        """The headers of somebody with roles per municipality."""
        email = f"{name.lower().replace(' ', '.')}@{home}.example"
        said = {
            "iss": "https://id.example", "aud": "flode", "sub": email, "name": name, "email": email, "language": "en",
            "exp": int((self.clock.now() + timedelta(hours=1)).timestamp()), "roles": roles,
        }  # fmt: skip
        return {"Authorization": f"Bearer {jwt.encode({'alg': 'ES256', 'kid': 'k'}, said, KEY)}"}

    @property
    def pm(self) -> dict[str, str]:
        return self.token("Maj Ekdal", ekvik=["pm"], nordvik=["pm"])

    @property
    def desk(self) -> dict[str, str]:
        return self.token("Stig Falk", ekvik=["service_desk"])

    @property
    def technician(self) -> dict[str, str]:
        return self.token("Tor Alm", ekvik=["technician"])

    async def see(self) -> None:
        """Let the views read what is in the log, as their followers would from the topic."""
        batch: dict[TopicPartition, list[Record]] = {}
        for event in await self.here.store.read(self.read):
            self.read = event.position
            partition = partition_of(event.subject, REQUEST)
            place = TopicPartition(REQUEST.name, partition)
            record = Record(
                topic=place.topic, partition=partition, offset=self.offsets[partition], timestamp=0,
                source=self.here.store.source, sequence=event.position, key=key_of(event.subject),
                message=event.message,
            )  # fmt: skip
            self.offsets[partition] += 1
            batch.setdefault(place, []).append(record)
        for follower in self.followers:
            if batch:
                await follower.apply(batch)

    async def facts(self) -> list[str]:
        """The travelling names of all that is in the log."""
        rows = await self.here.db.worker.fetch("SELECT type FROM events ORDER BY position")
        return [row["type"].removeprefix("intake.").removesuffix(".v1") for row in rows]

    async def get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        """Read, after the views have caught up."""
        await self.see()
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, headers: dict[str, str], content: object, **more: str) -> httpx.Response:
        """Write JSON."""
        return await self.client.post(path, json=content, headers={**headers, **more})


@asynccontextmanager
async def a_world(databases: Databases, folder: Path, partnership: Partnership | None = None) -> AsyncIterator[World]:
    """Everything opened, and closed afterwards."""
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    vault, clock = await Vault.in_memory(), SetClock(NOON)
    partnership = partnership or a_partnership()
    issuer = Issuer(issuer="https://id.example", audience="flode", jwks_file=jwks)
    urls = a_database(databases, "intake", service.tables)
    async with Database(*urls) as db, Store(db, "intake") as store:
        here = Deps(
            service="intake",
            store=store,
            db=db,
            vault=vault,
            settings=cast(Settings, SimpleNamespace(public_url=ORIGIN, link_key=bytes(32), issuers=())),
            partnership=partnership,
            clock=clock,
            auth=Authenticator((issuer,), partnership, person_id=vault.person_id, clock=clock),
            links=Links(bytes(32)),
        )
        followers = tuple(ViewFollower(view, db) for view in service.followed)
        for follower in followers:
            await follower.restore()
        async with (
            an_app(service, here) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN) as client,
        ):
            client.headers["accept-language"] = "en"
            yield World(here=here, client=client, followers=followers, clock=clock)

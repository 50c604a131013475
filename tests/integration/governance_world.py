"""Governance with a real database and two municipalities, asked over HTTP; others' facts are told to it by hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
from aiokafka import TopicPartition
from joserfc import jwk, jwt

from chassis.agreed import Current
from chassis.auth import Authenticator
from chassis.clock import SetClock
from chassis.db import Database
from chassis.links import Link, Links
from chassis.log import Record
from chassis.partnership import Partnership
from chassis.react import ReactionFollower
from chassis.schedule import ClockworkLoop
from chassis.settings import Issuer, Settings
from chassis.store import Store
from chassis.testing import NOON, Databases, a_database, an_app
from chassis.topics import key_of, partition_of
from chassis.vault import Vault
from chassis.views.follow import ViewFollower
from chassis.web import Deps
from contracts.catalogue import CATALOGUE, SERVICES
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.intake import ClassifiedAsProject
from contracts.portfolio import Assigned, EnteredPortfolio
from contracts.values import CriterionMet, Person, TicketRef
from governance.consumers import REMIND
from governance.main import service

ORIGIN = "https://flode.example"
KEY = jwk.ECKey.generate_key("P-256", {"use": "sig", "kid": "k"})
TICKET = TicketRef(system="zammad", external_id="81", number="10081")
TITLE = "E-tjänst för bygglov"

FULL_FORM: dict[str, Any] = {
    "title": TITLE,
    "background": "Ansökningar kommer på papper och skrivs av för hand.",
    "orderer": {"name": "Greta Lindmark", "email": "greta.lindmark@ekvik.example"},
    "contacts": [{"role": "Handläggare", "name": "Sigrid Ek", "phone": "0123-200"}],
    "gates": [
        {"key": "BP1", "on": "2026-04-01", "decision": "Uppdragsdirektiv"},
        {"key": "BP2", "on": "2026-05-15", "decision": "Uppdragsplan"},
        {"key": "BP3", "on": "2026-09-30", "decision": "Driftsättning"},
        {"key": "BP4", "on": "2026-12-15", "decision": "Avslut"},
    ],
    "results": [
        {"text": "Upphandlad tjänst", "due": "2026-05", "gate": "BP2"},
        {"text": "Tjänsten i drift", "due": "2026-09-30", "gate": "BP3"},
    ],
    "cost": {"cap": "800 000", "currency": "SEK", "starts": "2026-04-01", "ends": "2026-12-31"},
    "ranking": ["result", "cost", "time"],
    "cadence": {"short_days": "7", "fixed_days": "14"},
    "financing": {
        "lines": [{"kind": "external_consultant", "purpose": "Projektledning", "hours": "500", "rate": "1 200"}]
    },
    "rough_plan": "Upphandling under våren, införande under hösten.",
    "competences": [
        {"role": "Projektledare", "competence": "Upphandling", "responsibility": "Tid, kostnad och resultat"}
    ],
    "ends": "2026-12-31",
    "delivery_period": "2026H2",
}


def a_partnership() -> Partnership:
    def town(name: str, language: str, country: str, currency: str, zone: str) -> dict[str, Any]:
        mail = [f"{name.lower()}.example"]
        return {
            "name": name, "language": language, "country": country, "currency": currency, "timezone": zone,
            "email_domains": mail,
        }  # fmt: skip

    return Partnership.parse(
        {
            "name": "Samverkan vid viken",
            "host": "ekvik",
            "municipalities": {
                "ekvik": town("Ekvik", "sv", "SE", "SEK", "Europe/Stockholm"),
                "nordvik": town("Nordvik", "nb", "NO", "NOK", "Europe/Oslo"),
            },
        }
    )


def as_fields(tree: object, path: str = "") -> dict[str, str]:
    """A tree as the fields of an HTML form."""
    if isinstance(tree, Mapping):
        parts = [(str(name), part) for name, part in tree.items()]
    elif isinstance(tree, list):
        parts = [(str(at), part) for at, part in enumerate(tree)]
    else:
        return {path: str(tree)}
    fields: dict[str, str] = {}
    for name, part in parts:
        fields |= as_fields(part, f"{path}.{name}" if path else name)
    return fields


def text_of(page: httpx.Response) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def hidden(page: httpx.Response, name: str) -> str:
    """The value of a page's first hidden field of this name."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page.text)
    assert found, f"no hidden field {name} on the page"
    return found[1]


@dataclass
class World:
    """The application and what stands behind it."""

    here: Deps
    client: httpx.AsyncClient
    followers: tuple[ViewFollower | ReactionFollower, ...]
    clock: SetClock
    read: int = 0
    offsets: Counter[TopicPartition] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)

    def email(self, name: str, home: str = "ekvik") -> str:
        return f"{name.lower().replace(' ', '.')}@{home}.example"

    def token(self, name: str, home: str = "ekvik", /, **roles: list[str]) -> dict[str, str]:
        """The headers of somebody with roles per municipality."""
        email = self.email(name, home)
        said = {
            "iss": "https://id.example", "aud": "flode", "sub": email, "name": name, "email": email, "language": "en",
            "exp": int((self.clock.now() + timedelta(hours=1)).timestamp()), "roles": roles,
        }  # fmt: skip
        return {"Authorization": f"Bearer {jwt.encode({'alg': 'ES256', 'kid': 'k'}, said, KEY)}"}

    @property
    def pm(self) -> dict[str, str]:
        return self.token("Maj Ekdal", ekvik=["pm"], nordvik=["pm"])

    @property
    def requester(self) -> dict[str, str]:
        return self.token("Sigrid Ek", ekvik=["requester"])

    @property
    def orderer(self) -> dict[str, str]:
        return self.token("Greta Lindmark", ekvik=["requester"])

    @property
    def leader(self) -> dict[str, str]:
        return self.token("Hanna Berg", ekvik=["leader"])

    @property
    def manager(self) -> dict[str, str]:
        return self.token("Nils Dahl", "nordvik", nordvik=["it_manager"])

    @property
    def stranger(self) -> dict[str, str]:
        return self.token("Kari Moe", "nordvik", nordvik=["requester"])

    async def person(self, name: str, home: str = "ekvik") -> Person:
        """Somebody as a fact knows them."""
        email = self.email(name, home)
        person = self.here.person_id(email)
        return Person(
            id=person, name=await self.here.vault.seal(person, name), email=await self.here.vault.seal(person, email)
        )

    async def tell(self, fact: Event, municipality: str = "ekvik") -> None:
        """Another service said something."""
        source = SERVICES[fact.type.partition(".")[0]]
        self.told[source] += 1
        self.told[f"{source} {fact.subject}"] += 1
        envelope = Envelope(
            id=uuid4(),
            source=source,
            subject=fact.subject,
            version=self.told[f"{source} {fact.subject}"],
            time=self.clock.now(),
            municipality=municipality,
            actor="pm/somebody",
            correlation="told",
            data=fact,
        )
        await self._apply([(source, self.told[source], fact.type, fact.subject, envelope.to_bytes())])

    async def a_project(self, municipality: str = "ekvik") -> UUID:
        """A request that was judged a project; governance and the portfolio have heard of it."""
        request_id = uuid4()
        requester = await self.person("Sigrid Ek")
        criteria = (CriterionMet(key="effort", met=True),)
        judged = ClassifiedAsProject(
            request_id=request_id, reason="Stort", criteria=criteria, title=TITLE, requester=requester, ticket=TICKET
        )
        entered = EnteredPortfolio(
            request_id=request_id, title=TITLE, origin="business", ticket=TICKET, requester=requester
        )
        await self.tell(judged, municipality)
        await self.tell(entered, municipality)
        return request_id

    async def an_approved_directive(self) -> UUID:
        """A project whose directive both signatories approved."""
        request_id = await self.a_project()
        path = f"/governance/api/directives/{request_id}"
        leader = {"name": "Hanna Berg", "email": self.email("Hanna Berg")}
        for step, who, body in (
            ("return", self.requester, {"form": FULL_FORM}),
            ("accept", self.pm, {"version": 1, "leader": leader}),
            ("sign", self.orderer, {"version": 1}),
            ("sign", self.leader, {"version": 1}),
        ):
            answer = await self.post(f"{path}/{step}", who, body)
            assert answer.status_code == 201, answer.text
        return request_id

    async def assigned(self, request_id: UUID) -> None:
        """The portfolio dealt the project out to Hanna."""
        await self.tell(Assigned(request_id=request_id, leader=await self.person("Hanna Berg"), group=()))

    async def see(self) -> None:
        """Let views and reactions read what is in the log, as their followers would from the topics."""
        source = self.here.store.source
        events = await self.here.store.read(self.read)
        if events:
            self.read = events[-1].position
            await self._apply([(source, event.position, event.type, event.subject, event.message) for event in events])

    async def _apply(self, events: list[tuple[str, int, str, UUID, bytes]]) -> None:
        batch: dict[TopicPartition, list[Record]] = {}
        for source, sequence, kind, subject, message in events:
            topic = CATALOGUE[kind].topic
            place = TopicPartition(topic.name, partition_of(subject, topic))
            record = Record(
                topic=place.topic, partition=place.partition, offset=self.offsets[place], timestamp=0, source=source,
                sequence=sequence, key=key_of(subject), message=message,
            )  # fmt: skip
            self.offsets[place] += 1
            batch.setdefault(place, []).append(record)
        for follower in self.followers:
            topics = {topic.name for topic in follower.topics}
            mine = {place: records for place, records in batch.items() if place.topic in topics}
            if mine:
                await follower.apply(mine)

    async def tick(self) -> None:
        """Let time remind people."""
        await self.see()
        await ClockworkLoop(REMIND, self.here.store, self.clock, {"partnership": self.here.partnership}).run_once()

    async def facts(self, subject: UUID | None = None) -> list[str]:
        """The travelling names of what is in the log, of one subject or of all."""
        query = "SELECT type FROM events WHERE $1::uuid IS NULL OR subject = $1 ORDER BY position"
        rows = await self.here.db.worker.fetch(query, subject)
        return [row["type"].removeprefix("governance.").removesuffix(".v1") for row in rows]

    async def parked(self) -> int:
        """How many events could not be handled."""
        found: int = await self.here.db.worker.fetchval("SELECT count(*) FROM parked")
        return found

    def link(self, request_id: UUID, name: str = "Sigrid Ek", municipality: str = "ekvik") -> str:
        """The path of a requester's link."""
        link = Link(
            purpose="directive",
            municipality=municipality,
            request_id=request_id,
            person=self.here.person_id(self.email(name)),
            until=self.clock.now() + timedelta(days=90),
        )
        return f"/governance/directive/{self.here.links.make(link)}"

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Read, after the views have caught up."""
        await self.see()
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, headers: Mapping[str, str], content: object, **more: str) -> httpx.Response:
        """Write JSON."""
        return await self.client.post(path, json=content, headers={**headers, **more})

    async def put(self, path: str, headers: Mapping[str, str], content: object, **more: str) -> httpx.Response:
        """Replace by JSON."""
        return await self.client.put(path, json=content, headers={**headers, **more})

    async def send(
        self, path: str, fields: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a form from a page of ours, as a browser does, after the views have caught up."""
        await self.see()
        return await self.client.post(path, data=dict(fields), headers={"Origin": ORIGIN, **(headers or {})})


@asynccontextmanager
async def a_world(databases: Databases, folder: Path) -> AsyncIterator[World]:
    """Everything opened, and closed afterwards."""
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    vault, clock = await Vault.in_memory(), SetClock(NOON)
    partnership = cast(Partnership, Current(a_partnership()))
    issuer = Issuer(issuer="https://id.example", audience="flode", jwks_file=jwks)
    async with Database(*a_database(databases, "governance", service.tables)) as db, Store(db, "governance") as store:
        here = Deps(
            service="governance",
            store=store,
            db=db,
            vault=vault,
            settings=cast(
                Settings,
                SimpleNamespace(public_url=ORIGIN, link_key=bytes(32), issuers=(issuer,), address_of=lambda _: ORIGIN),
            ),
            partnership=partnership,
            clock=clock,
            auth=Authenticator((issuer,), partnership, person_id=vault.person_id, clock=clock),
            links=Links(bytes(32)),
        )
        resources = {"partnership": partnership}
        followers: tuple[ViewFollower | ReactionFollower, ...] = (
            *(ReactionFollower(reaction, store, clock, resources) for reaction in service.reactions),
            *(ViewFollower(view, db) for view in service.followed),
        )
        for follower in followers:
            await follower.restore()
        async with (
            an_app(service, here) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN) as client,
        ):
            client.headers["accept-language"] = "en"
            yield World(here=here, client=client, followers=followers, clock=clock)

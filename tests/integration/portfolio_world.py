"""Portfolio with a real database and three municipalities, asked over HTTP; the other services and the broker are
played by the test, which hands over their facts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx
from aiokafka import TopicPartition
from joserfc import jwk, jwt

from chassis.auth import Authenticator
from chassis.clock import SetClock
from chassis.db import Database
from chassis.decode import peek_type
from chassis.links import Links
from chassis.log import Record
from chassis.partnership import Partnership
from chassis.react import ReactionFollower
from chassis.schedule import ClockworkLoop
from chassis.serve import resources_of
from chassis.settings import Issuer, Settings
from chassis.store import Store
from chassis.testing import NOON, Databases, a_database, an_app, an_envelope
from chassis.topics import key_of, partition_of
from chassis.vault import Vault
from chassis.views.follow import ViewFollower
from chassis.web import Deps
from contracts.catalogue import CATALOGUE
from contracts.event import Event
from contracts.governance import CabDecided, DirectiveApproved, PlanAgreed
from contracts.intake import ClassifiedAsProject
from contracts.topics import REQUEST, ROUND
from contracts.values import (
    Cadence,
    Contact,
    CostCap,
    CriterionMet,
    Directive,
    Financing,
    Gate,
    Money,
    Person,
    Result,
    TicketRef,
    TimeGoal,
)
from portfolio.main import service

ORIGIN = "https://flode.example"
KEY = jwk.ECKey.generate_key("P-256", {"use": "sig", "kid": "k"})
TOPICS = {topic.name: topic for topic in (REQUEST, ROUND)}


def a_partnership() -> Partnership:
    def town(name: str, language: str, country: str, currency: str, zone: str) -> dict[str, Any]:
        return {
            "name": name, "language": language, "country": country, "currency": currency, "timezone": zone,
            "email_domains": [f"{name.lower()}.example"],
        }  # fmt: skip

    return Partnership.parse(
        {
            "name": "Samverkan vid viken",
            "host": "ekvik",
            "municipalities": {
                "ekvik": town("Ekvik", "sv", "SE", "SEK", "Europe/Stockholm"),
                "nordvik": town("Nordvik", "nb", "NO", "NOK", "Europe/Oslo"),
                "sundby": town("Sundby", "da", "DK", "DKK", "Europe/Copenhagen"),
            },
        }
    )


@dataclass
class World:
    """The application and what stands behind it."""

    here: Deps
    client: httpx.AsyncClient
    views: tuple[ViewFollower, ...]
    reactions: tuple[ReactionFollower, ...]
    clockworks: tuple[ClockworkLoop, ...]
    clock: SetClock
    read: int = 0
    told: int = 0
    offsets: Counter[tuple[str, TopicPartition]] = field(default_factory=Counter)

    def token(self, name: str, home: str = "ekvik", /, **roles: list[str]) -> dict[str, str]:
        """The headers of somebody with roles per municipality."""
        said = {
            "iss": "https://id.example", "aud": "flode", "sub": self.email(name, home), "name": name,
            "email": self.email(name, home), "language": "en",
            "exp": int((self.clock.now() + timedelta(hours=1)).timestamp()), "roles": roles,
        }  # fmt: skip
        return {"Authorization": f"Bearer {jwt.encode({'alg': 'ES256', 'kid': 'k'}, said, KEY)}"}

    def email(self, name: str, home: str = "ekvik") -> str:
        return f"{name.lower().replace(' ', '.')}@{home}.example"

    @property
    def pm(self) -> dict[str, str]:
        return self.token("Maj Ekdal", ekvik=["pm"], nordvik=["pm"], sundby=["pm"])

    @property
    def leader(self) -> dict[str, str]:
        return self.token("Berit Lund", ekvik=["leader"])

    def manager(self, municipality: str) -> dict[str, str]:
        return self.token(f"Chef {municipality}", municipality, **{municipality: ["it_manager"]})

    def deputy(self, municipality: str) -> dict[str, str]:
        return self.token(f"Vikar {municipality}", municipality, **{municipality: ["deputy"]})

    async def person(self, name: str, home: str = "ekvik") -> Person:
        """Somebody as another service knows them, sealed."""
        who = self.here.person_id(self.email(name, home))
        sealed = self.here.vault.seal
        return Person(id=who, name=await sealed(who, name), email=await sealed(who, self.email(name, home)))

    async def hear(self, fact: Event, municipality: str = "ekvik") -> None:
        """Another service's fact comes by the topic."""
        self.told += 1
        source = f"/flode/{fact.type.partition('.')[0]}"
        event = an_envelope(fact, sequence=self.told, source=source, municipality=municipality, time=self.clock.now())
        told = [(self.told, event.subject, event.to_bytes(), source)]
        for follower in self.reactions:
            await follower.apply(self._batch("heard", told, fact.topic.name))
        batch = self._batch("seen", told, fact.topic.name)
        for view in self.views:
            if fact.topic in view.topics:
                await view.apply(batch)

    def _batch(
        self, reader: str, events: list[tuple[int, UUID, bytes, str]], topic: str
    ) -> dict[TopicPartition, list[Record]]:
        batch: dict[TopicPartition, list[Record]] = {}
        for sequence, subject, message, source in events:
            place = TopicPartition(topic, partition_of(subject, TOPICS[topic]))
            record = Record(
                topic=topic, partition=place.partition, offset=self.offsets[reader, place], timestamp=0, source=source,
                sequence=sequence, key=key_of(subject), message=message,
            )  # fmt: skip
            self.offsets[reader, place] += 1
            batch.setdefault(place, []).append(record)
        return batch

    async def see(self) -> None:
        """Let the views read what is in the log, as their followers would from the topics."""
        logged = await self.here.store.read(self.read)
        self.read = max([self.read, *(event.position for event in logged)])
        for name, topic in TOPICS.items():
            mine = [
                (each.position, each.subject, each.message, self.here.store.source)
                for each in logged
                if CATALOGUE[peek_type(each.message)].topic == topic
            ]
            batch = self._batch("seen", mine, name)
            for follower in self.views:
                if batch and topic in follower.topics:
                    await follower.apply(batch)

    async def tick(self) -> None:
        """Let time pass over the clockworks, after the views have caught up."""
        await self.see()
        for clockwork in self.clockworks:
            await clockwork.run_once()

    async def facts(self) -> list[str]:
        """The travelling names of all that is in the log, in order."""
        types = [peek_type(each.message) for each in await self.here.store.read(0)]
        return [name.removeprefix("portfolio.").rpartition(".")[0] for name in types]

    async def get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        """Read, after the views have caught up."""
        await self.see()
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, headers: dict[str, str], content: object = None, **more: str) -> httpx.Response:
        """Write JSON."""
        return await self.client.post(f"/portfolio/api{path}", json=content or {}, headers={**headers, **more})

    async def put(self, path: str, headers: dict[str, str], content: object, **more: str) -> httpx.Response:
        return await self.client.put(f"/portfolio/api{path}", json=content, headers={**headers, **more})

    async def submit(self, path: str, headers: dict[str, str], **fields: Any) -> httpx.Response:
        """Send a page's form, as a browser does after the page was seen."""
        data = {name.replace("__", "."): value for name, value in fields.items()}
        return await self.client.post(f"/portfolio{path}", data=data, headers={**headers, "origin": ORIGIN})

    async def an_entered_project(
        self, title: str = "E-tjänst för bygglov", home: str = "ekvik", serves: tuple[str, ...] = ()
    ) -> UUID:
        """A request that intake judged a project (IT-08)."""
        request_id = uuid5(UUID(int=1), title)
        await self.hear(
            ClassifiedAsProject(
                request_id=request_id,
                reason="Stort",
                criteria=(CriterionMet(key="effort", met=True),),
                title=title,
                requester=await self.person("Sigrid Ek", home),
                ticket=TicketRef(system="zammad", external_id=title, number="10081"),
                serves=serves,
            ),
            home,
        )
        await self.see()
        return request_id

    async def approve(self, request_id: UUID, home: str = "ekvik") -> None:
        """Both signatories approved its directive."""
        day = self.clock.now().date()
        directive = Directive(
            title="E-tjänst för bygglov",
            background="Pappersblanketter",
            orderer=await self.person("Osvald Beck", home),
            contacts=(Contact(role="Beställare", person=await self.person("Osvald Beck", home)),),
            gates=(Gate(key="BP1", on=day, decision="Direktiv"), Gate(key="BP2", on=day, decision="Plan")),
            results=(Result(number=1, text="E-tjänsten", due=TimeGoal(on=day + timedelta(days=200))),),
            cost=CostCap(cap=Money(amount=Decimal(600_000), currency="SEK"), starts=day, ends=date(day.year, 12, 31)),
            cadence=Cadence(short_days=7, fixed_days=14),
            financing=Financing(),
        )
        await self.hear(DirectiveApproved(request_id=request_id, version=1, directive=directive), home)

    async def an_assigned_project(self, title: str = "E-tjänst för bygglov") -> UUID:
        """A project with an approved directive, a rank and a leader, Berit Lund."""
        request_id = await self.an_entered_project(title)
        await self.approve(request_id)
        assert (await self.post(f"/projects/{request_id}/rank", self.pm, {"rank": 1})).status_code == 201
        assigned = await self.post(
            f"/projects/{request_id}/assign",
            self.pm,
            {"leader": {"name": "Berit Lund", "email": self.email("Berit Lund")}},
        )
        assert assigned.status_code == 201, assigned.text
        return request_id

    async def a_running_project(self, title: str = "E-tjänst för bygglov") -> UUID:
        """An assigned project whose plan both parties agreed on."""
        request_id = await self.an_assigned_project(title)
        await self.hear(PlanAgreed(request_id=request_id, version=1, directive_version=1))
        return request_id

    async def the_cab_decides(self, request_id: UUID, outcome: Any, text: str) -> None:
        await self.hear(
            CabDecided(
                request_id=request_id, meeting_id=uuid4(), meeting_number=4, decision_id=uuid4(), outcome=outcome,
                text=text,
            )
        )  # fmt: skip

    async def row(self, request_id: UUID, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """A project as the API shows it."""
        answer = await self.get(f"/portfolio/api/projects/{request_id}", headers or self.pm)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown


def settings_for(urls: tuple[str, str], issuer: Issuer, folder: Path) -> Settings:
    """The settings of a process that never reaches a broker."""
    return Settings(
        service="portfolio", database=urls[0], database_api=urls[1], vault_database=urls[0], vault_key=bytes(32),
        link_key=bytes(32), kafka="127.0.0.1:1", issuers=(issuer,), partnership=folder / "none.toml",
        public_url=ORIGIN,
    )  # fmt: skip


@asynccontextmanager
async def a_world(databases: Databases, folder: Path, partnership: Partnership | None = None) -> AsyncIterator[World]:
    """Everything opened, and closed afterwards."""
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    vault, partnership, clock = await Vault.in_memory(), partnership or a_partnership(), SetClock(NOON)
    issuer = Issuer(issuer="https://id.example", audience="flode", jwks_file=jwks)
    urls = a_database(databases, "portfolio", service.tables)
    async with Database(*urls) as db, Store(db, "portfolio") as store:
        here = Deps(
            service="portfolio",
            store=store,
            db=db,
            vault=vault,
            settings=settings_for(urls, issuer, folder),
            partnership=partnership,
            clock=clock,
            auth=Authenticator((issuer,), partnership, person_id=vault.person_id, clock=clock),
            links=Links(bytes(32)),
        )
        resources = resources_of(here)
        views = tuple(ViewFollower(view, db) for view in service.followed)
        reactions = tuple(ReactionFollower(each, store, clock, resources) for each in service.reactions)
        for view in views:
            await view.restore()
        for reaction in reactions:
            await reaction.restore()
        clockworks = tuple(ClockworkLoop(each, store, clock, resources) for each in service.clockworks)
        async with (
            an_app(service, here) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN) as client,
        ):
            client.headers["accept-language"] = "en"
            yield World(here=here, client=client, views=views, reactions=reactions, clockworks=clockworks, clock=clock)

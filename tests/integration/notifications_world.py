"""Notifications with a real database, a mail server or a folder, and a request whose facts the other services state;
their topics are played by the test."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx
from aiokafka import TopicPartition
from joserfc import jwk, jwt

from chassis.auth import Authenticator
from chassis.clock import SetClock
from chassis.db import Database
from chassis.links import Links
from chassis.log import Record
from chassis.outbox import SenderLoop
from chassis.partnership import Partnership
from chassis.react import ReactionFollower
from chassis.serve import resources_of
from chassis.settings import Issuer, Settings
from chassis.store import Store
from chassis.testing import NOON, Databases, a_database, an_app, an_envelope
from chassis.topics import key_of, partition_of
from chassis.vault import Vault
from chassis.views.follow import ViewFollower
from chassis.web import Deps
from contracts.event import Event
from contracts.intake import RequestRegistered
from contracts.topics import MESSAGE
from contracts.values import Language, Person, TicketRef
from notifications.main import service

ORIGIN = "https://flode.example"
KEY = jwk.ECKey.generate_key("P-256", {"use": "sig", "kid": "k"})
HALL = UUID("6a1f2c3d-0000-4000-8000-000000000001")
TICKET = TicketRef(system="zammad", external_id="81", number="10081")


def a_partnership() -> Partnership:
    def town(name: str, language: str, country: str, currency: str, zone: str, *contacts: Any) -> dict[str, Any]:
        return {
            "name": name, "language": language, "country": country, "currency": currency, "timezone": zone,
            "email_domains": [f"{name.lower()}.example"], "contacts": contacts,
        }  # fmt: skip

    def officer(office: str, name: str, home: str) -> dict[str, str]:
        return {"office": office, "name": name, "email": f"{name.lower().replace(' ', '.')}@{home}.example"}

    pm, manager = officer("pm", "Maj Ekdal", "ekvik"), officer("it_manager", "Tore Silfverek", "ekvik")
    return Partnership.parse(
        {
            "name": "Samverkan vid viken",
            "host": "ekvik",
            "mail_from": "Flöde <flode@ekvik.example>",
            "municipalities": {
                "ekvik": town("Ekvik", "sv", "SE", "SEK", "Europe/Stockholm", pm, manager),
                "nordvik": town(
                    "Nordvik", "nb", "NO", "NOK", "Europe/Oslo", officer("it_manager", "Ragna Moen", "nordvik")
                ),
            },
        }
    )


class MailServer:
    """A mail server of a few lines, which answers as it is told."""

    def __init__(self) -> None:
        self.answer = "250 taken"
        self.received: list[EmailMessage] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode():
            match line[:4].upper().strip():
                case "EHLO":
                    writer.write(b"250 8BITMIME\r\n")
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    body = await reader.readuntil(b"\r\n.\r\n")
                    if self.answer.startswith("250"):
                        self.received.append(read(body[:-3]))
                    writer.write(f"{self.answer}\r\n".encode())
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    writer.write(b"250 well\r\n")
        writer.close()


def read(raw: bytes) -> EmailMessage:
    """A mail as a reader's program takes it apart."""
    return message_from_bytes(raw, _class=EmailMessage, policy=policy.default)


def plain(mail: EmailMessage) -> str:
    """What a mail says in plain text."""
    body = mail.get_body(("plain",))
    assert body is not None
    said: str = body.get_content()
    return said


@dataclass
class World:
    """The application and what stands behind it."""

    here: Deps
    client: httpx.AsyncClient
    reaction: ReactionFollower
    view: ViewFollower
    senders: tuple[SenderLoop, ...]
    clock: SetClock
    folder: Path
    server: MailServer
    heard: list[Record] = field(default_factory=list)
    seen: int = 0
    offsets: Counter[TopicPartition] = field(default_factory=Counter)

    async def person(self, name: str, language: Language | None = None, home: str = "ekvik") -> Person:
        """Somebody as intake or governance know them: sealed in the vault."""
        email = f"{name.lower().replace(' ', '.')}@{home}.example"
        who = self.here.vault.person_id(home, email)
        seal = self.here.vault.seal
        return Person(id=who, name=await seal(who, name), email=await seal(who, email), language=language)

    async def hear(self, *facts: Event, municipality: str = "ekvik") -> None:
        """Other services' facts arrive by the topic."""
        for fact in facts:
            sequence = len(self.heard) + 1
            event = an_envelope(fact, sequence=sequence, municipality=municipality, time=self.clock.now())
            record = self._record(fact.topic.name, event.subject, event.source, sequence, event.to_bytes())
            self.heard.append(record)
            await self._apply(record)

    async def hear_all_again(self) -> None:
        """The topic was emptied and filled again: the same facts, at other places."""
        places = {TopicPartition(each.topic, each.partition) for each in self.heard} & self.reaction.places.keys()
        await self.reaction.rewind(list(places))
        self.offsets.clear()
        for old in self.heard:
            await self._apply(self._record(old.topic, UUID(old.key.decode()), old.source, old.sequence, old.message))

    async def _apply(self, record: Record) -> None:
        await self.reaction.apply({TopicPartition(record.topic, record.partition): [record]})
        parked = await self.here.db.worker.fetch("SELECT reason FROM parked")
        assert parked == [], parked

    def _record(self, topic: str, subject: UUID, source: str, sequence: int, message: bytes) -> Record:
        declared = next(each for each in (*service.reactions[0].topics, MESSAGE) if each.name == topic)
        place = TopicPartition(topic, partition_of(subject, declared))
        offset = self.offsets[place]
        self.offsets[place] += 1
        return Record(
            topic=topic, partition=place.partition, offset=offset, timestamp=0, source=source, sequence=sequence,
            key=key_of(subject), message=message,
        )  # fmt: skip

    async def send(self) -> int:
        """Let the senders do what is due now, and then what waited behind it; how much they tried."""
        tried = 0
        while now := sum([await sender.run_once() for sender in self.senders]):
            tried += now
        return tried

    async def later(self) -> None:
        """Whatever waits for its next try is due now."""
        await self.here.db.worker.execute("UPDATE effects SET due_at = clock_timestamp() WHERE state = 'due'")

    async def see(self) -> None:
        """Let the view read what is in the log."""
        for event in await self.here.store.read(self.seen):
            self.seen = event.position
            source = self.here.store.source
            record = self._record(MESSAGE.name, event.subject, source, event.position, event.message)
            await self.view.apply({TopicPartition(record.topic, record.partition): [record]})

    def mails(self) -> list[EmailMessage]:
        """What lies in the folder."""
        return [read(file.read_bytes()) for file in sorted(self.folder.glob("*.eml"))]

    def answers(self) -> list[dict[str, Any]]:
        """What was written into tickets."""
        return [json.loads(file.read_text()) for file in sorted((self.folder / "tickets").glob("*.json"))]

    def token(self, name: str, **roles: list[str]) -> dict[str, str]:
        """The headers of somebody with roles per municipality."""
        email = f"{name.lower().replace(' ', '.')}@ekvik.example"
        said = {
            "iss": "https://id.example", "aud": "flode", "sub": email, "name": name, "email": email, "language": "en",
            "exp": int((self.clock.now() + timedelta(hours=1)).timestamp()), "roles": roles,
        }  # fmt: skip
        return {"Authorization": f"Bearer {jwt.encode({'alg': 'ES256', 'kid': 'k'}, said, KEY)}"}

    @property
    def pm(self) -> dict[str, str]:
        return self.token("Maj Ekdal", ekvik=["pm"], nordvik=["pm"])

    async def get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        """Read, after the view has caught up."""
        await self.see()
        return await self.client.get(path, headers=headers)

    async def a_registered_request(self) -> Person:
        """Hedda's request, registered at Ekvik's Service Desk."""
        hedda = await self.person("Hedda Lindqvist", "sv")
        await self.hear(
            RequestRegistered(
                request_id=HALL, ticket=TICKET, title="Bokning av idrottshallar", requester=hedda, opened_at=NOON
            )
        )
        return hedda


@asynccontextmanager
async def a_world(databases: Databases, folder: Path, *, by_smtp: bool = False) -> AsyncIterator[World]:
    """Everything opened, and closed afterwards."""
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    vault, partnership, clock = await Vault.in_memory(), a_partnership(), SetClock(NOON)
    server = MailServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    mail = f"smtp://127.0.0.1:{port}" if by_smtp else f"spool:{folder / 'mail'}"
    issuer = Issuer(issuer="https://id.example", audience="flode", jwks_file=jwks)
    urls = a_database(databases, "notifications", service.tables)
    async with Database(*urls) as db, Store(db, "notifications") as store:
        here = Deps(
            service="notifications",
            store=store,
            db=db,
            vault=vault,
            settings=cast(
                Settings,
                SimpleNamespace(
                    public_url=ORIGIN, link_key=bytes(32), issuers=(), mail=mail, tell_within_days=3, demo=False
                ),
            ),
            partnership=partnership,
            clock=clock,
            auth=Authenticator((issuer,), partnership, person_id=vault.person_id, clock=clock),
            links=Links(bytes(32)),
        )
        resources = resources_of(here)
        reaction = ReactionFollower(service.reactions[0], store, clock, resources)
        view = ViewFollower(service.views[0], db)
        await reaction.restore()
        await view.restore()
        assert service.senders is not None
        senders = tuple(SenderLoop(sender, db) for sender in service.senders(resources))
        async with (
            an_app(service, here) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN) as client,
        ):
            client.headers["accept-language"] = "en"
            yield World(
                here=here, client=client, reaction=reaction, view=view, senders=senders, clock=clock,
                folder=folder / "mail", server=server,
            )  # fmt: skip
    listening.close()
    await listening.wait_closed()

"""A world for the benchmark of pages: ten thousand projects of three municipalities, in the stores and views of all
four services.

The rows are what the views' own folds make of each sample life (`lives`). A life is lived by many projects, which
differ in id, title, rank and number: those are put into the messages and the rows where the sample has its stand-ins,
and of some projects the messages are then decoded and folded anew, and compared with what stands in the table.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID, uuid5

from chassis.db import Database
from chassis.decode import decode
from chassis.named import Naming
from chassis.prepare import connected
from chassis.rebuild.lines import CSV, lines_of
from chassis.service import Service, find_service
from chassis.vault import Vault
from chassis.views import View, tables
from contracts.event import Event
from contracts.governance import AgendaSet, DecisionRecorded, MeetingCalled, MinutesApproved, MinutesWritten
from contracts.portfolio import RoundClosed, RoundOpened
from contracts.values import AgendaItem, Candidate, Criterion, Currency, Person, Standing, Voter
from tests.benchmarks import lives
from tests.benchmarks.lives import Life, Town

SERVICES = ("intake", "portfolio", "governance", "notifications")
TOWNS: tuple[tuple[str, Currency], ...] = (("lindmala", "SEK"), ("soenderlund", "DKK"), ("fjellvaag", "NOK"))
IDS = UUID("7d0c3c52-95a5-5c8e-8a53-3a2f6d0f0b11")
MESSAGES_EACH, OTHER_REQUESTS, MEETINGS, ROUNDS, CANDIDATES = 10, 6_000, 120, 60, 60
FOLDED_ANEW = 97
"""Every so many-th project is folded anew from its messages and compared."""
WHAT = ("Ny e-tjänst för", "Byte av system för", "Digitalt arkiv för", "Integration mellan", "App för", "Sensorer för")
FOR = ("bygglov", "skolskjuts", "äldreomsorg", "parkering", "bibliotek", "snöröjning", "avfall", "förskola", "stöd")
HERE = ("på landsbygden", "i centrum", "för medborgare", "för handläggare", "i hamnen", "i skolorna", "i bolagen")
TITLES = tuple(" ".join(words) for words in product(WHAT, FOR, HERE))
EVENT_COLUMNS = ("position", "subject", "version", "type", "municipality", "envelope")


@dataclass(slots=True)
class Made:
    """What was put into the databases."""

    events: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    compared: int = 0
    project: UUID = IDS
    """One that is carried out, with many reports."""
    meeting: UUID = IDS
    """One whose agenda is set and that decided things."""
    round: UUID = IDS
    """One that is closed."""
    entered: UUID = IDS
    """A project that is dealt out to nobody yet."""
    called: UUID = IDS
    """A meeting that is called and has no agenda yet."""
    person: UUID = IDS
    """One who asked for many projects."""


@dataclass(frozen=True, slots=True)
class Lived:
    """A life, and those who live it: for each the texts that stand for the sample's stand-ins."""

    life: Life
    by: list[dict[bytes, bytes]]


def replaced(text: bytes, own: dict[bytes, bytes]) -> bytes:
    """A message or a row of the sample as it is of one of those who live it."""
    for stand_in, mine in own.items():
        text = text.replace(stand_in, mine)
    return text


def own(number: int, of: str, subject: UUID | None = None) -> dict[bytes, bytes]:
    """What is a project's (or request's, or message's) own."""
    ours = subject or uuid5(IDS, f"{of} {number}")
    return {
        str(lives.ID).encode(): str(ours).encode(),
        lives.TITLE.encode(): f"{TITLES[number * 7 % len(TITLES)]} {number}".encode(),
        str(lives.RANK).encode(): str(number + 1).encode(),
        lives.NUMBER.encode(): f"2026-{number:06}".encode(),
    }


async def make(
    databases: dict[str, tuple[str, str]], admin: Callable[[str], str], vault: Vault, projects: int, today: date
) -> Made:
    """Fill the databases (worker's and api's URL by service), which were prepared and are empty; `admin` is the
    administrator's URL of a service's, who alone may COPY past row-level security."""
    made = Made()
    towns = {name: await _town(vault, name, currency) for name, currency in TOWNS}
    told = list(_lived(towns, projects, today))
    made.project = uuid5(IDS, f"project {len(TOWNS) * 20}")
    made.entered = uuid5(IDS, f"project {len(TOWNS) * lives.ENDS.index('entered')}")
    made.person = towns[TOWNS[0][0]](0).requester.id
    for name in SERVICES:
        service = find_service(name)
        async with Database(*databases[name]) as db:
            fill = _Fill(db, admin(name), service, made)
            await fill.events(told)
            others = list(_meetings(towns["lindmala"](0), made, projects, today)) if name == "governance" else []
            others += list(_rounds(towns["lindmala"](0), made, projects, today)) if name == "portfolio" else []
            await fill.single(others)
            await fill.names()
            for view in service.views:
                await fill.view(view, told, others)
            await fill.parked(today)
    return made


async def _town(vault: Vault, name: str, currency: Currency) -> Callable[[int], Town]:
    partners = (name, *(other for other, _ in TOWNS if other != name))[:2]
    people = []
    for number in range(3 * lives.KINDS):
        email = f"person.{number}@{name}.example"
        who = vault.person_id(name, email)
        people.append(
            Person(id=who, name=await vault.seal(who, f"Prov Person {number}"), email=await vault.seal(who, email))
        )

    def of(kind: int) -> Town:
        third = 3 * (kind % lives.KINDS)
        return Town(name, currency, partners, people[third], people[third + 1], people[third + 2])

    return of


def _lived(towns: dict[str, Callable[[int], Town]], projects: int, today: date) -> Iterator[Lived]:
    for at, town in enumerate(towns.values()):
        for kind in range(lives.KINDS):
            begin, step = at + len(TOWNS) * kind, len(TOWNS) * lives.KINDS
            numbers = range(begin, projects, step)
            yield Lived(lives.project(town(kind), kind, today), [own(number, "project") for number in numbers])
            others = range(begin, OTHER_REQUESTS * projects // 10_000, step)
            yield Lived(lives.request(town(kind), kind, today), [own(number, "request") for number in others])
            yield Lived(
                lives.message(town(kind), kind, IDS, today),
                [
                    {str(IDS).encode(): str(uuid5(IDS, f"project {number}")).encode(), **own(each, "message")}
                    for number in numbers
                    for each in range(number * MESSAGES_EACH, (number + 1) * MESSAGES_EACH)
                ],
            )


def _meetings(town: Town, made: Made, projects: int, today: date) -> Iterator[Life]:
    """A meeting every second week: an agenda of thirty, a decision on each, approved minutes but for the last two: of
    one the agenda is set, and one is no more than called."""
    begun = datetime.combine(today, datetime.min.time(), UTC) - timedelta(days=14 * MEETINGS)
    for number in range(1, MEETINGS + 1):
        subject, at = uuid5(IDS, f"meeting {number}"), begun + timedelta(days=14 * number + 3, hours=9)
        numbers = [(number * 31 + each * 17) % projects for each in range(30)]
        items = tuple(
            AgendaItem(
                request_id=uuid5(IDS, f"project {each}"), municipality=TOWNS[each % len(TOWNS)][0],
                title=f"{TITLES[each * 7 % len(TITLES)]} {each}", reasons=("red", "gate_due"),
            )
            for each in numbers
        )  # fmt: skip
        said: list[tuple[datetime, Event]] = [
            (at - timedelta(days=10), MeetingCalled(
                meeting_id=subject, number=number, at=at, place="Stora salen", orderer_meeting="Beställarmöte",
                invited=tuple(name for name, _ in TOWNS), since=at - timedelta(days=14),
            )),
            (at - timedelta(days=5), AgendaSet(meeting_id=subject, items=items)),
        ]  # fmt: skip
        if number == MEETINGS:
            made.called = subject
            said.pop()
        elif number < MEETINGS - 1:
            said += [
                (at, DecisionRecorded(
                    meeting_id=subject, decision_id=uuid5(subject, str(each.request_id)), request_id=each.request_id,
                    municipality=each.municipality, outcome="noted", text="Fortsätter enligt plan.",
                ))
                for each in items
            ]  # fmt: skip
            said += [
                (at, MinutesWritten(meeting_id=subject, version=1, text=lives.PROSE * 6, writer=town.pm)),
                (at, MinutesApproved(meeting_id=subject, version=1, person=town.leader)),
            ]
            made.meeting = subject
        yield Life(town.id, {"governance": lives.envelopes("governance", town.id, town.pm, said)})


def _rounds(town: Town, made: Made, projects: int, today: date) -> Iterator[Life]:
    """Rounds of sixty candidates, all closed but the last."""
    keys = ("benefit", "urgency", "cost", "law")
    weights = tuple(Criterion(key=key, weight=Decimal(25), names={"sv": key, "en": key}) for key in keys)
    for number in range(ROUNDS):
        subject = uuid5(IDS, f"round {number}")
        at = datetime.combine(today, datetime.min.time(), UTC) - timedelta(days=20 * (ROUNDS - number))
        numbers = [(number * 61 + each * 13) % projects for each in range(CANDIDATES)]
        candidates = tuple(
            Candidate(
                request_id=uuid5(IDS, f"project {each}"), municipality=TOWNS[each % len(TOWNS)][0],
                title=f"{TITLES[each * 7 % len(TITLES)]} {each}", serves=(TOWNS[each % len(TOWNS)][0],),
            )
            for each in dict.fromkeys(numbers)
        )  # fmt: skip
        voters = tuple(Voter(municipality=name) for name, _ in TOWNS)
        said: list[tuple[datetime, Event]] = [
            (at, RoundOpened(
                round_id=subject, title=f"Runda {number}", criteria=weights, candidates=candidates, voters=voters,
                deadline=at + timedelta(days=30),
            ))
        ]  # fmt: skip
        if number < ROUNDS - 1:
            standings = tuple(
                Standing(
                    request_id=each.request_id, rank=rank, score=Decimal(500 - rank) / 100,
                    by_criterion={key: Decimal(1) + Decimal(rank % 4) / 4 for key in keys}, votes=2,
                )
                for rank, each in enumerate(candidates, 1)
            )  # fmt: skip
            said.append(
                (at + timedelta(days=9), RoundClosed(round_id=subject, standings=standings, abstained=(TOWNS[2][0],)))
            )
            made.round = subject
        yield Life(town.id, {"portfolio": lives.envelopes("portfolio", town.id, town.pm, said)})


class _Fill:
    """Fills the database of a service."""

    def __init__(self, db: Database, admin: str, service: Service, made: Made) -> None:
        self.db, self.admin, self.service, self.made = db, admin, service, made
        self.position = 0

    async def events(self, told: Iterable[Lived]) -> None:
        """Every project's messages to the store, a project's after each other."""
        await self._store(self._many(told))

    async def single(self, others: Iterable[Life]) -> None:
        """The messages of lives that are lived once."""
        await self._store(
            (UUID(int=0), each, each.to_bytes()) for life in others for each in life.events[self.service.name]
        )

    def _many(self, told: Iterable[Lived]) -> Iterator[tuple[UUID, Any, bytes]]:
        for lived in told:
            messages = [(each, each.to_bytes()) for each in lived.life.events.get(self.service.name, ())]
            for texts in lived.by if messages else ():
                subject = UUID(texts[str(lives.ID).encode()].decode())
                for envelope, message in messages:
                    yield subject, envelope, replaced(message, texts)

    async def _store(self, said: Iterable[tuple[UUID, Any, bytes]]) -> None:
        def records() -> Iterator[tuple[Any, ...]]:
            for subject, envelope, message in said:
                self.position += 1
                yield (
                    self.position, subject if subject.int else envelope.subject, envelope.version, envelope.type,
                    envelope.municipality, message,
                )  # fmt: skip

        async with connected(self.admin) as connection, connection.transaction():
            await connection.copy_records_to_table("events", records=records(), columns=EVENT_COLUMNS)
            await connection.execute("UPDATE log_head SET position = $1", self.position)
        self.made.events[self.service.name] = self.position

    async def names(self) -> None:
        """Who is named in which event, as the service itself finds it."""
        naming = Naming(self.db, at_once=20_000)
        while await naming.run_once():
            pass

    async def view(self, view: View[Any], told: list[Lived], others: list[Life]) -> None:
        """The rows of a view: each life folded once, its row copied for all who live it, some folded anew."""
        count = 0
        sample: dict[UUID, tuple[Lived, dict[bytes, bytes]]] = {}

        async def lines() -> AsyncIterator[bytes]:
            nonlocal count
            for lived in told:
                row = self._folded(view, (each for said in lived.life.events.values() for each in said))
                line = b"" if row is None else b"".join(lines_of([row], view.columns))
                for texts in lived.by if line else ():
                    if count % FOLDED_ANEW == 0:
                        sample[UUID(texts[str(lives.ID).encode()].decode())] = (lived, texts)
                    count += 1
                    yield replaced(line, texts)
            for life in others:
                row = self._folded(view, life.events[self.service.name])
                if row is not None:
                    count += 1
                    yield b"".join(lines_of([row], view.columns))

        async with self.db.work() as connection:
            table = await tables.create(connection, view, state="live", finished=False)
            names = [column.name for column in view.columns]
            await connection.copy_to_table(table.name, schema_name="views", columns=names, source=lines(), **CSV)
            await tables.finish(connection, view, table)
        await self.db.worker.execute(f"ANALYZE {table.quoted}")
        async with self.db.work() as connection:
            stored = await tables.rows_by_key(connection, view, table, list(sample))
        for key, (lived, texts) in sample.items():
            said = [each for of in lived.life.events.values() for each in of if each.type in view.types]
            again = self._folded(view, (decode(replaced(each.to_bytes(), texts), 0) for each in said))
            assert again == stored[key], f"{view.name} {key}: {again} is not {stored[key]}"
            self.made.compared += 1
        self.made.rows[view.name] = count

    @staticmethod
    def _folded(view: View[Any], said: Iterable[Any]) -> Any:
        row = None
        for each in said:
            if each.type in view.types:
                row = view.evolve(row, each)
        return row

    async def parked(self, today: date) -> None:
        """Some events that a view could not fold, for the operators' list; and, at intake, deliveries nobody could
        read."""
        reader = self.service.views[0]
        async with self.db.work() as connection:
            table = await tables.live(connection, reader.name)
            await connection.execute(
                "INSERT INTO parked (reader, municipality, subject, topic, partition, \"offset\", source, sequence, "
                "type, envelope, reason) SELECT $1, municipality, subject, 'flode.request', 0, position, $2, position, "
                "type, envelope, 'KeyError: prov' FROM events ORDER BY position LIMIT 300",
                table.name, f"/flode/{self.service.name}",
            )  # fmt: skip
            if self.service.name == "intake":
                await connection.execute(
                    "INSERT INTO deliveries (id, municipality, system, hook, key, hash, received_at, outcome, faults, "
                    "answer, raw) SELECT gen_random_uuid(), 'lindmala', 'servicedesk', 'prov', n::text, "
                    "decode(md5(n::text), 'hex'), now() - n * interval '1 hour', 'parked', $1::json, '{}', 'x' "
                    "FROM generate_series(1, 400) n",
                    json.dumps([["A title is missing.", {}, "title"]]),
                )  # fmt: skip


async def analyse(admin_url: str) -> None:
    """Let the planner know what is in the tables, and PostgreSQL write out what it holds, before anything is timed."""
    async with connected(admin_url) as connection:
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")

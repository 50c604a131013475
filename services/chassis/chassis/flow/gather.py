"""What is asked of the database and of the broker to tell how a service is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from chassis.checkpoints import Checkpoint, load
from chassis.clock import SystemClock
from chassis.db import Database
from chassis.flow.condition import (
    ChannelNow,
    Condition,
    ReaderNow,
    RebuildNow,
    RelayNow,
    RoleNow,
    TopicNow,
    Verdict,
    judge,
    worst,
)
from chassis.flow.hearing import Heard, Hearing
from chassis.flow.names import Names
from chassis.flow.pace import Pace, Watched
from chassis.log import GLANCE_MS, LogReader, all_partitions
from contracts.topics import Topic

if TYPE_CHECKING:
    from chassis.roles import Role
    from chassis.service import Service

BROKER_SECONDS = 1.0
"""How long the broker is waited for: not as long as whoever asks a service how it is waits for that."""

BROKER = "the broker"
"""What the broker is called among those who are asked."""

LOCKS = (
    "SELECT a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND a.application_name LIKE 'lock %' "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Which sets of roles some process has: the lock says it, its connection says which (`chassis.roles.Lock`)."""
RELAY = (
    "SELECT (SELECT position FROM log_head) AS head, coalesce(min(done_to), 0) AS done_to, "
    "coalesce(max(greatest(reached, done_to)), 0) AS reached FROM relay_places"
)
PLACES = (
    "SELECT reader, sum(applied)::bigint AS applied, sum(duplicates)::bigint AS repeated, max(moved_at) AS moved_at "
    "FROM checkpoints GROUP BY reader"
)
PARKED = "SELECT reader, count(*) AS many FROM parked WHERE state = 'waiting' GROUP BY reader"
CHANNELS = (
    "SELECT channel, count(*) FILTER (WHERE state = 'due') AS waiting, "
    "count(*) FILTER (WHERE state = 'due' AND attempts > 0) AS retrying, "
    "count(*) FILTER (WHERE state = 'given_up') AS given_up, "
    "min(created_at) FILTER (WHERE state = 'due') AS oldest FROM effects WHERE state <> 'sent' GROUP BY channel"
)
REBUILDS = (
    "SELECT v.view, v.progress FROM view_tables v WHERE v.state = 'filling' AND EXISTS (SELECT FROM pg_locks l "
    "WHERE l.locktype = 'advisory' AND l.granted "
    "AND l.classid::bigint = (hashtext('flode rebuild')::bigint & 4294967295) "
    "AND l.objid::bigint = (hashtext(v.view)::bigint & 4294967295)) ORDER BY v.view"
)
"""A table that is being filled while somebody holds the view's lock; without the lock it was broken off."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A view or a reaction as its places are kept: `reader` is the name they are kept under."""

    name: str
    kind: str
    reader: str
    topics: tuple[Topic, ...]
    places: Mapping[TopicPartition, Checkpoint]


@dataclass(frozen=True, slots=True)
class Broker:
    """What the broker says: where each partition ends, and since when what a reader has not had has waited."""

    ends: Mapping[TopicPartition, int] = field(default_factory=dict)
    since: Mapping[str, float] = field(default_factory=dict)
    """By reader, the time (seconds since 1970) of the oldest event it has not applied."""


def lag(places: Mapping[TopicPartition, Checkpoint], ends: Mapping[TopicPartition, int]) -> int:
    """How many records a reader has still to read."""
    return sum(max(0, end - places.get(one, Checkpoint()).next_offset) for one, end in ends.items())


def is_rewound(places: Mapping[TopicPartition, Checkpoint], ends: Mapping[TopicPartition, int]) -> bool:
    """Whether a reader stands before where it has been: before as many records as it has applied in a partition, or
    behind the end of one that is shorter than it was."""
    return any(
        place.next_offset < place.applied + place.parked or place.next_offset > ends.get(partition, place.next_offset)
        for partition, place in places.items()
    )


def role_names(service: Service) -> list[str]:
    """The roles that a service needs for its work, as FLODE_ROLES calls them."""
    needed = {
        "relay": bool(service.emits),
        "views": bool(service.followed),
        "consumers": bool(service.reactions),
        "sender": service.senders is not None,
        "clockwork": bool(service.clockworks),
    }
    return [name for name, is_needed in needed.items() if is_needed]


def roles_now(service: Service, held: Iterable[str], own: Sequence[Role], names: Names) -> list[RoleNow]:
    """Each role of a service: as this process says of its own; else whether some process holds its lock.

    `held` are the names of the locks (`lock intake relay,views`). A role that this process has in readiness only,
    because another is at work, is at work elsewhere.
    """
    somewhere = {role for name in held for role in name.rpartition(" ")[2].split(",")}
    found: list[RoleNow] = []
    for role in role_names(service):
        ours = [one for one in own if one.name.partition(" ")[0] == role and one.state != "standby"]
        found += [
            RoleNow(
                name=one.name,
                called=names.role(one.name),
                state=one.state,
                failures=one.failures,
                last_failure=one.last_failure,
            )
            for one in ours
        ]
        if not ours:
            state = "elsewhere" if role in somewhere else "stopped"
            found.append(RoleNow(name=role, called=names.role(role), state=state))
    return found


async def followed(service: Service, db: Database) -> list[Followed]:
    """Every view and reaction of a service, with its places."""
    async with db.work() as connection:
        rows = await connection.fetch("SELECT view, table_name FROM view_tables WHERE state = 'live'")
        live = {row["view"]: row["table_name"] for row in rows}
        kept = [(view.name, "view", live[view.name], view.topics) for view in service.followed if view.name in live]
        kept += [(one.name, "reaction", one.name, one.topics) for one in service.reactions]
        return [
            Followed(name, kind, reader, topics, await load(connection, reader)) for name, kind, reader, topics in kept
        ]


async def ask_broker(bootstrap: str, topics: Iterable[Topic], readers: Sequence[Followed]) -> Broker:
    """Where the topics end, and since when readers wait for what they have not had. Raises KafkaError and OSError.

    One that takes connections and says nothing is let go of slowly, so whoever waits for this does so within limits.
    """
    async with LogReader(bootstrap, client_id="flow", wait_ms=GLANCE_MS) as reader:
        ends = await reader.ends_now(all_partitions(tuple(topics)))
        return Broker(ends, await _since(reader, ends, readers))


async def hear_broker(hearing: Hearing, question: Coroutine[Any, Any, Broker]) -> tuple[Heard, Broker | None]:
    """What the broker answers, or what is to be said of it that it does not."""
    try:
        return Heard.ANSWERS, await hearing.ask(BROKER, question, patience=BROKER_SECONDS)
    except TimeoutError:
        return hearing.slow_or_silent(BROKER), None
    except (KafkaError, OSError):
        return Heard.GONE, None


async def _since(
    reader: LogReader, ends: Mapping[TopicPartition, int], readers: Sequence[Followed]
) -> dict[str, float]:
    """The time of the oldest record that each reader has not had, of those that can be looked at in a moment."""
    since: dict[str, float] = {}
    places: dict[TopicPartition, dict[int, list[str]]] = {}
    for one in readers:
        for partition in all_partitions(one.topics):
            at = one.places.get(partition, Checkpoint()).next_offset
            if at < ends.get(partition, 0):
                places.setdefault(partition, {}).setdefault(at, []).append(one.reader)
    # Readers of a service stand at the same place, or nearly; the hindmost of each partition tells for those behind it.
    if not places:
        return since
    reader.start_at({partition: min(waiting) for partition, waiting in places.items()})
    heard: set[TopicPartition] = set()
    while heard < set(places):
        received = await reader.batch(timeout_ms=150, most=200)
        if not received:
            break
        for partition, records in received.items():
            if partition in heard or not records:
                continue
            heard.add(partition)
            for names in places[partition].values():
                for name in names:
                    since[name] = min(since.get(name, float("inf")), records[0].timestamp / 1000)
    return since


async def counts_of(db: Database) -> dict[str, int]:
    """What only grows, by name: events each reader has applied, and how far the relay has come."""
    rows = await db.worker.fetch(PLACES)
    relay = await db.worker.fetchrow(RELAY)
    assert relay is not None
    return {row["reader"]: row["applied"] + row["repeated"] for row in rows} | {"relay": relay["done_to"]}


async def condition_of(
    service: Service,
    db: Database,
    bootstrap: str,
    watched: Watched,
    names: Names,
    *,
    roles: Sequence[Role] = (),
) -> Condition:
    """How a service is, now."""
    pace = watched.pace
    readers = await followed(service, db)
    topics = {topic.name: topic for topic in service.emits}
    topics |= {topic.name: topic for one in readers for topic in one.topics}
    (heard, broker), counts, locks = await asyncio.gather(
        hear_broker(watched.hearing, ask_broker(bootstrap, topics.values(), readers)),
        counts_of(db),
        db.worker.fetch(LOCKS),
    )
    if broker is not None:
        counts |= {f"topic {name}": _records(broker, topic) for name, topic in topics.items()}
    pace.note(counts)
    now = roles_now(service, [row["name"] for row in locks], roles, names)
    runs = {name: all(role.runs for role in now if role.name.partition(" ")[0] == name) for name in role_names(service)}
    relay = await _relay(service, db, pace, running=runs.get("relay", False)) if service.emits else None
    told = await _readers(db, readers, broker, pace, runs, names)
    rebuilds = [rebuild_now(row["view"], row["progress"], names) for row in await db.worker.fetch(REBUILDS)]
    verdicts = [each.verdict for each in told] + ([relay.verdict] if relay else [])
    if not all(runs.values()):
        verdicts.append(Verdict.STOPPED)
    return Condition(
        service=service.name,
        verdict=worst(verdicts),
        roles=now,
        relay=relay,
        readers=told,
        channels=await _channels(db, names),
        rebuilds=rebuilds,
        topics=[
            TopicNow(
                name=name, called=names.topic(name), records=_records(broker, topic), rate=pace.rate(f"topic {name}")
            )
            for name, topic in topics.items()
            if broker is not None
        ],
        parked=await db.worker.fetchval("SELECT count(*) FROM parked WHERE state = 'waiting'"),
        broker=heard,
        broker_seconds=watched.hearing.in_vain(BROKER),
    )


def _records(broker: Broker, topic: Topic) -> int:
    return sum(end for partition, end in broker.ends.items() if partition.topic == topic.name)


def _age(moment: datetime | None) -> float:
    return max(0.0, (SystemClock().now() - moment).total_seconds()) if moment else 0.0


async def _relay(service: Service, db: Database, pace: Pace, *, running: bool) -> RelayNow:
    row = await db.worker.fetchrow(RELAY)
    assert row is not None
    waiting = max(0, row["head"] - row["done_to"])
    oldest = await db.worker.fetchval("SELECT recorded_at FROM events WHERE position = $1", row["done_to"] + 1)
    age = _age(oldest) if waiting else 0.0
    rewound = row["done_to"] < row["reached"]
    # Where it has come is noted twice a second; when it last moved, only those who looked on can say.
    verdict = judge(
        running=running, waiting=waiting, waiting_seconds=age, still_seconds=pace.still_for("relay"), rewound=rewound
    )
    return RelayNow(
        verdict=verdict,
        topics=[topic.name for topic in service.emits],
        waiting=waiting,
        waiting_seconds=age,
        done_to=row["done_to"],
        head=row["head"],
        rate=pace.rate("relay"),
    )


async def _readers(
    db: Database,
    readers: Sequence[Followed],
    broker: Broker | None,
    pace: Pace,
    runs: Mapping[str, bool],
    names: Names,
) -> list[ReaderNow]:
    parked = {row["reader"]: row["many"] for row in await db.worker.fetch(PARKED)}
    kept = {row["reader"]: row for row in await db.worker.fetch(PLACES)}
    now = SystemClock().now().timestamp()
    found: list[ReaderNow] = []
    for one in readers:
        mine = set(all_partitions(one.topics))
        ends = {place: end for place, end in broker.ends.items() if place in mine} if broker else {}
        behind = lag(one.places, ends) if broker else None
        waited = max(0.0, now - broker.since[one.reader]) if broker and behind and one.reader in broker.since else 0.0
        moved: Any = kept.get(one.reader)
        still = _age(moved["moved_at"]) if moved else waited
        verdict = judge(
            running=runs.get("views" if one.kind == "view" else "consumers", False),
            waiting=behind,
            waiting_seconds=waited,
            still_seconds=still,
            rewound=is_rewound(one.places, ends),
        )
        found.append(
            ReaderNow(
                name=one.name,
                called=names.reader(one.name),
                kind=one.kind,
                verdict=verdict,
                topics=[topic.name for topic in one.topics],
                behind=behind,
                behind_seconds=waited,
                applied=moved["applied"] if moved else 0,
                parked=parked.get(one.reader, 0),
                rate=pace.rate(one.reader),
            )
        )
    return found


async def _channels(db: Database, names: Names) -> list[ChannelNow]:
    return [
        ChannelNow(
            name=row["channel"],
            called=names.part(row["channel"]),
            waiting=row["waiting"],
            retrying=row["retrying"],
            given_up=row["given_up"],
            oldest_seconds=_age(row["oldest"]),
        )
        for row in await db.worker.fetch(CHANNELS + " ORDER BY channel")
    ]


def rebuild_now(view: str, progress: str, names: Names) -> RebuildNow:
    """A rebuild, from the progress it keeps beside its table."""
    told: dict[str, Any] = msgspec.json.decode(progress)
    known = {name: told[name] for name in ("phase", "done", "total", "rate", "eta") if name in told}
    return RebuildNow(view=view, called=names.reader(view), **{"phase": "starting", **known})

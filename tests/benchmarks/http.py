"""Through HTTP with everything running: how many tickets a second, and how long until the row can be read.

The client is a few lines on plain sockets, so that it takes as little of the machine as it can from what it measures.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg

from embedded.home import Home
from embedded.people import Person
from embedded.postgres import Postgres
from embedded.processes import free_port
from embedded.testing import temporary_folder
from embedded.tokens import Signer
from tests.benchmarks.append import make_plain, pgbench
from tests.benchmarks.report import Chapter, Line, middle, rate
from tests.benchmarks.servers import apache_kafka

SECONDS, CONNECTIONS, ROUNDS = 8, 32, 2
IDLE_SECONDS = 3
"""How long a connection is kept for the next request; the server closes it after five."""
SETTLE_SECONDS = 150
EFFECTS = "SELECT count(*), count(*) FILTER (WHERE state = 'due') FROM effects"
MUNICIPALITY = "soenderlund"
NO_KAFKA: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Installation:
    """An embedded installation that runs: its gateway, intake's own port, and what proves who we are."""

    gateway: int
    intake: int
    secret: str
    token: str
    postgres: Postgres
    partnership: Path


@contextmanager
def everything(kafka: Mapping[str, str] = NO_KAFKA) -> Iterator[Installation]:
    """`flode up`, on the embedded broker unless told of another, and `flode down` afterwards."""
    folder = temporary_folder("bench-up")
    home = Home(folder / "data")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FLODE_")},
        **kafka,
        "FLODE_DATA": str(home.root),
        "FLODE_PORT": str(free_port(None)),
        "FLODE_LOG": "WARNING",
    }
    flode = [sys.executable, "-c", "from chassis.cli import main; main()"]
    subprocess.run([*flode, "up", "--detach"], env=environment, check=True, capture_output=True)
    try:
        running = home.told()
        assert running
        ports = {name: process["port"] for name, process in running["processes"].items()}
        desks = tomllib.loads(home.partnership.read_text())["service_desks"]
        secret = next(desk["secret"] for desk in desks if desk["kind"] == "bearer")
        reader = Person(UUID(int=1), "Lise Vang", "lise.vang@soenderlund.example", "da", {MUNICIPALITY: ("auditor",)})
        yield Installation(
            gateway=int(running["url"].rsplit(":", 1)[1]), intake=ports["intake"], secret=secret,
            token=Signer(home, running["url"]).token(reader), postgres=Postgres(home.postgres, port=ports["postgres"]),
            partnership=home.partnership,
        )  # fmt: skip
    finally:
        subprocess.run([*flode, "down"], env=environment, check=True, capture_output=True)
        shutil.rmtree(folder)


def a_delivery(secret: str) -> bytes:
    """The request by which a ticketing system tells of a new ticket, as a CloudEvent."""
    number = uuid4().hex
    ticket = {
        "external_id": number, "number": number[:8], "kind": "created", "flow": "projekt",
        "title": "Ny e-tjänst för bygglov", "description": "Vi behöver en e-tjänst för bygglov.",
        "requester": {"name": "Sigrid Lund", "email": "sigrid.lund@soenderlund.example", "language": "da"},
        "organisation": "Teknik og Miljø", "opened_at": "2026-03-02T08:30:00+01:00",
    }  # fmt: skip
    told = {
        "specversion": "1.0", "id": number, "source": "https://desk.example", "type": "ticket.created",
        "time": "2026-03-02T08:30:00Z", "datacontenttype": "application/json", "data": ticket,
    }  # fmt: skip
    body = json.dumps(told, ensure_ascii=False).encode()
    head = (
        f"POST /intake/hooks/cloudevents/{MUNICIPALITY}.cloudevents HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {secret}\r\nContent-Type: application/cloudevents+json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def a_reading(path: str, token: str) -> bytes:
    """A request to read."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


class Connection:
    """One kept connection, one request at a time."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = 0.0

    async def ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send a request; status, headers in lower case, body."""
        if time.monotonic() - self._used > IDLE_SECONDS:
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        self._used = time.monotonic()
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:]) if name}
        if "content-length" in headers:
            body = await reader.readexactly(int(headers["content-length"]))
        else:
            body = b""
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        if headers.get("connection") == "close":
            self.close()
        return int(head[0].split()[1]), headers, body

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def deliveries(installation: Installation, port: int) -> float:
    """Acknowledged tickets per second over 32 connections, each asking again when it is answered."""
    done = 0
    began = time.perf_counter()

    async def client() -> None:
        nonlocal done
        connection = Connection(port)
        while time.perf_counter() - began < SECONDS:
            status, _, body = await connection.ask(a_delivery(installation.secret))
            if status != 201:
                raise RuntimeError(f"{status}: {body.decode()}")
            done += 1
        connection.close()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return done / (time.perf_counter() - began)


@dataclass(slots=True)
class Times:
    """Milliseconds of each request: to the acknowledgement, and to the row that was read."""

    acknowledged: list[float] = field(default_factory=list)
    readable: list[float] = field(default_factory=list)
    late: int = 0
    """How many could not be begun when they were due, because all connections were busy."""


async def paced(installation: Installation, per_second: int, seconds: float = SECONDS) -> Times:
    """Tickets at a steady rate, each followed by a read that waits for it. Timed from when each was due."""
    times, free = Times(), [Connection(installation.intake) for _ in range(min(200, per_second))]

    async def one(due: float) -> None:
        if not free:
            times.late += 1
            return
        connection = free.pop()
        try:
            status, headers, body = await connection.ask(a_delivery(installation.secret))
            times.acknowledged.append((time.perf_counter() - due) * 1000)
            if status != 201:
                raise RuntimeError(f"{status}: {body.decode()}")
            path = f"{headers['location']}?after={quote(headers['flode-position'])}"
            while (answered := await connection.ask(a_reading(path, installation.token)))[0] == 503:
                pass  # the view was more than five seconds behind
            if answered[0] != 200:
                raise RuntimeError(f"{answered[0]}: {answered[2].decode()}")
            times.readable.append((time.perf_counter() - due) * 1000)
        finally:
            free.append(connection)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(int(per_second * seconds)):
            due = began + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(one(due))
    for connection in free:
        connection.close()
    return times


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


class Meter:
    """Where the time went, from intake's own histograms: the mean of a stage between two looks."""

    STAGES = {
        "commit of the batch": "flode_append_duration",
        "relay: to the broker's acknowledgement": "messaging_client_operation_duration",
        "view: a batch applied and committed": "messaging_process_duration",
    }

    def __init__(self, port: int) -> None:
        self.port = port
        self.before: dict[str, tuple[float, float]] = {}

    async def look(self) -> dict[str, float]:
        """Milliseconds of each stage since the last look, on average."""
        connection = Connection(self.port)
        _, _, body = await connection.ask(a_reading("/intake/metrics", ""))
        connection.close()
        now = {stage: _sums(body.decode(), name) for stage, name in self.STAGES.items()}
        found = {}
        for stage, (total, count) in now.items():
            old_total, old_count = self.before.get(stage, (0.0, 0.0))
            if count > old_count:
                found[stage] = (total - old_total) / (count - old_count) * 1000
        self.before = now
        return found


def _sums(text: str, name: str) -> tuple[float, float]:
    def of(suffix: str) -> float:
        pattern = rf"^{name}\w*_{suffix}(?:{{[^}}]*}})? (\S+)$"
        return sum(float(value) for value in re.findall(pattern, text, re.MULTILINE))

    return of("sum"), of("count")


async def run() -> list[Chapter]:
    """Throughput and latency, on one installation."""
    throughput = Chapter(
        "Append through HTTP",
        f"`flode up` with everything running: four services, their relays, views and reactions, the broker, the "
        f"gateway. Tickets as CloudEvents over {CONNECTIONS} connections; each is authenticated, validated, sealed, "
        "decided on and stored with its delivery. The load generator shares the machine.",
    )
    latency = Chapter(
        "From POST to a readable row",
        "The same installation, asked at a steady rate at intake's own port: POST a ticket, then GET its row with "
        "`?after=`, which waits until the view has applied it. Timed from when each request was due.",
    )
    with everything() as up:
        latency.add(*await waits(up, "embedded broker"))
        rates: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            await settled(up)
            rates.setdefault("pgbench", []).append(await asyncio.to_thread(plain, up))
            rates.setdefault("gateway", []).append(await deliveries(up, up.gateway))
            rates.setdefault("intake", []).append(await deliveries(up, up.intake))
        baseline = middle(rates["pgbench"])
        throughput.add(
            Line(f"pgbench, {CONNECTIONS} clients, beside the idle services", rate(baseline)),
            _ratio("through the gateway", middle(rates["gateway"]), baseline, 0.4),
            _ratio("at intake's own port", middle(rates["intake"]), baseline, None),
        )
    with apache_kafka() as kafka, everything(kafka) as up:
        latency.add(*await waits(up, "Apache Kafka", goal=25))
    throughput.remarks.append(
        "Not the store but the processors are the limit: a ticket costs intake some 2 ms of one (HTTP, validation, "
        "sealing, the decision, relay and views), and the two mails and the answer to its source, with five files that "
        "wait for the disk, several times that. The goal leaves a tenth of a millisecond."
    )
    latency.remarks.append(
        "The goal is for Apache Kafka, whose three brokers share the two cores with all else. Where the cores have no "
        "time left, what is measured is the queue."
    )
    return [throughput, latency]


async def waits(up: Installation, broker: str, goal: float | None = None) -> list[Line]:
    """How long until a row is readable: at 50/s, at 500/s (for which the goal is), and at 50/s in a longer topic."""
    lines: list[Line] = []
    meter = Meter(up.intake)
    await paced(up, 20, 3)  # warm
    for per_second in (50, 500, 50):
        await settled(up)
        held = await in_the_log(up)
        await meter.look()
        times = await paced(up, per_second)
        stages = await meter.look()
        what = f"{broker} holding {held:,} events, {per_second}/s"
        lines += _lines(what, per_second, times, stages, goal if per_second == 500 else None)
    return lines


async def in_the_log(up: Installation) -> int:
    """How many events intake and notifications, which write most of what a ticket causes, have committed."""
    counted = 0
    for service in ("intake", "notifications"):
        connection = await asyncpg.connect(up.postgres.dsn(f"flode_{service}"))
        counted += await connection.fetchval("SELECT position FROM log_head")
        await connection.close()
    return counted


async def settled(up: Installation) -> None:
    """Wait until all mails and answers that follow from what was delivered have been sent, or for as long as we may."""
    deadline = time.monotonic() + SETTLE_SECONDS
    connection = await asyncpg.connect(up.postgres.dsn("flode_notifications"))
    try:
        before = -1
        while time.monotonic() < deadline:
            all_, due = (await connection.fetch(EFFECTS))[0]
            if due == 0 and all_ == before:
                return
            before = all_
            await asyncio.sleep(2)
    finally:
        await connection.close()


def plain(up: Installation) -> float:
    """pgbench on the installation's own server."""
    make_plain(up.postgres)
    return pgbench(up.postgres, CONNECTIONS)


def _ratio(what: str, found: float, baseline: float, goal: float | None) -> Line:
    return Line(what, rate(found), found / baseline, f"pgbench, {CONNECTIONS} clients", goal)


def _lines(what: str, per_second: int, times: Times, stages: dict[str, float], goal: float | None) -> list[Line]:
    readable, acknowledged = times.readable, times.acknowledged
    p99 = percentile(readable, 0.99)
    note = "; ".join(f"{stage} {took:.1f} ms" for stage, took in stages.items())
    if times.late:
        note += f"; {times.late} of {per_second * SECONDS} found no free connection and were not sent"

    def both(values: list[float]) -> str:
        return f"{percentile(values, 0.5):.1f} / {percentile(values, 0.99):.1f} ms"

    return [
        Line(f"{what}, POST acknowledged, p50 / p99", both(acknowledged)),
        Line(
            f"{what}, row readable, p50 / p99", both(readable), p99, "p99 in ms", goal, below=True,
            note=f"on average {note}",
        ),
    ]  # fmt: skip

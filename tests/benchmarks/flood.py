"""Intake under load: signed deliveries a second with all guarantees on, and what one sender that floods us costs the
others, who deliver at a steady rate meanwhile.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
import tomllib
from collections import Counter
from contextlib import suppress
from uuid import uuid4

from tests.benchmarks.http import Connection, Installation, everything, percentile, settled
from tests.benchmarks.report import Chapter, Line, rate

SECONDS = 20
BEFORE = 2
"""Seconds for which the others deliver before the flood begins; what comes then is not counted."""
FLOODING = 64
"""Connections of the sender that floods us, each delivering again as soon as it is answered."""
STEADY = 10
"""Deliveries a second of each of the others."""


def a_signed_delivery(desk: str, secret: str) -> bytes:
    """A new ticket, signed as Standard Webhooks asks."""
    number, moment = uuid4().hex, str(int(time.time()))
    ticket = {
        "external_id": number, "number": number[:8], "kind": "created", "flow": "projekt",
        "title": "Ny e-tjänst för bygglov", "description": "Vi behöver en e-tjänst för bygglov.",
        "requester": {"name": "Sigrid Lund", "email": f"sigrid.lund@{desk.partition('.')[0]}.example"},
        "opened_at": "2026-03-02T08:30:00+01:00",
    }  # fmt: skip
    body = json.dumps(ticket, ensure_ascii=False).encode()
    shared = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(shared, f"{number}.{moment}.".encode() + body, hashlib.sha256)).decode()
    head = (
        f"POST /intake/hooks/standard-webhooks/{desk} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"webhook-id: {number}\r\nwebhook-timestamp: {moment}\r\nwebhook-signature: v1,{signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def flood(up: Installation, desk: str, secret: str, connections: int) -> tuple[Counter[int], list[float]]:
    """Deliver over so many connections, each again as soon as it is answered: how often each status was the answer, and
    the milliseconds to each acknowledgement."""
    began = time.perf_counter()
    statuses: Counter[int] = Counter()
    took: list[float] = []

    async def sender() -> None:
        connection = Connection(up.intake)
        while time.perf_counter() - began < SECONDS:
            sent = time.perf_counter()
            status, _, _ = await connection.ask(a_signed_delivery(desk, secret))
            statuses[status] += 1
            if status == 201:
                took.append((time.perf_counter() - sent) * 1000)
            if status == 429:
                await asyncio.sleep(0.05)  # one that comes again at once, whatever it is told
        connection.close()

    await asyncio.gather(*(sender() for _ in range(connections)))
    return statuses, took


async def steadily(up: Installation, desks: dict[str, str]) -> list[float]:
    """Milliseconds from when each delivery of the others was due until it was acknowledged; without those before the
    flood."""
    took: list[float] = []
    free = [Connection(up.intake) for _ in range(100)]

    async def one(desk: str, secret: str, due: float) -> None:
        connection = free.pop()
        status, _, body = await connection.ask(a_signed_delivery(desk, secret))
        if status != 201:
            raise RuntimeError(f"{status}: {body.decode()}")
        if due >= began + BEFORE:
            took.append((time.perf_counter() - due) * 1000)
        free.append(connection)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(STEADY * (BEFORE + SECONDS)):
            due = began + number / STEADY
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            for desk, secret in desks.items():
                tasks.create_task(one(desk, secret, due))
    for connection in free:
        connection.close()
    return took


async def run() -> Chapter:
    """All of it, on one installation."""
    chapter = Chapter(
        "Intake",
        "`flode up` with everything running. Tickets signed as Standard Webhooks, at intake's own port: each is "
        "verified over its raw bytes, kept, sealed, decided on and committed before it is acknowledged. The senders "
        "share the machine.",
    )
    with everything() as up:
        desks = {
            f"{desk['municipality']}.{desk['system']}": desk["secret"]
            for desk in tomllib.loads(up.partnership.read_text())["service_desks"]
            if desk.get("kind", "standard-webhooks") == "standard-webhooks"
        }
        (flooding, secret), *rest = desks.items()
        others = dict(rest)
        await steadily(up, desks)  # warm
        await settled(up)
        quiet = await steadily(up, others)
        await settled(up)
        _, alone = await flood(up, flooding, secret, FLOODING)
        await settled(up)
        others_deliver = asyncio.create_task(steadily(up, others))
        await asyncio.sleep(BEFORE)
        statuses, accepted = await flood(up, flooding, secret, FLOODING)
        beside = await others_deliver
        with suppress(TimeoutError):
            await settled(up)
    p99, p99_beside = percentile(quiet, 0.99), percentile(beside, 0.99)
    chapter.add(
        Line(f"accepted of one sender over {FLOODING} connections, alone: a second, p99",
             f"{rate(len(alone) / SECONDS)}, {percentile(alone, 0.99):.0f} ms"),
        Line("the same beside two others", rate(len(accepted) / SECONDS),
             note=f"it was told to come again {statuses[429]} times"),
        Line(f"two others, {STEADY}/s each, alone: p50 / p99", f"{percentile(quiet, 0.5):.1f} / {p99:.1f} ms"),
        Line("the two beside it: p50 / p99", f"{percentile(beside, 0.5):.1f} / {p99_beside:.1f} ms",
             p99_beside / p99, "their p99 alone", 2, below=True),
    )  # fmt: skip
    return chapter

"""Intake is killed when the deliveries of every system are written down and none is answered. The systems deliver them
again as each of them does, or intake finds their tickets by polling: each is one request, with one set of facts.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from chassis.testing import a_database, as_role
from chassis.vault import prepare_vault
from embedded.postgres import Postgres
from embedded.processes import free_port, spawn
from embedded.testing import Databases, databases_on
from intake.commands import asking
from intake.main import service
from intake.views.deliveries import ASK
from tests.integration.intake_world import a_partnership
from tests.systems.peer import Peer, Sent, Story, all_peers
from tests.toml import as_toml

PUSHING = {kind: peer for kind, peer in all_peers().items() if peer.sends}
SECONDS = 60.0


@dataclass
class Told:
    """What became of one system's delivery: `kept` when intake had died, `facts` and `outcomes` at the end."""

    peer: Peer
    story: Story
    sent: Sent
    kept: list[str] = field(default_factory=list)
    again: httpx.Response | None = None
    facts: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)


@dataclass
class Killed:
    """Intake's process, which can be started and dies; its database; and what every system tells it."""

    environ: dict[str, str]
    log: Path
    told: dict[str, Told]
    database: str
    """The superuser's URL of the database: everybody's rows are looked at."""

    @property
    def url(self) -> str:
        return f"http://{self.environ['FLODE_HTTP']}"

    @asynccontextmanager
    async def running(self, many: int, *roles: str) -> AsyncIterator[subprocess.Popen[bytes]]:
        """The process, once it answers; it dies of so many deliveries."""
        command = [sys.executable, "-m", "tests.systems.dying", str(many)]
        environ = {**os.environ, **self.environ, "FLODE_ROLES": ",".join(roles)}
        process = spawn(command, log=self.log, env=environ, dies_by=signal.SIGKILL)
        try:
            async with httpx.AsyncClient() as client:

                async def ready() -> bool:
                    assert process.poll() is None, self.log.read_text()[-3000:]
                    with suppress(httpx.TransportError):
                        return (await client.get(f"{self.url}/intake/health")).is_success
                    return False

                await until(ready, "intake to be ready")
            yield process
        finally:
            process.kill()
            process.wait()

    async def deliver(self, kind: str, **more: str) -> httpx.Response | None:
        """A system delivers; None where it is not answered."""
        sent = self.told[kind].sent
        headers = {**sent.raw_headers, **{name.encode(): value.encode() for name, value in more.items()}}
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            with suppress(httpx.TransportError):
                return await client.post(
                    f"{self.url}/intake/hooks/{kind}/ekvik.{kind}", content=sent.body, headers=headers
                )
        return None

    async def query(self, statement: str, *given: Any) -> list[Any]:
        connection = await asyncpg.connect(self.database)
        try:
            return list(await connection.fetch(statement, *given))
        finally:
            await connection.close()

    async def outcomes(self, kind: str) -> list[str]:
        """What came of everything that a system delivered or was asked for."""
        asked = "SELECT outcome FROM deliveries WHERE system = $1 ORDER BY received_at, id"
        return [row["outcome"] for row in await self.query(asked, kind)]

    async def facts(self, kind: str) -> list[str]:
        """What happened to the requests of a system's tickets."""
        asked = "SELECT type FROM events WHERE subject IN (SELECT request_id FROM deliveries WHERE system = $1)"
        return [row["type"].split(".")[1] for row in await self.query(asked, kind)]


@pytest.fixture(scope="module")
def told(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Told]]:
    """What became of them all, of one death."""
    made = databases_on(postgres)
    yield asyncio.run(_die_and_go_on(postgres, made, tmp_path_factory.mktemp("killed")))
    made.drop_all()


async def _die_and_go_on(postgres: Postgres, made: Databases, folder: Path) -> dict[str, Told]:
    async with _all_systems(postgres, made, folder) as killed:
        kinds = list(killed.told)
        async with killed.running(len(kinds), "api") as process:
            answers = await asyncio.gather(*(killed.deliver(kind) for kind in kinds))
            assert answers == [None] * len(kinds), "nobody was answered"
            assert process.wait(60) == -signal.SIGKILL
        for kind in kinds:
            killed.told[kind].kept = await killed.outcomes(kind)
            await killed.query(asking.DUE, asking.POLL, kind, "ekvik", 0.0)
        async with killed.running(0, "api", "sender", "clockwork"):
            for kind, told in killed.told.items():
                if told.peer.tries_again:
                    told.again = await killed.deliver(kind, **told.peer.says_it_tries_again)
            await until(lambda: _is_over(killed), "every system to be asked")
        for kind, told in killed.told.items():
            told.outcomes, told.facts = await killed.outcomes(kind), await killed.facts(kind)
        return killed.told


async def _is_over(killed: Killed) -> bool:
    """Whether every system was polled, and asked for what its delivery does not say."""
    polled = await killed.query("SELECT FROM polled")
    waits = await killed.query("SELECT FROM effects WHERE channel = $1 AND state = 'due'", ASK)
    return len(polled) == len(killed.told) and not waits


@asynccontextmanager
async def _all_systems(postgres: Postgres, made: Databases, folder: Path) -> AsyncIterator[Killed]:
    """Every system that delivers, each with a ticket that was opened just now, as a desk of one municipality."""
    now = datetime.now(UTC).replace(microsecond=0)
    async with AsyncExitStack() as running:
        told = {}
        for kind, kind_of_peer in PUSHING.items():
            peer = await running.enter_async_context(kind_of_peer().running())
            story = peer.tickets[81] = Story(opened=now, changed=now)
            sent = peer.deliver(story, "created", name="d-1", secret=peer.secret, at=now)
            told[kind] = Told(peer, story, sent)
        given = a_partnership().model_dump(mode="json", include={"name", "host", "municipalities"})
        given["municipalities"]["ekvik"]["hosts"] = ["127.0.0.1"]
        given["service_desks"] = [one.peer.settings() for one in told.values()]
        (folder / "partnership.toml").write_text(as_toml(given), "utf-8")
        (folder / "jwks.json").write_text('{"keys": []}')
        worker, api = a_database(made, "intake", service.tables)
        vault = as_role(postgres.dsn("vault_of_the_killed"), "vault_client")
        await prepare_vault(postgres.dsn(), vault)
        key = base64.b64encode(bytes(32)).decode()
        issuer = {"issuer": "https://id.example", "audience": "flode", "jwks_file": str(folder / "jwks.json")}
        environ = {
            "FLODE_DATABASE": worker, "FLODE_DATABASE_API": api, "FLODE_VAULT_DATABASE": vault,
            "FLODE_VAULT_KEY": key, "FLODE_LINK_KEY": key, "FLODE_KAFKA": "127.0.0.1:1",
            "FLODE_ISSUERS": json.dumps([issuer]), "FLODE_PARTNERSHIP": str(folder / "partnership.toml"),
            "FLODE_HTTP": f"127.0.0.1:{free_port()}", "FLODE_PUBLIC_URL": "https://flode.example",
        }  # fmt: skip
        yield Killed(environ, folder / "intake.log", told, postgres.dsn(urlsplit(worker).path.strip("/")))


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for a condition; fail when it does not come."""
    deadline = time.monotonic() + SECONDS
    while not await condition():
        assert time.monotonic() < deadline, f"waited {SECONDS:.0f} s for {what}"
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("kind", PUSHING)
def test_what_was_written_down_and_not_answered_is_there_once(told: dict[str, Told], kind: str) -> None:
    """IT-02, P1, P3"""
    became = told[kind]
    assert became.kept in (["registered"], ["held"]), "written down before it was answered"
    assert became.facts == ["request-registered"]
    assert became.outcomes.count("registered") == 1
    assert set(became.outcomes) <= {"registered", "unchanged"}
    if became.again is not None:
        assert became.again.is_success
        assert became.again.headers["Flode-Duplicate"] == "true"


def test_those_that_never_try_again_are_asked(told: dict[str, Told]) -> None:
    """IT-02, P1"""
    asked = [kind for kind, became in told.items() if became.again is None]
    assert {"request-tracker", "servicenow", "redmine"} <= set(asked)
    for kind in asked:
        assert told[kind].peer.asked, f"{kind} was asked nothing"
        assert len(told[kind].outcomes) == 2, "its delivery, and what was asked for"

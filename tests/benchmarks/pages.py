"""How long until the first byte of every list, and how many bytes, with ten thousand projects and a million events.

Real HTTP: each service is a process of its own (`flode serve`, the api role alone, under row-level security), asked by
one caller over one connection, one request after the other.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil
from joserfc import jwk, jwt

from chassis.db import Database
from chassis.prepare import prepare
from chassis.service import find_service
from chassis.settings import Settings
from chassis.testing import urls_of
from chassis.topics import create_topics
from chassis.vault import Vault, prepare_vault
from chassis.views import indexes
from embedded.postgres import Postgres
from embedded.processes import free_port
from embedded.testing import temporary_folder
from tests.benchmarks import lives, world
from tests.benchmarks.report import Chapter, Line, machine
from tests.benchmarks.servers import a_broker, a_server
from tests.benchmarks.world import SERVICES, TOWNS, Made

TIMES, FEWEST, WARM = 40, 8, 3
FIRST_BYTE_MS, PAGE_BYTES = 100, 100_000
PATIENCE_SECONDS = 4.0
"""A page that takes so long in all is asked no more often, once it was asked FEWEST times."""
ISSUER = "https://id.example"
NOBODY = "http://127.0.0.1:9/{service}"  # where the other services are looked for
CALLERS: Mapping[str, Mapping[str, list[str]]] = {
    "one": {TOWNS[0][0]: ["auditor", "it_manager", "operator", "pm", "service_desk"]},
    "all": {name: ["auditor", "it_manager", "operator", "pm", "service_desk"] for name, _ in TOWNS},
}
"""Who asks: somebody of one municipality, and somebody who is everything in all three."""
KEY = jwk.ECKey.generate_key("P-256", {"use": "sig", "kid": "k", "alg": "ES256"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking for one page some times, in milliseconds and bytes."""

    path: str
    first: tuple[float, ...]
    size: int
    """Of the page itself, as it is read."""
    sent: int
    """As it travels, compressed where the service does that."""
    processor: float
    """What one answer costs the service and its database of a processor, on average, in milliseconds."""

    def share(self, part: float) -> float:
        """The time within which that part of the answers began."""
        return sorted(self.first)[min(len(self.first) - 1, int(part * len(self.first)))]


def paths(made: Made) -> list[str]:
    """Every list there is, and the pages that hold many rows of one thing."""
    portfolio, governance = "/portfolio/", "/governance/"
    return [
        "/intake/", "/intake/?page=20", "/intake/requests", "/intake/requests?state=project",
        "/intake/requests?state=change", "/intake/deliveries",
        portfolio, f"{portfolio}?page=2", f"{portfolio}?page=100&everything=1", f"{portfolio}?sort=title",
        f"{portfolio}?sort=-forecast", f"{portfolio}?q=bygglov&health=red", f"{portfolio}?serves=fjellvaag",
        f"{portfolio}?overdue=1", f"{portfolio}?as=board", f"{portfolio}?as=board&everything=1",
        f"{portfolio}?as=timeline", f"{portfolio}?as=timeline&page=2", f"{portfolio}totals", f"{portfolio}mine",
        f"{portfolio}ranking", f"{portfolio}rounds", f"{portfolio}rounds/new", f"{portfolio}rounds/{made.round}",
        f"{portfolio}projects/{made.project}", f"{portfolio}projects/{made.entered}/join", f"{portfolio}requests",
        governance, f"{governance}directives", f"{governance}directives?which=settled", f"{governance}plans",
        f"{governance}meetings", f"{governance}meetings/{made.meeting}", f"{governance}meetings/{made.meeting}/agenda",
        f"{governance}meetings/{made.meeting}/show", f"{governance}meetings/{made.called}/agenda",
        "/notifications/", "/notifications/?state=sent", f"/notifications/about/{made.project}",
        *(f"/{service}/audit/" for service in SERVICES),
        "/portfolio/audit/?q=bygglov", "/portfolio/audit/projects",
        "/portfolio/audit/history", "/portfolio/audit/projects?page=50",
        "/intake/audit/requests", "/intake/audit/inbox",
        "/governance/audit/directives", "/notifications/audit/messages", "/portfolio/audit/reads",
        "/portfolio/flow/", "/intake/flow/", "/portfolio/flow/views", "/portfolio/flow/parked",
        f"/portfolio/audit/?q={made.person}", f"/governance/audit/?q={made.person}",
        "/intake/api/requests", "/intake/api/inbox", "/portfolio/api/projects", "/portfolio/api/mine",
        "/portfolio/api/rounds", "/portfolio/api/totals", "/portfolio/api/views/history",
        "/governance/api/directives", "/governance/api/directives?which=settled", "/governance/api/plans",
        "/governance/api/meetings", "/governance/api/meetings/candidates",
        f"/governance/api/meetings/{made.called}/proposal", "/notifications/api/messages?state=sent",
        *(f"/{service}/api/waiting" for service in SERVICES),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Working:
    """The processes that answer for a service: its own, and those of PostgreSQL that work for it."""

    own: psutil.Process
    server: psutil.Process
    database: str

    def milliseconds(self) -> float:
        """What they have had of a processor so far."""
        total = 0.0
        for each in (self.own, *self.server.children()):
            with suppress(psutil.NoSuchProcess):
                if each == self.own or f" {self.database} " in " ".join(each.cmdline()):
                    total += sum(each.cpu_times()[:2]) * 1000
        return total


@dataclass(frozen=True, slots=True)
class Running:
    """The services, by their ports, and what was put into their databases."""

    ports: Mapping[str, int]
    working: Mapping[str, Working]
    made: Made
    build_seconds: float
    databases: Mapping[str, tuple[str, str]]


def token(who: str) -> str:
    """The token of one of `CALLERS`."""
    said = {
        "iss": ISSUER, "aud": "flode", "sub": who, "name": f"Prov {who}", "email": f"prov.{who}@{TOWNS[0][0]}.example",
        "language": "sv", "exp": int(time.time()) + 7200, "roles": CALLERS[who],
    }  # fmt: skip
    return jwt.encode({"alg": "ES256", "kid": "k"}, said, KEY)


async def prepared(server: Postgres, folder: Path, projects: int) -> tuple[dict[str, tuple[str, str]], Made]:
    """The databases, filled."""
    databases: dict[str, tuple[str, str]] = {}
    vault_url = server.dsn("flode_vault", user="vault_client", password="test")
    await prepare_vault(server.dsn(), vault_url)
    for name in SERVICES:
        databases[name] = urls_of(server.dsn(f"flode_{name}"), name)
        await prepare(server.dsn(), name, *databases[name], find_service(name).tables)
    environment = _environment("intake", databases, vault_url, folder, 0, "127.0.0.1:1")
    vault = await Vault.connect(Settings.from_env("intake", environment))
    try:
        made = await world.make(
            databases, lambda name: server.dsn(f"flode_{name}"), vault, projects, datetime.now(UTC).date()
        )
    finally:
        await vault.close()
    for name in SERVICES:
        await world.analyse(server.dsn(f"flode_{name}"))
    return databases, made


def _environment(
    name: str, databases: Mapping[str, tuple[str, str]], vault: str, folder: Path, port: int, kafka: str
) -> dict[str, str]:
    jwks, partnership = folder / "jwks.json", folder / "partnership.toml"
    if not jwks.exists():
        jwks.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
        from importlib.resources import files

        text = files("embedded").joinpath("partnership.toml").read_text("utf-8")
        partnership.write_text(text.replace("{secret}", base64.b64encode(bytes(32)).decode()))
    key = base64.b64encode(bytes(range(32))).decode()
    return {
        **{known: said for known, said in os.environ.items() if not known.startswith("FLODE_")},
        "FLODE_DATABASE": databases[name][0], "FLODE_DATABASE_API": databases[name][1],
        "FLODE_VAULT_DATABASE": vault, "FLODE_VAULT_KEY": key, "FLODE_LINK_KEY": key, "FLODE_KAFKA": kafka,
        "FLODE_KAFKA_IDEMPOTENCE": "off", "FLODE_ROLES": "api", "FLODE_LOG": "WARNING",
        "FLODE_ISSUERS": json.dumps([{"issuer": ISSUER, "audience": "flode", "jwks_file": str(jwks)}]),
        "FLODE_PARTNERSHIP": str(partnership), "FLODE_HTTP": f"127.0.0.1:{port}",
        "FLODE_PUBLIC_URL": "https://flode.example", "FLODE_SERVICES": NOBODY, "FLODE_MAIL": f"spool:{folder}/mail",
    }  # fmt: skip


@contextmanager
def running(projects: int, keep: Path | None = None) -> Iterator[Running]:
    """A world of so many projects, and the four services that show it. What is made in a folder to `keep` it is there
    the next time, whatever was asked for then."""
    with ExitStack() as stack:
        folder = temporary_folder("bench-pages")
        stack.callback(shutil.rmtree, folder)
        server, bootstrap = stack.enter_context(a_server(keep)), stack.enter_context(a_broker())
        asyncio.run(create_topics(bootstrap))
        kept = keep / "made.json" if keep else None
        if kept is not None and kept.exists():
            made, took = msgspec.json.decode(kept.read_bytes(), type=tuple[Made, float])
            databases = asyncio.run(opened(server))
        else:
            began = time.perf_counter()
            databases, made = asyncio.run(prepared(server, folder, projects))
            took = time.perf_counter() - began
            if kept is not None:
                kept.write_bytes(msgspec.json.encode((made, took)))
        ports, working = stack.enter_context(serving(server, folder, databases, bootstrap))
        yield Running(ports, working, made, took, databases)


async def opened(server: Postgres) -> dict[str, tuple[str, str]]:
    """The databases of a world that was made before, with the tables and indexes that there have come to be since."""
    databases = {name: urls_of(server.dsn(f"flode_{name}"), name) for name in SERVICES}
    for name in SERVICES:
        await prepare(server.dsn(), name, *databases[name], find_service(name).tables)
        async with Database(*databases[name]) as db:
            for view in find_service(name).views:
                await indexes.complete(db, view)
    return databases


@contextmanager
def serving(
    server: Postgres, folder: Path, databases: Mapping[str, tuple[str, str]], bootstrap: str
) -> Iterator[tuple[dict[str, int], dict[str, Working]]]:
    """The ports and the processes of the four services, each with the api role alone."""
    assert server.process is not None
    working = {}
    with ExitStack() as stack:
        vault = server.dsn("flode_vault", user="vault_client", password="test")
        ports = {name: free_port(None) for name in SERVICES}
        for name, port in ports.items():
            environment = _environment(name, databases, vault, folder, port, bootstrap)
            command = [sys.executable, "-c", "from chassis.cli import main; main()", "serve", name]
            process = subprocess.Popen(command, env=environment)
            stack.callback(_end, process)
            own, theirs = psutil.Process(process.pid), psutil.Process(server.process.pid)
            working[name] = Working(own, theirs, f"flode_{name}")
        for name, port in ports.items():
            _await(port, f"/{name}/health")
        yield ports, working


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a service; one that does not end when told to is not waited for."""
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await(port: int, path: str) -> None:
    deadline = time.monotonic() + 180
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise RuntimeError(f"nobody answers at {port}{path}")
        time.sleep(0.2)


def ask(port: int, path: str, bearer: str, working: Working) -> Asked:
    """Ask for a page again and again. Raises RuntimeError for any answer but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {bearer}", "Accept-Encoding": "gzip", "Accept": "text/html,application/json"}
    first: list[float] = []
    began_all, body, encoded, used = time.perf_counter(), b"", "", working.milliseconds()
    for number in range(WARM + TIMES):
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        took = (time.perf_counter() - began) * 1000
        body, encoded = answer.read(), answer.headers.get("Content-Encoding", "")
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
        if number >= WARM:
            first.append(took)
        if time.perf_counter() - began_all > PATIENCE_SECONDS and len(first) >= FEWEST:
            break
    connection.close()
    used = (working.milliseconds() - used) / (number + 1)
    size = len(gzip.decompress(body)) if encoded == "gzip" else len(body)
    return Asked(path, tuple(first), size, len(body), used)


def measure(here: Running, only: str = "") -> dict[str, list[Asked]]:
    """Every page, by who asks."""
    found: dict[str, list[Asked]] = {}
    for who in CALLERS:
        bearer = token(who)
        found[who] = [
            ask(here.ports[name], path, bearer, here.working[name])
            for path in paths(here.made)
            if path.startswith(only) and (name := path.split("/")[1])
        ]
    return found


async def run(projects: int, keep: Path | None = None) -> Chapter:
    """The chapter."""
    return await asyncio.to_thread(_run, projects, keep)


def _run(projects: int, keep: Path | None) -> Chapter:
    with running(projects, keep) as here:
        begun = machine()
        found = measure(here)
        made, took = here.made, here.build_seconds
    chapter = told(projects, made, took, found)
    chapter.begun = begun
    return chapter


def told(projects: int, made: Made, took: float, found: Mapping[str, list[Asked]]) -> Chapter:
    """What was found, as a table."""
    chapter = Chapter(
        "Pages",
        f"{projects:,} projects of three municipalities; {sum(made.events.values()):,} events in the stores of four "
        f"services and {sum(made.rows.values()):,} rows in {len(made.rows)} views, made in {took:.0f} s: the views' "
        f"own folds of {9 * lives.KINDS} sample lives, each lived by many; {made.compared:,} rows were folded anew "
        "from their own "
        "messages and compared. Each service is a process; one caller asks over HTTP, one page after the other, "
        f"{TIMES} times after {WARM} (fewer of a page that takes long). The ratio is the time to the first byte at p95 "
        f"in ms. A page is to be under {PAGE_BYTES // 1000} kB.",
    )
    chapter.remarks += [_missed(found, made), *REMARKS]
    for who, asked in found.items():
        whom = "one municipality" if who == "one" else "all three"
        for each in asked:
            fat = "**" if each.size > PAGE_BYTES else ""
            kept = "" if each.sent == each.size else f" ({each.sent / 1000:.1f} kB sent)"
            path = _bare(each.path, made)
            chapter.add(
                Line(
                    f"`{path}`, {whom}",
                    f"{each.share(0.5):.0f} / {each.share(0.95):.0f} ms, {fat}{each.size / 1000:.0f} kB{fat}{kept}, "
                    f"{each.processor:.0f} ms of processor",
                    each.share(0.95), "p95 in ms", FIRST_BYTE_MS, below=True,
                )
            )  # fmt: skip
    return chapter


def _missed(found: Mapping[str, list[Asked]], made: Made) -> str:
    """In words, which pages miss the goal."""
    asked = [each for of in found.values() for each in of]
    slow = dict.fromkeys(f"`{_bare(each.path, made)}`" for each in asked if each.share(0.95) > FIRST_BYTE_MS)
    fat = dict.fromkeys(f"`{_bare(each.path, made)}`" for each in asked if each.size > PAGE_BYTES)
    return (
        f"Of {len(asked)} answers {len(asked) - sum(each.share(0.95) > FIRST_BYTE_MS for each in asked)} begin within "
        f"{FIRST_BYTE_MS} ms at p95, {len(asked) - sum(each.size > PAGE_BYTES for each in asked)} are under "
        f"{PAGE_BYTES // 1000} kB before they are compressed. Too slow: {', '.join(slow) or 'none'}. "
        f"Too large: {', '.join(fat) or 'none'}."
    )


REMARKS = (
    "Each service answers alone: what it asks of the others is refused at once.",
    "The paths with `/api/` answer with the first rows of a list and the address at which it goes on.",
    "The milliseconds of processor are of the service and its database together; they vary less than times do.",
    "How PostgreSQL goes about each under row-level security: tests/benchmarks/PLANS.md.",
)


def _bare(path: str, made: Made) -> str:
    for key in (made.project, made.entered, made.meeting, made.called, made.round, made.person):
        path = path.replace(str(key), "…")
    return path


def show(found: Mapping[str, list[Asked]]) -> None:
    """The same on a terminal, slowest first."""
    for who, asked in found.items():
        for each in sorted(asked, key=lambda one: -one.share(0.95)):
            print(
                f"{who:4} {each.share(0.5):8.1f} {each.share(0.95):8.1f} ms {each.size:>10,} B {each.sent:>10,} sent "
                f"{each.processor:6.0f} cpu {len(each.first):3} {each.path}"
            )


def main(arguments: list[str]) -> None:
    """python -m tests.benchmarks.pages [projects] [path] [folder to keep the world in]: one round on the terminal."""
    projects = int(arguments[0]) if arguments else 10_000
    with running(projects, Path(arguments[2]) if len(arguments) > 2 else None) as here:
        print(here.made.events, here.made.rows, here.made.compared, f"{here.build_seconds:.1f} s")
        show(measure(here, arguments[1] if len(arguments) > 1 else ""))


if __name__ == "__main__":
    main(sys.argv[1:])

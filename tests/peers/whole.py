"""The whole product beside a real ticketing system: an installation with a desk of it, and the roads between the two,
on which one of our processes can be made to die just when something was done at the far end and nobody has heard of it.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from embedded.home import Home
from embedded.postgres import Postgres
from embedded.processes import free_port
from embedded.testing import temporary_folder
from notifications.adapters.port import mark
from tests.e2e.cast import CAST, HOST
from tests.e2e.flow.tickets import CRITERIA
from tests.e2e.installation import Installation, until
from tests.toml import as_toml

SECRET = "whsec_" + "bGluZG3DpWxhcyDDpHJlbmRlbiBha3RpdmE="
HERE = "127.0.0.1"
PASSED_ON = ("content-type", "etag", "date", "location", "retry-after")
SECONDS = 60
SLOWEST = 180.0
"""Seconds until all that is due stands in a ticket, on a machine that has much else to do: a real system takes one
for each question."""


@dataclass(frozen=True, slots=True)
class Death:
    """What dies of one exchange: when its answer has come, before it is passed on. `says` is part of what is asked."""

    method: str
    path: str
    says: bytes
    strike: Callable[[], object]


class Road:
    """A way to `to`, on which what is asked there and answered is carried to and fro, each by a thread of its own."""

    def __init__(self, to: str) -> None:
        self.to = urlsplit(to)
        self.open = True
        """Whether anything gets through."""
        self.lost = 0
        """How many exchanges did not."""
        self.deaths: list[Death] = []
        """Each comes to pass once, in any order."""
        road = self

        class Carrier(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                road.carry(self)

            do_POST = do_PUT = do_GET  # noqa: N815  the names that the server calls them by

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer((HERE, 0), Carrier)
        self._server.daemon_threads = True
        self.url = f"http://{HERE}:{self._server.server_port}"

    @contextmanager
    def built(self) -> Iterator[Road]:
        """The road, for the length of a block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="road")
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def carry(self, asked: BaseHTTPRequestHandler) -> None:
        """Carry one exchange, unless the road is closed or somebody dies of it: then nothing is answered."""
        asked.close_connection = True
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        if not self.open:
            self.lost += 1
            return
        headers = {name: value for name, value in asked.headers.items() if name.lower() not in ("host", "connection")}
        there = HTTPConnection(self.to.hostname or HERE, self.to.port, timeout=SECONDS)
        try:
            there.request(asked.command, asked.path, body, headers)
            answer = there.getresponse()
            said = answer.read()
        except (OSError, HTTPException):
            self.lost += 1
            return
        finally:
            there.close()
        death = next((one for one in self.deaths if _falls(one, asked, body) and 200 <= answer.status < 300), None)
        if death is None:
            _pass_on(asked, answer, said)
            return
        self.deaths.remove(death)
        self.lost += 1
        death.strike()


def _falls(death: Death, asked: BaseHTTPRequestHandler, body: bytes) -> bool:
    return asked.command == death.method and death.path in asked.path and death.says in body


def _pass_on(asked: BaseHTTPRequestHandler, answer: HTTPResponse, said: bytes) -> None:
    with suppress(ConnectionError):  # whoever asked waits no more
        asked.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() in PASSED_ON:
                asked.send_header(name, value)
        asked.send_header("Content-Length", str(len(said)))
        asked.end_headers()
        asked.wfile.write(said)


@dataclass
class Whole:
    """An installation whose host has a desk of one real system, and its roads: `ours` leads to us, `theirs` there."""

    here: Installation
    system: str
    ours: Road
    theirs: Road

    @property
    def hook(self) -> str:
        """Where the system's deliveries go."""
        return f"{self.ours.url}/intake/hooks/{self.system}/{HOST}.{self.system}"

    def dies(self, service: str, road: Road, method: str, path: str, says: bytes = b"") -> Callable[[], None]:
        """Let a service die of the next such exchange. Returns what waits until it has, and runs again."""
        struck: list[int] = []
        road.deaths.append(Death(method, path, says, lambda: struck.append(self.here.strike(service))))

        def back() -> None:
            until(lambda: struck, what=f"{service} to die of {method} {path}")
            self.here.back(service, struck[0])

        return back

    def loses_power(self, road: Road, method: str, path: str, says: bytes = b"") -> Callable[[], None]:
        """Let everything die of the next such exchange. Returns what waits until it has, and starts it again."""
        cut: list[bool] = []

        def strike() -> None:
            self.here.power_cut()
            cut.append(True)

        road.deaths.append(Death(method, path, says, strike))

        def back() -> None:
            until(lambda: cut, what=f"everything to die of {method} {path}")
            self.here.up()

        return back

    async def query(self, service: str, statement: str, *given: Any) -> list[Any]:
        """What a service's database answers."""
        server = Postgres(self.here.home.postgres, port=self.here.processes()["postgres"]["port"])
        connection = await asyncpg.connect(server.dsn(f"flode_{service}"))
        try:
            return list(await connection.fetch(statement, *given))
        finally:
            await connection.close()

    async def a_minute_later(self, service: str) -> None:
        """What a process that died had begun is begun again by the next one, but only when its minute is over: let it
        be over now."""
        await self.query(service, "UPDATE effects SET due_at = now() WHERE state = 'due'")

    async def facts(self, service: str, request: UUID) -> list[str]:
        """The travelling names of what happened to a request in a service, in order."""
        rows = await self.query(service, "SELECT type FROM events WHERE subject = $1 ORDER BY position", request)
        return [row["type"].split(".")[1] for row in rows]

    async def outcomes(self, request: UUID) -> list[str]:
        """What came of each delivery of a request's ticket, in order."""
        asked = "SELECT outcome FROM deliveries WHERE request_id = $1 ORDER BY received_at, id"
        return [row["outcome"] for row in await self.query("intake", asked, request)]

    async def notes(self, request: UUID) -> dict[str, str]:
        """The mark of each comment that was to be written into a request's ticket, and which letter it is."""
        asked = "SELECT key, payload->>'template' AS template FROM effects WHERE channel = 'ticket' "
        rows = await self.query("notifications", asked + "AND payload->>'about' = $1 ORDER BY id", str(request))
        return {mark(f"{row['key']}-comment"): row["template"] for row in rows}

    async def recovered(self, back: Callable[[], None], service: str) -> None:
        """Wait until what died runs again, and let it be a minute later."""
        back()
        await self.a_minute_later(service)

    # What people do

    def request(self, request: UUID, holds: Callable[[Any], object] = bool, *, what: str) -> dict[str, Any]:
        """What the PM sees of a request once this holds."""
        row: dict[str, Any] = self.here.followed("pm", f"/intake/api/requests/{request}", holds, what=what)
        return row

    def judge(self, request: UUID) -> None:
        """The PM judges a request a project."""
        said = {"outcome": "project", "reason": "Större än daglig drift.", "criteria": CRITERIA}
        self.here.post("pm", f"/intake/api/requests/{request}/classification", said)

    def written(self, request: UUID, *templates: str) -> None:
        """Wait until these letters, and no others, were written into a request's ticket, each of them once."""

        found: list[str] = []

        def sent() -> bool:
            rows = self.here.get("pm", f"/notifications/api/messages?about={request}")
            ours = [row for row in rows if row["channel"] == "ticket"]
            found[:] = [f"{row['template']} ({row['state']})" for row in ours]
            assert all(row["state"] in ("due", "sent") for row in ours), ours
            return sorted(found) == sorted(f"{name} (sent)" for name in templates)

        try:
            until(sent, seconds=SLOWEST, what=f"{', '.join(templates)} in the ticket")
        except AssertionError:
            raise AssertionError(f"in the ticket are not {', '.join(templates)}, but {', '.join(found)}") from None


@contextmanager
def whole(system: str, url: str, people: Iterable[str], **desk: Any) -> Iterator[Whole]:
    """An installation that runs, with these people, for the length of a block; the system is at `url`."""
    folder, port = temporary_folder("peer"), free_port()
    with Road(f"http://{HERE}:{port}").built() as ours, Road(url).built() as theirs:
        here = Installation(folder / "data", port)
        settings = Home(folder / "data").open().partnership
        settings.write_text(_with_desk(settings.read_text("utf-8"), system, theirs.url, desk), "utf-8")
        try:
            here.up()
            here.people(people)
            yield Whole(here, system, ours, theirs)
        finally:
            here.command("down")
            here.http.close()
    shutil.rmtree(folder)


def _with_desk(settings: str, system: str, url: str, desk: dict[str, Any]) -> str:
    """The partnership's file with one more desk of the host's."""
    known = f'email_domains = ["{HOST}.example"]\n'
    assert known in settings
    api = {"url": url, "private": True, "poll_seconds": 1, **desk.pop("api")}
    given = {"municipality": HOST, "system": system, "kind": system, "secret": SECRET, **desk}
    reachable = settings.replace(known, f'{known}hosts = ["{HERE}"]\n')
    return f"{reachable}\n[[service_desks]]\n{as_toml({**given, 'api': api})}"


REQUESTER = CAST["requester"].email

"""An installation for tests that look at Flöde from outside: `flode up --detach` on an empty folder and a free port.

Everything goes by the addresses and commands that people and programs have; there is no back door.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from click.testing import CliRunner, Result

from chassis.cli import main
from chassis.partnership import Partnership
from chassis.service import find_services
from embedded.home import Home
from embedded.processes import Started
from tests.e2e.cast import CAST, Somebody
from tests.e2e.deliveries import as_cloudevent, signed
from tests.e2e.post import Mail, Note, mails_in, notes_in

T = TypeVar("T")
FLODE = (sys.executable, "-c", "from chassis.cli import main; main()")
PASSWORD = "en lång mening som ingen gissar"
POSITION = "Flode-Position"


def until(condition: Callable[[], T | None], *, seconds: float = 60.0, what: str = "") -> T:
    """What `condition` gives once it gives something; fails when it has not in time, which is long enough for a
    machine that has much else to do."""
    deadline = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what or condition}"
        time.sleep(0.05)


@dataclass
class Installation:
    """One that runs, its people's tokens, and where each service's last write was."""

    folder: Path
    port: int
    environ: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)
    first_link: str = ""
    _read: dict[str, Mail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"
        self.home = Home(self.folder)
        # Like a program, not like a browser: whoever asks says who they are, and no cookie of another's goes along.
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self.http = httpx.Client(base_url=self.url, timeout=30, cookies=no_cookies)

    # Starting and stopping

    def flode(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of `flode`, as a process of its own."""
        return subprocess.run(
            [*FLODE, *command], env=self._environ(), capture_output=True, text=True, timeout=180, check=False
        )

    def begun(self, *command: str) -> subprocess.Popen[str]:
        """The same while it goes on; what it says comes line by line."""
        return subprocess.Popen(
            [FLODE[0], "-u", *FLODE[1:], *command],
            env=self._environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def command(self, *command: str) -> Result:
        """The same within this process, which saves the seconds that Python needs to load it all."""
        return CliRunner().invoke(main, list(command), env=self._environ())

    def _environ(self) -> dict[str, str]:
        ours = {"FLODE_DATA": str(self.folder), "FLODE_PORT": str(self.port), **self.environ}
        return {name: value for name, value in os.environ.items() if not name.startswith("FLODE_")} | ours

    def up(self) -> None:
        """Start, and come back when everything is ready."""
        done = self.flode("up", "--detach")
        assert done.returncode == 0, done.stderr + done.stdout
        assert done.stdout.splitlines()[-1] == f"Open {self.url}/"
        if link := re.search(rf"{self.url}(/setup/\S+)", done.stdout):
            self.first_link = link[1]

    def down(self) -> None:
        """Stop. The data stays."""
        done = self.command("down")
        assert done.exit_code == 0, done.output

    def processes(self) -> dict[str, dict[str, Any]]:
        """What the supervisor says of its processes: state, pid, port, restarts."""
        told = self.home.told()
        assert told is not None, "it does not run"
        processes: dict[str, dict[str, Any]] = told["processes"]
        return processes

    def kill(self, name: str) -> None:
        """End a process at once, as a power cut would, and wait until the supervisor has started it again."""
        self.back(name, self.strike(name))

    def strike(self, name: str) -> int:
        """End a process at once, as a power cut would; the number that it had."""
        pid: int = self.processes()[name]["pid"]
        Started.of(pid).end(by=signal.SIGKILL)
        return pid

    def back(self, name: str, before: int) -> None:
        """Wait until the supervisor has started a process again that had this number before."""
        until(
            lambda: (now := self.processes()[name])["pid"] not in (None, before) and now["state"] == "running",
            what=f"{name} started again",
        )

    def power_cut(self) -> None:
        """End everything at once, as a power cut would; `up` starts it again."""
        supervisor, processes = self.home.supervisor(), self.processes()
        assert supervisor is not None, "it does not run"
        struck = [supervisor, *(Started.of(process["pid"]) for process in processes.values())]
        os.kill(supervisor.pid, signal.SIGSTOP)  # so that it starts nothing while they fall one after the other
        for one in reversed(struck):
            os.kill(one.pid, signal.SIGKILL)
        until(lambda: not any(one.alive() for one in struck), what="nothing runs")

    def levelled(self) -> None:
        """Wait until every relay and every reader has come to the end of what there is."""
        told: list[str] = []
        try:
            until(lambda: self._level(told), what="all readers level")
        except AssertionError:
            raise AssertionError(f"not level in time:\n{told[-1]}") from None

    def _level(self, said: list[str]) -> bool:
        told = self.command("lag")
        said.append(told.output)
        assert told.exit_code == 0, told.output
        rows = [re.split(r"\s{2,}", line.strip()) for line in told.output.splitlines()[1:]]
        readers = sum(len(service.followed) + len(service.reactions) + 1 for service in find_services())
        return len(rows) == readers and all(row[2] == "0" for row in rows)

    @property
    def partnership(self) -> Partnership:
        """The settings of the cooperation, secrets included."""
        return Partnership.read(self.home.partnership)

    # People

    def people(self, parts: Iterable[str] = CAST) -> None:
        """Make the operator's account by the link that was printed, the others on the page of people, and sign all in;
        `parts` are those they play."""
        cast = {"operator": CAST["operator"], **{part: CAST[part] for part in parts}}
        answer = self._choose_password(self.first_link, _form_of(CAST["operator"]))
        operator = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        links = [self._add(operator, somebody) for part, somebody in cast.items() if part != "operator"]
        with ThreadPoolExecutor(2) as two:
            list(two.map(lambda link: self._choose_password(link, {}), links))
            self.tokens = dict(zip(cast, two.map(self._token, cast.values()), strict=True))

    def _choose_password(self, link: str, more: dict[str, Any]) -> httpx.Response:
        form = {**more, "password": PASSWORD, "repeated": PASSWORD}
        answer = self.http.post(link, data=form, headers={"Origin": self.url})
        assert answer.status_code == 303, answer.text
        return answer

    def _add(self, operator: dict[str, str], somebody: Somebody) -> str:
        answer = self.http.post("/people", data=_form_of(somebody), headers={"Origin": self.url, **operator})
        link = re.search(rf"{self.url}(/setup/[\w-]+)", unescape(answer.text))
        assert link, answer.text
        return link[1]

    def _token(self, somebody: Somebody) -> str:
        said = {"grant_type": "password", "username": somebody.email, "password": PASSWORD}
        answer = self.http.post("/token", data=said)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    # Programs: tickets in, JSON in and out

    def deliver(
        self, municipality: str, ticket: dict[str, Any], *, delivery: str | None = None, **headers: str
    ) -> httpx.Response:
        """A ticket from a municipality's Service Desk, signed as Standard Webhooks."""
        desk = self.partnership.desk(municipality, "servicedesk")
        assert desk is not None
        body, proof = signed(ticket, desk.secret, delivery or f"msg_{uuid4().hex}")
        path = f"/intake/hooks/standard-webhooks/{desk.id}"
        return self._noted(self.http.post(path, content=body, headers=proof | headers))

    def deliver_event(
        self,
        *tickets: dict[str, Any],
        mode: str = "structured",
        municipality: str = "soenderlund",
        ids: Sequence[str] = (),
    ) -> httpx.Response:
        """Tickets as CloudEvents, structured, binary or as a batch, with the bearer token of their credential."""
        desk = self.partnership.desk(municipality, "cloudevents")
        assert desk is not None
        body, headers = as_cloudevent(tickets, mode, ids=ids)
        headers["Authorization"] = f"Bearer {desk.secret}"
        return self._noted(self.http.post(f"/intake/hooks/cloudevents/{desk.id}", content=body, headers=headers))

    def ask(
        self,
        who: str,
        method: str,
        path: str,
        content: object = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """A request of somebody. What was written is remembered, so that the next reading of that service waits."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}", **headers}
        if key is not None:
            headers["Idempotency-Key"] = key
        if if_match is not None:
            headers["If-Match"] = if_match
        return self._noted(self.http.request(method, path, json=content, headers=headers))

    def post(self, who: str, path: str, content: object = None, **more: str) -> httpx.Response:
        """Write; anything but success fails."""
        answer = self.ask(who, "POST", path, content or {}, **more)
        assert answer.status_code == 201, f"{path}: {answer.status_code} {answer.text}"
        return answer

    def put(self, who: str, path: str, content: object, **more: str) -> httpx.Response:
        """Replace; anything but success fails."""
        answer = self.ask(who, "PUT", path, content, **more)
        assert answer.status_code in (200, 201), f"{path}: {answer.status_code} {answer.text}"
        return answer

    def get(self, who: str, path: str) -> Any:
        """Read what is shown after the last write to the same service (read your own writes); a list to its end.

        Told that the view comes later (503 with Retry-After), it asks again, as a program should.
        """

        def shown() -> httpx.Response | None:
            answer = self.ask(who, "GET", path, **self.after(path))
            return None if answer.status_code == 503 else answer

        answer = until(shown, what=path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        said = answer.json()
        while on := answer.links.get("next"):
            answer = self.ask(who, "GET", on["url"])
            said += answer.json()
        return said

    def followed(self, who: str, path: str, holds: Callable[[Any], object] = bool, *, what: str) -> Any:
        """Read what another service's events bring about here; waits until it is there, and then until it holds."""

        def found() -> Any:
            answer = self.ask(who, "GET", path, **self.after(path))
            assert answer.status_code in (200, 404, 503), f"{path}: {answer.status_code} {answer.text}"
            return answer.json() if answer.status_code == 200 and holds(answer.json()) else None

        return until(found, what=what)

    def after(self, path: str) -> dict[str, str]:
        """The header by which a reading waits for the last write to its service."""
        position = self.last.get(path.split("/")[1])
        return {POSITION: position} if position else {}

    def _noted(self, answer: httpx.Response) -> httpx.Response:
        if position := answer.headers.get(POSITION):
            self.last[answer.request.url.path.split("/")[1]] = position
        return answer

    # What left the house

    def mails(self) -> list[Mail]:
        """All mails that were sent so far."""
        return mails_in(self.home.mail, self._read)

    def mail(self, to: str, words: str) -> Mail:
        """The first mail to an address with these words in its subject or text; waits for it."""
        return until(
            lambda: next((mail for mail in self.mails() if mail.to == to and words in mail.subject + mail.text), None),
            what=f"a mail to {to}: {words}",
        )

    def notes(self, external_id: str) -> list[Note]:
        """What was written back into a ticket."""
        return [note for note in notes_in(self.home.mail / "tickets") if note.ticket == external_id]


def _form_of(somebody: Somebody) -> dict[str, Any]:
    return {
        "name": somebody.name,
        "email": somebody.email,
        "language": somebody.language,
        "role": list(somebody.roles),
    }

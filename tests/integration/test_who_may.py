"""Every route, tried by every role in the municipality and in another, without signing in and from another site.

Who may stands in who_may.py. Whoever may not is refused, and nothing is written; nothing of the municipality is shown
in another; and whoever may is let in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt

from chassis.identity import Role
from chassis.limits import Buckets, Limits
from chassis.rebuild import asof, bulk
from chassis.service import Service, find_service
from chassis.settings import Settings
from chassis.testing import Databases
from chassis.web import Deps, create_app
from chassis.web.guard import security
from tests.integration.who_may import OF_SERVICE, Line, table_of
from tests.integration.who_may_worlds import CANARY, HOME, WORLDS, Body, Seeded

AWAY = "nordvik"
ORIGIN = "https://flode.example"
SERVICES = sorted(OF_SERVICE)
pytestmark = pytest.mark.brokerless
PERSONS = {
    "the requester": "Sigrid Ek",
    "the orderer": "Greta Lindmark",
    "the leader": "Hanna Berg",
    "the adjuster": "Anders Lo",
}
ROLE_OF = dict.fromkeys(PERSONS, Role.REQUESTER) | {"the adjuster": Role.SERVICE_DESK}
"""What else they are: no more than whoever has an account, and the adjuster somebody who reads what the CAB does."""
NOTHING = "00000000-0000-4000-8000-000000000000"
Headers = Mapping[str, str]


@pytest.mark.parametrize("name", SERVICES)
def test_the_table_and_the_routes_are_the_same(name: str) -> None:
    routes = set(routes_of(app_of(find_service(name), cast(Deps, _NoDeps()))))
    table = {line.route for line in table_of(name)}
    assert routes - table == set(), "routes of which who_may.py does not say who may"
    assert table - routes == set(), "lines of who_may.py without a route"


@pytest.mark.parametrize("name", SERVICES)
async def test_only_who_may_does(
    name: str, databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reading in (asof, bulk):
        monkeypatch.setattr(reading, "SILENCE_SECONDS", 0.0)  # there is no log here to wait for
    async with AsyncExitStack() as stack:
        seeded = await WORLDS[name](stack, databases, tmp_path)
        service = find_service(name)
        await _park_something(seeded, service)
        settings = SimpleNamespace(**{**vars(seeded.here.settings), **LIKE_A_PROCESS})
        here = replace(seeded.here, settings=cast(Settings, settings))
        app = app_of(service, here)
        app.state.limits = Limits(*(Buckets(1_000_000, 1.0) for _ in range(3)))  # this test asks without end
        transport = httpx.ASGITransport(app=app)
        # Thousands of answers are read as they are: that they may come compressed is tested elsewhere.
        plain = {"Accept-Encoding": "identity"}
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=plain) as client:
            tried = Trying(seeded, client, service)
            lines = table_of(name)
            for line in lines:
                await tried.refused(line)
            for line in sorted(lines, key=lambda line: line.method != "GET"):
                await tried.let_in(line)
    assert tried.wrong == [], "\n".join(["", *tried.wrong])


UNREADY = ("/live", "/case.json", "/case.pdf", "/people/{account_id}", "/{town_id}/{system}")
"""Where what is asked for is not there in these worlds: no view to watch, no broker to read, no account, no desk."""
LIKE_A_PROCESS: dict[str, Any] = {
    "kafka": "127.0.0.1:1",
    "public_url": ORIGIN,
    "link_key": bytes(32),
    "database": "",
    "issuers": (),
}
LIKE_A_PROCESS["address_of"] = lambda _: "http://127.0.0.1:1"


@dataclass(frozen=True, slots=True)
class _NoDeps:
    """What an application needs to be made, and no more."""

    settings: Any = field(default_factory=lambda: SimpleNamespace(**LIKE_A_PROCESS))
    clock: Any = None
    pressure: Any = None


def app_of(service: Service, here: Deps) -> FastAPI:
    """The application as a process serves it."""
    return create_app(service.name, service.package, service.http, here, streamed=service.streamed)


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and path, however the routers are nested. Files are no routes: they are the same for all."""
    found: list[tuple[str, str]] = []

    def walk(router: Any, prefix: str) -> None:
        for route in router.routes:
            if (nested := getattr(route, "original_router", None)) is not None:
                walk(nested, prefix + route.include_context.prefix)
            elif methods := getattr(route, "methods", None):
                found.extend((method, prefix + route.path) for method in methods if method != "HEAD")

    walk(app, "")
    return found


@dataclass
class Trying:
    """Asks as everybody, and notes what is not as the table says."""

    seeded: Seeded
    client: httpx.AsyncClient
    service: Service
    wrong: list[str] = field(default_factory=list)
    tokens: dict[tuple[str, str, int], str] = field(default_factory=dict)

    async def refused(self, line: Line) -> None:
        """Who may not is refused, and nothing is written, nor shown elsewhere."""
        before = await self._rows()
        await self._at_home(line)
        await self._elsewhere(line)
        if line.method not in ("GET", "OPTIONS"):
            token = self._token(Role.PM, HOME)["Authorization"].removeprefix("Bearer ")
            answer = await self._ask(line, {"Cookie": f"flode_session={token}", "Sec-Fetch-Site": "cross-site"})
            if answer.status_code != 403:
                self._note(line, "another site's form", answer)
        after = await self._rows()
        if before != after:
            changed = sorted(table for table in after if before.get(table) != after[table])
            self.wrong.append(f"{line.method} {line.path}: wrote to {changed}")

    async def _at_home(self, line: Line) -> None:
        if not line.may & {"anyone", "a link"}:
            self._is_refused(line, "nobody", await self._ask(line, {"Origin": ORIGIN}))
        if line.method == "GET" and "signed in" in line.may:
            stranger = self._token(Role.REQUESTER, HOME)
            self._shows_nothing(line, "somebody who asked for nothing", await self._ask(line, stranger))
        if line.may & {"anyone", "signed in"}:
            return
        for role in sorted(set(Role) - line.may):
            self._is_refused(line, f"{role} here", await self._ask(line, self._token(role, HOME)))
        for who in PERSONS:
            if not line.may & {who, ROLE_OF[who].value}:
                self._is_refused(line, who, await self._ask(line, self._person(who)))

    async def _elsewhere(self, line: Line) -> None:
        if line.method != "GET" and line.may & {"anyone", "signed in"}:
            return
        for role in sorted(set(Role) - line.elsewhere):
            answer = await self._ask(line, self._token(role, AWAY))
            if line.method == "GET" and "a link" not in line.may:
                self._shows_nothing(line, f"{role} elsewhere", answer)
            else:
                self._is_refused(line, f"{role} elsewhere", answer)

    async def let_in(self, line: Line) -> None:
        """Who may is not refused. Whether it can be done just now is another matter."""
        for who in sorted(line.may - {"a secret", "nobody"}):
            if who in ("anyone", "a link"):
                headers: Headers = {}
            elif who == "signed in":
                headers = self._token(Role.REQUESTER, HOME)
            else:
                headers = self._person(who) if who in PERSONS else self._token(Role(who), HOME)
            own = {"Origin": ORIGIN} if who in ("anyone", "a link") else {}
            answer = await self._ask(line, {**headers, **own}, right=True)
            if _refuses(answer) and not line.path.endswith(UNREADY):
                self._note(line, f"{who} is not let in", answer)
            elif answer.status_code == 500:
                self._note(line, who, answer)
        for who in sorted(line.elsewhere):
            answer = await self._ask(line, self._token(Role(who), AWAY), right=True)
            if _refuses(answer) or answer.status_code == 500:
                self._note(line, f"{who} elsewhere is not let in", answer)

    def _is_refused(self, line: Line, who: str, answer: httpx.Response) -> None:
        if not _refuses(answer):
            self._note(line, who, answer)

    def _shows_nothing(self, line: Line, who: str, answer: httpx.Response) -> None:
        said = [canary for canary in self.seeded.canaries if canary in answer.text]
        if said or (answer.status_code >= 500 and answer.status_code != 503):
            self.wrong.append(f"{line.method} {line.path}: {who} is shown {said} ({answer.status_code})")

    def _note(self, line: Line, who: str, answer: httpx.Response) -> None:
        said = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text.partition("<main")[2] or answer.text))[:150]
        self.wrong.append(f"{line.method} {line.path}: {who}: {answer.status_code} {said}")

    async def _ask(self, line: Line, headers: Headers, *, right: bool = False) -> httpx.Response:
        parts = {
            "language": "sv", "request_id": NOTHING,
            "key": self.seeded.parts.get("request_id", NOTHING), "number": "1",
            "name": self.service.views[0].name, "work": "verify", "of": HOME, "town": HOME, "town_id": HOME,
            "account_id": NOTHING, "system": "none",
            **self.seeded.parts, **self.seeded.special.get(f"{line.method} {line.path}", {}),
        }  # fmt: skip
        if "a link" in line.may and not right:
            parts["token"] = parts["token"][:-1] + ("A" if parts["token"][-1] != "A" else "B")
        path = re.sub(r"{(\w+)=?(\w*)}", lambda found: found[2] or parts[found[1]], line.path)
        body = self.seeded.bodies.get(line.path, Body())
        sent: dict[str, Any] = {}
        if line.method in ("POST", "PUT"):
            # Without a reason an operator's work is not begun, only judged.
            empty = {"accept": "1"} if "/flow/views/" in path else {"reason": "Så"}
            sent = {"json": body.json} if body.json is not None else {"data": dict(body.form or empty)}
        query = {"before": "1", "after": "1"} if path.endswith("/compare") else None
        answer = await self.client.request(line.method, path, params=query, headers=headers, **sent)
        missing = [name for name, value in {**security(secure=True), "Cache-Control": "no-store"}.items()
                   if answer.headers.get(name) != value]  # fmt: skip
        if missing:
            self._note(line, f"answers without {missing}", answer)
        return answer

    def _token(self, role: Role, home: str) -> dict[str, str]:
        return self._signed(f"{role.value} {home}", home, {home: [role.value]})

    def _person(self, who: str) -> dict[str, str]:
        return self._signed(PERSONS[who], HOME, {HOME: [ROLE_OF[who].value]})

    def _signed(self, name: str, home: str, roles: Mapping[str, list[str]]) -> dict[str, str]:
        until = int((self.seeded.clock.now() + timedelta(hours=1)).timestamp())
        if (name, home, until) not in self.tokens:
            email = f"{name.lower().replace(' ', '.')}@{home}.example"
            said = {
                "iss": "https://id.example", "aud": "flode", "sub": email, "name": name, "email": email,
                "language": "en", "exp": until, "roles": roles,
            }  # fmt: skip
            self.tokens[name, home, until] = jwt.encode({"alg": "ES256", "kid": "k"}, said, self.seeded.key)
        return {"Authorization": f"Bearer {self.tokens[name, home, until]}"}

    async def _rows(self) -> dict[str, int]:
        """How many rows each table has, the events among them."""
        async with self.seeded.here.db.work() as connection:
            names = await connection.fetch(
                "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
                "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') "
                "AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')"
            )
            count = " UNION ALL ".join(
                f"SELECT '{row['name']}' AS name, count(*) AS n FROM {row['name']}" for row in names
            )
            return {row["name"]: row["n"] for row in await connection.fetch(count)}


def _refuses(answer: httpx.Response) -> bool:
    to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    return answer.status_code in (401, 403, 404) or to_sign_in


async def _park_something(seeded: Seeded, service: Service) -> None:
    """An event of Ekvik's that a view could not handle."""
    subject = seeded.parts.get("request_id", NOTHING)
    async with seeded.here.db.work() as connection:
        await connection.execute(
            'INSERT INTO parked (reader, municipality, subject, topic, partition, "offset", source, sequence, type, '
            "envelope, reason) VALUES ($1, $2, $3, 'flode.request', 0, 0, '/flode/none', 1, 'none', $4, $5)",
            service.views[0].name, HOME, subject, b"{}", CANARY,
        )  # fmt: skip

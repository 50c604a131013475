"""The operators' pages: a parked event is mended on the page, a view is built anew while it is read, and nobody else
may do either."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from joserfc import jwk, jwt

from chassis.auth import Authenticator
from chassis.clock import SystemClock
from chassis.db import Database
from chassis.feed import Feed
from chassis.links import Links
from chassis.partnership import Partnership
from chassis.relay import Relay
from chassis.replay import parked_events
from chassis.roles import Lock
from chassis.service import Service
from chassis.settings import Issuer, Settings
from chassis.store import Store
from chassis.testing import Databases, a_database
from chassis.topics import create_topics
from chassis.vault import Vault
from chassis.views.follow import ViewFollower
from chassis.web import Deps, create_app
from contracts.topics import REQUEST
from tests.integration.flow import IDEMPOTENT, append, classified, counted, registered, running, until

ORIGIN = "http://127.0.0.1:1"
KEY = jwk.ECKey.generate_key("P-256", {"use": "sig", "kid": "k"})
SERVICE = Service(name="intake", package="intake", views=(counted(),), emits=(REQUEST,))


def a_partnership() -> Partnership:
    tallvik = {
        "name": "Tallvik", "language": "sv", "country": "SE", "currency": "SEK", "timezone": "Europe/Stockholm",
        "email_domains": ["tallvik.example"],
    }  # fmt: skip
    return Partnership.parse({"name": "Samverkan", "host": "tallvik", "municipalities": {"tallvik": tallvik}})


class World:
    """The pages, and what stands behind them."""

    def __init__(self, here: Deps, client: httpx.AsyncClient) -> None:
        self.here, self.client = here, client

    def token(self, role: str) -> dict[str, str]:
        said = {
            "iss": "https://id.example", "aud": "flode", "sub": role, "name": "Olle Berg", "language": "en",
            "email": "olle.berg@tallvik.example", "exp": int(SystemClock().now().timestamp()) + 3600,
            "roles": {"tallvik": [role]},
        }  # fmt: skip
        proof = jwt.encode({"alg": "ES256", "kid": "k"}, said, KEY)
        return {"Authorization": f"Bearer {proof}", "origin": ORIGIN}

    async def get(self, path: str, role: str = "operator") -> httpx.Response:
        return await self.client.get(path, headers=self.token(role))

    async def send(self, path: str, role: str = "operator", **fields: str) -> httpx.Response:
        return await self.client.post(path, data=fields, headers=self.token(role))


@pytest.fixture
async def world(databases: Databases, kafka: str, tmp_path: Path) -> AsyncIterator[World]:
    urls = a_database(databases, "intake")
    await create_topics(kafka)
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    issuer = Issuer(issuer="https://id.example", audience="flode", jwks_file=jwks)
    settings = Settings(
        service="intake", database=urls[0], database_api=urls[1], vault_database=urls[0], vault_key=bytes(32),
        link_key=bytes(32), kafka=kafka, issuers=(issuer,), partnership=jwks, public_url=ORIGIN,
    )  # fmt: skip
    vault, partnership = await Vault.in_memory(), a_partnership()
    async with Database(*urls) as db, Store(db, "intake") as store:
        auth = Authenticator((issuer,), partnership, person_id=vault.person_id, clock=SystemClock())
        here = Deps(
            service="intake", store=store, db=db, vault=vault, settings=settings, partnership=partnership,
            clock=SystemClock(), auth=auth, links=Links(bytes(32)),
        )  # fmt: skip
        app = create_app("intake", "intake", SERVICE.http, here)
        relay = Relay(store, kafka, (REQUEST,), idempotent=IDEMPOTENT)
        feed = Feed(kafka, "v", [ViewFollower(SERVICE.views[0], db)])
        lock = Lock(urls[0], "intake relay,views")
        transport = httpx.ASGITransport(app)
        async with (
            running(relay.run, feed.run, lock.keep),
            httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client,
        ):
            await until(partial(_there_is_a_table, db))
            yield World(here, client)


async def _there_is_a_table(db: Database) -> bool:
    return bool(await db.worker.fetchval("SELECT count(*) FROM view_tables WHERE state = 'live'"))


async def _parked(world: World, many: int) -> None:
    async def so() -> bool:
        return len(await parked_events(world.here.db)) == many

    await until(so)


async def test_an_operator_mends_a_parked_event_on_the_page_and_those_behind_it_follow(world: World) -> None:
    request = uuid4()
    await append(world.here.store, registered(request), classified(request, "poison"), classified(request, "stort"))
    await _parked(world, 2)
    first = (await parked_events(world.here.db))[0]
    base = f"/intake/flow/parked/{first.id}"
    assert "cannot swallow it" in (await world.get("/intake/flow/parked")).text
    assert "2 events are parked at Requests (intake)" in (await world.get("/intake/flow/")).text

    again = await world.send(f"{base}/replay", reason="once more")
    assert again.status_code == 409
    assert "still cannot be handled" in again.text

    form = html.unescape((await world.get(f"{base}/mend")).text)
    data = json.loads(re.search(r"<textarea[^>]*>(.*?)</textarea>", form, re.DOTALL)[1])  # type: ignore[index]  # there
    wrong = await world.send(f"{base}/mend", data=json.dumps({**data, "title": None}), reason="x")
    assert wrong.status_code == 422
    assert "title: Write text here." in wrong.text
    corrected = json.dumps({**data, "reason": "stort nog"})
    asked = await world.send(f"{base}/mend", data=corrected, reason="The reason was wrong")
    assert asked.status_code == 200
    assert "Is this right?" in asked.text
    assert (await parked_events(world.here.db))[0].mended is None, "nothing is done before it is confirmed"
    await world.send(f"{base}/mend", data=corrected, reason="The reason was wrong", action="confirm")
    done = await world.send(f"{base}/replay", reason="Mended")
    assert done.status_code == 303
    assert done.headers["location"].endswith("handled=2")

    row = await SERVICE.views[0].get(world.here.db, request, scope=["tallvik"])
    assert row is not None
    assert (row.events, row.last) == (3, {"reason": "stort"})
    page = (await world.get("/intake/flow/parked")).text
    assert "Nothing is parked." in page
    assert "Olle Berg" in page
    assert "The reason was wrong" in page


async def test_a_view_is_built_anew_from_the_page_while_it_is_read(world: World) -> None:
    fresh = [uuid4() for _ in range(30)]
    await asyncio.gather(*(append(world.here.store, registered(one), classified(one)) for one in fresh))

    async def shown() -> int:
        return len(await SERVICE.views[0].select(world.here.db, scope=["tallvik"]))

    async def all_there() -> bool:
        return await shown() == 30

    await until(all_there)
    seen: list[int] = []
    stop = asyncio.Event()

    async def read() -> None:
        while not stop.is_set():
            seen.append(await shown())

    reader = asyncio.create_task(read())

    async def comes(path: str, text: str) -> None:
        assert (await world.send(f"/intake/flow/views/counted/{path}", reason="A try")).status_code == 303

        async def there() -> bool:
            return text in (await world.get("/intake/flow/views")).text

        await until(there)

    await comes("verify", "The view equals the log: 30 rows")
    await comes("rebuild", "the new table is live")
    await comes("rollback", "is live again")
    await comes("drop", "tables were dropped")
    stop.set()
    await reader
    assert set(seen) == {30}


async def test_a_view_that_does_not_equal_the_log_is_told_of_and_left_as_it_is(world: World) -> None:
    request = uuid4()
    await append(world.here.store, registered(request), classified(request))

    async def there() -> bool:
        row = await SERVICE.views[0].get(world.here.db, request, scope=["tallvik"])
        return row is not None and row.events == 2

    await until(there)
    live = await world.here.db.worker.fetchval("SELECT table_name FROM view_tables WHERE state = 'live'")
    async with world.here.db.work() as connection:
        await connection.execute(f'UPDATE views."{live}" SET events = 9')
    await world.send("/intake/flow/views/counted/verify", reason="Odd numbers")

    async def told() -> bool:
        return "differs from the log in 1 rows" in (await world.get("/intake/flow/views")).text

    await until(told)
    assert await world.here.db.worker.fetchval("SELECT count(*) FROM view_tables") == 1


async def test_how_the_service_is_is_told_in_words_and_in_json(world: World) -> None:
    request = uuid4()
    await append(world.here.store, registered(request))

    async def level() -> bool:
        told = (await world.get("/intake/api/flow")).json()
        return bool(told["verdict"] == "fine" and [one["applied"] for one in told["readers"]] == [1])

    await until(level)
    told = (await world.get("/intake/api/flow")).json()
    assert told["relay"]["waiting"] == 0
    assert told["readers"][0]["behind"] == 0
    assert {role["name"]: role["state"] for role in told["roles"]} == {"relay": "elsewhere", "views": "elsewhere"}
    shown = await world.get("/intake/flow/")
    assert "Portfolio (portfolio) does not run: nobody listens at its address." in shown.text
    way = await world.get(f"/intake/flow/trace/{request}")
    assert "RequestRegistered" in way.text or "request-registered" in way.text.lower()


@pytest.mark.parametrize("role", ["pm", "auditor", "it_manager", "service_desk", "leader"])
async def test_nobody_but_an_operator_sees_or_does_any_of_it(world: World, role: str) -> None:
    for path in ("api/flow", "flow/", "flow/parked", "flow/parked/1", "flow/views", f"flow/trace/{uuid4()}"):
        assert (await world.get(f"/intake/{path}", role)).status_code == 403, path
    for path in ("flow/parked/1/mend", "flow/parked/1/replay", "flow/views/counted/rebuild", "flow/views/counted/drop"):
        assert (await world.send(f"/intake/{path}", role, reason="x")).status_code == 403, path

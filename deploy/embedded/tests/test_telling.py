"""What happens to accounts is told to governance: with the change, in order, and not lost when anything is away."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import KeySet

from embedded.home import Home
from embedded.people import AlreadyKnown, People
from embedded.telling import PATH, Telling
from embedded.tokens import Signer

ALVA: dict[str, Any] = {
    "name": "Alva Ek",
    "email": "alva@lindmala.example",
    "language": "sv",
    "roles": {"lindmala": ("operator",)},
}
BO: dict[str, Any] = {
    "name": "Bo Vang",
    "email": "bo@lindmala.example",
    "language": "da",
    "roles": {"lindmala": ("pm",)},
}

ONE_ROUND = """
import asyncio, sys
from pathlib import Path
import aiohttp
from embedded.home import Home
from embedded.people import People
from embedded.telling import Telling
from embedded.tokens import Signer

async def main():
    home = Home(Path(sys.argv[1])).open()
    async with aiohttp.ClientSession() as client:
        await Telling(People(home.people, work=4), Signer(home, "http://issuer.example"), sys.argv[2]).once(client)

asyncio.run(main())
"""


@dataclass
class Governance:
    """What governance is told, and how it answers."""

    signer: Signer
    url: str = ""
    status: int = 201
    kill: subprocess.Popen[bytes] | None = None
    """Whoever tells is killed after it was heard and before it is answered."""
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        word = (await request.json())["word"]
        keys = KeySet.import_key_set(self.signer.public_keys())  # type: ignore[arg-type]  # a plain dict is one
        self.heard.append(jwt.decode(word, keys, algorithms=["ES256"]).claims)
        if self.kill is not None:
            os.kill(self.kill.pid, signal.SIGKILL)
        return web.Response(status=self.status, text="a reason")

    @property
    def said(self) -> list[str]:
        return [each["what"] for each in self.heard]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").open()


@pytest.fixture
def people(home: Home) -> People:
    return People(home.people, work=4)


@pytest.fixture
async def governance(home: Home) -> AsyncIterator[Governance]:
    heard = Governance(Signer(home, "http://issuer.example"))
    app = web.Application()
    app.router.add_post(PATH, heard.hear)
    server = TestServer(app)
    await server.start_server()
    heard.url = str(server.make_url("")).rstrip("/")
    yield heard
    await server.close()


async def once(governance: Governance, people: People, url: str | None = None) -> bool:
    async with aiohttp.ClientSession() as client:
        return await Telling(people, governance.signer, url or governance.url).once(client)


async def test_every_change_is_told_in_order_with_who_did_it(people: People, governance: Governance) -> None:
    alva = people.begin(people.link_for(None), **ALVA, password="en lång mening")
    assert alva is not None
    bo = people.add(**BO, by=alva)
    people.choose_password(people.link_for(bo.id, by=alva), "en annan mening")
    people.change(bo.id, name="Bo Vang", language="da", roles={"*": ("pm",)}, by=alva)
    people.change(bo.id, name="Bo Lund", language="da", roles={"*": ("pm",)}, by=alva)
    people.change(bo.id, name="Bo Lund", language="da", roles={"*": ("pm",)}, by=alva)
    people.remove(bo.id, by=alva)
    assert await once(governance, people)
    assert governance.said == ["opened", "opened", "link-made", "password-chosen", "changed", "changed", "closed"]
    assert [each["by"]["name"] for each in governance.heard[1:]] == [
        "Alva Ek", "Alva Ek", "Bo Vang", "Alva Ek", "Alva Ek", "Alva Ek"
    ]  # fmt: skip
    assert [each.get("renamed") for each in governance.heard[4:6]] == [False, True]
    assert governance.heard[4]["person"]["roles"] == {"*": ["pm"]}
    assert people.untold() == []


async def test_while_governance_is_away_everything_waits(people: People, governance: Governance) -> None:
    people.add(**BO)
    assert not await once(governance, people, "http://127.0.0.1:1")
    governance.status = 503
    assert not await once(governance, people)
    governance.status = 201
    assert await once(governance, people)
    assert governance.said == ["opened", "opened"]
    assert governance.heard[0]["jti"] == governance.heard[1]["jti"]


async def test_killed_before_the_answer_it_is_told_again_under_the_same_id(
    home: Home, people: People, governance: Governance
) -> None:
    people.add(**BO)
    governance.kill = subprocess.Popen(  # noqa: ASYNC220  it is started at once, and waited for without blocking
        [sys.executable, "-c", ONE_ROUND, str(home.root), governance.url]
    )
    try:
        for _ in range(200):
            if governance.kill.poll() is not None:
                break
            await asyncio.sleep(0.05)
    finally:
        governance.kill.kill()
        assert governance.kill.wait() == -signal.SIGKILL
    assert len(people.untold()) == 1
    governance.kill = None
    assert await once(governance, people)
    first, second = governance.heard
    assert first["jti"] == second["jti"]
    assert people.untold() == []


async def test_what_is_refused_is_set_aside_with_the_reason_and_the_next_is_told(
    people: People, governance: Governance
) -> None:
    bo = people.add(**BO)
    governance.status = 422
    assert await once(governance, people)
    governance.status = 201
    people.remove(bo.id)
    assert await once(governance, people)
    assert governance.said == ["opened", "closed"]
    (refused,) = people.refused()
    assert (refused.what, refused.refused) == ("opened", "a reason")
    people.try_again()
    assert [each.what for each in people.untold()] == ["opened"]


def test_nothing_is_told_of_what_did_not_happen(people: People) -> None:
    people.add(**BO)
    with pytest.raises(AlreadyKnown):
        people.add(**BO)
    assert len(people.untold()) == 1


def test_accounts_from_before_are_found_once(home: Home, people: People) -> None:
    people.add(**BO)
    with sqlite3.connect(home.people) as db:  # as it was when nobody wrote changes down
        db.execute("DROP TABLE untold")
        db.execute("PRAGMA user_version = 0")
    db.close()
    again = People(home.people, work=4)
    assert [(each.what, each.more) for each in again.untold()] == [("opened", {"how": "found"})]
    assert len(People(home.people, work=4).untold()) == 1


def test_the_word_is_no_token_to_sign_in_with(home: Home, people: People) -> None:
    people.add(**BO)
    signer = Signer(home, "http://issuer.example")
    said, signed_in = (
        _claims(token) for token in (signer.word(people.untold()[0]), signer.token(people.everyone()[0]))
    )
    assert said["aud"] != signed_in["aud"], "services take no token that is meant for another audience"


def _claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims

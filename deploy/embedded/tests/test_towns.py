"""People are given roles in a municipality that joined after the installation was set up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from embedded.home import Home
from embedded.issuer import Issuer
from embedded.people import People, Person
from embedded.towns import PATH, Towns

PASSWORD = "en lång mening"
TOWN = {"language": "nb", "country": "NO", "currency": "NOK", "timezone": "Europe/Oslo"}


class Governance:
    """What knows the municipalities there are now."""

    def __init__(self) -> None:
        self.known = [{"id": "birkeli", "name": "Birkeli kommune", **TOWN}]
        self.answers = True

    async def tell(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"].startswith("Bearer ey")
        return web.json_response(self.known) if self.answers else web.Response(status=503)


@pytest.fixture
async def governance() -> Governance:
    return Governance()


@pytest.fixture
async def issuer(tmp_path: Path, governance: Governance) -> AsyncIterator[tuple[Issuer, str]]:
    home = Home(tmp_path / "home").open()
    issuer = Issuer(home, "http://127.0.0.1:8400", People(home.people, work=4))
    app = issuer.app()
    app.router.add_get(PATH, governance.tell)
    server = TestServer(app)
    await server.start_server()
    url = str(server.make_url("")).rstrip("/")
    issuer.towns = Towns(issuer.pages, issuer.signer, url)
    yield issuer, url
    await server.close()


def an_operator(issuer: Issuer) -> Person:
    person = issuer.people.add(name="Oda Lie", email="oda@birkeli.example", language="en", roles={"*": ("operator",)})
    chosen = issuer.people.choose_password(issuer.people.link_for(person.id), PASSWORD)
    assert chosen
    return chosen


async def test_roles_are_given_in_a_municipality_that_joined(issuer: tuple[Issuer, str]) -> None:
    ours, url = issuer
    operator = an_operator(ours)
    new = {"name": "Kari Moe", "email": "kari@birkeli.example", "language": "nb", "role": "it_manager@birkeli"}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        await browser.post(f"{url}/sign-in", data={"email": operator.email, "password": PASSWORD, "next": "/account"})
        async with browser.get(f"{url}/people") as answer:
            assert "Birkeli kommune" in await answer.text()
        async with browser.post(f"{url}/people", data=new) as answer:
            assert answer.status == 200
    assert ours.people.named("kari@birkeli.example").roles == {"birkeli": ("it_manager",)}


async def test_while_governance_is_away_the_municipalities_known_last_are_used(
    issuer: tuple[Issuer, str], governance: Governance
) -> None:
    ours, _ = issuer
    assert ours.towns is not None
    operator = an_operator(ours)
    await ours.towns.look(operator)
    governance.answers = False
    await ours.towns.look(operator)
    assert "birkeli" in ours.pages.partnership.municipalities

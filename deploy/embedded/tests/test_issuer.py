"""The issuer: nobody has an account before a one-time link made it, and a token says no more than is so."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import KeySet

from embedded.home import Home
from embedded.issuer import Issuer
from embedded.people import LINK_LIFETIME, AlreadyKnown, People

PASSWORD = "en lång mening"
OPERATOR = {
    "name": "Maja Ek", "email": "maja.ek@lindmala.example", "language": "sv", "role": ["pm@*"],
    "password": PASSWORD, "repeated": PASSWORD,
}  # fmt: skip
MANAGER = {"name": "Bo Vang", "email": "bo@soenderlund.example", "language": "da", "role": ["it_manager@soenderlund"]}


class Clock:
    """A clock that is set by hand, in seconds."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path / "people.sqlite", now=Clock(), work=4)


@dataclass(frozen=True)
class Newcomer:
    name: str
    email: str
    language: str
    roles: dict[str, tuple[str, ...]]


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[Issuer]:
    home = Home(tmp_path / "home").open()
    issuer = Issuer(home, "http://issuer.example", People(home.people, work=4))
    app = issuer.app()
    app.router.add_get("/portfolio/home", _home)
    server = TestServer(app)
    await server.start_server()
    issuer.url = str(server.make_url("")).rstrip("/")
    yield issuer
    await server.close()


async def _home(_: web.Request) -> web.Response:
    """Where whoever is signed in begins: a page of a service's."""
    return web.Response(text="What waits for you")


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def send(
    browser: aiohttp.ClientSession, url: str, fields: dict[str, Any], **headers: str
) -> tuple[int, str, str]:
    """Post a form and follow it; the status, where one is then, and the page."""
    data = aiohttp.FormData()
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            data.add_field(name, one)
    async with browser.post(url, data=data, headers=headers) as answer:
        return answer.status, answer.url.path, html.unescape(await answer.text())


async def set_up(browser: aiohttp.ClientSession, issuer: Issuer) -> None:
    link = issuer.first_link()
    assert link
    status, path, page = await send(browser, link, OPERATOR)
    assert (status, path) == (200, "/portfolio/home"), page


async def test_the_first_account_is_made_by_a_link_that_opens_once(
    browser: aiohttp.ClientSession, issuer: Issuer
) -> None:
    link = issuer.first_link()
    assert link
    await send(browser, link, OPERATOR)
    (person,) = issuer.people.everyone()
    assert person.roles == {"*": ("operator", "pm")}
    assert issuer.first_link() is None
    status, _, _ = await send(browser, link, OPERATOR | {"email": "somebody.else@lindmala.example"})
    assert status == 410
    assert len(issuer.people.everyone()) == 1


async def test_a_new_start_prints_a_new_link_and_the_old_one_no_longer_opens(
    browser: aiohttp.ClientSession, issuer: Issuer
) -> None:
    older, newer = issuer.first_link(), issuer.first_link()
    assert older
    assert older != newer
    assert (await send(browser, older, OPERATOR))[0] == 410


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"password": "short", "repeated": "short"}, "Choose a password of at least 10 characters."),
        ({"repeated": "another sentence"}, "The two passwords differ. Write the same twice."),
        ({"name": " "}, "Write the person's name."),
        ({"email": "maja"}, "Write an e-mail address, such as name@municipality.example."),
        ({"role": []}, "Choose at least one role."),
        ({"role": ["king@*"]}, "Choose at least one role."),
        ({"language": "xx"}, "Choose one of the languages."),
    ],
)
async def test_what_is_wrong_stands_at_its_field_and_the_link_still_opens(
    wrong: dict[str, Any], sentence: str, browser: aiohttp.ClientSession, issuer: Issuer
) -> None:
    link = issuer.first_link()
    assert link
    status, _, page = await send(browser, link, OPERATOR | wrong)
    assert status == 422
    assert sentence in page
    assert issuer.people.everyone() == []
    assert (await send(browser, link, OPERATOR))[0] == 200


async def test_who_is_added_chooses_a_password_by_a_link_and_signs_in(
    browser: aiohttp.ClientSession, issuer: Issuer
) -> None:
    await set_up(browser, issuer)
    status, _, page = await send(browser, f"{issuer.url}/people", MANAGER)
    assert status == 200
    found = re.search(r"http://[^<]*/setup/[\w-]+", page)
    assert found
    link = found.group()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as theirs:
        assert (await send(theirs, f"{issuer.url}/sign-in", {"email": MANAGER["email"], "password": ""}))[0] == 401
        assert (await send(theirs, link, {"password": PASSWORD, "repeated": PASSWORD}))[:2] == (200, "/portfolio/home")
        assert (await send(theirs, link, {"password": PASSWORD, "repeated": PASSWORD}))[0] == 410
        fields = {"email": "BO@soenderlund.example ", "password": PASSWORD, "next": "/people"}
        status, path, _ = await send(theirs, f"{issuer.url}/sign-in", fields)
        assert (status, path) == (403, "/people"), "an IT manager adds nobody"


async def test_a_token_says_who_and_what_and_is_signed_with_the_published_key(
    browser: aiohttp.ClientSession, issuer: Issuer
) -> None:
    await set_up(browser, issuer)
    grant = {"grant_type": "password", "username": OPERATOR["email"], "password": PASSWORD}
    async with browser.post(f"{issuer.url}/token", data=grant) as answer:
        token = (await answer.json())["access_token"]
    async with browser.get(f"{issuer.url}/.well-known/jwks.json") as answer:
        published = await answer.json()
    assert "d" not in published["keys"][0]
    claims = jwt.decode(token, KeySet.import_key_set(published), algorithms=["ES256"]).claims
    assert claims["roles"] == {"*": ["operator", "pm"]}
    assert (claims["iss"], claims["aud"], claims["language"]) == ("http://issuer.example", "flode", "sv")
    assert claims["exp"] - claims["iat"] <= 8 * 3600


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    browser: aiohttp.ClientSession, issuer: Issuer
) -> None:
    await set_up(browser, issuer)
    fields = {"email": OPERATOR["email"], "password": PASSWORD}
    async with browser.post(f"{issuer.url}/sign-in", data=fields, allow_redirects=False) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("flode_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_signing_out_takes_the_cookie_back(browser: aiohttp.ClientSession, issuer: Issuer) -> None:
    await set_up(browser, issuer)
    await send(browser, f"{issuer.url}/sign-out", {})
    async with browser.get(f"{issuer.url}/people") as answer:
        assert answer.url.path == "/sign-in"


async def test_guessing_is_slowed_down_even_for_who_does_not_exist(
    browser: aiohttp.ClientSession, issuer: Issuer
) -> None:
    fields = {"email": "nobody@lindmala.example", "password": "guess"}
    answers = [(await send(browser, f"{issuer.url}/sign-in", fields))[0] for _ in range(6)]
    assert answers == [401] * 5 + [429]


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_form_of_another_site_is_refused(
    headers: dict[str, str], browser: aiohttp.ClientSession, issuer: Issuer
) -> None:
    await set_up(browser, issuer)
    assert (await send(browser, f"{issuer.url}/people", MANAGER, **headers))[0] == 403
    assert len(issuer.people.everyone()) == 1


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "/x\r\nSet-Cookie: a"])
async def test_signing_in_leads_to_no_other_site(onward: str, browser: aiohttp.ClientSession, issuer: Issuer) -> None:
    await set_up(browser, issuer)
    fields = {"email": OPERATOR["email"], "password": PASSWORD, "next": onward}
    async with browser.post(f"{issuer.url}/sign-in", data=fields, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/"


async def test_an_operator_changes_roles_but_cannot_end_being_the_one(
    browser: aiohttp.ClientSession, issuer: Issuer
) -> None:
    await set_up(browser, issuer)
    await send(browser, f"{issuer.url}/people", MANAGER)
    maja, bo = sorted(issuer.people.everyone(), key=lambda person: person.email, reverse=True)
    change = {"name": "Bo Vang", "language": "en", "role": ["auditor@*", "deputy@fjellvaag"]}
    assert (await send(browser, f"{issuer.url}/people/{bo.id}", change))[:2] == (200, "/people")
    changed = issuer.people.find(bo.id)
    assert changed
    assert changed.roles == {"*": ("auditor",), "fjellvaag": ("deputy",)}
    assert (await send(browser, f"{issuer.url}/people/{maja.id}", change))[0] == 422
    await send(browser, f"{issuer.url}/people/{bo.id}/remove", {})
    await send(browser, f"{issuer.url}/people/{maja.id}/remove", {})
    assert issuer.people.everyone() == [maja]


async def test_pages_speak_the_readers_language(browser: aiohttp.ClientSession, issuer: Issuer) -> None:
    for language, word in (("sv", "Lösenord"), ("da", "Adgangskode"), ("nb", "Passord"), ("en", "Password")):
        async with browser.get(f"{issuer.url}/sign-in", headers={"Accept-Language": language}) as answer:
            page = await answer.text()
        assert f'<html lang="{language}">' in page
        assert word in page


def test_an_address_belongs_to_one_person(people: People) -> None:
    people.add(name="Bo Vang", email="bo@soenderlund.example", language="da", roles={"*": ("pm",)})
    with pytest.raises(AlreadyKnown):
        people.add(name="Bo Lund", email=" BO@soenderlund.example", language="da", roles={"*": ("pm",)})


def test_a_link_that_is_too_old_does_not_open(tmp_path: Path) -> None:
    clock = Clock()
    people = People(tmp_path / "people.sqlite", now=clock, work=4)
    bo = people.add(name="Bo Vang", email="bo@soenderlund.example", language="da", roles={"*": ("pm",)})
    link = people.link_for(bo.id)
    assert people.opened_by(link)
    clock.seconds += LINK_LIFETIME
    assert people.opened_by(link) is None
    assert people.choose_password(link, PASSWORD) is None


def test_the_file_holds_no_password_and_no_link(people: People, tmp_path: Path) -> None:
    bo = people.add(name="Bo Vang", email="bo@soenderlund.example", language="da", roles={"*": ("pm",)})
    link = people.link_for(bo.id)
    assert people.choose_password(link, PASSWORD)
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert PASSWORD.encode() not in kept
    assert link.encode() not in kept


async def test_who_is_signed_in_begins_with_what_waits_and_finds_their_roles_in_their_account(
    browser: aiohttp.ClientSession, issuer: Issuer
) -> None:
    async with browser.get(f"{issuer.url}/account", allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/sign-in?next=/account"
    asks = Newcomer("Karin Ståhl", "karin@lindmala.example", "en", {"lindmala": ("requester",)})
    issuer.people.enrol([asks], "a long sentence")
    found = await send(browser, f"{issuer.url}/sign-in", {"email": asks.email, "password": "a long sentence"})
    assert found == (200, "/portfolio/home", "What waits for you")
    async with browser.get(f"{issuer.url}/account") as answer:
        page = await answer.text()
    for said in ("Your roles", "requester", "In this browser.", "Sign out everywhere"):
        assert said in page


def test_many_may_share_a_password_and_who_is_known_keeps_theirs(people: People) -> None:
    first = Newcomer("Alva Ek", "alva@lindmala.example", "sv", {"*": ("pm",)})
    people.enrol([first], "the first password")
    people.enrol([first, Newcomer("Bo Sten", "bo@lindmala.example", "da", {"*": ("leader",)})], "the second one")
    assert people.signing_in("alva@lindmala.example", "the first password") == people.named("ALVA@lindmala.example")
    assert people.signing_in("alva@lindmala.example", "the second one") is None
    assert people.signing_in("bo@lindmala.example", "the second one") is not None
    with pytest.raises(KeyError):
        people.named("nobody@lindmala.example")

"""A browser holds an id that says nothing, and a session ends the moment it should."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from http.cookies import SimpleCookie
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from embedded.gateway import Gateway
from embedded.home import Home
from embedded.issuer import Issuer
from embedded.people import People, Person
from embedded.sessions import IDLE, LONGEST, Sessions

PASSWORD = "en lång mening"


class Clock:
    """A clock that is set by hand, in seconds."""

    seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


def an_account(people: People, name: str = "Maja Ek", *roles: str) -> Person:
    """Somebody who has chosen a password."""
    email = f"{name.lower().replace(' ', '.')}@lindmala.example"
    person = people.add(name=name, email=email, language="en", roles={"*": roles or ("pm",)})
    chosen = people.choose_password(people.link_for(person.id), PASSWORD)
    assert chosen
    return chosen


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(tmp_path: Path, clock: Clock) -> People:
    return People(tmp_path / "people.sqlite", now=clock, work=4)


@pytest.fixture
def sessions(people: People, clock: Clock) -> Sessions:
    return Sessions(people, now=clock)


def test_a_session_ends_after_two_hours_without_use(people: People, sessions: Sessions, clock: Clock) -> None:
    maja = an_account(people)
    secret = sessions.begin(maja.id)
    clock.seconds += IDLE - 1
    assert sessions.person(secret) == maja
    clock.seconds += IDLE - 1
    assert sessions.person(secret) == maja, "use makes it last"
    clock.seconds += IDLE
    assert sessions.person(secret) is None


def test_a_page_that_keeps_itself_fresh_does_not_make_a_session_last(
    people: People, sessions: Sessions, clock: Clock
) -> None:
    secret = sessions.begin(an_account(people).id)
    for _ in range(3):
        clock.seconds += IDLE / 4
        assert sessions.person(secret, used=False)
    clock.seconds += IDLE / 4
    assert sessions.person(secret, used=False) is None


def test_a_session_ends_after_ten_hours_in_any_case(people: People, sessions: Sessions, clock: Clock) -> None:
    secret = sessions.begin(an_account(people).id)
    used = 0
    while sessions.person(secret):
        clock.seconds += 1800
        used += 1800
    assert used == LONGEST


def test_the_file_holds_no_id_of_a_session(people: People, sessions: Sessions, tmp_path: Path) -> None:
    secret = sessions.begin(an_account(people).id)
    assert secret.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_another_password_and_removal_end_all_sessions(people: People, sessions: Sessions) -> None:
    maja, bo = an_account(people), an_account(people, "Bo Vang")
    hers, theirs = [sessions.begin(maja.id) for _ in range(2)], sessions.begin(bo.id)
    people.choose_password(people.link_for(maja.id), "en annan mening")
    assert [sessions.person(each) for each in hers] == [None, None]
    people.remove(bo.id)
    assert sessions.person(theirs) is None


# Through the door


class Installation:
    """An issuer, and behind its gateway a service that tells what reached it."""

    def __init__(self, issuer: Issuer, url: str) -> None:
        self.issuer, self.url = issuer, url

    async def signed_in(self, person: Person) -> str:
        """The cookie of a browser in which somebody signed in, as it sends it."""
        fields = {"email": person.email, "password": PASSWORD}
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{self.url}/sign-in", data=fields, allow_redirects=False) as answer,
        ):
            cookie = SimpleCookie(answer.headers["Set-Cookie"])
        ((name, morsel),) = cookie.items()
        return f"{name}={morsel.value}"

    async def post(self, path: str, cookie: str) -> aiohttp.ClientResponse:
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{self.url}{path}", headers={"Cookie": cookie}, allow_redirects=False) as answer,
        ):
            await answer.read()
            return answer

    async def reached(self, cookie: str, **headers: str) -> str | None:
        """The cookies that the service got."""
        return (await self._told({"Cookie": cookie, **headers}))["Cookie"]

    async def authorized(self, authorization: str) -> str | None:
        """What the service got as the authorization of a program that said this."""
        return (await self._told({"Authorization": authorization}))["Authorization"]

    async def _told(self, headers: dict[str, str]) -> dict[str, str | None]:
        async with aiohttp.ClientSession() as client, client.get(f"{self.url}/intake/x", headers=headers) as answer:
            told: dict[str, str | None] = await answer.json()
        return told

    async def token(self, person: Person) -> str:
        """A token such as a program gets."""
        said = {"grant_type": "password", "username": person.email, "password": PASSWORD}
        async with aiohttp.ClientSession() as client, client.post(f"{self.url}/token", data=said) as answer:
            return str((await answer.json())["access_token"])

    async def roles(self, token: str) -> object:
        """The roles that the service is told of a program with this token; None when it is told of nobody."""
        authorization = await self.authorized(f"Bearer {token}")
        return self.said(authorization.removeprefix("Bearer "))["roles"] if authorization else None

    def said(self, token: str) -> dict[str, object]:
        """What a token of ours says."""
        keys = KeySet([ECKey.import_key(each) for each in self.issuer.signer.public_keys()["keys"]])
        return dict(jwt.decode(token, keys, algorithms=["ES256"]).claims)

    async def claims(self, cookie: str) -> dict[str, object] | None:
        """What the service is told of who asks; None when it is told of nobody."""
        kept = SimpleCookie(await self.reached(cookie) or "")
        if "flode_session" not in kept:
            return None
        return self.said(kept["flode_session"].value)


async def _installation(tmp_path: Path, public_url: str) -> AsyncIterator[Installation]:
    home = Home(tmp_path / "home").open()
    issuer = Issuer(home, public_url, People(home.people, work=4))

    async def tell(request: web.Request) -> web.Response:
        return web.json_response({name: request.headers.get(name) for name in ("Cookie", "Authorization")})

    service = web.Application()
    service.router.add_route("*", "/{rest:.*}", tell)
    behind = TestServer(service)
    await behind.start_server()
    app = issuer.app()
    Gateway({"intake": str(behind.make_url("")).rstrip("/")}).add_to(app)
    door = TestServer(app)
    await door.start_server()
    yield Installation(issuer, str(door.make_url("")).rstrip("/"))
    await door.close()
    await behind.close()


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Installation]:
    async for each in _installation(tmp_path, "http://127.0.0.1:8400"):
        yield each


@pytest.fixture
async def with_tls(tmp_path: Path) -> AsyncIterator[Installation]:
    async for each in _installation(tmp_path, "https://flode.example"):
        yield each


async def test_a_service_is_told_who_asks_and_never_the_sessions_id(here: Installation) -> None:
    maja = an_account(here.issuer.people)
    cookie = await here.signed_in(maja)
    reached = await here.reached(f"flode_language=da; {cookie}")
    assert reached is not None
    assert reached.startswith("flode_language=da; flode_session=ey")
    assert cookie.partition("=")[2] not in reached
    claims = await here.claims(cookie)
    assert claims is not None
    assert (claims["sub"], claims["roles"]) == (str(maja.id), {"*": ["pm"]})


@pytest.mark.parametrize("name", ["flode_session", "__Host-flode_session"])
async def test_neither_a_guessed_id_nor_a_token_that_was_copied_opens_a_session(name: str, here: Installation) -> None:
    token = here.issuer.signer.token(an_account(here.issuer.people))
    assert await here.reached(f"{name}={token}; a=b") == "a=b"
    assert await here.reached(f"{name}=guessed") is None


async def test_what_ends_a_session_ends_it_at_once(here: Installation) -> None:
    people = here.issuer.people
    maja, operator = an_account(people), an_account(people, "Oda Lie", "operator")
    chief = await here.signed_in(operator)
    for path, by in (
        ("/sign-out", None),
        ("/sign-out/everywhere", None),
        (f"/people/{maja.id}/sign-out", chief),
        (f"/people/{maja.id}/remove", chief),
    ):
        cookie = await here.signed_in(maja)
        assert await here.claims(cookie) is not None
        answer = await here.post(path, by or cookie)
        assert answer.status == 303, path
        assert await here.claims(cookie) is None, path


async def test_signing_out_in_one_browser_leaves_the_other(here: Installation) -> None:
    maja = an_account(here.issuer.people)
    one, other = await here.signed_in(maja), await here.signed_in(maja)
    await here.post("/sign-out", one)
    assert await here.claims(other) is not None
    await here.post("/sign-out/everywhere", other)
    assert here.issuer.sessions.count(maja.id) == 0


async def test_other_roles_hold_from_the_next_request(here: Installation) -> None:
    maja = an_account(here.issuer.people)
    cookie = await here.signed_in(maja)
    await here.claims(cookie)
    here.issuer.people.change(maja.id, name="Maja Ek", language="sv", roles={"lindmala": ("leader",)})
    claims = await here.claims(cookie)
    assert claims is not None
    assert claims["roles"] == {"lindmala": ["leader"]}


async def test_a_programs_token_says_what_its_owner_may_do_now(here: Installation) -> None:
    maja = an_account(here.issuer.people)
    token = await here.token(maja)
    assert await here.roles(token) == {"*": ["pm"]}
    here.issuer.people.change(maja.id, name="Maja Ek", language="sv", roles={"lindmala": ("leader",)})
    assert await here.roles(token) == {"lindmala": ["leader"]}


async def test_a_programs_token_opens_nothing_once_its_owner_is_removed_or_has_another_password(
    here: Installation,
) -> None:
    people = here.issuer.people
    maja, bo = an_account(people), an_account(people, "Bo Vang")
    hers, his = await here.token(maja), await here.token(bo)
    people.choose_password(people.link_for(maja.id), "en annan mening")
    people.remove(bo.id)
    assert [await here.roles(each) for each in (hers, his)] == [None, None]


@pytest.mark.parametrize("by_an_operator", [False, True])
async def test_a_programs_token_opens_nothing_once_its_owner_was_signed_out_everywhere(
    here: Installation, by_an_operator: bool
) -> None:
    people = here.issuer.people
    maja, bo = an_account(people), an_account(people, "Bo Vang")
    chief = an_account(people, "Oda Lie", "operator")
    hers, his = await here.token(maja), await here.token(bo)
    assert await here.roles(hers) == {"*": ["pm"]}
    if by_an_operator:
        await here.post(f"/people/{maja.id}/sign-out", await here.signed_in(chief))
    else:
        await here.post("/sign-out/everywhere", await here.signed_in(maja))
    assert await here.roles(hers) is None
    assert await here.roles(his) == {"*": ["pm"]}, "nobody else is signed out"
    assert await here.roles(await here.token(maja)) == {"*": ["pm"]}, "a new token opens again"


async def test_a_sign_out_in_one_browser_leaves_the_programs(here: Installation) -> None:
    maja = an_account(here.issuer.people)
    token = await here.token(maja)
    await here.post("/sign-out", await here.signed_in(maja))
    assert await here.roles(token) == {"*": ["pm"]}


def test_people_of_an_earlier_release_sign_in_and_keep_their_programs(tmp_path: Path) -> None:
    file = tmp_path / "people.sqlite"
    before = an_account(People(file, work=4))
    with closing(sqlite3.connect(file)) as db:
        db.execute("ALTER TABLE person DROP COLUMN signed_out")
    people = People(file, work=4)
    assert people.find(before.id) == before
    people.sign_out(before.id)
    after = people.find(before.id)
    assert after is not None
    assert after.stamp not in ("", before.stamp)


async def test_what_goes_on_in_a_tokens_place_is_gone_in_minutes(here: Installation) -> None:
    authorization = await here.authorized(f"Bearer {await here.token(an_account(here.issuer.people))}")
    assert authorization is not None
    claims = here.said(authorization.removeprefix("Bearer "))
    assert int(str(claims["exp"])) - int(str(claims["iat"])) == 300


async def test_what_is_no_token_of_ours_goes_on_as_it_is(here: Installation, tmp_path: Path) -> None:
    maja = an_account(here.issuer.people)
    elsewhere = Issuer(Home(tmp_path / "elsewhere").open(), here.issuer.url, here.issuer.people)
    forged = elsewhere.signer.token(maja)
    for said in ("Bearer a-senders-secret", "Basic YTpi", f"Bearer {forged}"):
        assert await here.authorized(said) == said


async def test_signing_in_ends_the_session_that_the_browser_brought(here: Installation) -> None:
    maja = an_account(here.issuer.people)
    planted = await here.signed_in(maja)
    fields = {"email": maja.email, "password": PASSWORD}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{here.url}/sign-in", data=fields, headers={"Cookie": planted}, allow_redirects=False),
    ):
        assert await here.claims(planted) is None


async def test_who_tries_links_that_do_not_open_is_told_to_wait(here: Installation) -> None:
    maja = here.issuer.people.add(name="Maja Ek", email="maja@lindmala.example", language="sv", roles={"*": ("pm",)})
    async with aiohttp.ClientSession(headers={"Accept-Language": "en"}) as client:
        seen, page, wait = [], "", ""
        for number in range(21):
            async with client.get(f"{here.url}/setup/guess-{number}") as answer:
                seen.append(answer.status)
                page, wait = await answer.text(), answer.headers.get("Retry-After", "")
        assert seen == [410] * 20 + [429]
        assert 0 < int(wait) <= 10
        assert "Too many attempts." in page
        async with client.get(f"{here.url}/setup/{here.issuer.people.link_for(maja.id)}") as answer:
            assert answer.status == 200, "a link that opens is not refused for what others tried"


async def test_with_tls_the_cookie_is_this_hosts_alone(with_tls: Installation) -> None:
    fields = {"email": an_account(with_tls.issuer.people).email, "password": PASSWORD}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{with_tls.url}/sign-in", data=fields, allow_redirects=False) as answer,
    ):
        said = answer.headers["Set-Cookie"]
        kept = answer.headers["Strict-Transport-Security"]
    assert said.startswith("__Host-flode_session=")
    attributes = {each.strip().partition("=")[0] for each in said.split(";")[1:]}
    assert {"Secure", "HttpOnly", "Path", "SameSite", "Max-Age"} <= attributes
    assert "Domain" not in attributes
    assert kept == "max-age=31536000"
    cookie = said.partition(";")[0]
    assert await with_tls.claims(cookie) is not None
    assert await with_tls.claims(cookie.removeprefix("__Host-")) is None, "only the stricter name counts with TLS"
    assert "Secure" in (await with_tls.post("/sign-out", cookie)).headers["Set-Cookie"]


@pytest.mark.parametrize("path", ["/", "/nowhere", "/people", "/start/static/flode.css", "/intake/x", "/setup/x"])
async def test_every_answer_of_the_door_says_what_pages_may_not(path: str, here: Installation) -> None:
    async with aiohttp.ClientSession() as client, client.get(here.url + path, allow_redirects=False) as answer:
        said = answer.headers
    assert "frame-ancestors 'none'" in said["Content-Security-Policy"]
    assert said["X-Frame-Options"] == "DENY"
    assert said["X-Content-Type-Options"] == "nosniff"
    assert said["Referrer-Policy"] == "same-origin"
    assert said["Cache-Control"] == ("public, max-age=3600" if "static" in path else "no-store")
    assert "Server" not in said

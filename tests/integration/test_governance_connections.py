"""A ticketing system is connected from the pages: it holds at once, and its secrets stand nowhere in plain text."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from chassis import agreed
from chassis.agreed import Current
from chassis.auth import LANGUAGE_COOKIE
from chassis.i18n import LANGUAGES, use
from chassis.partnership import Partnership, ServiceDesk
from chassis.settings import Settings
from chassis.testing import Databases
from chassis.views.read import every
from governance.views import settings
from intake.adapters.desks import faults
from intake.pages.connecting import kinds_in
from tests.integration.governance_world import World, a_world, text_of

PATH = "/governance/settings/connections"
TOKEN = "canary-token-of-the-api"


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        town = opened.here.partnership["ekvik"].model_copy(update={"hosts": ("desk.ekvik.example",)})
        towns = {**opened.here.partnership.municipalities, "ekvik": town}
        file = opened.here.partnership.model_copy(update={"municipalities": towns})
        app = cast(httpx.ASGITransport, opened.client._transport).app
        opened.here = replace(opened.here, partnership=cast(Partnership, Current(file, faults)))
        app.state.here = opened.here  # type: ignore[attr-defined]  # it is FastAPI's
        yield opened
        assert await opened.parked() == 0


@pytest.fixture
async def intake(world: World) -> AsyncIterator[None]:
    """Intake, as far as it tells which kinds there are."""
    use("intake")
    told = {language: msgspec.json.encode(kinds_in(language)) for language in LANGUAGES}  # catalogues take a moment

    async def kinds(request: web.Request) -> web.Response:
        return web.Response(body=told[request.cookies[LANGUAGE_COOKIE]], content_type="application/json")

    app = web.Application()
    app.router.add_get("/intake/connections/kinds.json", kinds)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        settings = SimpleNamespace(**{**vars(world.here.settings), "address_of": lambda _: url})
        world.here = replace(world.here, settings=cast(Settings, settings))
        asked = cast(httpx.ASGITransport, world.client._transport).app
        asked.state.here = world.here  # type: ignore[attr-defined]  # it is FastAPI's
        yield


def operator(world: World, town: str = "ekvik") -> dict[str, str]:
    return world.token("Per Lund", **{town: ["operator"]})


def form(**other: str) -> dict[str, str]:
    return {
        "municipality": "ekvik", "kind": "zammad", "flows": "Projekt\nFörstudie", "timezone": "Europe/Stockholm",
        "api_url": "https://desk.ekvik.example", "api_user": "flode", "token": TOKEN, "poll_seconds:number": "60",
        "unheard_hours:number": "24", "reason": "Ny ärendehantering", **other,
    }  # fmt: skip


async def connected(world: World, **other: str) -> str:
    """Connect Ekvik's system; the secret that was shown."""
    answer = await world.send(PATH, form(**other), operator(world))
    assert answer.status_code == 200, text_of(answer)
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", answer.text)
    assert found, text_of(answer)
    return found[0]


async def desk(world: World) -> ServiceDesk | None:
    """The connection as every process knows it after its next look."""
    await world.see()
    await cast(Current, world.here.partnership).look(world.here.db, world.here.vault)
    return world.here.partnership.desk("ekvik", "zammad")


async def change(world: World, action: str, **fields: str) -> httpx.Response:
    await desk(world)
    return await world.send(f"{PATH}/ekvik/zammad", {"action": action, "reason": "Byte", **fields}, operator(world))


async def test_a_connection_that_was_made_holds_everywhere_without_a_restart(world: World) -> None:
    secret = await connected(world)
    found = await desk(world)
    assert found is not None
    assert found.secrets == (secret,)
    assert found.flows == ("Projekt", "Förstudie")
    assert found.api is not None
    assert (found.api.url, found.api.user, found.api.token) == ("https://desk.ekvik.example", "flode", TOKEN)
    assert found.api.poll_seconds == 60
    assert await world.facts() == ["connection-set", "connection-secrets-set", "connection-token-set"]


async def test_no_secret_stands_in_the_log_in_a_view_on_a_page_or_in_a_log_line(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = await connected(world)
    await desk(world)
    kept = "".join(event.message.decode() for event in await world.here.store.read(0))
    for view in (agreed.view, settings.view):
        rows = await every(view, world.here.db)
        assert rows
        kept += repr(rows)
    pages = [PATH, f"{PATH}/ekvik/zammad"]
    shown = "".join([(await world.get(path, operator(world))).text for path in pages])
    printed = capsys.readouterr()
    for canary in (secret, secret.removeprefix("whsec_"), TOKEN):
        assert canary not in kept
        assert canary not in shown
        assert canary not in printed.out + printed.err
    assert "secret:sealed:v1:" in kept
    assert "secret:sealed:v1:" not in shown


async def test_a_new_secret_holds_beside_the_old_one_until_that_is_ended(world: World) -> None:
    old = await connected(world)
    answer = await change(world, "renew")
    assert answer.status_code == 200
    new = re.search(r"whsec_[A-Za-z0-9+/=]+", answer.text)
    assert new
    both = await desk(world)
    assert both is not None
    assert both.secrets == (old, new[0])
    assert (await change(world, "renew")).status_code == 409
    assert (await change(world, "end-old")).status_code == 303
    one = await desk(world)
    assert one is not None
    assert one.secrets == (new[0],)


async def test_what_is_changed_leaves_the_secrets_as_they_are(world: World) -> None:
    secret = await connected(world)
    answer = await change(world, "set", **form(token="", flows="Projekt", reason="Färre"))
    assert answer.status_code == 303, text_of(answer)
    found = await desk(world)
    assert found is not None
    assert (found.flows, found.secrets) == (("Projekt",), (secret,))
    assert found.api is not None
    assert found.api.token == TOKEN


async def test_a_connection_that_was_ended_is_no_more_and_can_be_made_again(world: World) -> None:
    old = await connected(world)
    assert (await change(world, "end")).status_code == 303
    assert await desk(world) is None
    new = await connected(world)
    found = await desk(world)
    assert found is not None
    assert new != old
    assert found.secrets == (new,)


async def test_a_host_that_is_not_the_municipality_s_is_refused(world: World) -> None:
    answer = await world.send(PATH, form(api_url="https://elsewhere.example"), operator(world))
    assert answer.status_code == 422
    assert 'id="f-api_url-error"' in answer.text
    assert "elsewhere.example, where “zammad” is asked, is not among the hosts of Ekvik" in text_of(answer)
    assert TOKEN not in answer.text
    assert await world.facts() == []


async def test_a_host_that_a_connection_needs_is_not_taken_away(world: World) -> None:
    """Also before any view knows of the connection."""
    await connected(world)
    without = {
        "name": "Ekvik", "language": "sv", "country": "SE", "currency": "SEK", "timezone": "Europe/Stockholm",
        "email_domains": "ekvik.example", "hosts": "", "reason": "Städning", "action": "settle",
    }  # fmt: skip
    answer = await world.send("/governance/settings/municipality/ekvik", without, operator(world))
    assert answer.status_code == 422
    assert 'id="f-hosts-error"' in answer.text
    assert "desk.ekvik.example, where “zammad” is asked, is not among the hosts of Ekvik" in text_of(answer)


@pytest.mark.parametrize("role", ["requester", "service_desk", "technician", "pm", "leader", "it_manager", "auditor"])
async def test_nobody_but_an_operator_connects(world: World, role: str) -> None:
    who = world.token("Kari Moe", ekvik=[role])
    assert (await world.get(PATH, who)).status_code == 403
    assert (await world.send(PATH, form(), who)).status_code == 403
    assert await world.facts() == []


async def test_nor_does_an_operator_of_another_municipality(world: World) -> None:
    await connected(world)
    await desk(world)
    stranger = operator(world, "nordvik")
    assert (await world.send(PATH, form(), stranger)).status_code == 403
    assert (await world.get(f"{PATH}/ekvik/zammad", stranger)).status_code == 403
    assert "ekvik/zammad" not in (await world.get(PATH, stranger)).text


async def test_a_secret_the_kind_cannot_use_keeps_nothing_else_from_holding(world: World) -> None:
    await connected(world)
    await connected_badly(world)
    assert (await desk(world)) is not None
    assert world.here.partnership.desk("ekvik", "hand") is None


async def connected_badly(world: World) -> None:
    fields = form(kind="standard-webhooks", system="hand", secret="whsec_%%%not-base64%%%", api_url="", token="")
    assert (await world.send(PATH, fields, operator(world))).status_code == 200


GLPI = {"kind": "glpi", "own:flag": "1", "options.api": "high-level", "options.flow_field": "category"}
SIGNING = "whsec_" + "QUJD" * 11
ANSWERED = "https://desk.ekvik.example/flode"


async def the_desk(world: World, system: str) -> ServiceDesk:
    await desk(world)
    found = world.here.partnership.desk("ekvik", system)
    assert found is not None
    return found


@pytest.mark.usefixtures("intake")
async def test_each_kind_is_asked_for_what_it_knows_and_for_nothing_else(world: World) -> None:
    glpi = (await world.get(f"{PATH}?kind=glpi", operator(world))).text
    assert 'name="options.client_secret"' in glpi
    assert 'name="write_back.url"' not in glpi
    zammad = (await world.get(f"{PATH}?kind=zammad", operator(world))).text
    assert 'name="options.' not in zammad
    bearer = (await world.get(f"{PATH}?kind=bearer", operator(world))).text
    assert 'name="write_back.url"' in bearer
    assert 'name="options.' not in bearer
    mail = text_of(await world.get(f"{PATH}?kind=e-mail", operator(world)))
    assert "Left empty it is “INBOX”." in mail


@pytest.mark.usefixtures("intake")
async def test_what_is_particular_is_set_changed_and_told_to_all(world: World) -> None:
    await connected(world, **GLPI, **{"options.client_id": "flode", "options.client_secret": TOKEN})
    assert await world.facts() == [
        "connection-set", "connection-secrets-set", "connection-token-set", "connection-key-set",
    ]  # fmt: skip
    found = (await the_desk(world, "glpi")).api
    assert found is not None
    assert found.options == {"client_id": "flode", "client_secret": TOKEN}
    page = (await world.get(f"{PATH}/ekvik/glpi", operator(world))).text
    assert TOKEN not in page
    assert "One is given; it is not shown." in page
    later = form(**(GLPI | {"token": "", "options.api": "legacy", "action": "set", "reason": "Äldre"}))
    answer = await world.send(f"{PATH}/ekvik/glpi", later, operator(world))
    assert answer.status_code == 303, text_of(answer)
    changed = (await the_desk(world, "glpi")).api
    assert changed is not None
    assert changed.options == {"api": "legacy", "client_secret": TOKEN}
    kept = "".join(event.message.decode() for event in await world.here.store.read(0))
    assert TOKEN not in kept


@pytest.mark.usefixtures("intake")
@pytest.mark.parametrize(
    ("filled", "place", "said"),
    [
        ({"kind": "glpi", "options.api": "newest"}, "options-api", "Choose one of those that are offered."),
        ({"kind": "e-mail", "options.smtp": "smtp.ekvik.example"}, "options-smtp", "smtp://smtp.example.org:587"),
        ({"kind": "e-mail", "options.smtp": "smtps://mail.example"}, "options-smtp", "mail.example is not among"),
        ({"kind": "jira", "options.organisation_field": "unit"}, "options-organisation_field", "customfield_10002"),
        ({"kind": "glpi", "options.client_secret": "env:SECRET"}, "options-client_secret", "partnership's file alone"),
        ({"kind": "glpi", "api_url": "", "token": "", "options.api": "legacy"}, "options-api", "address of its API"),
        ({"kind": "bearer", "write_back.url": "https://elsewhere.example/"}, "write_back-url", "is answered, is not"),
        ({"kind": "bearer", "write_back.url": "desk"}, "write_back-url", "https://desk.example.org/flode"),
        ({"kind": "bearer", "write_back.secret": "short"}, "write_back-secret", "24 bytes or more"),
        ({"kind": "bearer", "token": ""}, "token", "Without a password or a token"),
        ({"kind": "bearer", "secret": "short"}, "secret", "Write at least 16 characters."),
    ],
)
async def test_a_mistake_in_what_is_particular_is_said_beside_its_field(
    world: World, filled: dict[str, str], place: str, said: str
) -> None:
    answer = await world.send(PATH, form(**{"own:flag": "1"}, **filled), operator(world))
    assert answer.status_code == 422
    assert f'id="f-{place}-error"' in answer.text
    assert said in text_of(answer)
    assert TOKEN not in answer.text
    assert await world.facts() == []


@pytest.mark.usefixtures("intake")
async def test_answers_are_signed_with_a_secret_that_is_made_and_shown_once(world: World) -> None:
    generic = {"kind": "bearer", "own:flag": "1", "write_back.url": ANSWERED, "api_url": "", "token": ""}
    answer = await world.send(PATH, form(**generic), operator(world))
    incoming, signing = re.findall(r"whsec_[A-Za-z0-9+/=]+", answer.text)
    found = await the_desk(world, "bearer")
    assert found.write_back is not None
    assert (found.secret, found.write_back.url, found.write_back.secret) == (incoming, ANSWERED, signing)
    path = f"{PATH}/ekvik/bearer"
    assert signing not in (await world.get(path, operator(world))).text
    own = {**generic, "action": "set", "write_back.secret": SIGNING}
    assert (await world.send(path, form(**own), operator(world))).status_code == 303
    assert (way := (await the_desk(world, "bearer")).write_back) is not None
    assert way.secret == SIGNING
    ended = {**generic, "action": "set", "write_back.url": ""}
    assert (await world.send(path, form(**ended), operator(world))).status_code == 303
    assert (await the_desk(world, "bearer")).write_back is None


async def test_while_intake_is_away_what_is_particular_stays_and_nothing_new_is_taken(world: World) -> None:
    told = form(**GLPI)
    answer = await world.send(PATH, told, operator(world))
    assert answer.status_code == 503
    assert "cannot be checked now" in text_of(answer)
    await connected(world, kind="glpi")
    page = text_of(await world.get(f"{PATH}/ekvik/glpi", operator(world)))
    await the_desk(world, "glpi")
    assert "is not shown now" in text_of(await world.get(f"{PATH}/ekvik/glpi", operator(world))), page


@pytest.mark.usefixtures("intake")
@pytest.mark.parametrize("language", ["sv", "da", "nb", "en"])
async def test_the_form_speaks_the_language_of_its_reader(world: World, language: str) -> None:
    headers = {**operator(world), "Cookie": f"{LANGUAGE_COOKIE}={language}"}
    page = text_of(await world.get(f"{PATH}?kind=glpi", headers))
    words = {"sv": "Särskilt för GLPI", "da": "Særligt for GLPI", "nb": "Særskilt for GLPI", "en": "Particular to GLPI"}
    secret = {
        "sv": "Applikationens hemlighet", "da": "Programmets hemmelighed", "nb": "Programmets hemmelighet",
        "en": "The application's secret",
    }  # fmt: skip
    assert words[language] in page
    assert secret[language] in page

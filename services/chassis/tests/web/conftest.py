"""A garden: a small service that does what it is told and shows what it got, without any server behind it."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, cast
from uuid import UUID

import httpx
import pytest
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response
from joserfc import jwk, jwt
from pydantic import BaseModel, Field

from chassis.aggregate import Outcome
from chassis.auth import Authenticator, Caller, MaybeCaller, NotSignedIn, Role
from chassis.clock import SetClock
from chassis.db import Database
from chassis.links import Links
from chassis.logging import start_logging
from chassis.partnership import Partnership
from chassis.plain import Misfilled
from chassis.settings import Issuer, Settings
from chassis.store import KeyReused, Store, VersionConflict
from chassis.vault import Vault
from chassis.views import NotYet
from chassis.web import Deps, Here, caught_up, create_app, expected_version, filled, form_of, go_to, page, reply
from contracts import values
from contracts.refusal import Refusal, Refusals

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
REQUEST_ID = UUID(int=42)
ORIGIN = "https://flode.example"
KEY = jwk.ECKey.generate_key("P-256", {"use": "sig", "kid": "k"})


TEMPLATE = """{% extends "base.html" %}
{% block title %}{{ _("Garden") }}{% endblock %}
{% block trail %}{{ ui.trail([("/", _("Start")), ("/garden/", _("Garden"))]) }}{% endblock %}
{% block content %}
<h1>{{ _("Garden") }}</h1>
{{ ui.cautions(cautions) }}
{% call ui.form("/garden/form", version=version) %}
{{ ui.text("name", _("Name"), hint=_("As on the bag"), required=True) }}
{{ ui.number("depth", _("Depth"), unit="cm") }}
{{ ui.textarea("notes", _("Notes")) }}
{{ ui.date("day", _("Day")) }}
{{ ui.money("price", _("Price"), "SEK") }}
{{ ui.select("bed", _("Bed"), [("a", "A"), ("b", "B")]) }}
{{ ui.radios("sun", _("Sun"), [("yes", _("Yes")), ("no", _("No"))], required=True) }}
{{ ui.checkboxes("tools", _("Tools"), [("spade", "Spade"), ("rake", "Rake")]) }}
{{ ui.checkbox("watered", _("Watered")) }}
{{ ui.button(_("Sow"), "sow") }}
{% endcall %}
{{ ui.button_form("/garden/form", _("Dig up"), version=version, values={"name": "x"}) }}
{% call ui.table(_("Beds"), [_("Name"), (_("Depth"), "number")]) %}
<tr><td>Beet</td><td>1</td></tr>
{% endcall %}
{% call ui.table(_("Weeds"), [_("Name")], empty=_("There are none.")) %}{% endcall %}
{{ ui.definitions([(_("Name"), "Beet"), (_("Depth"), None)]) }}
{{ ui.health("red") }}
{{ ui.pagination(2, 3, "/garden/form?page=") }}
{% endblock %}
"""


class TooCold(Refusal):
    text = "It is {degrees} degrees; nothing grows."
    rule = "TY-13"


class Seed(BaseModel):
    name: Annotated[str, Field(min_length=1)]
    depth: Annotated[int, Field(gt=0)]


router = APIRouter()


@router.post("/garden/api/seeds")
async def sow(request: Request, seed: Seed, here: Here, caller: Caller) -> Response:
    caller.must(Role.PM, municipality="almby", rule="IT-05")
    context = await here.context(request, caller, "almby")
    position = "garden:7@flode.request/3"
    done: Outcome[None] = Outcome(subject=REQUEST_ID, version=3, state=None, facts=(), position=position)
    return reply(done, command=str(context.command_id), by=context.actor, expected=expected_version(request))


@router.post("/garden/hooks/desk")
async def hook() -> None:
    raise NotSignedIn("no signature")


FAILURES: dict[str, Exception] = {
    "cold": TooCold(field="depth", degrees=-4),
    "both": Refusals((TooCold(field="depth", degrees=-4), Misfilled("This is needed.", "name"))),
    "conflict": VersionConflict(REQUEST_ID, 1, 2),
    "key": KeyReused(),
    "later": NotYet("beds", "garden:7@flode.request/3"),
    "away": ConnectionRefusedError(111, "refused"),
    "bug": ValueError("Alva Lind has no garden"),
}


@router.get("/garden/api/fail/{how}")
@router.get("/garden/fail/{how}")
async def fail(how: str) -> None:
    raise FAILURES[how]


@router.get("/garden/api/beds")
async def beds(request: Request, here: Here) -> list[str]:
    await caught_up(request, here)
    return []


@router.get("/garden/private")
async def private(request: Request, caller: Caller) -> Response:
    return page(request, "problem.html", caller, problem=TooCold(degrees=1), title="Sign in")


@router.get("/garden/form")
async def show(request: Request, caller: MaybeCaller) -> Response:
    return page(request, "garden.html", caller, data={}, version=3, cautions=())


@router.post("/garden/form")
async def send(request: Request, here: Here, caller: MaybeCaller) -> Response:
    form = await form_of(request, here.formats(caller))
    try:
        seed = filled(Seed, form.data)
        if seed.depth > 10:
            raise TooCold(field="depth", degrees=-1)
    except Refusal as refusal:
        doubt = values.Caution(rule="TY-13", field="depth", text=TooCold.text, params={"degrees": "9"})
        return page(
            request, "garden.html", caller, refusal=refusal, data=form.data, version=form.version, cautions=(doubt,)
        )
    return go_to(f"/garden/{seed.name}/{form.version}/{form.action}")


def some_settings(file: Path) -> Settings:
    nowhere = "postgresql://nobody@nowhere/nothing"
    return Settings(
        service="garden",
        database=nowhere,
        database_api=nowhere,
        vault_database=nowhere,
        vault_key=bytes(32),
        link_key=bytes(32),
        kafka="nowhere:9092",
        issuers=(),
        partnership=file,
        public_url=ORIGIN,
    )


def a_partnership() -> Partnership:
    place = {"country": "SE", "currency": "SEK", "timezone": "Europe/Stockholm"}
    almby = {**place, "name": "Almby kommun", "language": "sv", "email_domains": ["almby.example"]}
    almby["accessibility_statement"] = "https://statements.example/almby"
    return Partnership.parse({"name": "Samverkan vid sjön", "host": "almby", "municipalities": {"almby": almby}})


@pytest.fixture(scope="session")
def garden_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("garden")
    (folder / "garden" / "templates").mkdir(parents=True)
    (folder / "garden" / "__init__.py").write_text("")
    (folder / "garden" / "templates" / "garden.html").write_text(TEMPLATE, "utf-8")
    sys.path.insert(0, str(folder))
    yield "garden"
    sys.path.remove(str(folder))


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the process logs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def client(tmp_path: Path, garden_package: str, logged: io.StringIO) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, at its public address, with English as the browser's language."""
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    vault = await Vault.in_memory()
    partnership, clock = a_partnership(), SetClock(NOW)
    issuer = Issuer(issuer="https://id.example", audience="flode", jwks_file=jwks)
    here = Deps(
        service="garden",
        store=cast("Store", None),
        db=cast("Database", None),
        vault=vault,
        settings=some_settings(jwks),
        partnership=partnership,
        clock=clock,
        auth=Authenticator((issuer,), partnership, person_id=vault.person_id, clock=clock),
        links=Links(bytes(32)),
    )
    app = create_app("garden", garden_package, (router,), here)
    start_logging("garden", stream=logged)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"accept-language": "en"}) as client:
        yield client


def a_token(*roles: str, **claims: Any) -> str:
    said = {
        "iss": "https://id.example",
        "aud": "flode",
        "sub": "ebba",
        "exp": int((NOW + timedelta(hours=1)).timestamp()),
        "name": "Ebba Strand",
        "email": "ebba.strand@almby.example",
        "language": "en",
        "roles": {"almby": list(roles)},
    }
    return jwt.encode({"alg": "ES256", "kid": "k"}, {**said, **claims}, KEY)


@pytest.fixture
def as_() -> Callable[..., dict[str, str]]:
    """The headers of somebody with these roles."""
    return lambda *roles, **claims: {"Authorization": f"Bearer {a_token(*roles, **claims)}"}


@pytest.fixture
def token() -> Callable[..., str]:
    """A token of somebody with these roles."""
    return a_token

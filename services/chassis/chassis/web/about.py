"""Pages about the pages: what they are made of, and for whom they work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from fastapi import APIRouter, Request
from fastapi.responses import Response
from jinja2 import Environment, Template

from chassis.auth import Caller, MaybeCaller
from chassis.i18n import N_
from chassis.partnership import Partnership
from chassis.web.pages import page

REVIEWED = date(2026, 11, 30)
"""When the statement of accessibility was last compared with the pages. The guidelines of the countries ask for that
once a year, and when something of weight changes."""
_MACRO = re.compile(r"{%-? macro ([a-z]\w*)\((.*)\) -?%}")
_BLOCK = re.compile(r"{% block (\w+) %}\n(.*?)\n{% endblock %}", re.DOTALL)
_TOKEN = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
_DARK = "@media screen and (prefers-color-scheme: dark)"


@dataclass(frozen=True, slots=True)
class Token:
    """A colour of the style sheet, by its name, in both palettes."""

    name: str
    light: str
    dark: str


@dataclass(frozen=True, slots=True)
class Component:
    """A macro of forms.html: how it is declared, a call of it, and the same call to be drawn."""

    name: str
    parameters: str
    call: str
    drawn: Template


@dataclass(frozen=True, slots=True)
class Supervision:
    """A country's law on digital public services and who hears complaints by it, as they are called there: in that
    language, whoever reads. Each was looked up with the authority itself."""

    language: str
    law: str
    authority: str
    address: str


COUNTRIES: Mapping[str, str] = {"SE": N_("Sweden"), "DK": N_("Denmark"), "NO": N_("Norway"), "FI": N_("Finland")}
SUPERVISION: Mapping[str, Supervision] = {
    "SE": Supervision(
        "sv",
        "lagen (2018:1937) om tillgänglighet till digital offentlig service",
        "Myndigheten för digital förvaltning (Digg)",
        "https://www.digg.se/tdosanmalan",
    ),
    "DK": Supervision(
        "da",
        "lov om tilgængelighed af offentlige organers websteder og mobilapplikationer",
        "Digitaliseringsstyrelsen",
        "https://digst.dk/digital-inklusion/webtilgaengelighed/oplever-du-ikke-tilgaengeligt-indhold/",
    ),
    "NO": Supervision(
        "nb",
        "likestillings- og diskrimineringsloven og forskrift om universell utforming av IKT-løsninger",
        "Diskrimineringsnemnda",
        "https://www.diskrimineringsnemnda.no",
    ),
    "FI": Supervision(
        "sv",
        "lagen om tillhandahållande av digitala tjänster (306/2019)",
        "Transport- och kommunikationsverket Traficom",
        "https://www.traficom.fi",
    ),
}


def supervision_of(partnership: Partnership) -> list[tuple[str, Supervision]]:
    """The laws that hold for the municipalities of a partnership, by the names of their countries."""
    theirs = {each.country for each in partnership.municipalities.values()}
    return [(COUNTRIES[country], law) for country, law in SUPERVISION.items() if country in theirs]


def about_router(service: str) -> APIRouter:
    """Every service shows its own, so that no page depends on another service."""
    router = APIRouter(prefix=f"/{service}")

    @router.get("/design")
    async def design(request: Request, caller: Caller) -> Response:
        """The tokens and components that pages are made of."""
        parts = components(request.app.state.templates)
        return page(request, "design.html", caller, tokens=tokens(), components=parts)

    @router.get("/accessibility")
    async def accessibility(request: Request, caller: MaybeCaller) -> Response:
        """The accessibility statement, which nobody has to sign in for."""
        partnership = request.app.state.here.partnership
        return page(request, "accessibility.html", caller, supervision=supervision_of(partnership), reviewed=REVIEWED)

    return router


@cache
def tokens() -> tuple[Token, ...]:
    """The colours of flode.css. What the dark palette does not change is the same in both."""
    sheet = (resources.files("chassis.web") / "static" / "flode.css").read_text("utf-8")
    light, dark = (_colours(part) for part in sheet.split(_DARK, 1))
    return tuple(Token(name, colour, dark.get(name, colour)) for name, colour in light.items())


def _colours(sheet: str) -> dict[str, str]:
    return dict(_TOKEN.findall(sheet))


@cache
def components(environment: Environment) -> tuple[Component, ...]:
    """The macros of forms.html in their order, each with the example in components.html."""
    calls = dict(_BLOCK.findall(_source("components.html")))
    return tuple(
        Component(name, parameters, calls.get(name, ""), environment.from_string(calls.get(name, "")))
        for name, parameters in _MACRO.findall(_source("forms.html"))
        if name != "error_summary"  # it stands at the top of a page that has mistakes, once
    )


@cache
def _source(template: str) -> str:
    return (resources.files("chassis.web") / "templates" / template).read_text("utf-8")

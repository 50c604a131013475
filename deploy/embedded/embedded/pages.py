"""The issuer's pages: the layout of all of Flöde's, the reader's language, guarded as pages with forms must be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any
from urllib.parse import quote, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from jinja2 import Environment

from chassis import i18n
from chassis.auth import LANGUAGE_COOKIE
from chassis.identity import NAMES, Identity, Role
from chassis.partnership import Partnership
from chassis.web.guard import cache_control, security
from chassis.web.navigation import places_for
from chassis.web.pages import LANGUAGE_NAMES, Errors, static_version, templates_of
from chassis.web.problems import FieldError
from embedded.people import Person

HERE = "start"
"""The first segment of what belongs to these pages: style sheet, icon, choice of language."""

i18n.use("embedded")


@cache
def _templates() -> Environment:
    return templates_of("embedded")


class Pages:
    """Renders the issuer's templates for one partnership."""

    def __init__(self, partnership: Partnership) -> None:
        self.partnership = partnership

    def render(
        self,
        request: web.Request,
        template: str,
        caller: Person | None,
        *,
        status: HTTPStatus | None = None,
        wrong: Mapping[str, str] | None = None,
        **values: Any,
    ) -> web.Response:
        """A page. `wrong` says what is wrong per field (keys for translation); then the status is 422."""
        reader = self._identity(request, caller)
        language = reader.language if reader else language_of(request)
        errors = tuple(FieldError(name, i18n.translate(text, language)) for name, text in (wrong or {}).items())
        names = {
            **values,
            "caller": reader,
            "errors": Errors(errors),
            "formats": self.partnership[reader.home if reader else self.partnership.host].formats(language),
            "has_account": True,
            "here_and_now": quote(request.path_qs, safe="/"),
            "language": language,
            "languages": LANGUAGE_NAMES,
            "partnership": self.partnership,
            "path": request.path,
            "places": places_for(reader),
            "role_names": {role.value: i18n.translate(NAMES[role], language) for role in Role},
            "service": HERE,
            "static": f"/{HERE}/static",
            "version_of_static": static_version(),
        }
        names["ui"] = _templates().get_template("forms.html").make_module(names)
        return web.Response(
            status=status or (HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK),
            text=_templates().get_template(template).render(names),
            content_type="text/html",
            headers={"Content-Language": language},
        )

    def _identity(self, request: web.Request, person: Person | None) -> Identity | None:
        """The person as all of Flöde's pages know them."""
        if person is None:
            return None
        roles: dict[str, frozenset[Role]] = {}
        for municipality, held in person.roles.items():
            for each in self.partnership.ids if municipality == "*" else {municipality} & self.partnership.ids:
                roles[each] = roles.get(each, frozenset()) | {Role(role) for role in held}
        identity = Identity(
            id=person.id,
            name=person.name,
            email=person.email,
            home=self.partnership.home_of(person.email),
            language=person.language,
            roles=roles,
        )
        chosen = request.cookies.get(LANGUAGE_COOKIE)
        return replace(identity, language=chosen) if chosen in i18n.LANGUAGES else identity


def language_of(request: web.Request) -> str:
    """The language that was chosen, or the one the browser prefers."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in i18n.LANGUAGES else i18n.best_language(request.headers.get("Accept-Language"))


async def static(request: web.Request) -> web.StreamResponse:
    """The style sheet and the icon, the same as everywhere."""
    file = resources.files("chassis.web") / "static" / request.match_info["file"]
    if not file.is_file():
        raise web.HTTPNotFound
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    kind = kinds.get(file.name.rpartition(".")[2], "application/octet-stream")
    return web.Response(body=file.read_bytes(), content_type=kind)


async def choose_language(request: web.Request) -> web.StreamResponse:
    """Remember a language and go back."""
    answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": within(request.query.get("next"))})
    if request.match_info["language"] in i18n.LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE, request.match_info["language"], max_age=365 * 24 * 3600, httponly=True, samesite="Lax"
        )
    return answer


def within(wanted: str | None) -> str:
    """Where to go next: a page of ours, whatever a link asks for."""
    if not wanted or not wanted.startswith("/") or wanted[1:2] in ("/", "\\") or any(ord(sign) < 32 for sign in wanted):
        return "/"
    return wanted


def careful(handler: Handler) -> Handler:
    """Refuse forms that another site sent."""

    async def asked(request: web.Request) -> web.StreamResponse:
        if request.method == "POST" and not _from_here(request):
            raise web.HTTPForbidden(text="This form was sent by another site.")
        return await handler(request)

    return asked


def guarded(*, secure: bool) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Tells browsers what our pages never need, with every answer: errors and what a service answered too."""
    always = security(secure=secure)

    async def guard(request: web.Request, answer: web.StreamResponse) -> None:
        for name, value in {**always, "Cache-Control": cache_control(request.path)}.items():
            answer.headers.setdefault(name, value)
        answer.headers.pop("Server", None)  # which programs answer here, and how old they are, is nobody's business

    return guard


def _from_here(request: web.Request) -> bool:
    """Whether a form comes from a page of ours. A program that is no browser says nothing about it, and has no cookie
    that another site could borrow."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host

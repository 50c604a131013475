"""The issuer's pages: rendered in the reader's language, and guarded as pages with forms must be."""

from __future__ import annotations

from functools import cache, partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from jinja2 import Environment, PackageLoader, StrictUndefined

from chassis import i18n
from chassis.identity import NAMES, Role
from embedded.people import Person

LANGUAGE_NAMES = {"sv": "Svenska", "da": "Dansk", "nb": "Norsk", "en": "English"}

i18n.use("embedded")


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("embedded"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def language_of(request: web.Request, person: Person | None) -> str:
    """The reader's language: the person's own, or the one the browser prefers."""
    return person.language if person else i18n.best_language(request.headers.get("Accept-Language"))


def render(
    request: web.Request, template: str, caller: Person | None, *, status: HTTPStatus = HTTPStatus.OK, **values: Any
) -> web.Response:
    """A page. Every page knows who reads it, their language, and the roles there are."""
    language = language_of(request, caller)
    text = (
        _templates()
        .get_template(template)
        .render(
            _=partial(_translated, language),
            caller=caller,
            language=language,
            languages=LANGUAGE_NAMES,
            roles={role.value: i18n.translate(NAMES[role], language) for role in Role},
            **values,
        )
    )
    return web.Response(status=status, text=text, content_type="text/html")


def _translated(language: str, text: str, **params: object) -> str:
    return i18n.translate(text, language, **params)


def careful(handler: Handler) -> Handler:
    """Refuse forms that another site sent, and tell the browser what our pages never need."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.method == "POST" and not _from_here(request):
            raise web.HTTPForbidden(text="This form was sent by another site.")
        try:
            answer = await handler(request)
        except web.HTTPException as thrown:
            _guard(thrown)
            raise
        _guard(answer)
        return answer

    return guarded


def _guard(answer: web.StreamResponse) -> None:
    answer.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'",
    )
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Referrer-Policy", "same-origin")
    answer.headers.setdefault("Cache-Control", "no-store")


def _from_here(request: web.Request) -> bool:
    """Whether a form comes from a page of ours. A program that is no browser says nothing about it, and has no cookie
    that another site could borrow."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host

"""What went wrong, in plain words and the reader's language: RFC 9457 for APIs, a page for people."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from chassis.auth import LANGUAGE_COOKIE, NotSignedIn
from chassis.i18n import LANGUAGES, N_, best_language, translate
from chassis.jwks import KeysUnavailable
from chassis.logging import get_logger
from chassis.plain import Misfilled, in_plain_words
from chassis.store import ForeignSubject, KeyReused, VersionConflict
from chassis.views import NoMark, NotYet
from chassis.web.deps import is_form
from contracts.refusal import NotFound, Refusal, Refusals

log = get_logger(__name__)

TITLES: Mapping[int, str] = {
    400: N_("This cannot be read"),
    401: N_("Sign in first"),
    403: N_("You may not do this"),
    404: N_("Nothing by that name"),
    405: N_("This cannot be done here"),
    409: N_("This cannot be done now"),
    410: N_("This is over"),
    412: N_("Changed meanwhile"),
    413: N_("Too large"),
    422: N_("Something is missing or wrong"),
    429: N_("Too much at once"),
    500: N_("Something went wrong here"),
    503: N_("Not available at the moment"),
}
TROUBLE = (
    KeysUnavailable,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    TimeoutError,
    ConnectionError,
    socket.gaierror,
)
"""What passes by itself: a database or an issuer that is away for a moment. Nothing was done; ask again."""

MACHINES = frozenset({"api", "hooks", "health", "live", "metrics", "openapi.json"})
"""Second segments of paths that programs use; everything else is a page."""


class Changed(Refusal):
    """The subject moved on since the sender looked."""

    text = "Somebody changed this meanwhile. Load it again, look, and repeat."
    status = 412


class KeyUsed(Refusal):
    """The Idempotency-Key belongs to another command."""

    text = "This Idempotency-Key was used for something else. Use a new one for each thing you do."
    status = 422


class ComesLater(Refusal):
    """The view has not come so far; what was written is safe."""

    text = "What was written is safe and will be seen here in a moment. Load the page again."
    status = 503


class Away(Refusal):
    """Something this service needs does not answer."""

    text = "Something this needs does not answer at the moment. Nothing was done; try again soon."
    status = 503


class Broken(Refusal):
    """A fault of ours."""

    text = "Something went wrong here. Should it last, tell those who operate Flöde: {correlation}."
    status = 500


class Unproven(Refusal):
    """Nobody is signed in."""

    text = "Sign in, and send the token you are given."
    status = 401


class TooLarge(Refusal):
    """The body is over the limit."""

    text = "A request may have at most {most} kB."
    status = 413


class FromElsewhere(Refusal):
    """A form was sent from a page that is not ours."""

    text = "This form was not sent from a page of Flöde's. Open the page here and send it again."
    status = 403


class NotPossible(Refusal):
    """What HTTP itself refuses: no such path, no such method."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status
        self.text = NotFound.text if status == 404 else TITLES.get(status, TITLES[400])


@dataclass(frozen=True, slots=True)
class FieldError:
    """A sentence beside a field (None: beside none), and the rule it enforces."""

    field: str | None
    detail: str
    rule: str | None = None


def refusal_of(error: Exception) -> Refusal | None:
    """What an exception means to the one who asked; None when it means nothing but that we failed."""
    match error:
        case Refusal():
            return error
        case RequestValidationError():
            return in_plain_words(error.errors())
        case VersionConflict():
            return Changed()
        case KeyReused():
            return KeyUsed()
        case ForeignSubject():
            return NotFound()  # to say more would tell one municipality what another has
        case NotYet():
            return ComesLater()
        case NoMark():
            return Misfilled(N_("This list has no such place; begin it anew, without a mark."), "mark")
        case NotSignedIn():
            return Unproven()
        case HTTPException():
            return NotPossible(error.status_code)
        case _ if isinstance(error, TROUBLE):
            return Away()
        case _:
            return None


def errors_of(refusal: Refusal, language: str) -> tuple[FieldError, ...]:
    """The sentences of a refusal in a language, one for each mistake."""
    each: Iterable[Refusal] = refusal.refusals if isinstance(refusal, Refusals) else (refusal,)
    return tuple(FieldError(one.field, translate(one.text, language, **one.params), one.rule) for one in each)


def is_page(request: Request) -> bool:
    """Whether a person looks at the answer."""
    return not MACHINES & set(request.url.path.strip("/").split("/")[1:2])


def language_of(request: Request) -> str:
    """The language of an answer: chosen by the reader, else the caller's, else what the browser prefers.

    Programs choose by Accept-Language.
    """
    caller = getattr(request.state, "caller", None)
    accepted = request.headers.get("accept-language")
    if not is_page(request):
        return best_language(accepted, caller.language if caller else "en")
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return caller.language if caller else best_language(accepted)


def problem(refusal: Refusal, language: str) -> JSONResponse:
    """A refusal as application/problem+json."""
    sentences = errors_of(refusal, language)
    beside = [_member(each) for each in sentences if each.field is not None]
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": translate(TITLES.get(refusal.status, TITLES[400]), language),
        "status": refusal.status,
        "detail": translate(refusal.text, language, **refusal.params),
    }
    if refusal.rule:
        body["rule"] = refusal.rule
    if beside:
        body["errors"] = beside
    headers = {"Content-Language": language, **retry_after(refusal)}
    return JSONResponse(body, refusal.status, headers, media_type="application/problem+json")


def _member(error: FieldError) -> dict[str, str]:
    said = {"field": str(error.field), "detail": error.detail}
    return {**said, "rule": error.rule} if error.rule else said


def retry_after(refusal: Refusal) -> dict[str, str]:
    """What the headers add to a refusal: how to sign in, or when to come again (seconds)."""
    if refusal.status == 401:
        return {"WWW-Authenticate": "Bearer"}
    seconds = {429: str(refusal.params.get("seconds", 5)), 503: "1"}.get(refusal.status)
    return {"Retry-After": seconds} if seconds else {}


def answer_to(request: Request, error: Exception) -> Response | None:
    """The answer to an exception; None when it is none of those that mean something to the one who asked."""
    from chassis.web.pages import problem_page

    refusal = refusal_of(error)
    if refusal is None:
        return None
    if isinstance(error, TROUBLE):
        log.warning("http.away", exc_info=error)
    if not is_page(request):
        return problem(refusal, language_of(request))
    if isinstance(error, NotSignedIn):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/sign-in?next={quote(request.url.path + query, safe='')}", status_code=303)
    return problem_page(request, refusal)


def add_handlers(app: FastAPI) -> None:
    """Answer exceptions of routes. What is not answered here ends in `chassis.web.edge`, as a fault of ours."""

    async def handler(request: Request, error: Exception) -> Response:
        from chassis.web.pages import signed_out_page

        if isinstance(error, NotSignedIn) and request.method == "POST" and is_form(request) and is_page(request):
            return await signed_out_page(request)
        response = answer_to(request, error)
        assert response is not None, f"no answer for {type(error).__name__}"
        return response

    kinds: tuple[type[Exception], ...] = (
        Refusal,
        RequestValidationError,
        VersionConflict,
        KeyReused,
        ForeignSubject,
        NotYet,
        NoMark,
        NotSignedIn,
        HTTPException,
        *TROUBLE,
    )
    for kind in kinds:
        app.add_exception_handler(kind, handler)

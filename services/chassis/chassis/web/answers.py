"""Versions, positions and bodies: ETag and If-Match from the subject's version, Flode-Position to read one's writes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import msgspec
from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from chassis.aggregate import Outcome
from chassis.i18n import N_
from chassis.plain import Misfilled
from chassis.position import NoPosition, Position
from chassis.views import View
from chassis.views.read import marks
from chassis.web.deps import Deps
from chassis.web.problems import is_page

POSITION_HEADER = "Flode-Position"
AFTER = "after"
WAIT_SECONDS = 5.0
_ETAG = re.compile(r'^(?:W/)?"(\d{1,9})"$')


def reply(outcome: Outcome[Any], status: int = 201, *, location: str | None = None, **more: object) -> JSONResponse:
    """The answer to a command that was done: the subject, its version as ETag, the position to wait for.

    A repeated command gets the answer it got the first time (P3).
    """
    headers = {"ETag": f'"{outcome.version}"'}
    if outcome.position:
        headers[POSITION_HEADER] = outcome.position
    if location:
        headers["Location"] = location
    body = {"id": str(outcome.subject), "version": outcome.version, "position": outcome.position, **more}
    return JSONResponse(body, status, headers)


def answer(
    value: object, *, version: int | None = None, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """A JSON answer of rows, structs, dataclasses and what they hold; `version` becomes its ETag."""
    sent = dict(headers) if version is None else {**headers, "ETag": f'"{version}"'}
    return Response(msgspec.json.encode(value, enc_hook=str), status, sent, "application/json")


HARMLESS = frozenset(
    {"application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp", "text/csv", "text/plain"}
)
"""The media types of files that are named as what they are; whatever else there is, is bytes."""


def to_be_saved(content: bytes, name: str, media_type: str | None = None) -> Response:
    """Somebody else's file, under its name (RFC 6266). A browser saves it and never shows it as a page of ours."""
    ascii_name = re.sub(r"[^\w .()+-]", "_", name, flags=re.ASCII)
    disposition = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
    kind = media_type if media_type in HARMLESS else "application/octet-stream"
    guarded = {"Content-Disposition": disposition, "Content-Security-Policy": "sandbox; default-src 'none'"}
    return Response(content, media_type=kind, headers=guarded)


def expected_version(request: Request) -> int | None:
    """The version the sender has seen, from If-Match: `"7"` is 7, nothing and `*` are None.

    Hand it to `handle(expected=…)`; when the subject has moved on, the answer is 412.
    """
    given = request.headers.get("If-Match", "*").strip()
    if given == "*":
        return None
    match = _ETAG.match(given)
    if match is None:
        raise Misfilled(N_('Send If-Match with the ETag you were given, like "3".'), "If-Match")
    return int(match[1])


async def caught_up(request: Request, here: Deps, *views: View[Any]) -> None:
    """Wait until the views have applied what `?after=` or Flode-Position names. Raises NotYet after five seconds.

    A page remembers where they stand, before it reads them, so that it can be told when they move (`page(live=)`).
    """
    position = request.query_params.get(AFTER) or request.headers.get(POSITION_HEADER)
    if position:
        try:
            Position.parse(position)
        except NoPosition:
            raise Misfilled(
                N_("This is no position of Flöde's; leave it out, or repeat it as it was given."), AFTER
            ) from None
        await asyncio.gather(*(view.wait_for(here.db, position, timeout=WAIT_SECONDS) for view in views))
    if views and is_page(request):
        request.state.marks = await marks(here.db, [view.name for view in views], key=here.settings.link_key)


def is_after(request: Request) -> bool:
    """Whether a page is shown after a write, by `go_to`: what was sent is done, and the page shows it."""
    return request.method == "GET" and AFTER in request.query_params


def go_to(path: str, outcome: Outcome[Any] | None = None) -> RedirectResponse:
    """After a form: the page to show next, which waits until the write can be seen there."""
    if outcome is not None and outcome.position:
        path, mark, place = path.partition("#")
        joint = "&" if "?" in path else "?"
        path = f"{path}{joint}{AFTER}={outcome.position}{mark}{place}"
    return RedirectResponse(path, status_code=303)

"""The files that hang on a ticket, in the words of the generic ticket. They are only referred to: a file is fetched
from its system when somebody opens it, and never kept here.

No ticket is lost for a file: what is listed oddly is left out, and a list that could not be had is not said.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator

from chassis.outbox import GiveUp
from chassis.outward import Remote
from intake.adapters.port import Way
from intake.adapters.ticket import MEDIA_TYPE, MOST_ATTACHMENTS
from intake.domain.text import a_title

Record = Mapping[str, Any]
_ID = re.compile(r"[\w-]{1,64}")


def _records(value: object) -> object:
    return tuple(one for one in value if isinstance(one, dict)) if isinstance(value, list) else None


Listed = Annotated[tuple[dict[str, Any], ...] | None, BeforeValidator(_records)]
"""What a system lists of files; None where it lists nothing at all."""


def hung(
    listed: Sequence[Record] | None,
    ref: Callable[[Record], str | None],
    *,
    name: str = "filename",
    kind: str = "content_type",
    size: str = "filesize",
) -> list[dict[str, Any]] | None:
    """The files, from the names that their system has for name, media type and size; None where none were listed."""
    if listed is None:
        return None
    found: list[dict[str, Any]] = []
    for one in listed[:MOST_ATTACHMENTS]:
        told, title, media, many = ref(one), one.get(name), one.get(kind), one.get(size)
        called = a_title(title) if isinstance(title, str) else ""
        if told is None or not called:
            continue
        media = media.partition(";")[0].strip().casefold() if isinstance(media, str) else ""
        counted = str(many) if isinstance(many, str | int) and re.fullmatch(r"\d{1,15}", str(many)) else None
        known = media if len(media) <= 127 and re.match(MEDIA_TYPE, media) else None
        found.append({"name": called, "ref": told, "type": known, "size": int(counted) if counted else None})
    return found


def path(shape: str, *ids: object) -> str | None:
    """A path of a system's API, with ids where the shape has braces; None where one of them can be none."""
    told = [str(one) for one in ids]
    return shape.format(*told) if all(map(_ID.fullmatch, told)) else None


OpenFile = Callable[[Way, str], Awaitable[bytes]]


def by_path(remote: Callable[[Way], Remote]) -> OpenFile:
    """How a file is fetched whose reference is a path of the system's API. Raises Retry and GiveUp."""

    async def open_file(way: Way, ref: str) -> bytes:
        return await read(remote(way), ref)

    return open_file


async def read(remote: Remote, ref: str) -> bytes:
    """The bytes at a path of the API. Raises GiveUp for a reference that is none, and what asking raises."""
    if not ref.startswith("/"):
        raise GiveUp("the file is not where it was")
    return (await remote.send("GET", ref, headers={"Accept": "*/*"})).body

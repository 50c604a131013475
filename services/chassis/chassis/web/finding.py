"""One search over what all services keep: each looks in its own views, and the auditor sees what any of them found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import Request

from chassis.db import Database
from chassis.identity import Identity
from chassis.named import subjects_of
from chassis.views import View
from chassis.views.tables import NoView
from chassis.views.view import subject_of
from chassis.web.deps import Deps
from chassis.web.looking import Hit, look
from chassis.web.others import ask_each, names
from chassis.web.shown import Reader

SEARCH_SECONDS = 6.0
"""How long another service may search: whoever searches would rather wait than miss what there is."""
MOST_SUBJECTS = 100
"""In how many rows of a kind a person is looked for: those that events naming them came to last."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was found: what it is called, where it is shown, and of which view and municipality it is, in the
    words of whoever asked."""

    title: str
    path: str
    view: str
    municipality: str


async def found_here(
    db: Database,
    service: str,
    views: Sequence[View[Any]],
    asked: str,
    reader: Reader,
    *,
    scope: frozenset[str],
    people: Sequence[UUID] = (),
) -> tuple[Found, ...]:
    """What this service's views hold of what was asked for. A row without a title of its own is called as the other
    views call what it is about."""
    if not asked:
        return ()
    about = await subjects_of(db, people, scope=scope, limit=MOST_SUBJECTS)

    async def looked(view: View[Any]) -> list[Hit]:
        return await look(db, view, asked, scope=scope, people=people, of=about if _only_of(service, view) else None)

    # Each view is read on a connection of its own, at once.
    hits = [hit for each in await asyncio.gather(*map(looked, views)) for hit in each]
    called = await titles(db, views, [hit.key for hit in hits if not hit.title], scope=scope)
    return tuple(
        Found(
            title=hit.title or called.get(hit.key) or str(hit.key),
            path=f"/{service}/audit/{hit.view}/{hit.key}",
            view=reader.view(hit.view),
            municipality=reader.place(hit.municipality),
        )
        for hit in hits
    )


def _only_of(service: str, view: View[Any]) -> bool:
    """Whether all that a view's rows say is in the service's own log, each row's under its key."""
    own = {kind.__module__ for kind in get_args(view.facts) or (view.facts,)} == {f"contracts.{service}"}
    return own and view.key is subject_of


async def titles(
    db: Database, views: Iterable[View[Any]], keys: Sequence[UUID], *, scope: Iterable[str]
) -> dict[UUID, str]:
    """What these are called in those of the views that have titles, as they are now."""
    known: dict[UUID, str] = {}
    for view in views:
        missing = [key for key in keys if key not in known]
        if not missing or not any(column.name == "title" and column.type == "text" for column in view.columns):
            continue
        key = view.columns[0].name
        sql = f'SELECT "{key}" AS key, title FROM {{table}} WHERE "{key}" = ANY($1::uuid[])'  # noqa: S608  ours
        try:
            rows = await view.query(db, sql, missing, scope=scope)
        except NoView:
            continue
        known |= {row["key"]: row["title"] for row in rows if row["title"] and not row["title"].startswith("sealed:")}
    return known


async def found_elsewhere(
    request: Request, here: Deps, caller: Identity, asked: str
) -> dict[str, tuple[Found, ...] | None]:
    """What the other services found, by their names; None for one that did not answer. Nothing asked, nothing found."""
    if not asked.strip():
        return {}
    beside = [name for name in names() if name != here.service]
    return await ask_each(
        request, here, caller, beside, f"/audit/found.json?{urlencode({'q': asked})}", tuple[Found, ...],
        seconds=SEARCH_SECONDS,
    )  # fmt: skip

"""The auditor's pages, the same for all services: what was on any day, what differs, why a row looks so, who read it.

For auditors, and for the PM, of the municipalities where they are that. Names are opened only after it was written down
that somebody reads them (`chassis.reads`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sized
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from chassis import reads
from chassis.audit import Fields, difference, fields_of
from chassis.auth import Caller
from chassis.case import public_key, sign
from chassis.documents import pdf
from chassis.identity import Identity, Role
from chassis.views import Row, View
from chassis.views.tables import NoView
from chassis.web import cases, past, people
from chassis.web.answers import caught_up
from chassis.web.cases import title_of
from chassis.web.deps import Deps, Here
from chassis.web.finding import found_elsewhere, found_here, titles
from chassis.web.labels import Labels
from chassis.web.looking import LONGEST
from chassis.web.navigation import PLACES
from chassis.web.opening import READERS, opened, written_down
from chassis.web.pages import page
from chassis.web.paging import PageNumber
from chassis.web.past import Moment
from chassis.web.sentences import Sentences, who_of
from chassis.web.shown import Reader
from contracts.refusal import NotFound

PER_PAGE = 50
MOST_COLUMNS = 8
MOST_DIFFERENT = 200
"""How many rows of a kind a difference shows; it says how many there are."""
AsOf = Annotated[str | None, Query(alias="as_of", max_length=200)]


def audit_router(  # noqa: C901  a page each
    service: str, views: tuple[View[Any], ...], sentences: Sentences, labels: Labels
) -> APIRouter:
    """Routes under /<service>/audit."""
    router = APIRouter(prefix=f"/{service}/audit", include_in_schema=False)
    known = {view.name: view for view in views}

    def reader_for(here: Deps, caller: Identity) -> Reader:
        return Reader(caller.language, here.formats(caller), here.partnership, labels)

    def named(name: str) -> View[Any]:
        if name not in known:
            raise NotFound
        return known[name]

    @router.get("/")
    async def start(
        request: Request, here: Here, caller: Caller, q: Annotated[str, Query(max_length=LONGEST)] = ""
    ) -> Response:
        """Which views there are, and a search of their rows and of what people did."""
        caller.must(*READERS)
        scope, reader = caller.scope_of(*READERS), reader_for(here, caller)
        asked_for = people.pseudonyms(here.vault, q, caller.scope_of(Role.AUDITOR))
        counting = asyncio.gather(*(_count(here, view, scope) for view in views))
        (deeds, hits, others), counted = await asyncio.gather(
            asyncio.gather(
                people.deeds_of(here, caller, asked_for, views, reader, sentences),
                found_here(here.db, service, views, q, reader, scope=scope, people=asked_for),
                found_elsewhere(request, here, caller, q),
            ),
            counting,
        )
        counts = {view.name: many for view, many in zip(views, counted, strict=True)}
        elsewhere = [
            (other, place.label)
            for place in PLACES
            if (other := place.path.split("/")[1]) != service and place.path == f"/{other}/"
        ]
        return page(
            request, "audit.html", caller,
            reader=reader, counts=counts, q=q, elsewhere=elsewhere, deeds=deeds, asked_for=asked_for,
            hits=[*hits, *(hit for found in others.values() for hit in found or ())],
            silent=[label for name, label in elsewhere if q and name in others and others[name] is None],
        )  # fmt: skip

    @router.get("/found.json")
    async def found(here: Here, caller: Caller, q: Annotated[str, Query(max_length=LONGEST)] = "") -> Response:
        """What a search finds here, for the page of another service that shows what all found."""
        caller.must(*READERS)
        asked_for = people.pseudonyms(here.vault, q, caller.scope_of(Role.AUDITOR))
        reader, scope = reader_for(here, caller), caller.scope_of(*READERS)
        hits = await found_here(here.db, service, views, q, reader, scope=scope, people=asked_for)
        return Response(msgspec.json.encode(hits), media_type="application/json")

    @router.get("/key.json")
    async def key(here: Here) -> Response:
        """The public key that exported cases are checked with."""
        return JSONResponse(public_key(here.settings.link_key))

    @router.get("/reads")
    async def read(request: Request, here: Here, caller: Caller, number: PageNumber = 1) -> Response:
        """Who read names, of what, and when."""
        caller.must(Role.AUDITOR)
        scope = caller.scope_of(Role.AUDITOR)
        found = await reads.latest(here.db, scope=scope, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
        total = await reads.count(here.db, scope=scope)
        concerned = {each.municipality for each in found if each.reader_name}
        shown = await opened(here, caller, found, concerned, view="reads", role=Role.AUDITOR)
        reader = reader_for(here, caller)
        listed = [(each, who_of(each.reader, each.reader_name, reader)) for each in shown]
        return page(
            request, "audit_reads.html", caller,
            reader=reader, listed=listed, number=number, last=_last(total), known=known,
        )  # fmt: skip

    @router.get("/{view}")
    async def rows(
        view: str,
        request: Request,
        here: Here,
        caller: Caller,
        day: AsOf = None,
        other: Annotated[str | None, Query(alias="and", max_length=200)] = None,
        slide: Annotated[int | None, Query(ge=0, le=100_000)] = None,
        columns: str = "",
        number: PageNumber = 1,
    ) -> Response:
        """A view as of any day, and with a second day what differs between the two."""
        caller.must(*READERS)
        asked = named(view)
        scope = caller.scope_of(*READERS)
        first, last = await past.span(here, scope, _zone(here, caller))
        at = f"/{service}/audit/{view}"
        if slide is not None:
            chosen = {"as_of": (first + timedelta(days=slide)).isoformat(), "and": other or ""}
            return RedirectResponse(f"{at}?{urlencode({k: v for k, v in chosen.items() if v})}", 303)
        await caught_up(request, here, asked)
        moment = await past.moment(here, day, _zone(here, caller), "as_of")
        second = await past.moment(here, other, _zone(here, caller), "and")
        said: dict[str, Any] = {
            "view": asked, "reader": reader_for(here, caller), "moment": moment, "second": second, "at": at,
            "first": first, "last_day": last, "number": number, "all_columns": columns == "all",
            "query": urlencode({k: v for k, v in {"as_of": day, "and": other, "columns": columns}.items() if v}),
        }  # fmt: skip
        if second is not None:
            days = sorted((moment or past.now(here), second), key=lambda each: each.until)
            said |= await _two(here, caller, asked, days, scope, said["reader"], views)
            return page(request, "audit_between.html", caller, **said)
        said |= await _one(here, caller, asked, moment, scope, number, said["reader"], all_columns=columns == "all")
        said["titles"] = await titles(here.db, views, list(said["rows"]), scope=scope)
        return page(request, "audit_view.html", caller, **said)

    @router.get("/{view}/{key}")
    async def row(view: str, key: UUID, request: Request, here: Here, caller: Caller, day: AsOf = None) -> Response:
        """Why a row looks so: the events behind it as sentences, and what each changed."""
        caller.must(*READERS)
        asked = named(view)
        await caught_up(request, here, asked)
        case = await cases.found(here, caller, asked, key, day)
        fields, events, names = await opened(
            here, caller, cases.sealed_parts(case), {case.row.municipality},
            view=asked.name, key=key, moment=case.looked_at,
        )  # fmt: skip
        reader = reader_for(here, caller)
        known = await titles(here.db, views, [key], scope=caller.scope_of(*READERS))
        return page(
            request, "audit_row.html", caller,
            view=asked, key=key, reader=reader, moment=case.moment, at=f"/{service}/audit/{view}/{key}",
            title=title_of(fields, known.get(key) or key), row=reader.row(fields, asked.row),
            listed=cases.lines(case, events, names, reader, sentences),
        )  # fmt: skip

    @router.get("/{view}/{key}/case.json")
    async def signed(view: str, key: UUID, here: Here, caller: Caller, day: AsOf = None) -> Response:
        """The row and its events, signed, to be taken along. Names stay sealed in it."""
        caller.must(*READERS)
        case = await cases.found(here, caller, named(view), key, day)
        await taken_along(here, caller, case)
        file = sign(cases.exported(here, caller, service, case), here.settings.link_key)
        return _file(file, f"{service}-{view}-{key}.case.json", "application/json")

    @router.get("/{view}/{key}/case.pdf")
    async def readable(view: str, key: UUID, here: Here, caller: Caller, day: AsOf = None) -> Response:
        """The same to be read on paper: sentences, what each event changed, and the digest of the signed file."""
        caller.must(*READERS)
        case = await cases.found(here, caller, named(view), key, day)
        await taken_along(here, caller, case)
        fields, events, names = await here.vault.open_all(cases.sealed_parts(case), caller.language)
        reader = reader_for(here, caller)
        told = cases.lines(case, events, names, reader, sentences)
        said = cases.exported(here, caller, service, case)
        made = await pdf(cases.document(here, caller, case, fields, told, reader, said))
        return _file(made, f"{service}-{view}-{key}.case.pdf", "application/pdf")

    return router


async def taken_along(here: Deps, caller: Identity, case: cases.Case) -> None:
    """Write down that somebody takes a case along; without that there is none."""
    await written_down(
        here, caller, {case.row.municipality}, view=case.view.name, key=case.key, what="case", moment=case.looked_at
    )


def _file(content: bytes, name: str, media_type: str) -> Response:
    return Response(content, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, media_type)


async def _one(
    here: Deps,
    caller: Identity,
    view: View[Any],
    moment: Moment | None,
    scope: frozenset[str],
    number: int,
    reader: Reader,
    *,
    all_columns: bool,
) -> dict[str, Any]:
    """A page of the rows of one day. Only what is shown of them is opened, and so is said to have been read."""
    start = (number - 1) * PER_PAGE
    if moment is None:
        total, found = await _count(here, view, scope), await _live(here, view, scope, start)
    else:
        then = await past.rows(here, view, moment, scope)
        then.sort(key=_latest_first, reverse=True)
        total, found = len(then), then[start : start + PER_PAGE]
    used = [name for name in _shown_columns(view) if any(_says(getattr(row, name)) for row in found)]
    brief = {column.name for column in view.columns if column.type not in ("jsonb", "uuid")}
    few = [name for name in used if name in brief][:MOST_COLUMNS]
    shown = {"title", "currency", *(used if all_columns else few)}  # amounts are written with their currency
    listed = await _opened_rows(here, caller, view, found, moment, shown)
    parts = {key: dict(reader.parts(fields, view.row)) for key, fields in listed.items()}
    return {"rows": parts, "used": used, "few": few, "total": total, "last": _last(total)}


async def _two(
    here: Deps,
    caller: Identity,
    view: View[Any],
    days: list[Moment],
    scope: frozenset[str],
    reader: Reader,
    views: tuple[View[Any], ...],
) -> dict[str, Any]:
    """What differs between two days. Only what is shown is opened, and the rows that are the same are not."""
    before, after = await past.rows_of_each(here, view, days, scope)
    found = difference(*({_key(view, row): _fields(view, row) for row in rows} for rows in (before, after)))
    shown: dict[str, list[tuple[UUID, Any]]] = {
        "came": list(found.came.items())[:MOST_DIFFERENT],
        "went": list(found.went.items())[:MOST_DIFFERENT],
        "changed": list(found.changed.items())[:MOST_DIFFERENT],
    }
    homes = {row.municipality for row in (*before, *after)}
    shown = await opened(here, caller, shown, homes, view=view.name, moment=days[0].until)
    known = await titles(here.db, views, [key for found in shown.values() for key, _ in found], scope=scope)
    return {
        "days": days,
        "came": [(key, title_of(row, known.get(key) or key), reader.row(row, view.row)) for key, row in shown["came"]],
        "went": [(key, title_of(row, known.get(key) or key), reader.row(row, view.row)) for key, row in shown["went"]],
        "changed": [
            (key, title_of(row, known.get(key) or key), reader.changes(was, row, view.row))
            for key, (was, row) in shown["changed"]
        ],
        "counts": {"came": len(found.came), "went": len(found.went), "changed": len(found.changed)},
        "most": MOST_DIFFERENT,
    }


async def _opened_rows(
    here: Deps, caller: Identity, view: View[Any], rows: list[Any], moment: Moment | None, shown: set[str]
) -> dict[UUID, Fields]:
    listed: dict[UUID, Fields] = {
        _key(view, row): {name: said for name, said in _fields(view, row).items() if name in shown} for row in rows
    }
    homes = {row.municipality for row in rows if reads.holds_names(listed[_key(view, row)])}
    return await opened(here, caller, listed, homes, view=view.name, moment=moment.until if moment else None)


async def _live(here: Deps, view: View[Any], scope: frozenset[str], start: int) -> list[Row]:
    where = f"true ORDER BY {view.latest_first} OFFSET {start:d}"
    try:
        return await view.select(here.db, where, scope=scope, limit=PER_PAGE)
    except NoView:
        return []


async def _count(here: Deps, view: View[Any], scope: frozenset[str]) -> int:
    try:
        return int((await view.query(here.db, "SELECT count(*) AS n FROM {table}", scope=scope))[0]["n"])
    except NoView:
        return 0


def _latest_first(row: Row) -> tuple[float, str]:
    changed = getattr(row, "changed_at", None)
    return (changed.timestamp() if changed else 0.0, str(row))


def _shown_columns(view: View[Any]) -> list[str]:
    """The columns of a table of rows: the title first, the key last (it is what a row's link leads to)."""
    names = [column.name for column in view.columns[1:] if column.name not in view.private]
    return sorted(names, key=lambda name: name != "title")


def _says(value: object) -> bool:
    """Whether there is anything to be shown of a value."""
    return value is not None and not (isinstance(value, Sized) and not len(value))


def _key(view: View[Any], row: Row) -> UUID:
    key: UUID = getattr(row, view.columns[0].name)
    return key


def _fields(view: View[Any], row: Row) -> dict[str, Any]:
    return fields_of(row, view.private) or {}


def _zone(here: Deps, caller: Identity) -> str:
    return here.partnership[caller.home].timezone


def _last(total: int) -> int:
    return max(1, -(-total // PER_PAGE))

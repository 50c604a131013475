"""The older API of GLPI (`apirest.php`), for a GLPI without webhooks. It is asked in sessions; times have no zone,
names of what a ticket refers to come on demand, and GLPI 10 keeps texts escaped."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.outbox import GiveUp, Retry
from chassis.outward import Remote
from intake.adapters.glpi_options import API, APP_TOKEN, LEGACY
from intake.adapters.paging import page
from intake.adapters.port import Arrived, Changed, Way, polled
from intake.adapters.records import Listing
from intake.adapters.zones import moment, wall_time

ID, CHANGED = "2", "19"
"""The numbers by which the search knows a ticket's id and the time of its last change."""
REQUESTER = 1
"""How those who ask for a ticket have to do with it."""

AS_A_FILE = {"Accept": "application/octet-stream"}
"""What asks for a document itself and not for what is known of it."""

Record = dict[str, Any]


def is_meant(way: Way) -> bool:
    """Whether the desk says that this API is to be asked."""
    return API.of(way.api) == LEGACY


@asynccontextmanager
async def session(way: Way) -> AsyncIterator[Remote]:
    """The API, asked in a session of its own."""
    app = {"App-Token": token} if (token := APP_TOKEN.of(way.api)) else {}
    first = way.remote({**app, "Authorization": f"user_token {way.api.token}"})
    begun = (await first.get("/apirest.php/initSession")).json()
    if not isinstance(begun, dict) or "session_token" not in begun:
        raise GiveUp("the system began no session")
    remote = way.remote({**app, "Session-Token": begun["session_token"]})
    try:
        yield remote
    finally:
        with suppress(GiveUp, Retry):
            await remote.get("/apirest.php/killSession")


async def changed(way: Way, cursor: str) -> Changed:
    """The tickets that changed since, the longest ago first. Those of one second may come twice."""
    zone, since = way.desk.timezone, datetime.fromisoformat(cursor)

    def read(row: Record) -> tuple[datetime, str]:
        return moment(datetime.fromisoformat(row[CHANGED]), zone).astimezone(UTC), str(row[ID])

    async with session(way) as remote:

        async def found(limit: int) -> Listing[tuple[datetime, str]]:
            query = {
                "criteria[0][field]": CHANGED, "criteria[0][searchtype]": "morethan",
                # Strictly more; those of the very second are to come again.
                "criteria[0][value]": wall_time(since - timedelta(seconds=1), zone),
                "sort": CHANGED, "order": "ASC", "range": f"0-{limit - 1}",
                "forcedisplay[0]": ID, "forcedisplay[1]": CHANGED,
            }  # fmt: skip
            data = (await remote.get("/apirest.php/search/Ticket", **query)).json().get("data") or []
            listed = Listing.of(list(data.values()) if isinstance(data, dict) else data, read, limit)
            return replace(listed, found=tuple(sorted(listed.found, key=lambda one: one[0])))

        async def told(one: tuple[datetime, str]) -> Arrived:
            return polled(await record(remote, one[1], users))

        users: dict[int, Record] = {}
        listed = await page(found, lambda one: one[0], since)
        records = await listed.records(told)
    last = listed.found[-1][0].isoformat() if listed.found else cursor
    return Changed(records=records, cursor=last, more=listed.full)


async def record(remote: Remote, ticket: str, users: dict[int, Record]) -> Record:
    """A ticket and its requester, as the high-level API would say them."""
    flat = (await remote.get(f"/apirest.php/Ticket/{ticket}", expand_dropdowns="true")).json()
    item = {
        **{name: flat.get(name) for name in ("id", "type", "priority", "date", "date_creation", "date_mod")},
        "name": html.unescape(str(flat.get("name") or "")),
        "content": _as_written(str(flat.get("content") or "")),
        "is_deleted": bool(flat.get("is_deleted")),
        "status": {"id": flat.get("status")},
        "category": {"name": _last(flat.get("itilcategories_id"))},
        "entity": {"name": _last(flat.get("entities_id"))},
        "location": {"name": _last(flat.get("locations_id"))},
    }
    known = {"requester": await _requester(remote, ticket, users), "documents": await _documents(remote, ticket)}
    return {"event": "update", "item": item, **known}


async def _documents(remote: Remote, ticket: str) -> list[Record] | None:
    """The documents of a ticket; None where they may not be seen."""
    try:
        links = (await remote.get(f"/apirest.php/Ticket/{ticket}/Document_Item")).json()
        ids = [link.get("documents_id") for link in links if isinstance(link, dict)] if isinstance(links, list) else []
        return [(await remote.get(f"/apirest.php/Document/{int(one)}")).json() for one in ids if one]
    except GiveUp:
        return None


def _as_written(text: str) -> str:
    """The HTML of a text, which is kept escaped before GLPI 11."""
    return text if "<" in text else html.unescape(text)


def _last(name: object) -> str | None:
    """The last step of "Root entity > Ekvik > Samhällsbyggnad"; None for the 0 or blank of what is not there."""
    told = html.unescape(str(name)).rpartition(">")[2].strip() if isinstance(name, str) else ""
    return told or None


async def _requester(remote: Remote, ticket: str, users: dict[int, Record]) -> Record | None:
    """The first who asks: a user, or somebody who has only an address."""
    links = (await remote.get(f"/apirest.php/Ticket/{ticket}/Ticket_User")).json()
    for link in links if isinstance(links, list) else []:
        if int(link.get("type") or 0) != REQUESTER:
            continue
        number, email = int(link.get("users_id") or 0), link.get("alternative_email")
        if not number:
            return {"emails": [{"email": email}]}
        if number not in users:
            users[number] = await _user(remote, number)
        return users[number]
    return None


async def _user(remote: Remote, number: int) -> Record:
    """A user; one that our user may not see is nobody, and no ticket is lost for that."""
    with suppress(GiveUp):
        user = (await remote.get(f"/apirest.php/User/{number}")).json()
        emails = (await remote.get(f"/apirest.php/User/{number}/UserEmail")).json()
        named = {name: user.get(name) for name in ("realname", "firstname")}
        return {**named, "username": user.get("name"), "emails": emails if isinstance(emails, list) else []}
    return {}

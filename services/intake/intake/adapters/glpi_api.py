"""GLPI's APIs: the high-level one of GLPI 11, asked with a token that OAuth 2 gives for a user's password, and the
older one, whose records are said again as the high-level API would say them (`glpi_legacy.py`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chassis.oauth import CLIENT_ID, bearer
from chassis.outbox import GiveUp
from chassis.outward import Remote
from intake.adapters import glpi_legacy
from intake.adapters.attachments import read
from intake.adapters.glpi_options import CLIENT_SECRET, FLOW_FIELD
from intake.adapters.paging import page
from intake.adapters.port import Arrived, Changed, Way, gone, polled
from intake.adapters.records import Listing
from intake.adapters.zones import moment, wall_time
from intake.domain.ticket import folded, is_project_flow

Record = dict[str, Any]


async def one(way: Way, ticket: str) -> Arrived:
    """A ticket, in the shape of what a webhook sends, and its requester."""
    if glpi_legacy.is_meant(way):
        async with glpi_legacy.session(way) as remote:
            return polled(await glpi_legacy.record(remote, ticket, {}))
    remote = await _remote(way)
    item = (await remote.get(f"/api.php/Assistance/Ticket/{ticket}")).json()
    return await _record(remote, way, item, {})


async def fetch(way: Way, ticket: str) -> Arrived:
    """A ticket, those in the trash too. The older API refuses what may not be seen (403), so that what it does not find
    (404) is gone; the high-level one does not tell them apart, and raises GiveUp."""
    if glpi_legacy.is_meant(way):
        async with glpi_legacy.session(way) as remote:
            if (await remote.get(f"/apirest.php/Ticket/{ticket}", (404,))).status == 404:
                return gone(ticket)
    return await one(way, ticket)


async def changed(way: Way, cursor: str) -> Changed:
    """The tickets that changed since, the longest ago first. Those of one second may come twice."""
    if glpi_legacy.is_meant(way):
        return await glpi_legacy.changed(way, cursor)
    zone, since, remote = way.desk.timezone, datetime.fromisoformat(cursor), await _remote(way)

    def read(item: Record) -> tuple[datetime, Record]:
        return moment(datetime.fromisoformat(item["date_mod"]), zone).astimezone(UTC), item

    async def found(limit: int) -> Listing[tuple[datetime, Record]]:
        # The database compares with its own time, which has no zone.
        asked = f"date_mod=ge='{wall_time(since, zone)}'"
        answer = await remote.get(
            "/api.php/Assistance/Ticket", filter=asked, sort="date_mod:asc,id:asc", start="0", limit=str(limit)
        )
        return Listing.of(answer.json(), read, limit)

    listed = await page(found, lambda one: one[0], since)
    users: dict[str, Record | None] = {}
    records = await listed.records(lambda one: _record(remote, way, one[1], users))
    last = listed.found[-1][0].isoformat() if listed.found else cursor
    return Changed(records=records, cursor=last, more=listed.full)


async def open_file(way: Way, ref: str) -> bytes:
    """The document that a reference names."""
    if glpi_legacy.is_meant(way):
        async with glpi_legacy.session(way) as legacy:
            answer = await legacy.send("GET", f"/apirest.php/Document/{int(ref)}", headers=glpi_legacy.AS_A_FILE)
            return answer.body
    return await read(await _remote(way), f"/api.php/Management/Document/{int(ref)}/Download")


async def _remote(way: Way) -> Remote:
    form = {
        "grant_type": "password", "client_id": CLIENT_ID.of(way.api),
        "client_secret": CLIENT_SECRET.of(way.api), "username": way.api.user or "",
        "password": way.api.token, "scope": "api",
    }  # fmt: skip
    return way.remote(await bearer(way.outward, f"{way.api.url.rstrip('/')}/api.php/token", form))


async def _record(remote: Remote, way: Way, item: Record, users: dict[str, Record | None]) -> Arrived:
    number = _user_in(item)
    if number is not None and number not in users:
        users[number] = await _user(remote, number)
    known = {"requester": users.get(number) if number else None, "documents": await _documents(remote, way, item)}
    return polled({"event": "update", "item": item, **known})


async def _documents(remote: Remote, way: Way, item: Record) -> list[Record] | None:
    """The documents of a ticket of the project flow; None for others, and where they may not be seen."""
    named = item.get(FLOW_FIELD.of(way.api))
    if isinstance(named, dict) and not is_project_flow(str(named.get("name")), folded(way.desk.flows)):
        return None
    try:
        listed = (await remote.get(f"/api.php/Assistance/Ticket/{item['id']}/Timeline/Document")).json()
        ids = [(one.get("item") or one).get("documents_id") for one in listed if isinstance(one, dict)]
        return [(await remote.get(f"/api.php/Management/Document/{int(one)}")).json() for one in ids if one]
    except GiveUp:
        return None


def _user_in(item: Mapping[str, Any]) -> str | None:
    """The first user who asks for a ticket."""
    asking = (member for member in item.get("team") or () if member.get("role") == "requester")
    pages = (re.search(r"/user\.form\.php\?id=(\d+)", str(member.get("href"))) for member in asking)
    return next((page[1] for page in pages if page), None)


async def _user(remote: Remote, number: str) -> Record | None:
    """A user; None for one that is gone, or that our user may not see: a ticket is not lost for that."""
    try:
        user = (await remote.get(f"/api.php/Administration/User/{number}")).json()
    except GiveUp:
        return None
    return user if isinstance(user, dict) else None

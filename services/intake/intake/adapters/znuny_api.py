"""Znuny's own web service, asked by the routes that its file in `znuny_steps.py` sets up. An agent's login and password
stand in each body, so that no address holds them. Errors come with the status 200 and `Error` in the body."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from chassis.outbox import GiveUp, Retry
from intake.adapters.odd import ODD
from intake.adapters.paging import TOGETHER, page
from intake.adapters.port import Arrived, Changed, Way, polled
from intake.adapters.records import Listing
from intake.adapters.zones import moment, wall_time

FOR_GOOD = (
    "AuthFail",
    "AccessDenied",
    "MissingParameter",
    "InvalidParameter",
    "WrongStructure",
    "InvalidConfiguration",
)
"""How the codes of errors end that come again however often it is tried."""
FIRST_ARTICLES = 5
"""How many articles are read of a ticket, to find the first one that the requester sees."""

Record = dict[str, Any]


async def ask(way: Way, path: str, **what: object) -> Record:
    """Have an operation run. Raises Retry and GiveUp, for an error within the answer too."""
    login = {"UserLogin": way.api.user or "", "Password": way.api.token}
    answer = (await way.remote({}).send("POST", path, {**login, **what})).json()
    if not isinstance(answer, dict):
        raise Retry("the system answered with something else than an object")
    if error := answer.get("Error"):
        code = str(error.get("ErrorCode") if isinstance(error, dict) else error)
        failed = GiveUp if code.rpartition(".")[2] in FOR_GOOD else Retry
        raise failed(f"the system answered {code}")
    return answer


async def one(way: Way, ticket: str) -> Arrived:
    """A ticket, in the shape of what the invoker sends."""
    found = await _tickets(way, [ticket])
    if not found:
        raise GiveUp(f"the system knows no ticket {ticket}")
    return _record(found[0], await _survivors(way, found))


async def changed(way: Way, cursor: str) -> Changed:
    """The tickets that changed since, the longest ago first. Those of one second may come twice."""
    zone, since = way.desk.timezone, datetime.fromisoformat(cursor)

    def read(ticket: Record) -> tuple[datetime, Record]:
        return moment(datetime.fromisoformat(ticket["Changed"]), zone).astimezone(UTC), ticket

    async def found(limit: int) -> Listing[tuple[datetime, Record]]:
        said = await ask(
            way, "/Ticket/Search", TicketLastChangeTimeNewerDate=wall_time(since, zone), SortBy="Changed", OrderBy="Up",
            Limit=limit, SearchInArchive="AllTickets",
        )  # fmt: skip
        ids = said.get("TicketID") or []
        tickets = await _tickets(way, [str(one) for one in (ids if isinstance(ids, list) else [ids])])
        return Listing.of(tickets, read, limit)

    listed = await page(found, lambda one: one[0], since)
    survivors = await _survivors(way, [ticket for _, ticket in listed.found])

    async def record(one: tuple[datetime, Record]) -> Arrived:
        return _record(one[1], survivors)

    last = listed.found[-1][0].isoformat() if listed.found else cursor
    return Changed(records=await listed.records(record), cursor=last, more=listed.full)


async def _tickets(way: Way, ids: Sequence[str]) -> list[Record]:
    """The tickets with these ids, in their order, with their first articles and the names of what hangs on those."""
    tickets: list[Record] = []
    for start in range(0, len(ids), TOGETHER):
        asked = {"AllArticles": 1, "ArticleLimit": FIRST_ARTICLES, "DynamicFields": 1}
        asked |= {"Attachments": 1, "GetAttachmentContents": 0}
        said = await ask(way, "/Ticket/Get", TicketID=list(ids[start : start + TOGETHER]), **asked)
        tickets += said.get("Ticket") or []
    return tickets


async def open_file(way: Way, ref: str) -> bytes:
    """The file that a reference names. Znuny gives it only with all others of the ticket's first articles. Raises
    GiveUp."""
    ticket, article, name = ref.split("/", 2)
    asked = {"AllArticles": 1, "ArticleLimit": FIRST_ARTICLES, "Attachments": 1}
    said = await ask(way, "/Ticket/Get", TicketID=[ticket], **asked)
    for found in (said.get("Ticket") or [{}])[0].get("Article") or ():
        for file in found.get("Attachment") or () if str(found.get("ArticleID")) == article else ():
            if file.get("Filename") == name:
                with suppress(ValueError):
                    return base64.b64decode(str(file.get("Content") or ""))
    raise GiveUp("the file is not where it was")


def _record(ticket: Record, survivors: Mapping[str, Record]) -> Arrived:
    """A ticket of the API is flat but for its articles, and lists its dynamic fields."""
    fields = ticket.get("DynamicField")
    listed = fields if isinstance(fields, list) else []
    flat = {f"DynamicField_{field['Name']}": field.get("Value") for field in listed}
    articles = [{"Attachment": [], **article} for article in ticket.get("Article") or ()]
    whole = {**ticket, **flat, "Articles": articles, "Article": None}
    into = survivors.get(str(ticket["TicketID"]), {})
    return polled({"Ticket": whole, "Event": {"TicketID": ticket["TicketID"], **into}})


async def _survivors(way: Way, tickets: Sequence[Record]) -> dict[str, Record]:
    """By the ticket that was merged: which one survives, as the last merge in its history says. Without the history
    it is asked later, by a person."""
    merged = [str(ticket.get("TicketID")) for ticket in tickets if ticket.get("StateType") == "merged"]
    with suppress(GiveUp, *ODD):
        return _survivors_in(await ask(way, "/Ticket/History", TicketID=merged)) if merged else {}
    return {}


def _survivors_in(said: Record) -> dict[str, Record]:
    survivors: dict[str, Record] = {}
    for ticket in said.get("TicketHistory") or []:
        for line in ticket.get("History") or []:
            if line.get("HistoryType") == "Merged" and (into := survivor_in(str(line.get("Name")))):
                survivors[str(ticket["TicketID"])] = {"MainTicketID": into[1], "MainTicketNumber": into[0]}
    return survivors


def survivor_in(line: str) -> tuple[str, str] | None:
    """Number and id of the surviving ticket in a line of history: "Merged Ticket (10081/81) to (10082/82)", or the
    same four between percent signs, as Znuny stores it."""
    told = re.search(r"to \(([^/()]+)/(\d+)\)", line) or re.search(r"%%[^%]+%%\d+%%([^%]+)%%(\d+)$", line)
    return (told[1], told[2]) if told else None

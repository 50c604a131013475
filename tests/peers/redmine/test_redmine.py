"""Our adapters against a real Redmine 5.0.4: what is polled for, and what is written back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.outbox import GiveUp
from chassis.outward import Outward
from chassis.partnership import ServiceDesk
from contracts.values import TicketRef
from intake.adapters.port import Way
from intake.adapters.redmine import system
from intake.adapters.ticket import read
from notifications.adapters.port import mark
from notifications.adapters.redmine import Redmine, tickets
from tests.peers.redmine.conftest import RealRedmine

pytestmark = pytest.mark.peer

TITLE = "Räksmörgås Ærø Bodø"
TEXT = "Vi behöver en e-tjänst för <Ærø> & Bodø.\nHelst i vår."
ANSWER = 'Ärendet är ett projekt: "Räksmörgås <Ærø> & Bodø".\n\nNästa steg är direktivet.'
REQUEST = UUID("2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11")


def the_way(redmine: RealRedmine, **changes: Any) -> Way:
    desk = ServiceDesk.model_validate({
        "municipality": "ekvik", "system": "redmine", "kind": "redmine", "secret": "a-secret-of-ekvik-0001",
        "flows": ["Projekt"], "states": {"project": "In Progress", "completed": "Closed"},
        "api": {"url": redmine.url, "token": redmine.key, "private": True}, **changes,
    })  # fmt: skip
    assert desk.api
    outward = Outward(municipality="ekvik", hosts=("127.0.0.1",), private=True, seconds=30, breakers={})
    return Way(desk=desk, api=desk.api, outward=outward)


def written(redmine: RealRedmine, **changes: Any) -> Redmine:
    way = the_way(redmine, **changes)
    return tickets(way.desk, way.api, way.outward)


async def polled(redmine: RealRedmine, cursor: str) -> tuple[dict[str, Any], str]:
    """What is polled for, by the issue's id, and where to go on from."""
    assert system.changed
    way = the_way(redmine)
    found = await system.changed(way, cursor)
    said = [read(system.read(record, way.desk).content) for record in found.records]
    return {ticket.external_id: ticket for ticket in said}, found.cursor


def a_ticket(issue: int) -> TicketRef:
    return TicketRef(system="redmine", external_id=str(issue), number=str(issue))


def yesterday() -> str:
    return (datetime.now(UTC) - timedelta(days=1)).isoformat()


async def test_an_issue_is_polled_for_as_its_opener_wrote_it(redmine: RealRedmine) -> None:
    issue = redmine.opens(TITLE, TEXT)
    found, cursor = await polled(redmine, yesterday())
    ticket = found[str(issue)]
    assert (ticket.title, ticket.plain_description) == (TITLE, TEXT)
    assert (ticket.requester.name, ticket.requester.email) == ("Sigrid Ek", "sigrid.ek@ekvik.example")
    assert (ticket.flow, ticket.open, ticket.revision, ticket.priority) == ("Projekt", True, 0, 3)
    again, _ = await polled(redmine, cursor)
    assert str(issue) in again, "an issue of the cursor's own second may never be skipped"


async def test_a_later_change_is_found_from_where_the_last_poll_ended(redmine: RealRedmine) -> None:
    issue = redmine.opens(TITLE, TEXT)
    _, cursor = await polled(redmine, yesterday())
    redmine.ask("PUT", f"/issues/{issue}.json", {"issue": {"subject": "Ny rubrik", "status_id": 5}})
    found, _ = await polled(redmine, cursor)
    ticket = found[str(issue)]
    assert (ticket.title, ticket.kind, ticket.open) == ("Ny rubrik", "closed", False)
    assert ticket.revision > 0


async def test_a_comment_is_there_once_however_often_it_is_written(redmine: RealRedmine) -> None:
    """P9"""
    issue = redmine.opens(TITLE, TEXT)
    for key in ("k-1", "k-1", "k-2", "k-1"):
        await written(redmine).comment(a_ticket(issue), ANSWER, key=key)
    notes = redmine.notes(issue)
    assert [note.replace("\r\n", "\n") for note in notes] == [f"{ANSWER}\n\n{mark(key)}" for key in ("k-1", "k-2")]


async def test_a_state_is_set_and_the_issue_keeps_its_letters(redmine: RealRedmine) -> None:
    issue = redmine.opens(TITLE, TEXT)
    for _ in range(2):
        await written(redmine).set_state(a_ticket(issue), "project", key="s-1")
    known = redmine.ask("GET", f"/issues/{issue}.json")["issue"]
    assert (known["status"]["name"], known["subject"]) == ("In Progress", TITLE)


async def test_the_reference_is_for_the_service_desk_alone(redmine: RealRedmine) -> None:
    """IT-03"""
    issue = redmine.opens(TITLE, TEXT)
    for _ in range(2):
        await written(redmine).set_reference(a_ticket(issue), REQUEST, f"https://flode.example/{REQUEST}", key="r-1")
    assert redmine.notes(issue) == []
    history = redmine.ask("GET", f"/issues/{issue}.json?include=journals")["issue"]["journals"]
    assert len([entry for entry in history if str(REQUEST) in entry["notes"]]) == 1


async def test_what_redmine_passes_over_without_a_word_is_given_up(redmine: RealRedmine) -> None:
    issue = redmine.opens(TITLE, TEXT)
    whoever = {"url": redmine.url, "token": redmine.opener, "private": True}
    with pytest.raises(GiveUp, match="In Progress"):
        await written(redmine, api=whoever).set_state(a_ticket(issue), "project", key="s-1")

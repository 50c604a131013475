"""Sent at least once under a stable key, tried again, given up, and sent after all; seen by those who look after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chassis.testing import Databases
from contracts.intake import ClassifiedAsChange
from tests.integration.notifications_world import HALL, ORIGIN, TICKET, World, a_world


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path, by_smtp=True) as world:
        yield world


async def rows_of(world: World, path: str = "/notifications/api/messages", **more: Any) -> Any:
    answer = await world.get(path, more.get("headers", world.pm))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def given_up(world: World) -> UUID:
    """A message to Hedda that the mail server refused for good."""
    await world.a_registered_request()
    world.server.answer = "550 5.1.1 <hedda.lindqvist@ekvik.example> unknown"
    await world.send()
    rows = await rows_of(world)
    (row,) = [row for row in rows if row["template"] == "request-received"]
    return UUID(row["message_id"])


async def test_what_was_handed_over_is_a_fact_and_shows(world: World) -> None:
    await world.a_registered_request()
    await world.send()
    rows = await rows_of(world, f"/notifications/api/messages?about={HALL}")
    assert {(row["template"], row["state"], row["attempts"]) for row in rows} == {
        ("request-received", "sent", 1), ("request-to-judge", "sent", 1),
    }  # fmt: skip
    assert {row["to_name"] for row in rows} == {"Hedda Lindqvist", "Maj Ekdal"}
    assert len(world.server.received) == 2


async def test_the_mail_to_the_one_who_asked_leads_to_their_request_and_no_other_mail_does(world: World) -> None:
    await world.a_registered_request()
    await world.send()
    bodies = [(mail["To"], mail.get_body(("plain",))) for mail in world.server.received]
    texts = {to: body.get_content() for to, body in bodies if body is not None}
    (asked,) = [text for to, text in texts.items() if "hedda" in to]
    (other,) = [text for to, text in texts.items() if "hedda" not in to]
    token = asked.partition("/portfolio/request/")[2].split()[0]
    link = world.here.links.read(token, purpose="request", now=world.clock.now())
    assert link.request_id == HALL
    assert "/portfolio/request/" not in other


async def test_without_a_way_back_no_answer_to_the_ticket_is_due(world: World) -> None:
    await world.a_registered_request()
    assert await world.here.db.worker.fetchval("SELECT count(*) FROM effects WHERE channel = 'ticket'") == 0


async def test_what_does_not_work_now_is_tried_again_under_the_same_key(world: World) -> None:
    """P9."""
    await world.a_registered_request()
    world.server.answer = "451 4.3.0 try later"
    await world.send()
    assert await world.send() == 0, "not at once"
    page = (await world.get("/notifications/?state=due", world.pm)).text
    assert "Tried again" in page
    assert "451" in page
    world.server.answer = "250 taken"
    await world.later()
    await world.send()
    rows = await rows_of(world, f"/notifications/api/messages?about={HALL}")
    assert {(row["state"], row["attempts"]) for row in rows} == {("sent", 2)}
    assert {mail["Message-ID"] for mail in world.server.received} == {
        f"<{row['message_id']}@ekvik.example>" for row in rows
    }


async def test_it_is_given_up_after_twelve_tries_and_the_reason_names_nobody(world: World) -> None:
    await world.a_registered_request()
    world.server.answer = "451 4.3.0 hedda.lindqvist@ekvik.example: try later"
    for _ in range(12):
        await world.send()
        await world.later()
    assert await world.send() == 0
    rows = await rows_of(world)
    assert {(row["state"], row["attempts"], row["reason"]) for row in rows} == {
        ("given_up", 12, "the mail server answered 451")
    }


async def test_what_came_later_is_told_later_whatever_is_tried_again(world: World) -> None:
    """P9: a ticket or a person hears of things in the order in which they happened."""
    hedda = await world.a_registered_request()
    world.server.answer = "451 4.3.0 try later"
    await world.send()
    await world.hear(ClassifiedAsChange(request_id=HALL, reason="Litet", criteria=(), requester=hedda, ticket=TICKET))
    world.server.answer = "250 taken"
    assert await world.send() == 0, "Hedda's second mail waits behind her first"
    await world.later()
    await world.send()
    subjects = [mail["Subject"].partition(":")[0] for mail in world.server.received if "hedda" in mail["To"]]
    assert subjects == ["Din anmälan är mottagen", "Bedömd som förändring"]


async def test_a_line_is_sent_in_one_go_and_stops_at_the_first_that_does_not_work(world: World) -> None:
    """P9: what stood behind it was not tried, and has lost none of its tries."""
    hedda = await world.a_registered_request()
    await world.hear(ClassifiedAsChange(request_id=HALL, reason="Litet", criteria=(), requester=hedda, ticket=TICKET))
    world.server.answer = "451 4.3.0 try later"
    assert await world.send() == 2, "one for Hedda and one for the PM"
    query = "SELECT payload ->> 'template' AS template, attempts FROM effects ORDER BY id"
    tries = {row["template"]: row["attempts"] for row in await world.here.db.worker.fetch(query)}
    assert tries == {"request-received": 1, "request-to-judge": 1, "request-is-change": 0}
    world.server.answer = "250 taken"
    await world.later()
    assert await world.senders[0].run_once() == 3, "nobody waits for another turn"
    subjects = [mail["Subject"].partition(":")[0] for mail in world.server.received if "hedda" in mail["To"]]
    assert subjects == ["Din anmälan är mottagen", "Bedömd som förändring"]


async def test_what_was_given_up_is_sent_after_all_when_somebody_asks_for_it(world: World) -> None:
    message = await given_up(world)
    world.server.answer = "250 taken"
    assert await world.send() == 0, "nobody asked for it yet"
    row = await world.get(f"/notifications/api/messages/{message}", world.pm)
    headers = {**world.pm, "If-Match": row.headers["ETag"], "Idempotency-Key": "again-1"}
    for _ in range(2):
        asked = await world.client.post(
            f"/notifications/api/messages/{message}/again", json={"reason": "The address was mended"}, headers=headers
        )
        assert asked.status_code == 201, asked.text
    await world.send()
    assert [mail["Message-ID"] for mail in world.server.received] == [f"<{message}@ekvik.example>"]
    (row_now,) = await rows_of(world, "/notifications/api/messages?state=sent")
    assert (row_now["message_id"], row_now["attempts"]) == (str(message), 2)


async def test_what_was_sent_is_not_sent_again_by_hand(world: World) -> None:
    await world.a_registered_request()
    await world.send()
    row, *_ = await rows_of(world, "/notifications/api/messages?state=sent")
    path = f"/notifications/api/messages/{row['message_id']}/again"
    answer = await world.client.post(path, json={}, headers=world.pm)
    assert answer.status_code == 409
    assert answer.json()["detail"] == "Only a message that was given up can be sent again."


async def test_an_auditor_sees_and_does_not_send_and_another_municipality_sees_nothing(world: World) -> None:
    """P11."""
    message = await given_up(world)
    auditor, stranger = world.token("Alf Rim", ekvik=["auditor"]), world.token("Siri Dahl", nordvik=["pm"])
    assert len(await rows_of(world, headers=auditor)) == 2
    assert await rows_of(world, headers=stranger) == []
    path = f"/notifications/api/messages/{message}/again"
    assert (await world.client.post(path, json={}, headers=auditor)).status_code == 403
    assert (await world.client.post(path, json={}, headers=stranger)).status_code == 404
    assert (await world.get("/notifications/", world.token("Eva", ekvik=["technician"]))).status_code == 403


async def test_in_the_browser_a_message_that_was_given_up_is_found_and_sent_again(world: World) -> None:
    message = await given_up(world)
    listed = (await world.get("/notifications/", world.pm)).text
    assert f"/notifications/messages/{message}" in listed
    assert "Your request was received" in listed
    shown = (await world.get(f"/notifications/messages/{message}", world.pm)).text
    assert "Hedda Lindqvist" in shown
    assert "550" in shown
    world.server.answer = "250 taken"
    done = await world.client.post(
        f"/notifications/messages/{message}/again",
        data={"reason": "Mended", "version": "2", "idempotency_key": "k"},
        headers={**world.pm, "origin": ORIGIN},
    )
    assert done.status_code == 303, done.text
    await world.send()
    after = await world.get(done.headers["location"], world.pm)
    assert after.status_code == 200
    assert "Send again" not in after.text
    about = (await world.get(f"/notifications/about/{HALL}", world.pm)).text
    assert about.count("<tr>") == 3


async def test_a_rebuilt_list_is_the_same_and_nothing_is_sent_because_of_it(world: World) -> None:
    """P7, P9."""
    await given_up(world)
    before = await rows_of(world)
    taken, events = len(world.server.received), len(await world.here.store.read())
    table = await world.here.db.worker.fetchval("SELECT table_name FROM view_tables WHERE view = 'messages'")
    await world.here.db.worker.execute(f'TRUNCATE views."{table}"')
    await world.here.db.worker.execute("DELETE FROM checkpoints WHERE reader = $1", table)
    world.seen = 0
    world.offsets.clear()
    await world.view.restore()
    assert await rows_of(world) == before
    assert await world.send() == 0
    assert (len(world.server.received), len(await world.here.store.read())) == (taken, events)

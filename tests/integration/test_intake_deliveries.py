"""Tickets arrive: once however often they come, from those who may, and nothing authentic is lost."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.schedule import ClockworkLoop
from chassis.store import Store
from chassis.testing import Databases
from intake.adapters.delivery import Delivery, NotJson
from intake.adapters.report import Desk
from intake.commands.taking import forgetting, take
from intake.views import deliveries
from tests.integration.intake_world import EVENTS, HOOK, NEXT_SECRET, TOKEN, World, a_ticket, a_world


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened


def an_event(**changes: Any) -> dict[str, Any]:
    data = a_ticket(external_id="7", requester={"name": "Nils Dahl", "email": "nils.dahl@nordvik.example"})
    return {"specversion": "1.0", "id": "e-1", "source": "znuny", "type": "ticket.created", "data": data, **changes}


STRUCTURED = {"authorization": f"Bearer {TOKEN}", "content-type": "application/cloudevents+json"}


async def test_a_signed_ticket_becomes_a_request_and_the_answer_says_which(world: World) -> None:
    """IT-02, IT-03"""
    answer = await world.deliver(a_ticket())
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert said["outcome"] == "registered"
    assert said["detail"] == "Ärendet är registrerat och väntar på PM."
    assert answer.headers["flode-position"] == said["position"]
    assert answer.headers["location"] == f"/intake/api/requests/{said['id']}"
    assert await world.facts() == ["request-registered"]


async def test_fifty_copies_at_once_have_one_effect_and_one_answer(world: World) -> None:
    """P3: one request, one event, the same answer to each copy."""
    answers = await asyncio.gather(*(world.deliver(a_ticket()) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("flode-duplicate" in answer.headers for answer in answers) == 49
    assert await world.facts() == ["request-registered"]
    assert await world.here.db.worker.fetchval("SELECT count(*) FROM deliveries") == 0  # no scope, no rows
    async with world.here.db.work() as connection:
        assert await connection.fetchval("SELECT count(*) FROM deliveries") == 1


async def test_copies_that_reach_two_processes_at_once_have_one_effect_and_one_answer(world: World) -> None:
    """P3: what decides is the database that both write to."""
    here, desk = world.here, Desk("ekvik", "zammad")
    body = json.dumps(a_ticket()).encode()
    delivery = Delivery(key="msg-1", body=body, content=a_ticket())
    broken = Delivery(key="msg-2", body=b"{", fault=NotJson(fault="it ends too soon"))
    async with Store(here.db, "intake") as other:
        both = (here, replace(here, store=other))
        for one, outcome in ((delivery, "registered"), (broken, "parked")):
            settled = await asyncio.gather(
                *(take(both[n % 2], desk, "standard-webhooks", one, correlation=f"c-{n}") for n in range(50))
            )
            assert {each.outcome for each in settled} == {outcome}
            assert len({json.dumps(each.answer) for each in settled}) == 1
            assert sum(each.duplicate for each in settled) == 49
    assert await world.facts() == ["request-registered"]
    async with here.db.work() as connection:
        assert await connection.fetchval("SELECT count(*) FROM deliveries") == 2


async def test_tickets_that_come_at_once_are_committed_together_each_with_its_delivery(world: World) -> None:
    """P1: a delivery and what came of it are in the log, or neither is; many of them wait for the disk once."""
    sent = [(str(number), a_ticket(external_id=str(number), requester=None)) for number in range(60)]
    await world.deliver(a_ticket(external_id="the desk's key"), key="first")
    answers = await asyncio.gather(*(world.deliver(ticket, key=f"m-{number}") for number, ticket in sent))
    assert {answer.status_code for answer in answers} == {201}
    async with world.here.db.work() as connection:
        rows = await connection.fetch(
            "SELECT e.xmin::text AS fact, d.xmin::text AS delivery, e.position AS at, d.answer ->> 'position' AS said "
            "FROM deliveries d JOIN events e ON e.subject = d.request_id"
        )
    assert len(rows) == 61
    assert all(row["fact"] == row["delivery"] and row["said"].startswith(f"intake:{row['at']}@") for row in rows)
    assert len({row["fact"] for row in rows}) < 40


async def test_a_deletion_that_gives_no_fact_is_known_to_what_comes_at_the_same_time(world: World) -> None:
    """Nothing is appended for the ticket, so that its version says nothing; what was decided on must be so still."""
    gone, late = a_ticket(kind="deleted"), a_ticket(kind="created")
    for number in range(10):
        told = [{**one, "external_id": f"t-{number}"} for one in (gone, late)]
        await asyncio.gather(*(world.deliver(one, key=f"{one['kind']}-{number}") for one in told))
    async with world.here.db.work() as connection:
        rows = await connection.fetch(
            "SELECT request_id, array_agg(outcome ORDER BY received_at, outcome) AS came FROM deliveries GROUP BY 1"
        )
    outcomes = {frozenset(row["came"]) for row in rows}
    assert len(rows) == 10
    assert outcomes <= {frozenset({"registered", "withdrawn"}), frozenset({"not_for_us", "stale"})}


async def test_many_deliveries_of_one_ticket_at_once_make_one_history_without_gaps(world: World) -> None:
    """P4, P3"""
    tickets = [a_ticket(kind="changed", title=f"Rubrik {number}", revision=number) for number in range(20)]
    answers = await asyncio.gather(
        *(world.deliver(ticket, key=f"m-{ticket['revision']}") for ticket in tickets), world.deliver(a_ticket())
    )
    assert all(answer.status_code < 300 for answer in answers)
    async with world.here.db.work() as connection:
        versions = [row[0] for row in await connection.fetch("SELECT version FROM events ORDER BY position")]
    assert versions == list(range(1, len(versions) + 1))
    await world.see()
    (row,) = await world.followers[1].view.select(world.here.db, scope=["ekvik"])
    assert row.title in ("Rubrik 19", "E-tjänst för bygglov")  # the one without a revision comes when it comes


async def test_the_same_key_with_another_body_is_a_newer_snapshot(world: World) -> None:
    await world.deliver(a_ticket())
    again = await world.deliver(a_ticket(title="E-tjänst för bygglov och marklov"))
    assert (again.status_code, again.json()["outcome"]) == (200, "changed")
    assert await world.facts() == ["request-registered", "request-changed"]


async def test_what_comes_late_or_out_of_order_never_overwrites_what_is_newer(world: World) -> None:
    first = await world.deliver(a_ticket(kind="changed", title="Tredje", revision=3), key="3")
    assert first.json()["outcome"] == "registered", "an update that overtakes the creation makes the request"
    same = await world.deliver(a_ticket(kind="changed", title="Tredje", revision=5), key="5")
    assert same.json()["outcome"] == "unchanged"
    late = await world.deliver(a_ticket(kind="changed", title="Fjärde", revision=4), key="4")
    assert late.json()["outcome"] == "stale", "revision 5 was seen, though it changed nothing"
    assert await world.facts() == ["request-registered"]


async def test_a_deletion_wins_even_when_it_comes_first(world: World) -> None:
    gone = await world.deliver({"external_id": "81", "kind": "deleted"}, key="2")
    assert gone.json()["outcome"] == "not_for_us"
    late = await world.deliver(a_ticket(), key="1")
    assert late.json()["outcome"] == "stale"
    assert await world.facts() == []


async def test_a_ticket_of_another_flow_is_not_for_us(world: World) -> None:
    """IT-04"""
    answer = await world.deliver(a_ticket(flow="incident"))
    assert (answer.status_code, answer.json()["outcome"]) == (200, "not_for_us")
    assert await world.facts() == []


async def test_withdrawn_reopened_and_merged_tickets_are_facts_of_their_own(world: World) -> None:
    await world.deliver(a_ticket())
    news: tuple[tuple[dict[str, Any], str], ...] = (
        ({"kind": "closed"}, "withdrawn"),
        ({"kind": "reopened"}, "reopened"),
        ({"kind": "moved", "flow": "incident"}, "withdrawn"),
        ({"kind": "moved"}, "reopened"),
        ({"kind": "merged", "into": {"external_id": 77}}, "merged"),
    )
    for number, (changes, outcome) in enumerate(news):
        answer = await world.deliver(a_ticket(**changes), key=f"n{number}")
        assert answer.json()["outcome"] == outcome
    assert await world.facts() == [
        "request-registered", "request-withdrawn", "request-reopened", "request-withdrawn", "request-reopened",
        "request-merged",
    ]  # fmt: skip


async def test_two_tickets_merged_into_each_other_at_once_never_make_a_circle(world: World) -> None:
    for number in ("81", "82"):
        await world.deliver(a_ticket(external_id=number), key=number)
    answers = await asyncio.gather(
        world.deliver({"external_id": "81", "kind": "merged", "into": {"external_id": "82"}}, key="a"),
        world.deliver({"external_id": "82", "kind": "merged", "into": {"external_id": "81"}}, key="b"),
    )
    assert sorted(answer.json()["outcome"] for answer in answers) == ["merged", "parked"]
    assert (await world.facts()).count("request-merged") == 1


@pytest.mark.parametrize("minutes", [6, -6])
async def test_an_old_or_future_timestamp_is_not_authentic(world: World, minutes: int) -> None:
    answer = await world.deliver(a_ticket(), at=timedelta(minutes=minutes))
    assert answer.status_code == 401


async def test_whatever_is_wrong_with_a_signature_the_answer_is_the_same(world: World) -> None:
    """IT-02: and nothing is parsed or kept of it."""
    wrong = [
        await world.deliver(a_ticket(), secret="whsec_" + "A" * 32),
        await world.deliver(a_ticket(), headers={"webhook-signature": "v1,not base64"}),
        await world.deliver(a_ticket(), headers={"webhook-signature": "v1"}),
        await world.deliver(a_ticket(), headers={"webhook-timestamp": "now"}),
        await world.client.post(HOOK, content=b"\xff\xfe", headers={"webhook-id": "1", "webhook-timestamp": "1"}),
        await world.client.post(HOOK.replace("zammad", "jira"), json=a_ticket()),
        await world.client.post("/intake/hooks/standard-webhooks/nordvik.znuny", json=a_ticket()),
        await world.client.post(EVENTS, json=an_event(), headers=STRUCTURED | {"authorization": "Bearer wrong"}),
        await world.client.post(EVENTS, json=an_event(), headers={"content-type": STRUCTURED["content-type"]}),
        await world.client.post(EVENTS.replace("nordvik", "ekvik"), json=an_event(), headers=STRUCTURED),
    ]
    assert {answer.status_code for answer in wrong} == {401}
    assert len({answer.text for answer in wrong}) == 1
    assert wrong[0].headers["content-type"] == "application/problem+json"
    async with world.here.db.work() as connection:
        assert await connection.fetchval("SELECT count(*) FROM deliveries") == 0


async def test_a_form_that_nobody_signed_is_told_that_it_is_not_authentic(world: World) -> None:
    """A hook asks for a signature and not for a page of ours, whatever type the body has."""
    for hook in (HOOK, EVENTS):
        assert (await world.client.post(hook, data={"title": "Ny printer"})).status_code == 401


async def test_the_next_secret_is_accepted_as_well(world: World) -> None:
    assert (await world.deliver(a_ticket(), secret=NEXT_SECRET)).status_code == 201


async def test_a_body_too_large_is_refused_before_it_is_read(world: World) -> None:
    answer = await world.client.post(HOOK, content=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    claimed = await world.client.post(HOOK, content=b"{}", headers={"content-length": "99999999"})
    assert claimed.status_code == 413


async def test_what_is_authentic_and_unreadable_is_kept_and_says_what_to_mend(world: World) -> None:
    answer = await world.deliver({"external_id": "81", "kind": "created", "title": "Utan flöde"})
    assert answer.status_code == 202
    assert answer.json()["outcome"] == "parked"
    assert [error["field"] for error in answer.json()["errors"]] == ["flow"]
    assert answer.json()["errors"][0]["detail"]
    broken = await world.deliver(b"{", key="msg-2")
    assert broken.status_code == 202
    assert (await world.deliver(b"{", key="msg-2")).text == broken.text
    assert await world.facts() == []


async def test_whoever_mends_a_delivery_sees_what_came_and_who_runs_the_service_does_not(world: World) -> None:
    await world.deliver({"external_id": "81", "kind": "created", "title": "Utan flöde", "requester": {"name": "Åke"}})
    await world.deliver(b"<not json>", key="msg-2")
    page = "/intake/deliveries"
    for who in (world.pm, world.desk):
        shown = (await world.get(page, who)).text
        assert "&#34;name&#34;: &#34;Åke&#34;" in shown
        assert "&lt;not json&gt;" in shown
        assert "webhook-signature" not in shown, "keys travel in the headers"
    operator = await world.get(page, world.token("Dag Vinter", ekvik=["operator"]))
    assert (operator.status_code, "msg-2" in operator.text, "Åke" in operator.text) == (200, True, False)


async def test_a_ticket_that_claims_another_municipality_is_refused_and_flagged(world: World) -> None:
    """P11, IT-02: the municipality comes from the credential."""
    answer = await world.deliver(a_ticket(municipality="nordvik"))
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert await world.facts() == []
    async with world.here.db.work() as connection:
        kept = await connection.fetch("SELECT municipality, outcome FROM deliveries")
    assert [tuple(row) for row in kept] == [("ekvik", "refused")]


async def test_nothing_people_wrote_lies_in_the_database_in_plain_text(world: World) -> None:
    """P14: the raw delivery is sealed too, byte for byte."""
    await world.deliver(a_ticket())
    await world.deliver({"external_id": 1, "requester": {"name": "Sigrid Ek"}}, key="parked")
    async with world.here.db.work() as connection:
        rows = await connection.fetch(
            "SELECT row_to_json(d)::text AS text, raw FROM deliveries d ORDER BY received_at, key"
        )
        events = await connection.fetch("SELECT convert_from(envelope, 'UTF8') AS text FROM events")
    for row in (*rows, *events):
        assert "Sigrid" not in row["text"]
        assert "sigrid" not in row["text"]
        assert "behöver" not in row["text"]
    opened = json.loads(await world.here.vault.open(rows[0]["raw"]))
    assert json.loads(base64.b64decode(opened["body"])) == a_ticket()
    assert "authorization" not in opened["headers"]


async def test_a_delivery_that_cannot_be_used_is_erased_with_its_requester(world: World) -> None:
    """P14: as far as the requester can be made out, what was parked is sealed under their key."""
    await world.deliver(a_ticket(flow=None))
    async with world.here.db.work() as connection:
        raw = await connection.fetchval("SELECT raw FROM deliveries")
    sigrid = world.here.person_id("sigrid.ek@ekvik.example")
    disposal = await world.here.vault.propose_disposal(
        sigrid, municipality="ekvik", reason="Gallring", proposed_by="a", at=world.clock.now()
    )
    await world.here.vault.destroy(disposal, confirmed_by="b", at=world.clock.now())
    assert await world.here.vault.open(raw) == "(erased)"


async def test_a_cloudevent_is_taken_structured_binary_and_in_a_batch(world: World) -> None:
    structured = await world.client.post(EVENTS, json=an_event(), headers=STRUCTURED)
    assert structured.status_code == 201, structured.text
    binary = await world.client.post(
        EVENTS,
        json=an_event()["data"] | {"title": "Ny titel"},
        headers={
            "authorization": f"Bearer {TOKEN}", "ce-specversion": "1.0", "ce-id": "e-2", "ce-source": "znuny",
            "ce-type": "ticket.changed", "ce-subject": "%C3%85m%C3%A5l",
        },
    )  # fmt: skip
    assert (binary.status_code, binary.json()["outcome"]) == (200, "changed")
    batch = [an_event(), an_event(id="e-3", data=a_ticket(external_id="8")), {"id": "broken"}]
    many = await world.client.post(
        EVENTS,
        content=json.dumps(batch),
        headers=STRUCTURED | {"content-type": "application/cloudevents-batch+json"},
    )
    assert many.status_code == 202
    assert [result["outcome"] for result in many.json()["results"]] == ["registered", "registered", "parked"]
    assert await world.facts() == ["request-registered", "request-changed", "request-registered"]


async def test_every_municipality_hands_over_by_the_same_routine_into_one_inbox(world: World) -> None:
    """IT-01: whatever system its Service Desk has, and however that delivers."""
    await world.deliver(a_ticket())
    await world.client.post(EVENTS, json=an_event(), headers=STRUCTURED)
    inbox = (await world.get("/intake/api/inbox", world.pm)).json()
    assert sorted((row["municipality"], row["system"]) for row in inbox) == [("ekvik", "zammad"), ("nordvik", "znuny")]


async def test_a_sender_asks_before_it_delivers(world: World) -> None:
    answer = await world.client.options(EVENTS, headers={"webhook-request-origin": "desk.nordvik.example"})
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "desk.nordvik.example"
    assert answer.headers["webhook-allowed-rate"] == "600"


async def test_a_format_that_is_not_read_is_415(world: World) -> None:
    answer = await world.client.post(EVENTS, content=b"<x/>", headers=STRUCTURED | {"content-type": "text/xml"})
    assert answer.status_code == 415


async def test_a_municipality_does_not_see_the_deliveries_of_another(world: World) -> None:
    """P11"""
    await world.deliver(b"{")
    assert len(await deliveries.parked(world.here.db, scope=["ekvik"])) == 1
    assert await deliveries.parked(world.here.db, scope=["nordvik"]) == []
    assert await deliveries.parked(world.here.db, scope=[]) == []


async def test_the_bytes_of_deliveries_are_forgotten_when_their_time_is_over_and_what_came_of_them_is_not(
    world: World,
) -> None:
    await world.deliver(a_ticket())
    await world.deliver(b"no json", key="msg-2")
    here = world.here
    resources = {"settings": SimpleNamespace(keep_deliveries_days=30)}
    loop = ClockworkLoop(forgetting, here.store, world.clock, resources)
    for days, kept in ((29, ["parked", "registered"]), (2, ["parked"])):
        world.clock.advance(timedelta(days=days))
        await loop.run_once()
        async with here.db.work() as connection:
            rows = await connection.fetch("SELECT outcome FROM deliveries WHERE raw <> '' ORDER BY outcome")
        assert [row["outcome"] for row in rows] == kept
    again = await world.deliver(a_ticket())
    assert (again.status_code, again.headers["flode-duplicate"]) == (201, "true")

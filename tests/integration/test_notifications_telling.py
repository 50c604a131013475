"""From a fact to somebody who knows it: the reaction, the outbox, the mail, the ticket, on a real database."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from chassis.links import DIRECTIVE
from chassis.testing import NOON, Databases
from contracts.governance import DirectiveHelpGiven, DirectiveSent, MeetingCalled
from contracts.portfolio import Assigned, ProjectStopped, RoundOpened
from contracts.values import Voter
from tests.integration.notifications_world import HALL, ORIGIN, World, a_world, plain


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as world:
        yield world


async def test_it_09_the_requester_gets_the_directive_by_mail_with_a_link_that_opens_only_theirs(world: World) -> None:
    hedda = await world.a_registered_request()
    await world.hear(
        DirectiveSent(request_id=HALL, requester=hedda, title="Hallar", language="sv", due=date(2026, 3, 16))
    )
    await world.send()
    (mail,) = [each for each in world.mails() if "Fyll i" in each["Subject"]]
    assert mail["To"] == "Hedda Lindqvist <hedda.lindqvist@ekvik.example>"
    said = plain(mail)
    assert "16 mars 2026" in said
    found = re.search(rf"{ORIGIN}/governance/directive/(\S+)", said)
    assert found is not None
    link = world.here.links.read(found[1], purpose=DIRECTIVE, now=NOON)
    assert (link.request_id, link.person, link.municipality) == (HALL, hedda.id, "ekvik")


async def test_it_02_a_registered_ticket_is_answered_with_where_it_is_found(world: World) -> None:
    """IT-03: the answer names the ticket as its own system does."""
    await world.a_registered_request()
    await world.send()
    answers = {answer["what"]: answer for answer in world.answers()}
    assert set(answers) == {"comment", "state", "reference"}
    assert answers["state"]["state"] == "registered"
    assert answers["reference"]["url"] == f"{ORIGIN}/intake/requests/{HALL}"
    assert answers["comment"]["ticket"]["external_id"] == "81"
    assert "Hedda" not in str(answers)


async def test_offices_are_told_at_the_addresses_of_the_partnership_in_their_own_language(world: World) -> None:
    """IT-13, IT-21: the IT managers of every municipality that has a seat."""
    await world.hear(
        RoundOpened(
            round_id=HALL, title="Våren 2027", criteria=(), candidates=(),
            deadline=datetime(2026, 4, 1, 15, tzinfo=UTC),
            voters=(Voter(municipality="ekvik"), Voter(municipality="nordvik")),
        ),
    )  # fmt: skip
    await world.send()
    mails = {mail["To"].addresses[0].addr_spec: mail for mail in world.mails()}
    assert set(mails) == {"tore.silfverek@ekvik.example", "ragna.moen@nordvik.example"}
    assert mails["tore.silfverek@ekvik.example"]["Content-Language"] == "sv"
    assert mails["ragna.moen@nordvik.example"]["Content-Language"] == "nb"


async def test_a_manager_hears_of_what_is_their_own_municipalitys(world: World) -> None:
    """P11: what is told to Nordvik is Nordvik's row, and nobody else's."""
    called = MeetingCalled(
        meeting_id=HALL, number=7, at=datetime(2026, 3, 20, 12, tzinfo=UTC), place="Rådhuset",
        orderer_meeting="Mars", invited=("ekvik", "nordvik"),
    )  # fmt: skip
    await world.hear(called)
    rows = await world.here.db.worker.fetch("SELECT municipality FROM effects ORDER BY municipality")
    assert [row["municipality"] for row in rows] == ["ekvik", "nordvik"]
    async with world.here.db.scoped(["nordvik"]) as connection:
        assert [row[0] for row in await connection.fetch("SELECT municipality FROM effects")] == ["nordvik"]
        assert await connection.fetchval("SELECT count(*) FROM known") == 0


async def test_ty_04_those_who_were_promised_something_hear_that_it_stops(world: World) -> None:
    await world.a_registered_request()
    ture, leader = await world.person("Ture Granlid", "da"), await world.person("Ingvild Moastuen", "nb")
    await world.send()
    before = len(world.mails())
    await world.hear(
        Assigned(request_id=HALL, leader=leader, group=()),
        ProjectStopped(request_id=HALL, reason="För stort", promised_to=(ture,)),
    )
    await world.send()
    stopped = [mail for mail in world.mails() if mail["Subject"].startswith("Stopp")]
    assert {mail["To"].addresses[0].display_name for mail in stopped} == {
        "Hedda Lindqvist", "Ture Granlid", "Ingvild Moastuen",
    }  # fmt: skip
    assert all("> För stort" in plain(mail) for mail in stopped)
    assert len(world.mails()) == before + 5


async def test_p9_facts_that_are_read_again_tell_nobody_anything(world: World) -> None:
    await world.a_registered_request()
    leader = await world.person("Ingvild Moastuen")
    await world.hear(Assigned(request_id=HALL, leader=leader, group=()))
    await world.send()
    files, events = list(world.folder.rglob("*.*")), len(await world.here.store.read())
    await world.hear_all_again()
    assert await world.send() == 0
    assert list(world.folder.rglob("*.*")) == files
    assert len(await world.here.store.read()) == events


async def test_a_reaction_that_lost_its_place_finds_the_messages_it_made(world: World) -> None:
    """P9: even when a checkpoint is gone, the messages are there, and nothing is sent twice."""
    await world.a_registered_request()
    await world.send()
    sent = await world.here.db.worker.fetchval("SELECT count(*) FROM effects")
    await world.here.db.worker.execute("DELETE FROM checkpoints")
    await world.reaction.restore()
    await world.hear_all_again()
    assert await world.here.db.worker.fetchval("SELECT count(*) FROM effects") == sent
    assert await world.send() == 0


async def test_p9_whoever_lost_their_database_tells_nobody_of_things_long_past(world: World) -> None:
    """It reads the topics from the beginning: what is not new is recorded as not sent, with the reason, and is sent
    when somebody asks for it."""
    hedda = await world.a_registered_request()
    world.clock.advance(timedelta(days=3, minutes=1))
    answer = await world.here.vault.seal(hedda.id, "Räkna med två hallar")
    await world.hear(DirectiveHelpGiven(request_id=HALL, answer=answer))
    await world.send()
    assert ["Räkna med två hallar" in plain(mail) for mail in world.mails()] == [True]
    assert world.answers() == []
    given_up = (await world.get("/notifications/api/messages?state=given_up", world.pm)).json()
    assert {(row["template"], row["reason"]) for row in given_up} == {
        ("request-received", TOO_OLD), ("request-to-judge", TOO_OLD),
    }  # fmt: skip
    asked = next(row for row in given_up if (row["template"], row["channel"]) == ("request-received", "mail"))
    again = f"/notifications/api/messages/{asked['message_id']}/again"
    assert (await world.client.post(again, headers=world.pm, json={})).status_code == 201
    await world.send()
    assert len(world.mails()) == 2


TOO_OLD = "it happened more than 3 days ago, which is too long to be told of it unasked"


async def test_p14_nothing_about_a_person_lies_open_in_the_database(world: World) -> None:
    hedda = await world.a_registered_request()
    answer = await world.here.vault.seal(hedda.id, "Ring Ylva på 070-123 45 67")
    await world.hear(DirectiveHelpGiven(request_id=HALL, answer=answer))
    kept = ""
    for table in ("events", "effects", "known"):
        rows = await world.here.db.worker.fetch(f"SELECT t::text FROM {table} t")
        kept += "".join(row[0] for row in rows)
    messages = b"".join(event.message for event in await world.here.store.read())
    for open_text in ("Hedda", "lindqvist@", "Ylva", "070-123", "Maj Ekdal"):
        assert open_text not in kept
        assert open_text.encode() not in messages
    await world.send()
    assert any("> Ring Ylva på 070-123 45 67" in plain(mail) for mail in world.mails())


async def test_p14_an_erased_person_is_told_nothing(world: World) -> None:
    hedda = await world.a_registered_request()
    vault = world.here.vault
    disposal = await vault.propose_disposal(
        hedda.id, municipality="ekvik", reason="Gallring 2026", proposed_by="auditor/1", at=NOON
    )
    await vault.destroy(disposal, confirmed_by="operator/2", at=NOON)
    await world.send()
    assert not [mail for mail in world.mails() if "hedda" in str(mail["To"]).lower()]
    reasons = await world.here.db.worker.fetch("SELECT reason FROM effects WHERE state = 'given_up'")
    assert [row["reason"] for row in reasons] == ["there is no address that mail can be sent to"]

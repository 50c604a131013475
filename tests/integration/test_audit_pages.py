"""An auditor finds what was on an earlier day and why a row looks so, and whoever reads names is written down."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast, get_args, get_type_hints
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from chassis.case import NotGenuine, digest_of, verify
from chassis.db import Database
from chassis.service import find_services
from chassis.settings import Settings
from chassis.testing import Databases
from chassis.web.labels import fields_within, words_of
from tests.integration.intake_world import ORIGIN, World
from tests.integration.past_world import a_world_with_a_past
from tests.pdf import text_of_pdf

AUDIT = "/intake/audit"
THAT_DAY, DAY_BEFORE, NOW = "2026-03-02", "2026-03-01", "2026-04-11"


@pytest.fixture
async def world(databases: Databases, kafka: str, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world_with_a_past(databases, kafka, tmp_path) as world:
        yield world


def auditor(world: World) -> dict[str, str]:
    return world.token("Ulla Ros", ekvik=["auditor"])


async def ask(world: World, path: str, headers: dict[str, str], **query: str) -> httpx.Response:
    return await world.client.get(f"{AUDIT}{path}", params=query, headers=headers)


async def the_request(world: World) -> str:
    rows = await world.client.get("/intake/api/views/requests", headers=world.pm)
    return str(rows.json()[0]["request_id"])


async def test_an_auditor_finds_what_a_view_held_on_an_earlier_day(world: World) -> None:
    then = await ask(world, "/requests", auditor(world), as_of=THAT_DAY)
    assert then.status_code == 200, then.text
    assert "E-tjänst för bygglov" in then.text
    assert "Nytt namn" not in then.text
    assert "Nytt namn" in (await ask(world, "/requests", auditor(world))).text
    assert "There was nothing in it." in (await ask(world, "/requests", auditor(world), as_of=DAY_BEFORE)).text
    slid = await ask(world, "/requests", auditor(world), slide="0")
    assert slid.headers["location"] == f"{AUDIT}/requests?as_of={THAT_DAY}"


async def test_two_days_are_compared_text_by_text(world: World) -> None:
    between = (await ask(world, "/requests", auditor(world), **{"as_of": THAT_DAY, "and": NOW})).text
    assert "before: </span>E-tjänst för bygglov</del>" in between
    assert "after: </span>Nytt namn</ins>" in between
    came = (await ask(world, "/requests", auditor(world), **{"as_of": DAY_BEFORE, "and": NOW})).text
    assert "Came</h2>" not in came
    assert "Came (1)" in came


async def test_a_row_tells_by_sentences_why_it_looks_so(world: World) -> None:
    page = (await ask(world, f"/requests/{await the_request(world)}", auditor(world))).text
    assert "was registered as a request." in page
    assert "The ticket was edited at its source; it is called “Nytt namn”." in page
    assert "before: </span>E-tjänst för bygglov</del>" in page
    found = (await ask(world, "/", auditor(world), q="nytt NAMN")).text
    assert f"{AUDIT}/requests/{await the_request(world)}" in found
    nothing = (await ask(world, "/", auditor(world), q="finns inte")).text
    assert "Nothing was found in any part." in nothing
    assert "What Portfolio keeps could not be searched just now." in nothing, "no other service runs here"


async def test_what_a_search_finds_is_told_to_the_other_services_pages_too(world: World) -> None:
    (found, *_) = (await ask(world, "/found.json", auditor(world), q="nytt NAMN")).json()
    assert found["title"] == "Nytt namn"
    assert found["path"] == f"{AUDIT}/inbox/{await the_request(world)}"
    assert (found["view"], found["municipality"]) == ("Inbox of the PM", "Ekvik")
    assert (await ask(world, "/found.json", auditor(world), q="finns inte")).json() == []


async def test_a_case_is_taken_along_signed_and_holds_no_open_name(world: World) -> None:
    request = await the_request(world)
    file = await ask(world, f"/requests/{request}/case.json", auditor(world))
    key = (await ask(world, "/key.json", {})).json()
    case = verify(file.content, key)
    assert [event["type"] for event in case["events"]] == ["intake.request-registered.v1", "intake.request-changed.v1"]
    assert json.loads(file.content)["case"]["row"]["requester_name"].startswith("sealed:v1:")
    with pytest.raises(NotGenuine):
        verify(file.content.replace(b"Nytt namn", b"Mytt namn"), key)


async def test_a_case_is_taken_along_as_a_pdf_that_names_the_digest_of_the_signed_file(world: World) -> None:
    request = await the_request(world)
    file = await ask(world, f"/requests/{request}/case.json", auditor(world))
    paper = await ask(world, f"/requests/{request}/case.pdf", auditor(world), as_of=NOW)
    assert paper.headers["content-type"] == "application/pdf"
    assert "case.pdf" in paper.headers["content-disposition"]
    said = "".join(text_of_pdf(paper.content).split())
    assert digest_of(json.loads(file.content)["case"]) in said
    for words in ("Nytt namn", "Sigrid Ek", "The ticket was edited at its source", "What changed"):
        assert "".join(words.split()) in said, words
    told = (await ask(world, "/reads", auditor(world))).text
    assert told.count("Case taken along") == 2


async def test_an_auditor_finds_what_a_person_did_by_address_and_the_search_is_written_down(world: World) -> None:
    person = world.here.vault.person_id("ekvik", "sigrid.ek@ekvik.example")
    for asked in ("Sigrid.Ek@ekvik.example", str(person)):
        found = (await ask(world, "/", auditor(world), q=asked)).text
        assert "What the person did, or is named in" in found
        assert "was registered as a request." in found
        assert f"{AUDIT}/requests/{await the_request(world)}" in found
        assert f"/portfolio/audit/?q={quote(asked, safe='')}" in found
    assert "Search for a person" in (await ask(world, "/reads", auditor(world))).text
    assert "What the person did" not in (await ask(world, "/", world.pm, q=str(person))).text


async def test_reading_names_is_written_down_and_shown_to_auditors(world: World) -> None:
    async with world.here.db.scoped(["ekvik"]) as connection:
        before = await connection.fetchval("SELECT count(*) FROM reads")
    request = await the_request(world)  # by the API, which is written down as well
    await ask(world, "/requests", world.pm, as_of=THAT_DAY)
    await ask(world, f"/requests/{request}", auditor(world))
    told = (await ask(world, "/reads", auditor(world))).text
    assert "Ulla Ros (auditor)" in told
    assert told.count("<tr>") - 1 == before + 3
    assert f"{AUDIT}/requests/{request}" in told
    assert (await ask(world, "/reads", world.pm)).status_code == 403
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with world.here.db.scoped(["ekvik"], read_only=False) as connection:
            await connection.execute("DELETE FROM reads")


async def test_without_a_record_there_are_no_names(world: World) -> None:
    request, name = await the_request(world), "Sigrid Ek"
    assert name in (await ask(world, f"/requests/{request}", auditor(world))).text
    async with world.here.db.worker.acquire() as connection:
        assert not await connection.fetchval("SELECT has_table_privilege('reads', 'INSERT')")
    broken = replace(world.here, db=cast(Database, _NotRecording(world.here.db)))
    world.client._transport.app.state.here = broken  # type: ignore[attr-defined]  # the application of the test
    for path in (f"/requests/{request}", "/requests"):
        refused = await ask(world, path, auditor(world))
        assert refused.status_code == 503
        assert name not in refused.text


class _NotRecording:
    """A database that takes no record."""

    def __init__(self, db: object) -> None:
        self._db = db

    def __getattr__(self, name: str) -> object:
        return getattr(self._db, name)

    def scoped(self, scope: object, *, read_only: bool = True, snapshot: bool = False) -> object:
        if not read_only:
            raise asyncpg.TooManyConnectionsError("no room")
        return self._db.scoped(scope, snapshot=snapshot)  # type: ignore[attr-defined]  # a real one


async def test_others_are_refused_and_other_municipalities_see_nothing(world: World) -> None:
    requester = world.token("Sigrid Ek", ekvik=["requester"])
    elsewhere = world.token("Per Sund", "nordvik", nordvik=["auditor"])
    request = await the_request(world)
    ones = [f"/requests/{request}{file}" for file in ("", "/case.json", "/case.pdf")]
    for path in ("/", "/requests", *ones, "/reads"):
        assert (await ask(world, path, requester)).status_code == 403, path
        assert (await ask(world, path, world.technician)).status_code == 403, path
    for path in (*ones, "/nothing"):
        assert (await ask(world, path, elsewhere)).status_code == 404, path
    for query in ({}, {"as_of": NOW}, {"as_of": DAY_BEFORE, "and": NOW}):
        assert "Nytt namn" not in (await ask(world, "/requests", elsewhere, **query)).text
    person = str(world.here.vault.person_id("ekvik", "sigrid.ek@ekvik.example"))
    for asked in (request, person):
        told = (await ask(world, "/", elsewhere, q=asked)).text
        assert "Nothing was found" in told
        assert "What the person did" not in told


async def test_a_day_that_is_none_and_a_broker_that_is_away_are_told_in_words(world: World) -> None:
    wrong = await ask(world, "/requests", auditor(world), as_of="yesterday")
    assert wrong.status_code == 422
    assert "2026-03-02" in wrong.text
    nowhere = cast(Settings, SimpleNamespace(public_url=ORIGIN, kafka="127.0.0.1:9", link_key=bytes(32), issuers=()))
    world.client._transport.app.state.here = replace(world.here, settings=nowhere)  # type: ignore[attr-defined]  # as above
    away = await ask(world, f"/requests/{await the_request(world)}", auditor(world))
    assert away.status_code == 503
    assert "The past is read from the log" in away.text
    assert away.headers["retry-after"]


def test_every_fact_that_a_view_folds_has_a_sentence_in_its_service() -> None:
    for each in find_services():
        folded = {kind.type for view in each.views for kind in get_args(view.facts)}
        assert folded == set(each.sentences), each.name


def test_every_field_and_chosen_word_that_an_auditor_sees_has_a_label_in_its_service() -> None:
    for each in find_services():
        assert set(each.labels.views) == {view.name for view in each.views}, each.name
        for kind in {one for view in each.views for one in (view.row, *get_args(view.facts))}:
            for of, name in fields_within(kind):
                assert each.labels.of_field(name, of), f"{each.name}: {of.__name__}.{name} has no label"
                for word in words_of(get_type_hints(of)[name]):
                    assert each.labels.of_word(word), f"{each.name}: {word!r} of {of.__name__}.{name} has no label"

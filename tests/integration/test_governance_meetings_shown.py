"""The CAB on the wall and on paper: an item at a time, what was decided before, and minutes that say it all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from chassis.testing import Databases
from governance.views import agenda
from tests.integration.governance_world import TITLE, World, a_world, as_fields, hidden, text_of
from tests.pdf import text_of_pdf


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened
        assert await opened.parked() == 0


async def a_meeting(world: World, day: str, *projects: UUID, invited: tuple[str, ...] = ("ekvik", "nordvik")) -> str:
    """A meeting with an agenda and two at the table, one of them a deputy."""
    fields = {"day": day, "time": "12:30", "place": "Rum 3", "orderer_meeting": "April", "invited:list": list(invited)}
    called = await world.send("/governance/meetings/new", fields, world.pm)
    path: str = called.headers["location"].partition("?")[0]
    items = {f"items.{at}.request_id": str(each) for at, each in enumerate(projects)}
    items |= {f"items.{at}.reasons": "new" for at in range(len(projects))}
    version = hidden(await world.get(f"{path}/agenda", world.pm), "version")
    assert (
        await world.send(f"{path}/agenda", {**items, "version": version, "action": "set"}, world.pm)
    ).status_code == 303
    seats = [
        {"municipality": "ekvik", "role": "pm", "name": "Maj Ekdal", "present": "yes"},
        {
            "municipality": "ekvik", "role": "deputy", "name": "Hanna Berg", "email": world.email("Hanna Berg"),
            "present": "yes", "deputy_for_name": "Greta Lindmark", "deputy_for_email": world.email("Greta Lindmark"),
        },
    ]  # fmt: skip
    rows = as_fields(seats, "attendees")
    version = hidden(await world.get(f"{path}/attendance", world.pm), "version")
    recorded = await world.send(f"{path}/attendance", {**rows, "version": version, "action": "record"}, world.pm)
    assert recorded.status_code == 303
    return path


async def decided(world: World, path: str, request_id: UUID, outcome: str, text: str, item: int = 1) -> str:
    fields = {"request_id": str(request_id), "outcome": outcome, "text": text}
    answer = await world.send(f"{path}/show?item={item}", fields, world.pm)
    assert answer.status_code == 303, text_of(answer)
    where: str = answer.headers["location"]
    return where


async def test_a_decision_by_a_button_is_recorded_and_the_next_item_is_shown(world: World) -> None:
    """IT-21"""
    first, second = await world.an_approved_directive(), await world.a_project("nordvik")
    path = await a_meeting(world, "2026-04-14", first, second)
    page = await world.get(f"{path}/show", world.pm)
    for words in ("Item 1 of 2", TITLE, "Ekvik", "New", "800 000", "stands in for Greta Lindmark"):
        assert words in text_of(page).replace("\xa0", " "), words
    assert page.text.count('aria-current="true"') >= 1
    empty = await world.send(f"{path}/show?item=1", {"request_id": str(first), "outcome": "approved"}, world.pm)
    assert (empty.status_code, 'id="f-text-error"' in empty.text) == (422, True)
    where = await decided(world, path, first, "approved", "Go ahead.")
    assert f"{path}/show?item=2" in where
    page = await world.get(where, world.pm)
    assert ("Item 2 of 2" in text_of(page), "Decided" in text_of(page)) == (True, True)
    assert (await world.facts(first))[-1] == "cab-decided"
    where = await decided(world, path, second, "deferred", "In May.", item=2)
    page = await world.get(where, world.pm)
    assert "The agenda is gone through" in text_of(page)
    assert text_of(page).index("Go ahead.") < text_of(page).index("In May.")


async def test_only_the_pm_decides_and_others_follow(world: World) -> None:
    """IT-21"""
    project = await world.a_project()
    path = await a_meeting(world, "2026-04-14", project)
    page = await world.get(f"{path}/show", world.manager)
    assert page.status_code == 200
    assert 'name="outcome"' not in page.text
    assert "Has left" not in page.text
    fields = {"request_id": str(project), "outcome": "stop", "text": "No."}
    assert (await world.send(f"{path}/show?item=1", fields, world.manager)).status_code == 403
    assert (await world.send(f"{path}/show/presence", {"present": "no"}, world.manager)).status_code == 403
    assert (await world.get(f"{path}/show", world.stranger)).status_code == 404


async def test_who_leaves_is_absent_and_keeps_their_name(world: World) -> None:
    """IT-21"""
    path = await a_meeting(world, "2026-04-14", await world.a_project())
    page = await world.get(f"{path}/show", world.pm)
    fields = {"version": hidden(page, "version"), "person": hidden(page, "person"), "present": "no"}
    assert (await world.send(f"{path}/show/presence?item=1", fields, world.pm)).status_code == 303
    page = await world.get(f"{path}/show", world.pm)
    assert "Maj Ekdal, Ekvik: Absent" in text_of(page)
    assert "Hanna Berg, Ekvik (stands in for Greta Lindmark): Present" in text_of(page)
    late = await world.send(f"{path}/show/presence?item=1", fields, world.pm)
    assert late.status_code == 412


async def test_the_next_meeting_shows_what_was_decided_last_time_and_what_became_of_it(world: World) -> None:
    """IT-21"""
    project = await world.a_project()
    before = await a_meeting(world, "2026-03-20", project)
    await decided(world, before, project, "postpone", "After the summer.")
    path = await a_meeting(world, "2026-04-14", project)
    page = await world.get(path, world.pm)
    assert "What was decided last time, and what became of it" in text_of(page)
    assert "After the summer. In the portfolio" in text_of(page)
    assert page.text.index("After the summer.") < page.text.index("<h2>Agenda</h2>")
    shown = text_of(await world.get(f"{path}/show", world.pm))
    assert "Postpone (CAB 1, " in shown
    guest = text_of(await world.get(path, world.manager))
    assert "Seen by its own municipality" in guest, "another municipality's project is not told of"


async def test_the_agenda_is_put_in_the_order_of_its_numbers(world: World) -> None:
    """IT-21"""
    one, two, three = [await world.a_project() for _ in range(3)]
    path = await a_meeting(world, "2026-04-14", one, two, three)
    page = await world.get(f"{path}/agenda", world.pm)
    fields = {"version": hidden(page, "version"), "action": "order"}
    for at, (each, number) in enumerate(((one, "3"), (two, "2"), (three, "x"))):
        fields |= {f"items.{at}.request_id": str(each), f"items.{at}.reasons": "new", f"items.{at}.number": number}
    page = await world.send(f"{path}/agenda", fields, world.pm)
    places = [page.text.index(f'value="{each}"') for each in (two, three, one)]
    assert places == sorted(places)
    assert "Not saved yet" in text_of(page)


async def test_an_agenda_that_took_up_the_most_urgent_alone_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IT-21"""
    await world.a_project()
    await world.a_project("nordvik")
    fields = {
        "day": "2026-04-14",
        "time": "12:30",
        "place": "Rum 3",
        "orderer_meeting": "April",
        "invited:list": "ekvik",
    }
    path = (await world.send("/governance/meetings/new", fields, world.pm)).headers["location"].partition("?")[0]
    said = "most urgent projects"
    assert said not in text_of(await world.get(f"{path}/agenda", world.pm))
    monkeypatch.setattr(agenda, "MOST", 1)
    page = await world.get(f"{path}/agenda", world.pm)
    assert f"the 1 {said}" in text_of(page)
    assert page.text.count('name="items.') == 3, "one project, with its number and its reasons"


async def test_the_minutes_are_read_on_a_page_and_as_a_pdf_that_says_the_same(world: World) -> None:
    """IT-21"""
    project = await world.a_project()
    path = await a_meeting(world, "2026-04-14", project)
    await decided(world, path, project, "approved", "Go ahead #now.")
    page = await world.get(path, world.pm)
    fields = {"version": hidden(page, "version"), "minutes": "We met.\n\nWe decided."}
    assert (await world.send(f"{path}/minutes", fields, world.pm)).status_code == 303
    assert (await world.send(f"{path}/minutes/approve", {"of": "1"}, world.leader)).status_code == 303
    page = await world.get(f"{path}/minutes", world.pm)
    made = await world.get(f"{path}/minutes.pdf", world.pm)
    assert (made.headers["content-type"], made.content[:5]) == ("application/pdf", b"%PDF-")
    assert b"/Lang(en)" in made.content
    on_paper = text_of_pdf(made.content)
    for words in (
        "Minutes of CAB 1", "Samverkan vid viken", "Decision body", "Applies to", "Ekvik, Nordvik", "Rum 3",
        "Hanna Berg", "Greta Lindmark", f"1. {TITLE}", "Go ahead #now.", "We met.", "We decided.", "Maj Ekdal",
    ):  # fmt: skip
        assert words in text_of(page), words
        assert words in on_paper, words
    assert (await world.get(f"{path}/minutes.pdf", world.pm)).content == made.content, "the same each time"
    swedish = await world.get(f"{path}/minutes.pdf", {**world.pm, "Cookie": "flode_language=sv"})
    assert swedish.status_code == 200


async def test_minutes_and_their_names_are_for_those_who_are_invited(world: World) -> None:
    """IT-21"""
    path = await a_meeting(world, "2026-04-14", await world.a_project(), invited=("ekvik",))
    for page in ("minutes", "minutes.pdf", "show"):
        for who in (world.manager, world.stranger):
            answer = await world.get(f"{path}/{page}", who)
            assert answer.status_code == 404
            assert "Hanna Berg" not in answer.text


async def test_who_sat_for_a_municipality_is_expected_again(world: World) -> None:
    """IT-21: where no account says who its IT manager is."""
    path = await a_meeting(world, "2026-04-14")
    seat = {"municipality": "nordvik", "role": "it_manager", "name": "Nils Dahl", "present": "yes"}
    version = hidden(await world.get(f"{path}/attendance", world.pm), "version")
    said = {**as_fields([seat], "attendees"), "version": version, "action": "record"}
    assert (await world.send(f"{path}/attendance", said, world.pm)).status_code == 303
    fields = {"day": "2026-05-12", "time": "12:30", "place": "Rum 3", "orderer_meeting": "Maj"}
    called = await world.send("/governance/meetings/new", {**fields, "invited:list": ["ekvik", "nordvik"]}, world.pm)
    expected = await world.get(called.headers["location"].partition("?")[0] + "/attendance", world.pm)
    assert expected.text.count('value="Nils Dahl"') == 1
    assert 'name="attendees.1.name"' in expected.text, "the other municipality's seat is to be filled in"

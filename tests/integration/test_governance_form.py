"""Writing a directive together: who saves over whom, what a script saves, questions in their sections, versions."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from chassis.testing import Databases
from governance.waiting import waiting
from tests.integration.governance_world import FULL_FORM, TITLE, World, a_world, as_fields, hidden, text_of


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened
        assert await opened.parked() == 0


async def test_who_saves_over_somebody_else_is_told_and_loses_nothing(world: World) -> None:
    """IT-11"""
    request_id = await world.a_project()
    link, form = world.link(request_id), f"/governance/directives/{request_id}/form"
    version = hidden(await world.get(link), "version")
    assert (
        await world.send(form, {"version": version, "title": "By PM", "action": "save"}, world.pm)
    ).status_code == 303
    page = await world.send(link, {"version": version, "title": "By Sigrid", "action": "save"})
    assert page.status_code == 412
    assert "Somebody else saved this form" in text_of(page)
    assert 'value="By Sigrid"' in page.text
    again = await world.send(link, {"version": hidden(page, "version"), "title": "By Sigrid", "action": "save"})
    assert again.status_code == 303


async def test_a_conflict_shows_both_texts_and_takes_over_what_only_the_other_wrote(world: World) -> None:
    """IT-11"""
    request_id = await world.a_project()
    link, form = world.link(request_id), f"/governance/directives/{request_id}/form"
    whole = as_fields(FULL_FORM) | {"version": hidden(await world.get(link), "version"), "action": "save"}
    assert (await world.send(link, whole)).status_code == 303
    version = hidden(await world.get(link), "version")
    theirs = {**whole, "version": version, "title": "By PM", "rough_plan": "Plan by PM"}
    assert (await world.send(form, theirs, world.pm)).status_code == 303
    page = await world.send(link, {**whole, "version": version, "title": "By Sigrid"})
    assert page.status_code == 412
    assert "Where you both wrote" in text_of(page)
    assert "By PM" in text_of(page)
    assert 'value="By Sigrid"' in page.text
    assert "Plan by PM" in page.text
    assert "filling.js" not in page.text, "nothing saves itself over the other's text"
    alone = await world.send(link, {**whole, "version": version, "goals": "Goals by Sigrid", "title": TITLE})
    assert alone.status_code == 303, "they wrote in different fields"
    page = await world.get(link)
    assert all(text in page.text for text in ("By PM", "Plan by PM", "Goals by Sigrid"))


async def test_what_a_script_saves_is_answered_with_what_it_shows(world: World) -> None:
    """IT-10, IT-11"""
    request_id = await world.a_project()
    link, form = world.link(request_id), f"/governance/directives/{request_id}/form"
    page = await world.get(link)
    assert "Nothing is saved yet" in text_of(page)
    fields = {"version": hidden(page, "version"), "title": TITLE, "orderer.email": "greta", "action": "autosave"}
    saved = (await world.send(link, {**fields, "touched:list": ["orderer.email", "title"]})).json()
    assert list(saved["errors"]) == ["orderer.email"], "only what was touched, and is wrong"
    assert saved["said"].startswith("Saved at ")
    assert "2 things are missing" in saved["parts"]
    assert saved["taken"] == {}
    again = {**fields, "version": str(saved["version"]), "touched:list": "title"}
    assert (await world.send(link, again)).json()["version"] == saved["version"]
    assert await world.facts(request_id) == ["directive-sent", "directive-draft-saved"], "nothing new, nothing saved"
    page = await world.get(form, world.pm)
    assert 'value="greta"' in page.text
    theirs = {**fields, "version": hidden(page, "version"), "background": "By PM", "action": "save"}
    assert (await world.send(form, theirs, world.pm)).status_code == 303
    mine = {**fields, "version": str(saved["version"]), "goals": "By Sigrid"}
    merged = (await world.send(link, mine)).json()
    assert merged["taken"] == {"background": "By PM"}
    over = await world.send(link, {**mine, "background": "By Sigrid"})
    assert over.status_code == 412
    assert "By PM" in over.json()["errors"]["background"]
    assert "By PM" in (await world.get(form, world.pm)).text, "nothing was written over"


async def test_a_question_stands_in_the_section_it_is_about_and_the_answer_with_it(world: World) -> None:
    """IT-11"""
    request_id = await world.a_project()
    link, form = world.link(request_id), f"/governance/directives/{request_id}/form"
    fields = {"title": TITLE, "action": "ask:cost"}
    empty = await world.send(link, {**fields, "version": hidden(await world.get(link), "version")})
    assert empty.status_code == 422
    assert 'href="#f-question-cost"' in empty.text
    asked = {**fields, "version": hidden(await world.get(link), "version"), "question.cost": "With VAT?"}
    assert (await world.send(link, asked)).status_code == 303
    assert f'href="{form}#s-cost"' in (await world.get(form.removesuffix("/form"), world.pm)).text
    asked_for = await waiting(
        world.here, await world.here.auth.identify(world.pm["Authorization"].removeprefix("Bearer "))
    )
    assert [each.path for each in asked_for] == [f"{form}#s-cost"], "whoever answers comes to the question"
    page = await world.get(form, world.pm)
    assert "With VAT?" in page.text.partition('id="s-cost"')[2].partition("<h2")[0]
    answered = {
        "title": TITLE, "version": hidden(page, "version"), "question.cost": "Without.", "action": "answer:cost"
    }  # fmt: skip
    assert (await world.send(form, answered, world.pm)).status_code == 303
    section = (await world.get(link)).text.partition('id="s-cost"')[2].partition("<h2")[0]
    assert section.index("Without.") < section.index("With VAT?"), "the newest is seen first"


async def test_versions_are_compared_and_printed_by_the_link_alone(world: World) -> None:
    """TY-06"""
    request_id = await returned(world)
    link = world.link(request_id)
    path = f"/governance/directives/{request_id}"
    page = await world.get(path, world.pm)
    back = {"of": "1", "version": hidden(page, "version"), "remarks.goals": "Which?"}
    assert (await world.send(f"{path}/send-back", back, world.pm)).status_code == 303
    again = as_fields({**FULL_FORM, "goals": "Shorter waits"})
    again |= {"version": hidden(await world.get(link), "version"), "action": "return"}
    assert (await world.send(link, again)).status_code == 303
    page = await world.get(link)
    assert f'href="{link}/compare?before=1&amp;after=2"' in page.text
    assert 'href="/portfolio/request/' in page.text
    differs = await world.get(f"{link}/compare?before=1&after=2")
    assert "Shorter waits" in text_of(differs)
    assert f'href="{link}"' in differs.text
    assert "/governance/directives/" not in differs.text
    assert "Shorter waits" not in text_of(await world.get(f"{link}/print?version=1"))
    assert (await world.get(f"{link}/print?version=9")).status_code == 404


async def returned(world: World) -> UUID:
    request_id = await world.a_project()
    path = f"/governance/api/directives/{request_id}/return"
    assert (await world.post(path, world.requester, {"form": FULL_FORM})).status_code == 201
    return request_id


async def test_what_cannot_be_returned_yet_is_saved_and_its_sections_stand_open(world: World) -> None:
    """IT-10, TY-13"""
    request_id = await world.a_project()
    link = world.link(request_id)
    page = await world.get(link)
    assert open_sections(page) == ["orderer"], "the first that is to be done"
    fields = {"version": hidden(page, "version"), "background": "Papper", "orderer.email": "greta", "action": "return"}
    page = await world.send(link, {**fields, "unfolded": "wishes goals"})
    assert page.status_code == 422
    assert "Saved at" in text_of(page)
    assert {"orderer", "contacts", "gates", "cost", "goals"} <= set(open_sections(page)), (
        "with mistakes, or open before"
    )
    assert {"background", "loans"}.isdisjoint(open_sections(page))
    assert "4 mistakes" in page.text.partition('data-part="gates"')[2][:80]
    again = await world.get(link)
    assert "Papper" in again.text
    assert 'value="greta"' in again.text
    mended = {**fields, "version": hidden(page, "version"), "title": TITLE, "action": "save"}
    assert (await world.send(link, mended)).status_code == 303, "nobody else wrote"


async def test_one_section_leads_to_the_next_and_all_can_be_opened(world: World) -> None:
    request_id = await world.a_project()
    link = world.link(request_id)
    fields = {"version": hidden(await world.get(link), "version"), "title": TITLE, "goals": "Snabbare"}
    sent = await world.send(link, {**fields, "action": "next:goals"})
    place = sent.headers["location"]
    assert place.endswith("#s-results")
    page = await world.get(place.partition("#")[0])
    assert open_sections(page) == ["results"]
    assert "Snabbare" in page.text
    fields["version"] = hidden(page, "version")
    last = (await world.send(link, {**fields, "action": "next:ends"})).headers["location"]
    assert last.endswith("#finished")
    fields["version"] = hidden(await world.get(last.partition("#")[0]), "version")
    page = await world.send(link, {**fields, "goals": "Snabbare och bättre", "action": "unfold"})
    assert len(open_sections(page)) == page.text.count('<details class="part"')
    assert "Snabbare och bättre" in page.text
    page = await world.send(link, {**fields, "unfolded": "sections", "action": "add:sections"})
    assert open_sections(page) == ["sections"], "what stood open stays open"


async def test_what_waits_to_be_read_stands_open(world: World) -> None:
    """IT-11"""
    request_id = await returned(world)
    path, link = f"/governance/directives/{request_id}", world.link(request_id)
    page = await world.get(path, world.pm)
    back = {"of": "1", "version": hidden(page, "version"), "remarks.loans": "Who?"}
    assert (await world.send(f"{path}/send-back", back, world.pm)).status_code == 303
    page = await world.get(link)
    assert open_sections(page) == ["loans"]
    assert "The PM remarks" in page.text.partition('data-part="loans"')[2][:300]
    asked = {**as_fields(FULL_FORM), "version": hidden(page, "version"), "question.cost": "VAT?", "action": "ask:cost"}
    assert (await world.send(link, asked)).status_code == 303
    page = await world.get(f"{path}/form", world.pm)
    assert open_sections(page) == ["cost", "loans"]
    assert "Asks for help" in page.text.partition('data-part="cost"')[2][:300]


def open_sections(page: httpx.Response) -> list[str]:
    return re.findall(r'data-section="([a-z_]+)" open>', page.text)

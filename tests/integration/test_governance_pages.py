"""Every step of a directive, a plan and a CAB meeting in a browser without a script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from chassis.testing import Databases
from tests.integration.governance_world import FULL_FORM, TITLE, World, a_world, as_fields, hidden, text_of
from tests.integration.test_governance_form import returned


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened
        assert await opened.parked() == 0


async def test_the_link_opens_the_form_without_an_account_and_only_its_own(world: World) -> None:
    """IT-09"""
    mine, other = await world.a_project(), await world.a_project()
    page = await world.get(world.link(mine))
    assert page.status_code == 200
    assert "To be returned by" in text_of(page)
    assert (await world.get(f"/governance/directives/{other}")).status_code == 303, "it signs nobody in"
    assert (await world.get(world.link(mine, "Greta Lindmark"))).status_code in (403, 404)
    assert (await world.get(world.link(mine, municipality="nordvik"))).status_code == 403
    changed = world.link(mine)[:-1] + ("A" if world.link(mine)[-1] != "A" else "B")
    assert (await world.get(changed)).status_code == 403
    world.clock.advance(world.clock.now() - world.clock.now().replace(year=2025))
    assert (await world.get(world.link(mine))).status_code == 200


async def test_the_requester_saves_asks_and_returns_by_the_link_alone(world: World) -> None:
    """IT-10, IT-11"""
    request_id = await world.a_project()
    link = world.link(request_id)
    page = await world.get(link)
    fields = {"version": hidden(page, "version"), "title": TITLE, "results.0.row": "1", "results.0.text": "En tjänst"}
    saved = await world.send(link, {**fields, "action": "save"})
    assert saved.status_code == 303
    page = await world.get(saved.headers["location"])
    assert "Saved" in text_of(page)
    assert "En tjänst" in page.text

    asked = await world.send(
        link, {**fields, "version": hidden(page, "version"), "said": "What is BP1?", "action": "ask"}
    )
    assert asked.status_code == 303
    start = await world.get("/governance/", world.pm)
    assert "Answer the question about the directive" in text_of(start)
    form = f"/governance/directives/{request_id}/form"
    page = await world.get(form, world.pm)
    assert "What is BP1?" in page.text
    assert "Return the directive" not in page.text, "the PM helps, the requester returns"
    helped = {**fields, "version": hidden(page, "version"), "background": "On paper", "said": "The first decision."}
    assert (await world.send(form, {**helped, "action": "answer"}, world.pm)).status_code == 303

    page = await world.get(link)
    assert "On paper" in page.text
    assert "The first decision." in page.text
    everything = {**as_fields(FULL_FORM), "version": hidden(page, "version"), "action": "return"}
    returned = await world.send(link, everything)
    assert (returned.status_code, returned.headers["location"].partition("?")[0]) == (303, link)
    page = await world.get(returned.headers["location"])
    assert "The directive is not with you now" in text_of(page)
    assert (await world.get(f"{link}/print")).status_code == 200
    assert (await world.facts(request_id))[-1] == "directive-submitted"


async def test_mistakes_stand_beside_their_fields_and_nothing_written_is_lost(world: World) -> None:
    """TY-09, TY-18"""
    request_id = await world.a_project()
    link = world.link(request_id)
    wrong = deepcopy(FULL_FORM)
    wrong["gates"][1]["on"] = "2026-03-01"
    wrong["cost"]["cap"] = "400 000"
    version = hidden(await world.get(link), "version")
    page = await world.send(link, {**as_fields(wrong), "version": version, "action": "return"})
    assert page.status_code == 422
    assert 'href="#f-gates-1-on"' in page.text
    assert 'id="f-gates-1-on-error"' in page.text
    assert "BP2 cannot come before BP1" in text_of(page)
    assert 'value="400 000"' in page.text
    swedish = await world.client.post(
        link,
        data={**as_fields(wrong), "version": version, "action": "return"},
        headers={"Origin": "https://flode.example", "Accept-Language": "sv"},
    )
    assert "BP2 kan inte ligga före BP1" in text_of(swedish)
    assert set(await world.facts(request_id)) == {"directive-sent", "directive-draft-saved"}


async def test_warnings_are_ticked_before_the_directive_is_returned(world: World) -> None:
    """TY-13, TY-21"""
    request_id = await world.a_project()
    link = world.link(request_id)
    odd = deepcopy(FULL_FORM)
    odd["cost"]["cap"] = "800 000 mkr"
    odd["results"][1]["due"] = "2026-10"
    fields: dict[str, Any] = {**as_fields(odd), "version": hidden(await world.get(link), "version"), "action": "return"}
    page = await world.send(link, fields)
    assert "Worth a second look" in text_of(page)
    assert "“800 000 mkr” would be" in text_of(page)
    half = await world.send(link, {**fields, "acknowledged:list": "TY-13 cost.cap"})
    assert "Worth a second look" in text_of(half)
    done = await world.send(link, {**fields, "acknowledged:list": ["TY-13 cost.cap", "TY-21 gates.2.on"]})
    assert done.status_code == 303
    page = await world.get(f"/governance/directives/{request_id}", world.pm)
    assert "Cost cap 800 000 kr" in text_of(page)
    assert "Is a draft meant?" in text_of(page)


async def test_rows_are_added_and_taken_away_by_buttons(world: World) -> None:
    """TY-08, TY-11: also when rows above them are empty."""
    request_id = await world.a_project()
    link = world.link(request_id)
    fields = {"results.0.row": "1", "results.1.row": "1", "results.1.text": "Second", "version": "1"}
    page = await world.send(link, {**fields, "action": "add:results"})
    assert page.status_code == 200
    assert 'name="results.2.text"' in page.text
    page = await world.send(link, {**fields, "action": "remove:results:0"})
    assert 'name="results.1.text"' not in page.text
    assert "Second" in page.text
    assert "Not saved yet" in text_of(page)
    page = await world.send(link, {**fields, "action": "remove:gates:0"})
    assert 'name="gates.3.on"' in page.text
    assert await world.facts(request_id) == ["directive-sent"]


async def test_the_pm_sends_back_with_remarks_that_stand_in_the_form(world: World) -> None:
    """IT-10"""
    request_id = await returned(world)
    path = f"/governance/directives/{request_id}"
    page = await world.get(path, world.pm)
    fields = {"version": hidden(page, "version"), "of": "1"}
    empty = await world.send(f"{path}/send-back", fields, world.pm)
    assert empty.status_code == 422
    assert "Say what is to be mended" in text_of(empty)
    done = await world.send(f"{path}/send-back", {**fields, "remarks.cost": "Which account?"}, world.pm)
    assert done.status_code == 303
    page = await world.get(world.link(request_id))
    assert "The PM remarks: Which account?" in text_of(page)
    parts = re.findall(r'data-section="([^"]+)"( open)?>\s*<summary>(.*?)</summary>', page.text, re.DOTALL)
    remarked = [(section, bool(is_open)) for section, is_open, told in parts if "The PM remarks" in told]
    assert remarked == [("cost", True)], "what is folded says where to look, and stands open there"
    assert 'value="800000"' in page.text, "the form holds the version that came back"


async def test_a_directive_is_accepted_signed_and_reopened_on_its_page(world: World) -> None:
    """IT-10, TY-01, TY-06"""
    request_id = await returned(world)
    path = f"/governance/directives/{request_id}"
    page = await world.get(path, world.pm)
    fields = {"version": hidden(page, "version"), "of": "1"}
    same = {"leader.name": "Greta Lindmark", "leader.email": "greta.lindmark@ekvik.example"}
    page = await world.send(f"{path}/accept", {**fields, **same}, world.pm)
    assert page.status_code == 422
    assert "two different people" in text_of(page)
    for half in ({"leader.name": "Hanna Berg"}, {"leader.name": "Hanna Berg", "leader.email": "hanna"}):
        page = await world.send(f"{path}/accept", {**fields, **half}, world.pm)
        assert (page.status_code, 'id="f-leader-email-error"' in page.text) == (422, True)
    leader = {"leader.name": "Hanna Berg", "leader.email": "hanna.berg@ekvik.example"}
    assert (await world.send(f"{path}/accept", {**fields, **leader}, world.pm)).status_code == 303
    assert "Approve version 1" not in text_of(await world.get(path, world.pm))
    for who, left in ((world.orderer, "Greta Lindmark, Hanna Berg"), (world.leader, "Hanna Berg")):
        page = await world.get(path, who)
        assert f"The signatories: {left} Municipality" in text_of(page)
        assert "Approve version 1" in text_of(page)
        sent = await world.send(f"{path}/sign", {"version": hidden(page, "version"), "of": "1"}, who)
        assert sent.status_code == 303
    page = await world.get(path, world.pm)
    assert "Approved by both" in text_of(page)
    assert (await world.send(f"{path}/reopen", {"reason": ""}, world.pm)).status_code == 422
    assert (await world.send(f"{path}/reopen", {"reason": "Ranked anew"}, world.pm)).status_code == 303
    later = deepcopy(FULL_FORM)
    later["cost"]["cap"] = "900 000"
    again = await world.post(f"/governance/api/directives/{request_id}/return", world.requester, {"form": later})
    assert again.status_code == 201
    page = await world.get(f"{path}/compare?before=1&after=2", world.orderer)
    assert "Cost: Cost cap 800 000 900 000" in text_of(page).replace("\N{NO-BREAK SPACE}", " ")
    assert (await world.get(f"{path}/print?version=1", world.orderer)).status_code == 200
    assert (await world.get(f"{path}/print?version=9", world.orderer)).status_code == 404
    assert TITLE in text_of(await world.get("/governance/directives", world.pm))


async def test_the_plan_is_written_and_accepted_on_its_pages(world: World) -> None:
    """IT-18, IT-19"""
    request_id = await world.an_approved_directive()
    await world.assigned(request_id)
    path = f"/governance/plans/{request_id}"
    assert "Write the plan: E-tjänst för bygglov" in text_of(await world.get("/governance/", world.leader))
    assert (await world.get(f"{path}/form", world.pm)).status_code == 403
    page = await world.get(f"{path}/form", world.leader)
    fields = {
        "version": hidden(page, "version"), "directive_version": "1", "summary": "Köp och inför.",
        "steps.0.row": "1", "steps.0.text": "Köp", "steps.0.starts": "2026-04-01",
    }  # fmt: skip
    page = await world.send(f"{path}/form", {**fields, "action": "add:steps"}, world.leader)
    assert 'name="steps.1.text"' in page.text
    page = await world.send(f"{path}/form", {**fields, "action": "write"}, world.leader)
    assert page.status_code == 422
    assert 'id="f-steps-0-ends-error"' in page.text
    fields["steps.0.ends"] = "2026-05-15"
    assert (await world.send(f"{path}/form", {**fields, "action": "write"}, world.leader)).status_code == 303
    for who, party in ((world.pm, "it_team"), (world.orderer, "business")):
        page = await world.get(path, who)
        accepted = {"version": hidden(page, "version"), "party": party, "of": "1"}
        assert (await world.send(f"{path}/accept", accepted, who)).status_code == 303
    assert "Agreed by both parties" in text_of(await world.get("/governance/plans", world.pm))


async def test_a_meeting_is_called_led_and_closed_on_its_pages(world: World) -> None:
    """IT-21"""
    first, second = await world.a_project(), await world.a_project("nordvik")
    assert (await world.get("/governance/meetings/new", world.manager)).status_code == 403
    fields: dict[str, Any] = {
        "day": "2026-04-14", "time": "9.30", "place": "Rum 3", "orderer_meeting": "April",
        "invited:list": ["ekvik", "nordvik"],
    }  # fmt: skip
    page = await world.send("/governance/meetings/new", {**fields, "time": "noon"}, world.pm)
    assert page.status_code == 422
    called = await world.send("/governance/meetings/new", fields, world.pm)
    path = called.headers["location"].partition("?")[0]
    assert "CAB 1" in text_of(await world.get("/governance/meetings", world.manager))

    page = await world.get(f"{path}/agenda", world.pm)
    items = {f"items.{at}.request_id": str(each) for at, each in enumerate((first, second))}
    items |= {f"items.{at}.reasons": "new" for at in range(2)} | {"version": hidden(page, "version")}
    page = await world.send(f"{path}/agenda", {**items, "action": "down:items:0"}, world.pm)
    assert page.text.index(str(second)) < page.text.index(str(first))
    page = await world.send(f"{path}/agenda", {**items, "action": "remove:items:1"}, world.pm)
    assert f'<option value="{second}"' in page.text
    kept = {"items.0.request_id": str(first), "items.0.reasons": "new", "action": "find"}
    page = await world.send(f"{path}/agenda", {**kept, "find": "no such title"}, world.pm)
    assert str(first) in page.text, "what is on the agenda stays while another project is looked for"
    assert f'<option value="{second}"' not in page.text
    page = await world.send(f"{path}/agenda", {**kept, "find": ""}, world.pm)
    assert f'<option value="{second}"' in page.text
    page = await world.send(
        f"{path}/agenda",
        {"items.0.request_id": str(first), "items.0.reasons": "new", "project": str(second), "action": "add_project"},
        world.pm,
    )
    assert "Asked for" in text_of(page)
    assert (await world.send(f"{path}/agenda", {**items, "action": "set"}, world.pm)).status_code == 303

    page = await world.get(f"{path}/attendance", world.pm)
    seats = {
        "attendees.0": {"municipality": "ekvik", "role": "pm", "name": "Maj Ekdal", "present": "yes"},
        "attendees.1": {"municipality": "nordvik", "role": "it_manager", "name": "Nils Dahl", "present": "yes"},
    }
    rows = as_fields(seats) | {"version": hidden(page, "version"), "action": "record"}
    nameless = await world.send(f"{path}/attendance", {**rows, "attendees.1.name": ""}, world.pm)
    assert nameless.status_code == 422
    rows |= {"attendees.1.email": world.email("Nils Dahl", "nordvik")}
    assert (await world.send(f"{path}/attendance", rows, world.pm)).status_code == 303

    decided = {"request_id": str(first), "outcome": "postpone", "text": "After the summer."}
    assert (await world.send(f"{path}/decisions", {**decided, "text": ""}, world.pm)).status_code == 422
    assert (await world.send(f"{path}/decisions", decided, world.pm)).status_code == 303
    page = await world.get(path, world.pm)
    assert "Postpone. After the summer." in page.text, "the minutes begin with what was decided"
    minutes = {"version": hidden(page, "version"), "minutes": "We decided."}
    assert (await world.send(f"{path}/minutes", minutes, world.pm)).status_code == 303
    assert "Approve version 1 of the minutes" not in text_of(await world.get(path, world.pm))
    page = await world.get(path, world.manager)
    assert "Approve version 1 of the minutes" in text_of(page)
    assert (await world.send(f"{path}/minutes/approve", {"of": "1"}, world.manager)).status_code == 303
    page = await world.get(path, world.pm)
    assert "Closed, minutes approved" in text_of(page)
    assert "Approved by Nils Dahl" in text_of(page)
    assert (await world.facts(first))[-1] == "cab-decided"


async def test_a_reason_that_is_missing_is_asked_for_beside_its_own_form(world: World) -> None:
    """Moving and cancelling stand on one page and both ask why."""
    called = await world.post(
        "/governance/api/meetings",
        world.pm,
        {"at": "2026-04-14T09:00:00+02:00", "place": "Rum 3", "orderer_meeting": "April"},
    )
    path = called.headers["location"].replace("/api", "")
    cancelled = await world.send(f"{path}/cancel", {"cancel_reason": ""}, world.pm)
    assert cancelled.status_code == 422
    assert ('id="f-cancel_reason-error"' in cancelled.text, 'id="f-reason-error"' in cancelled.text) == (True, False)
    assert 'href="#f-cancel_reason"' in cancelled.text
    moved = {"day": "2026-04-15", "time": "10:00", "place": "Rum 9" * 100, "reason": "The room was taken"}
    refused = await world.send(f"{path}/move", moved, world.pm)
    assert ('id="f-place-error"' in refused.text, 'value="The room was taken"' in refused.text) == (True, True)
    refused = await world.send(f"{path}/move", {**moved, "place": "Rum 9", "reason": ""}, world.pm)
    assert ('id="f-reason-error"' in refused.text, 'id="f-cancel_reason-error"' in refused.text) == (True, False)


async def test_a_meeting_is_moved_and_cancelled_on_its_page(world: World) -> None:
    """IT-21"""
    called = await world.post(
        "/governance/api/meetings",
        world.pm,
        {"at": "2026-04-14T09:00:00+02:00", "place": "Rum 3", "orderer_meeting": "April"},
    )
    path = called.headers["location"].replace("/api", "")
    moved = {"day": "2026-04-15", "time": "10:00", "place": "Rum 9", "reason": "The room was taken"}
    assert (await world.send(f"{path}/move", {**moved, "reason": ""}, world.pm)).status_code == 422
    assert (await world.send(f"{path}/move", moved, world.pm)).status_code == 303
    page = await world.get(path, world.manager)
    assert "Rum 9" in text_of(page)
    assert "Move the meeting" not in page.text
    assert (await world.send(f"{path}/cancel", {"cancel_reason": "Snow"}, world.pm)).status_code == 303
    assert "Cancelled" in text_of(await world.get("/governance/meetings", world.pm))

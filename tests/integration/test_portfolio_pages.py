"""Every step of portfolio can be done, and every view read, in a browser without scripts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.testing import Databases
from portfolio.commands.actions import ACTIONS
from tests.integration.portfolio_world import World, a_world


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened


class Seen(HTMLParser):
    """What a browser and a screen reader meet in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.fields: dict[str, str] = {}
        self.named: list[tuple[str, dict[str, str]]] = []
        self.headings: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if "id" in has:
            self.ids.append(has["id"])
        if tag == "label":
            self.labels.add(has.get("for", ""))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("input", "select", "textarea") and has.get("type") != "hidden":
            self.named.append((tag, has))
        if tag == "input" and has.get("type") in ("hidden", "text", "date", "email") and "name" in has:
            self.fields[has["name"]] = has.get("value", "")


def sound(answer: httpx.Response, status: int = 200) -> Seen:
    """The page is answered, and holds to what WCAG 2.2 asks of its structure."""
    assert answer.status_code == status, answer.text
    seen = Seen(answer.text)
    assert len(seen.ids) == len(set(seen.ids)), "an id stands twice"
    assert all(has.get("id") in seen.labels for _, has in seen.named), "a field without a label"
    assert seen.headings.count(1) == 1
    assert all(below - above <= 1 for above, below in zip(seen.headings, seen.headings[1:], strict=False))
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    return seen


async def fill(world: World, path: str, headers: dict[str, str], **fields: Any) -> httpx.Response:
    """Open the form of a page, fill it in, send it."""
    seen = sound(await world.get(f"/portfolio{path}", headers))
    given = {name: value for name, value in seen.fields.items() if value}
    return await world.submit(path, headers, **{**given, **fields})


async def done(world: World, answer: httpx.Response, headers: dict[str, str]) -> str:
    """The form was taken: the page it leads to, which shows what was written."""
    assert answer.status_code == 303, answer.text
    await world.see()
    page = await world.client.get(answer.headers["location"], headers=headers)
    sound(page)
    return page.text


@pytest.mark.parametrize("language", ["sv", "da", "nb", "en"])
async def test_every_page_is_sound_in_every_language(world: World, language: str) -> None:
    """IT-12, IT-13: the list, the project with each of its forms, the ranking, the rounds and the vote."""
    request_id = await world.a_running_project()
    await world.an_entered_project("Två", "sundby", ("nordvik",))
    await world.an_entered_project("Tre", "nordvik")
    wish = {"title": "Våren", "deadline": "2026-05-01T12:00:00+02:00"}
    round_id = (await world.post("/rounds", world.pm, wish)).json()["id"]
    world.client.cookies.set("flode_language", language)
    lists = ("/", "/?overdue=1&state=under_way", "/?as=board&everything=1", "/?as=timeline", "/totals")
    for path in (*lists, "/mine", "/ranking", "/rounds", "/rounds/new"):
        sound(await world.get(f"/portfolio{path}", world.pm))
    for name in ACTIONS:
        who = world.leader if name in ("report", "talk") else world.pm
        sound(await world.get(f"/portfolio/projects/{request_id}/{name}", who))
    sound(await world.get(f"/portfolio/projects/{request_id}", world.leader))
    sound(await world.get(f"/portfolio/rounds/{round_id}", world.deputy("nordvik")))
    ballot = await world.get(f"/portfolio/rounds/{round_id}/vote/nordvik", world.deputy("nordvik"))
    sound(ballot)
    assert ballot.headers["content-language"] == language


async def test_the_whole_way_of_a_project_goes_by_forms(world: World) -> None:
    """IT-12, IT-16, IT-17, IT-20, IT-22, TY-04, TY-09, TY-23."""
    request_id = await world.an_entered_project()
    await world.approve(request_id)
    at = f"/projects/{request_id}"
    pm, leader = world.pm, world.leader
    await done(world, await fill(world, f"{at}/rank", pm, rank="1", reason="Lagkrav"), pm)
    assigned = await fill(
        world, f"{at}/assign", pm, leader__name="Berit Lund", leader__email=world.email("Berit Lund"),
        leader_kind="it_team", group__0__name="Torsten Vik", group__0__email="torsten.vik@konsult.example",
        group__0__kind="external_consultant", group__0__role="Arkitekt", group__0__organisation="Fjordkonsult",
    )  # fmt: skip
    shown = await done(world, assigned, pm)
    assert "Torsten Vik" in shown
    assert "Fjordkonsult" in shown
    again = (await world.client.get(f"/portfolio{at}/assign", headers=pm)).text
    assert 'value="Torsten Vik"' in again, "the form begins with who is there now"
    assert "sealed:" not in again
    await done(world, await fill(world, f"{at}/release", pm, period="2026H2"), pm)
    passed = await fill(world, f"{at}/gate", leader, gate="BP1", outcome="passed", on="2026-02-25")
    assert "passed 25 Feb 2026<br>" in await done(world, passed, leader), "beside the day it was planned for"
    reported = await fill(
        world, f"{at}/report", leader, cadence="fixed", result="green", time="yellow", cost="red", progress="25",
        **{"spent:number": "100 000,50", "forecast:number": "650 000"}, summary="Upphandlat", next_steps="Bygga",
        risks__0__text="Leverantören dröjer", risks__0__likelihood="4", risks__0__impact="3",
    )  # fmt: skip
    shown = await done(world, reported, leader)
    for said in ("Upphandlat", "Leverantören dröjer", "25\N{NO-BREAK SPACE}%", "Berit Lund"):
        assert said in shown
    assert (await world.row(request_id))["spent"] == "100000.50"
    talked = await fill(world, f"{at}/talk", leader, note="Vill ha e-legitimation")
    assert "Vill ha e-legitimation" in await done(world, talked, leader)
    postponed = await fill(world, f"{at}/postpone", pm, reason="Leverantören dröjer", until="2026-09-01")
    assert "Osvald Beck" in await done(world, postponed, pm)
    await done(world, await fill(world, f"{at}/resume", pm, reason="Nu"), pm)
    await done(world, await fill(world, f"{at}/limit", pm, scope="Bara ansökan", reason="Pengarna räcker inte"), pm)
    await done(world, await fill(world, f"{at}/stop", pm, reason="Lagen ändrades"), pm)
    assert (await world.row(request_id))["state"] == "stopped"


async def test_what_was_written_when_a_session_ended_is_kept_and_sent_again(world: World) -> None:
    """IT-20: a report that took its leader longer than the session is not typed twice, and not reported twice."""
    request_id = await world.a_running_project()
    path = f"/projects/{request_id}/talk"
    written = {"note": 'Vill ha "e-legitimation"\r\noch <en> app', "idempotency_key": "told-once"}
    kept = await world.submit(path, {}, **written)
    assert kept.status_code == 401
    assert "What you wrote is kept on this page" in kept.text
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', kept.text))
    again = {name: unescape(value) for name, value in found.items()}
    assert again == written
    assert f'action="/portfolio{path}"' in kept.text
    await done(world, await world.submit(path, world.leader, **again), world.leader)
    shown = await done(world, await world.submit(path, world.leader, **again), world.leader)
    assert shown.count("e-legitimation") == 1


async def test_a_mistake_is_told_beside_its_field_and_what_was_typed_stays(world: World) -> None:
    """IT-20, IT-16: nothing has to be typed again."""
    request_id = await world.a_running_project()
    path = f"/projects/{request_id}/report"
    wrong = await fill(
        world, path, world.leader, cadence="fixed", result="green", time="green", cost="green", progress="120",
        **{"spent:number": "hundra", "forecast:number": "650 000"}, summary="Det går framåt",
    )  # fmt: skip
    seen = sound(wrong, 422)
    assert {"f-progress-error", "f-spent-error"} <= set(seen.ids)
    assert 'href="#f-spent"' in wrong.text
    assert "Det går framåt" in wrong.text
    assert 'value="hundra"' in wrong.text
    refused = await fill(world, f"/projects/{request_id}/stop", world.pm, reason="")
    assert "f-reason-error" in sound(refused, 422).ids
    again = await fill(
        world, f"/projects/{request_id}/assign", world.pm, leader__name="Tor Alm", leader__email="tor.alm@ekvik.example"
    )
    assert "f-reason-error" in sound(again, 422).ids


async def test_a_form_that_was_overtaken_is_not_taken(world: World) -> None:
    """Somebody decided meanwhile: the page says so, and nothing was done."""
    request_id = await world.an_entered_project()
    path = f"/projects/{request_id}/rank"
    seen = sound(await world.get(f"/portfolio{path}", world.pm))
    await world.post(path, world.pm, {"rank": 3})
    late = await world.submit(path, world.pm, **{**seen.fields, "rank": "9"})
    assert "Somebody changed this meanwhile" in late.text
    sound(late, 412)
    assert (await world.row(request_id))["rank"] == 3


async def test_the_pm_ranks_by_a_form_and_a_number_given_twice_is_told(world: World) -> None:
    """IT-12."""
    one, two = await world.an_entered_project("Ett"), await world.an_entered_project("Två")
    fields = {f"ranks.p{one.hex}": "1", f"ranks.p{two.hex}": "1"}
    wrong = await fill(world, "/ranking", world.pm, **fields)
    assert f"f-ranks-p{two.hex}-error" in sound(wrong, 422).ids
    right = await fill(world, "/ranking", world.pm, **{**fields, f"ranks.p{two.hex}": "2"})
    await done(world, right, world.pm)
    assert [(await world.row(each))["rank"] for each in (one, two)] == [1, 2]


async def test_a_round_is_opened_voted_in_and_closed_by_forms(world: World) -> None:
    """IT-13, IT-15: the page says how each criterion moved a project, and that a deputy voted."""
    one, two = await world.an_entered_project("Ett"), await world.an_entered_project("Två", "sundby", ("nordvik",))
    opened = await fill(
        world, "/rounds/new", world.pm, title="Våren", deadline="2026-05-01T12:00",
        **{"candidates:list": [str(one), str(two)], "weights.time:number": "2,5"},
    )  # fmt: skip
    await done(world, opened, world.pm)
    round_path = httpx.URL(opened.headers["location"]).path.removeprefix("/portfolio")
    deputy = world.deputy("nordvik")
    half = await fill(world, f"{round_path}/vote/nordvik", deputy, **{f"scores.p{one.hex}.time": "3"})
    assert f"f-scores-p{one.hex}-economy-error" in sound(half, 422).ids
    whole = {f"scores.p{each.hex}.{key}": "3" for each in (one, two) for key in ("time", "economy", "cooperation")}
    voted = await fill(world, f"{round_path}/vote/nordvik", deputy, deputy_for__name="Chef Nordvik",
                       deputy_for__email="chef.nordvik@nordvik.example", **whole)  # fmt: skip
    assert "deputy for Chef Nordvik" in await done(world, voted, deputy)
    ballot = (await world.get(f"/portfolio{round_path}/vote/ekvik", world.manager("ekvik"))).text
    assert f"projects/{one}" in ballot, "its own project can be read"
    assert f"projects/{two}" not in ballot, "another's leads nowhere, rather than to a page that says it is not there"
    again = (await world.get(f"/portfolio{round_path}/vote/nordvik", deputy)).text
    assert again.count('value="3" checked') == 6, "the vote that stands is filled in"
    higher = {**whole, f"scores.p{one.hex}.time": "5"}
    assert "has voted already" in (await fill(world, f"{round_path}/vote/nordvik", deputy, **higher)).text
    changed = await fill(world, f"{round_path}/vote/nordvik", deputy, action="instead", **higher)
    assert "Done. What you did is saved" in await done(world, changed, deputy)
    votes = (await world.get(f"/portfolio/api{round_path}/votes", deputy)).json()
    assert votes["nordvik"]["scores"][str(one)]["time"] == 5
    taken_back = await world.submit(f"{round_path}/withdraw/nordvik", deputy)
    await done(world, taken_back, deputy)
    await done(world, await fill(world, f"{round_path}/vote/nordvik", world.manager("nordvik"), **whole), world.pm)
    silent = await fill(world, f"{round_path}/vote/sundby", world.manager("sundby"), **{"abstained:flag": "1"})
    await done(world, silent, world.pm)
    closed = await done(world, await world.submit(f"{round_path}/close", world.pm), world.manager("ekvik"))
    for said in ("How it came out", "because it serves several", "(abstained)", "3,22", "How Nordvik voted"):
        assert said in closed
    assert ((await world.row(two))["rank"], (await world.row(one))["rank"]) == (1, 2)


async def test_nobody_is_offered_what_they_may_not_do(world: World) -> None:
    """IT-16, IT-20: the page offers what the reader could do of the project as it stands, and the rest is refused."""
    request_id = await world.a_running_project()
    page = f"/portfolio/projects/{request_id}"
    offered = {
        who: set(re.findall(rf'href="{page}/(\w+)"', (await world.get(page, headers)).text))
        for who, headers in [("pm", world.pm), ("leader", world.leader), ("manager", world.manager("ekvik"))]
    }
    assert offered["leader"] == {"report", "gate", "talk"}
    assert offered["manager"] == set()
    assert offered["pm"] == set(ACTIONS) - {"report", "talk", "resume"}
    refused = await world.submit(f"/projects/{request_id}/stop", world.manager("ekvik"), reason="Jag vill inte")
    assert refused.status_code == 403
    assert "Only the PM does this" in refused.text
    assert (await world.client.get("/portfolio/", follow_redirects=False)).headers["location"].startswith("/sign-in")


async def test_the_list_is_filtered_by_its_address(world: World) -> None:
    """IT-12."""
    await world.a_running_project("Pågår")
    await world.an_entered_project("Nytt", "sundby", ("nordvik",))
    for query, titles in [
        ("", {"Pågår", "Nytt"}),
        ("state=under_way", {"Pågår"}),
        ("serves=nordvik", {"Nytt"}),
        ("health=red", set()),
        ("overdue=1", set()),
        ("state=nonsense", set()),
        ("q=ytt", {"Nytt"}),
        ("q=%25", set()),
        ("mine=1", set()),
        ("everything=1&sort=-title", {"Pågår", "Nytt"}),
        ("as=board&q=PÅGÅ", {"Pågår"}),
        ("as=timeline&serves=nordvik", {"Nytt"}),
        ("page=7", {"Pågår", "Nytt"}),
    ]:
        page = (await world.get(f"/portfolio/?{query}", world.pm)).text
        assert {title for title in ("Pågår", "Nytt") if f">{title}</a>" in page} == titles, query


async def test_a_list_is_ordered_and_paged_in_the_database(world: World) -> None:
    """The pages together hold every project once, and each says how many there are in all."""
    titles = [f"Projekt {number:02}" for number in range(45)]
    for title in titles:
        await world.an_entered_project(title)
    pages = [(await world.get(f"/portfolio/?sort=-title&page={number}", world.pm)).text for number in (1, 2)]
    found = [re.findall(r">(Projekt \d\d)</a>", page) for page in pages]
    assert [title for page in found for title in page] == titles[::-1]
    assert all("45 projects" in page and "sort=-title&amp;page=" in page for page in pages)


async def test_a_timeline_tells_a_project_once_for_each_municipality_it_serves(world: World) -> None:
    """IT-15."""
    await world.an_entered_project("Gemensamt", "sundby", ("nordvik",))
    page = await world.get("/portfolio/?as=timeline", world.pm)
    assert page.text.count(">Gemensamt</a>") == 2
    assert re.findall(r'class="group">Serves (\w+)', page.text) == ["Nordvik", "Sundby"]


async def test_a_person_names_a_view_and_finds_it_again_and_nobody_else_does(world: World) -> None:
    query = "as=board&serves=nordvik"
    seen = sound(await world.get(f"/portfolio/?{query}", world.pm))
    named = await world.submit("/saved", world.pm, **{**seen.fields, "name": "Nordviks tavla"})
    assert named.status_code == 303, named.text
    address = named.headers["location"]
    assert set(address.partition("?")[2].split("&")) == set(query.split("&"))
    listed = (await world.get("/portfolio/", world.pm)).text
    assert ">Nordviks tavla</a>" in listed
    assert address.replace("&", "&amp;") in listed
    for other in (world.leader, world.manager("ekvik"), world.manager("nordvik")):
        assert "Nordviks tavla" not in (await world.get("/portfolio/", other)).text
    removal = re.findall(r'action="/portfolio(/saved/[0-9a-f-]+/remove)"', listed)
    await world.submit(removal[0], world.manager("ekvik"))
    assert ">Nordviks tavla</a>" in (await world.get("/portfolio/", world.pm)).text
    await world.submit(removal[0], world.pm)
    assert "Nordviks tavla" not in (await world.get("/portfolio/", world.pm)).text


async def test_a_view_without_a_name_is_told_beside_its_field(world: World) -> None:
    wrong = await world.submit("/saved", world.pm, address="health=red", name=" ")
    assert "f-name-error" in sound(wrong, 422).ids
    assert "health=red" in wrong.text
    assert (await world.here.db.worker.fetchval("SELECT count(*) FROM saved_views")) == 0


async def test_a_story_is_narrowed_by_its_address(world: World) -> None:
    """TY-06: the directive's version stands in it, with a way to it."""
    request_id = await world.a_running_project()
    whole = (await world.get(f"/portfolio/projects/{request_id}", world.pm)).text
    for said in (
        "Version 1 of the directive was approved",
        "Version 1 of the plan",
        "Assigned to Berit Lund",
        "Rank 1",
    ):
        assert said in whole
    ranks = await world.get(f"/portfolio/projects/{request_id}?kind=ranks", world.pm)
    sound(ranks)
    assert "Rank 1" in ranks.text
    assert "Assigned to Berit Lund" not in ranks.text


async def test_whoever_comes_from_a_like_request_finds_it_chosen(world: World) -> None:
    """IT-15."""
    one, two = await world.an_entered_project("Ett"), await world.an_entered_project("Två", "sundby")
    form = await world.get(f"/portfolio/projects/{one}/join?other={two}", world.pm)
    sound(form)
    assert f'<option value="{two}" selected>' in form.text

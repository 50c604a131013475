"""Lists of projects that grow long: they are shown page by page, and forms over them keep what was chosen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chassis.db import Database
from chassis.testing import Databases
from chassis.views import tables
from portfolio.views import found
from tests.integration.portfolio_world import World, a_world


@pytest.fixture
async def world(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(databases, tmp_path) as opened:
        yield opened


async def test_a_long_queue_is_ranked_page_by_page(world: World) -> None:
    """IT-12."""
    ids = {title: await world.an_entered_project(title) for title in (f"Nr {number:02}" for number in range(53))}
    first = (await world.get("/portfolio/ranking", world.pm)).text
    second = (await world.get("/portfolio/ranking?page=2", world.pm)).text
    listed = [re.findall(r">\s*(Nr \d\d)\s*<", page) for page in (first, second)]
    assert [len(each) for each in listed] == [50, 3]
    assert sorted(listed[0] + listed[1]) == sorted(ids)
    assert "53 projects" in second
    assert 'action="/portfolio/ranking?page=2"' in second
    key = f"ranks.p{ids[listed[1][0]].hex}"
    wrong = await world.submit("/ranking?page=2", world.pm, **{key: "first"})
    assert wrong.status_code == 422
    assert listed[1][0] in wrong.text, "what was wrong stands on the page it was written on"
    done = await world.submit("/ranking?page=2", world.pm, **{key: "1"})
    assert done.status_code == 303
    assert (await world.row(ids[listed[1][0]]))["rank"] == 1


async def test_candidates_are_looked_for_and_those_ticked_stay(world: World) -> None:
    """IT-13: a round may have candidates from anywhere in a long queue."""
    ids = {title: await world.an_entered_project(title) for title in (f"Nr {number:02}" for number in range(53))}
    page = (await world.get("/portfolio/rounds/new", world.pm)).text
    away = next(title for title in ids if str(ids[title]) not in page)
    there = next(title for title in ids if str(ids[title]) in page)
    await world.see()
    found = await world.submit(
        "/rounds/new", world.pm,
        **{"title": "Våren", "find": away, "candidates:list": [str(ids[there])], "action": "find"},
    )  # fmt: skip
    assert found.status_code == 200
    boxes = dict(re.findall(r'value="([0-9a-f-]{36})"( checked)?', found.text))
    assert set(boxes) >= {str(ids[there]), str(ids[away])}
    assert len(boxes) == 2
    assert (bool(boxes[str(ids[there])]), bool(boxes[str(ids[away])])) == (True, False)
    assert 'value="Våren"' in found.text


async def test_the_project_to_join_with_is_looked_for_where_there_are_many(world: World) -> None:
    """IT-15."""
    ids = {title: await world.an_entered_project(title) for title in (f"Nr {number:02}" for number in range(53))}
    join = f"/projects/{ids['Nr 07']}/join"
    page = (await world.get(f"/portfolio{join}", world.pm)).text
    assert str(ids["Nr 07"]) not in re.findall(r'<option value="([^"]*)"', page), "none is joined with itself"
    away = next(title for title in ids if str(ids[title]) not in page)
    there = next(title for title in ids if f'<option value="{ids[title]}"' in page)
    await world.see()
    found = await world.submit(
        join, world.pm, other=str(ids[there]), reason="Lika", find=away, action="find"
    )  # fmt: skip
    assert found.status_code == 200
    offered = re.findall(r'<option value="([0-9a-f-]{36})"( selected)?', found.text)
    assert {key: bool(chosen) for key, chosen in offered} == {str(ids[there]): True, str(ids[away]): False}
    assert "Lika" in found.text


async def test_programs_read_a_long_list_on_from_where_each_answer_ended(world: World) -> None:
    ids = [str(await world.an_entered_project(f"Nr {number:02}")) for number in range(53)]
    await world.see()
    read: list[str] = []
    sizes: list[int] = []
    path: str | None = "/portfolio/api/projects?everything=true"
    while path:
        answer = await world.get(path, world.pm)
        assert answer.status_code == 200
        sizes.append(len(answer.json()))
        read += [row["request_id"] for row in answer.json()]
        path = answer.links.get("next", {}).get("url")
    assert (sizes, sorted(read)) == ([25, 25, 3], sorted(ids))
    few = await world.get("/portfolio/api/projects?limit=2", world.pm)
    assert [row["request_id"] for row in few.json()] == read[:2]
    assert "limit=2" in few.links["next"]["url"]
    assert (await world.get("/portfolio/api/projects?limit=201", world.pm)).status_code == 422
    lost = await world.get("/portfolio/api/projects?mark=nonsense", world.pm)
    assert lost.status_code == 422
    assert lost.json()["errors"][0]["field"] == "mark"


async def test_rounds_are_listed_with_their_pages(world: World) -> None:
    page = await world.get("/portfolio/rounds?page=3", world.pm)
    assert page.status_code == 200
    assert "There has been no prioritisation round yet." in page.text


@dataclass(frozen=True)
class Explained:
    """Stands for the view of projects; keeps how PostgreSQL goes about what is asked of it."""

    plans: list[str]

    async def query(self, db: Database, sql: str, *arguments: Any, scope: Iterable[str]) -> list[dict[str, Any]]:
        async with db.scoped(scope) as connection:
            for way in ("seqscan", "bitmapscan"):
                await connection.execute(f"SET LOCAL enable_{way} = off")
            table = await tables.live(connection, "projects")
            plan = await connection.fetch("EXPLAIN " + sql.format(table=table.quoted), *arguments)
        self.plans.append("\n".join(line[0] for line in plan))
        return []


@pytest.mark.parametrize(
    "wanted",
    [
        found.Wanted(),
        found.Wanted(everything=True),
        found.Wanted(state="ongoing", health="red"),
        found.Wanted(serves="lindmala", release="2027H1", overdue=True),
    ],
    ids=repr,
)
async def test_projects_are_counted_without_being_read(
    world: World, wanted: found.Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand of them are summed up in an index that has all it takes, row-level security included."""
    await world.an_entered_project("Bygglov")
    explained = Explained([])
    monkeypatch.setattr(found, "view", explained)
    scope = frozenset({"lindmala"})
    await found.counts(world.here.db, wanted, scope=scope)
    assert "Index Only Scan" in explained.plans[-1]
    await found.by_served(world.here.db, wanted, scope=scope, limit=30, skip=0)
    assert "Index Only Scan" in explained.plans[-1]

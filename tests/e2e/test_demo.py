"""`make demo`, with a handful of the year's requests: what is told happens, at its time, and once."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from contracts.catalogue import SERVICES
from embedded.demo import play
from embedded.demo.cast import Cast
from embedded.demo.tales import Tales
from embedded.people import People
from embedded.postgres import Postgres
from embedded.processes import free_port
from embedded.testing import temporary_folder
from tests.e2e.installation import Installation, until

TALES = Tales.read().only("bygglov", "bygglov-2", "passage", "mfa", "museum", "parkering", "tastatur")
"""One that is done, one merged with it, one the CAB stops, one whose leader falls silent, one that is returned to the
PM, one that waits, and a change."""


@pytest.fixture(scope="module")
def demo() -> Iterator[Installation]:
    """An installation that was started for the demo, which has been played."""
    folder = temporary_folder("demo")
    demo = Installation(folder / "data", free_port(), {"FLODE_DEMO": "on"})
    try:
        demo.up()
        play(demo.home, TALES)
        yield demo
    finally:
        demo.flode("down")
        demo.http.close()
    shutil.rmtree(folder)


def cast_of(demo: Installation) -> Cast:
    return Cast(TALES, demo.partnership)


def token(demo: Installation, email: str) -> dict[str, str]:
    """The headers of somebody who signs in with the one password there is."""
    said = {"grant_type": "password", "username": email, "password": demo.home.secret("demo-password")}
    answer = demo.http.post("/token", data=said)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def all_projects(demo: Installation, headers: dict[str, str]) -> list[dict[str, Any]]:
    """The projects as the API lists them, answer by answer."""
    rows: list[dict[str, Any]] = []
    path: str | None = "/portfolio/api/projects?everything=true"
    while path:
        answer = demo.http.get(path, headers=headers)
        rows += answer.json()
        path = answer.links.get("next", {}).get("url")
    return rows


def facts(demo: Installation) -> Counter[str]:
    """How many facts each service has written down, once what follows from the last of them is written down too."""
    seen: list[Counter[str]] = []

    def settled() -> bool:
        seen.append(_facts(demo))
        time.sleep(0.7)
        return seen[-2:-1] == seen[-1:]

    until(settled, what="nothing more follows")
    return seen[-1]


def _facts(demo: Installation) -> Counter[str]:
    server = Postgres(demo.home.postgres, port=demo.processes()["postgres"]["port"], log=demo.home.logs / "x")

    async def count(service: str) -> int:
        connection = await asyncpg.connect(server.dsn(f"flode_{service}"))
        try:
            return int(await connection.fetchval("SELECT count(*) FROM events"))
        finally:
            await connection.close()

    return Counter({service: asyncio.run(count(service)) for service in SERVICES})


def test_the_year_lies_in_the_past_and_stands_in_the_portfolio(demo: Installation) -> None:
    pm = token(demo, cast_of(demo).pm.email)
    rows = {row["title"]: row for row in all_projects(demo, pm)}
    states = {title.split()[0]: row["state"] for title, row in rows.items()}
    assert states == {
        "E-tjänst": "completed", "Passagesystem": "stopped", "Säkrare": "under_way", "Billetsalg": "entered"
    }  # fmt: skip
    now = datetime.now(UTC)
    entered = sorted(datetime.fromisoformat(row["entered_at"]) for row in rows.values())
    assert (now - entered[0]).days > 330
    assert entered[-1] < now
    assert rows["Säkrare inloggning för alla medarbetare"]["overdue"] == ["short", "fixed"]


def test_views_can_be_asked_as_of_a_day_of_the_year(demo: Installation) -> None:
    pm = token(demo, cast_of(demo).pm.email)
    rows = all_projects(demo, pm)
    stopped = next(row for row in rows if row["state"] == "stopped")
    told = demo.command("replay", stopped["request_id"], "--as-of", stopped["entered_at"])
    assert "EnteredPortfolio" in told.output
    assert "ProjectStopped" not in told.output
    assert "ProjectStopped" in demo.command("replay", stopped["request_id"]).output


def test_everybody_signs_in_with_a_password_that_was_made_here(demo: Installation) -> None:
    people = People(demo.home.people)
    assert {each.email for each in people.everyone()} == {each.email for each in cast_of(demo).everyone}
    assert all(each.ready for each in people.everyone())
    for who in (cast_of(demo).operator, cast_of(demo).manager("fjellvaag")):
        assert token(demo, who.email)
    assert demo.home.secret_file("demo-password").stat().st_mode & 0o077 == 0


def test_told_again_it_adds_nothing_and_told_of_as_played_it_is_not_told(
    demo: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    before = facts(demo)
    assert min(before.values()) > 5
    play(demo.home, TALES)
    assert "Playing" not in capsys.readouterr().out
    kept: Path = demo.home.root / "demo.json"
    kept.write_text(json.dumps({"ends": json.loads(kept.read_text())["ends"]}))
    play(demo.home, TALES)
    assert "The year is over" in capsys.readouterr().out
    assert facts(demo) == before

"""The agenda as the database builds it is the one that the rows' own reasons make (IT-21)."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

import pytest

from chassis.db import Database
from chassis.testing import NOON, Databases, a_database
from chassis.views import tables
from contracts.values import Gate
from governance.views import agenda
from governance.views.agenda import FIRST, CandidateRow

GATES: tuple[tuple[Literal["BP1", "BP2"], ...], ...] = ((), (), ("BP1",), ("BP1", "BP2"))
SINCE, BEFORE = NOON - timedelta(days=30), (NOON + timedelta(days=14)).date()


def a_project(chance: random.Random) -> CandidateRow:
    """A project of which any of the reasons may hold."""

    def some_time() -> datetime | None:
        return chance.choice((None, None, None, NOON - timedelta(days=chance.choice((1, 29, 31, 90)))))

    return CandidateRow(
        request_id=UUID(int=chance.getrandbits(128), version=4),
        municipality="tallvik",
        title=f"Nr {chance.randrange(1000)}",
        entered_at=NOON - timedelta(days=chance.choice((5, 60, 400)), seconds=chance.randrange(100_000)),
        changed_at=NOON,
        rank=chance.choice((None, chance.randrange(9))),
        ranked_at=some_time(),
        health=chance.choice(((), ("green",) * 3, ("green", "green", "green"), ("green", "yellow", "red"))),
        worsened_at=some_time(),
        overdue_since=some_time(),
        gates=tuple(
            Gate(key=key, on=BEFORE + timedelta(days=chance.choice((-9, 0, 9))), decision="Håller planen?")
            for key in chance.choice(GATES)
        ),
        stopped_at=some_time(),
        postponed_at=some_time(),
    )


def in_words(rows: list[CandidateRow], since: datetime | None, before: date) -> list[tuple[UUID, tuple[str, ...]]]:
    """The agenda, from the reasons of every row."""
    found = [(row, why) for row in rows if (why := agenda.reasons(row, since=since, before=before))]
    found.sort(
        key=lambda each: (FIRST.index(each[1][0]), each[0].rank is None, each[0].rank or 0, each[0].entered_at)
    )  # fmt: skip
    return [(row.request_id, why) for row, why in found]


@pytest.mark.parametrize("since", [SINCE, None])
async def test_the_agenda_is_what_there_are_reasons_for_the_most_urgent_first(
    databases: Databases, since: datetime | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(11)
    rows = [a_project(chance) for _ in range(200)]
    async with Database(*a_database(databases, "governance")) as db:
        async with db.work() as connection:
            table = await tables.ensure_live(connection, agenda.view)
            await tables.write_rows(connection, agenda.view, table, {row.request_id: row for row in rows})
        few = await agenda.items(db, since=since, before=BEFORE, scope=["tallvik"])
        monkeypatch.setattr(agenda, "MOST", 1000)
        everything = await agenda.items(db, since=since, before=BEFORE, scope=["tallvik"])
    meant = in_words(rows, since, BEFORE)
    assert [(item.request_id, item.reasons) for item in everything] == meant
    assert {why[0] for _, why in meant} == set(FIRST) - {"asked_for"}
    assert list(few) == list(everything[:50]), "the others can be put on it by hand"

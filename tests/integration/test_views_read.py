"""How a view's table is read: page by page, and by the indexes that its view declares, whenever it came to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from chassis.db import Database
from chassis.testing import NOON, Databases, a_database
from chassis.views import NoMark, indexes, onward, tables
from tests.integration.flow import Counted, counted

STATE = "state, title"


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    async with Database(*a_database(databases, "intake")) as opened:
        yield opened


async def rows_in(db: Database, many: int, municipality: str = "tallvik") -> list[UUID]:
    """A live table with so many rows of a municipality more."""
    view = counted()
    made = {
        one: Counted(
            request_id=one, municipality=municipality, title=f"Nr {number:03}", events=1, state="new", changed_at=NOON
        )
        for number, one in enumerate(uuid4() for _ in range(many))
    }
    async with db.work() as connection:
        table = await tables.ensure_live(connection, view)
        await tables.write_rows(connection, view, table, {**made})
    return list(made)


async def test_pages_hold_every_row_once_and_say_how_many_there_are(db: Database) -> None:
    await rows_in(db, 45)
    await rows_in(db, 7, "elvehavn")
    pages = [
        await counted().page(db, order="title, request_id", scope=["tallvik"], number=number, on_each=20)
        for number in (1, 2, 3, 9)
    ]
    assert [row.title for page in pages[:3] for row in page.rows] == [f"Nr {number:03}" for number in range(45)]
    assert [(page.number, page.last, page.total) for page in pages] == [(1, 3, 45), (2, 3, 45), (3, 3, 45), (3, 3, 45)]
    assert pages[3] == pages[2], "after the last page there is none"


async def test_a_list_without_rows_has_one_empty_page(db: Database) -> None:
    await rows_in(db, 3)
    page = await counted().page(db, order="title", scope=[], number=2)
    assert (page.rows, page.number, page.last, page.total) == ([], 1, 1, 0)


async def everything(db: Database, order: str, limit: int) -> list[list[Counted]]:
    """A list, answer by answer."""
    found: list[list[Counted]] = []
    mark: str | None = None
    while mark or not found:
        some = await counted().stretch(
            db, "events = $1", 1, order=order, scope=["tallvik", "elvehavn"], limit=limit, mark=mark
        )  # fmt: skip
        found.append(some.rows)
        mark = some.mark
    return found


ORDERS = (
    "request_id",
    "municipality DESC, title, request_id",
    "(CASE WHEN title > 'Nr 010' THEN title END) NULLS LAST, changed_at DESC, request_id",
    "(CASE WHEN title > 'Nr 010' THEN title END) DESC NULLS LAST, title DESC, request_id",
    "(CASE WHEN title > 'Nr 010' THEN title END) DESC, (title = 'Nr 002'), request_id",
)


@pytest.mark.parametrize("order", ORDERS)
async def test_who_reads_on_from_where_an_answer_ended_reads_every_row_once_in_order(db: Database, order: str) -> None:
    await rows_in(db, 23)
    await rows_in(db, 8, "elvehavn")
    ((*whole,),) = await everything(db, order, 100)
    assert len(whole) == 31
    for limit in (1, 4, 30, 31):
        parts = await everything(db, order, limit)
        assert [len(part) for part in parts[:-1]] == [limit] * (len(parts) - 1)
        assert [row for part in parts for row in part] == whole


async def test_what_is_new_before_a_mark_moves_nothing_after_it(db: Database) -> None:
    await rows_in(db, 4)
    some = await counted().stretch(db, order="title, request_id", scope=["tallvik"], limit=2)
    await rows_in(db, 1)
    rest = await counted().stretch(db, order="title, request_id", scope=["tallvik"], limit=9, mark=some.mark)
    assert [row.title for row in (*some.rows, *rest.rows)] == [f"Nr {number:03}" for number in range(4)]
    assert rest.mark is None


async def test_rows_that_are_large_come_in_answers_that_are_not(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await rows_in(db, 5)
    monkeypatch.setattr(onward, "MOST_BYTES", 500)  # a row has some two hundred
    assert [len(part) for part in await everything(db, "title, request_id", 5)] == [2, 2, 1]
    monkeypatch.setattr(onward, "MOST_BYTES", 10)
    assert [len(part) for part in await everything(db, "title, request_id", 5)] == [1, 1, 1, 1, 1]


@pytest.mark.parametrize("mark", ["nonsense", "e30x", "WzFd", "eyJ0aXRsZSI6InQiLCJyZXF1ZXN0X2lkIjoibm8ifQ"])
async def test_what_is_no_mark_is_refused(db: Database, mark: str) -> None:
    await rows_in(db, 2)
    with pytest.raises(NoMark):
        await counted().stretch(db, order="title, request_id", scope=["tallvik"], limit=2, mark=mark)


async def test_an_index_that_a_view_comes_to_declare_is_made_without_a_rebuild(db: Database) -> None:
    await rows_in(db, 5)
    wanting = replace(counted(), indexes=(*counted().indexes, STATE, "lower(title), (state <> 'waiting')"))
    assert await indexes.complete(db, counted()) == []
    assert await indexes.complete(db, wanting) == [STATE, "lower(title), (state <> 'waiting')"]
    assert await indexes.complete(db, wanting) == [], "they are there now"
    told = await db.worker.fetch(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'views' AND indexdef LIKE '%lower%'"
    )
    assert len(told) == 1


async def test_an_index_that_was_broken_off_is_made_anew(db: Database) -> None:
    await rows_in(db, 5)
    wanting = replace(counted(), indexes=(*counted().indexes, "title"))
    await indexes.complete(db, wanting)
    async with db.work() as connection:
        table = await tables.live(connection, wanting.name)
        # What CREATE INDEX CONCURRENTLY leaves that fails on its way: a unique index of what is not unique.
    with pytest.raises(Exception, match="could not create unique index"):
        await db.worker.execute(f"CREATE UNIQUE INDEX CONCURRENTLY ON {table.quoted} (state)")
    halves = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    assert await db.worker.fetchval(halves) == 1
    assert await indexes.complete(db, wanting) == []
    assert await db.worker.fetchval(halves) == 0


async def test_two_processes_that_start_at_once_make_an_index_once(db: Database) -> None:
    await rows_in(db, 5)
    wanting = replace(counted(), indexes=(*counted().indexes, STATE))
    made = await asyncio.gather(*(indexes.complete(db, wanting) for _ in range(4)))
    assert [each for some in made for each in some] == [STATE]

"""A page is told that a view moved: at once when it missed something, seldom when much happens, and nobody unasked."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from chassis.web import create_app
from chassis.web.deps import Deps
from chassis.web.live import Live, Pace, TooManyWatch
from contracts.refusal import NotFound

Headers = Callable[..., dict[str, str]]
EBBA, OLE = UUID(int=1), UUID(int=2)
QUICK = Pace(look=0.05, beat=0.1, lasts=0.3)
PATIENT = Pace(look=0.05, beat=0.1, lasts=60)
"""For streams that are ended by what they say, however busy the machine is."""
BEDS = "/garden/live?views=beds"


class Garden:
    """A database whose views move when they are told to."""

    def __init__(self, **marks: str) -> None:
        self.marks, self.looks = marks, 0

    async def read(self) -> dict[str, str]:
        self.looks += 1
        return dict(self.marks)


def a_live(garden: Garden, pace: Pace = QUICK) -> Live:
    return Live(garden.read, ("beds", "weeds"), pace=pace)


async def events(
    live: Live, seen: str | None = None, views: tuple[str, ...] = ("beds",), *, enough: int = 0
) -> list[tuple[str, str, str]]:
    """What a stream says until it ends, or has said enough: each event's kind, id and data."""
    said = ""
    async for piece in live.told(EBBA, views, seen):
        said += piece
        if enough and said.count("event: ") >= enough:
            live.end()
    return re.findall(r"event: (\w+)\nid: (.*)\ndata: (.*)\n\n", said)


async def test_a_page_that_is_up_to_date_hears_so_and_then_of_every_move() -> None:
    garden = Garden(beds="1", weeds="7")

    async def grow() -> None:
        await asyncio.sleep(0.12)
        garden.marks["beds"] = "2"

    told, _ = await asyncio.gather(events(a_live(garden, PATIENT), "1", enough=2), grow())
    assert told == [("same", "1", "beds"), ("moved", "2", "beds")]


@pytest.mark.parametrize(
    ("seen", "kind", "moved"),
    [
        ("1.7", "same", "beds,weeds"),
        ("1.6", "moved", "weeds"),
        ("0.6", "moved", "beds,weeds"),
        ("x", "moved", "beds,weeds"),
    ],
)
async def test_who_comes_again_hears_at_once_what_moved_since(seen: str, kind: str, moved: str) -> None:
    told = await events(a_live(Garden(beds="1", weeds="7")), seen, ("beds", "weeds"))
    assert told == [(kind, "1.7", moved)]


async def test_much_that_happens_is_told_seldom() -> None:
    garden = Garden(beds="0", weeds="7")
    began = time.monotonic()

    async def grow() -> None:
        number = 0
        while True:
            garden.marks["beds"] = str(number := number + 1)
            await asyncio.sleep(0.004)

    growing = asyncio.create_task(grow())
    told = await events(a_live(garden, PATIENT), "0", enough=4)
    growing.cancel()
    looks_at_most = 2 + (time.monotonic() - began) / PATIENT.look
    assert len(told) == 4
    assert garden.looks <= looks_at_most


async def test_all_streams_share_one_look_and_nobody_looks_when_nobody_watches() -> None:
    garden = Garden(beds="1", weeds="7")
    live = a_live(garden)
    await asyncio.gather(*(events(live) for _ in range(20)))
    looks = garden.looks
    assert looks <= 20 + QUICK.lasts / QUICK.look
    await asyncio.sleep(3 * QUICK.look)
    assert garden.looks == looks


async def test_a_silent_stream_says_that_it_is_there() -> None:
    live, silent = a_live(Garden(beds="1"), PATIENT), 0
    async for piece in live.told(EBBA, ("beds",), None):
        silent += piece == ": still here\n\n"
        if silent == 2:
            live.end()
    assert silent == 2


async def test_streams_end_when_the_server_stops() -> None:
    live = a_live(Garden(beds="1"), Pace())
    watching = asyncio.create_task(events(live))
    await asyncio.sleep(0.05)
    live.end()
    await asyncio.wait_for(watching, 60)  # it would last ten minutes


async def test_nobody_takes_the_streams_of_all_and_there_are_so_many() -> None:
    live = a_live(Garden(beds="1"), replace(QUICK, most=3, most_each=2))
    watching = [asyncio.create_task(events(live)) for _ in range(2)]
    await asyncio.sleep(0.05)
    with pytest.raises(TooManyWatch):
        live.answer(EBBA, ("beds",), None)
    live.answer(OLE, ("beds",), None)
    await asyncio.gather(*watching)
    live.answer(EBBA, ("beds",), None)


async def test_only_views_of_the_service_can_be_watched() -> None:
    with pytest.raises(NotFound):
        a_live(Garden()).answer(EBBA, ("persons",), None)


@asynccontextmanager
async def served(here: Deps, package: str, live: Live) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app("garden", package, (), here, live=live))
    async with httpx.AsyncClient(transport=transport, base_url="https://flode.example") as client:
        yield client


@pytest.fixture
async def watched(client: httpx.AsyncClient, garden_package: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    here: Deps = transport.app.state.here  # type: ignore[attr-defined]  # it is our application
    async with served(here, garden_package, a_live(Garden(beds="2", weeds="7"))) as client:
        yield client


async def test_a_stream_goes_on_where_it_was_cut(watched: httpx.AsyncClient, as_: Headers) -> None:
    cut = await watched.get(f"{BEDS}&from=2", headers={**as_("pm"), "Last-Event-ID": "1"})
    assert cut.headers["content-type"].startswith("text/event-stream")
    assert cut.headers["cache-control"] == "no-store"
    assert "event: moved\nid: 2\ndata: beds" in cut.text
    assert "event: same\nid: 2" in (await watched.get(f"{BEDS}&from=2", headers=as_("pm"))).text


async def test_who_is_not_signed_in_is_told_nothing(watched: httpx.AsyncClient, as_: Headers) -> None:
    assert (await watched.get(BEDS)).status_code == 401
    assert (await watched.get("/garden/live?views=persons", headers=as_("pm"))).status_code == 404


async def test_who_is_one_too_many_is_told_when_to_come_again(
    watched: httpx.AsyncClient, as_: Headers, garden_package: str
) -> None:
    here: Deps = watched._transport.app.state.here  # type: ignore[attr-defined]  # it is our application
    async with served(here, garden_package, a_live(Garden(beds="2"), replace(QUICK, most=0))) as full:
        refused = await full.get(BEDS, headers=as_("pm"))
    assert refused.status_code == 503
    assert refused.headers["retry-after"]

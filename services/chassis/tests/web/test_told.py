"""Only a demo's process lets callers say when it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import httpx
from fastapi import APIRouter

from chassis.clock import Clock, SetClock, ToldClock
from chassis.testing import NOON
from chassis.web import Deps, Here, create_app
from chassis.web.told import AT_HEADER

SPRING = NOON - timedelta(days=200)
router = APIRouter()


@router.get("/garden/api/time")
async def tell(here: Here) -> str:
    return here.clock.now().isoformat()


@asynccontextmanager
async def a_process(client: httpx.AsyncClient, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    here: Deps = cast(Any, client._transport).app.state.here
    app = create_app("garden", "garden", (router,), replace(here, clock=clock))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://flode.example") as other:
        yield other


async def test_a_demo_believes_who_says_when_it_is_and_says_so(client: httpx.AsyncClient) -> None:
    async with a_process(client, ToldClock(SetClock(NOON))) as demo:
        told = await demo.get("/garden/api/time", headers={AT_HEADER: SPRING.isoformat()})
        assert told.json() == SPRING.isoformat()
        later = await demo.get("/garden/api/time")
    assert later.json() == told.headers[AT_HEADER] == SPRING.isoformat()


async def test_every_other_process_goes_by_its_own_clock(client: httpx.AsyncClient) -> None:
    async with a_process(client, SetClock(NOON)) as process:
        told = await process.get("/garden/api/time", headers={AT_HEADER: SPRING.isoformat()})
    assert told.json() == NOON.isoformat()
    assert AT_HEADER not in told.headers


async def test_a_time_that_cannot_be_read_is_refused_in_plain_words(client: httpx.AsyncClient) -> None:
    async with a_process(client, ToldClock(SetClock(NOON))) as demo:
        told = await demo.get("/garden/api/time", headers={AT_HEADER: "last spring"})
    assert told.status_code == 422
    assert told.json()["errors"][0]["field"] == AT_HEADER

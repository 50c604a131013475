"""Calls to other people's systems: where they may lead, and when a system is left alone."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from chassis import outward as module
from chassis.outbox import GiveUp, Retry
from chassis.outward import FAILURES, LONGEST_WAIT, NotThere, Outward, Remote, basic, refuse_inward, wait_of


@pytest.fixture
def statuses() -> list[int]:
    """What the system answers, one after the other; 200 when nothing is left."""
    return []


@pytest.fixture
async def url(statuses: list[int]) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        said = {"path": request.path_qs, "by": request.headers.get("Authorization"), "body": await request.text()}
        return web.json_response(said, status=statuses.pop(0) if statuses else 200)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def to(*hosts: str) -> Outward:
    return Outward(municipality="tallvik", hosts=hosts, breakers={})


async def test_a_remote_says_who_asks_and_for_what(url: str) -> None:
    remote = Remote(to("127.0.0.1"), url + "/", basic("flode", "hemligt åäö"))
    got = (await remote.get("/api/tickets", query="Räksmörgås & mer")).json()
    assert got["path"] == "/api/tickets?query=R%C3%A4ksm%C3%B6rg%C3%A5s+%26+mer"
    assert got["by"].startswith("Basic ")
    sent = (await remote.send("POST", "/api/tickets", {"title": "Ærø"})).json()
    assert sent["body"] == '{"title": "Ærø"}'


async def test_a_system_that_fails_again_and_again_is_left_alone_for_a_while(
    url: str, statuses: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    way = to("127.0.0.1")
    statuses += [503] * FAILURES
    for _ in range(FAILURES):
        with pytest.raises(Retry, match="503"):
            await way.ask("GET", url)
    with pytest.raises(Retry, match="left alone") as waits:
        await way.ask("GET", url)
    assert waits.value.after_seconds
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + module.REST_SECONDS + 1)
    assert (await way.ask("GET", url)).status == 200


async def test_one_answer_makes_up_for_the_failures_before_it(url: str, statuses: list[int]) -> None:
    way = to("127.0.0.1")
    statuses += [500] * (FAILURES - 1) + [200] + [500] * (FAILURES - 1)
    for _ in range(2 * FAILURES - 1):
        await way.ask("GET", url, expected=(500,))
    assert (await way.ask("GET", url)).status == 200


async def test_a_status_that_is_expected_is_an_answer_and_others_are_not(url: str, statuses: list[int]) -> None:
    way = to("127.0.0.1")
    statuses += [409, 409, 404]
    assert (await way.ask("PUT", url, expected=(409,))).status == 409
    with pytest.raises(Retry, match="409"):
        await way.ask("PUT", url)
    with pytest.raises(GiveUp, match="404"):
        await way.ask("PUT", url)


async def test_an_answer_that_is_no_json_is_one_of_a_system_that_is_down(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    answer = await to("127.0.0.1").ask("GET", url)
    page = module.Answer(answer.status, answer.headers, b"<html>Maintenance</html>")
    with pytest.raises(Retry, match="not JSON"):
        page.json()


async def test_an_endless_answer_is_not_read_to_its_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    with pytest.raises(GiveUp, match="more than 10 bytes"):
        await to("127.0.0.1").ask("GET", url)


def test_a_wait_is_told_in_seconds_or_as_a_date_and_has_an_end() -> None:
    assert wait_of("120") == 120
    assert wait_of("999999") == LONGEST_WAIT
    soon = wait_of(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))
    assert soon is not None
    assert 50 < soon <= 60
    assert wait_of(format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)) == 0
    assert wait_of("soon") is None
    assert wait_of(None) is None


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1"]
)
def test_a_name_that_leads_to_this_machine_or_its_neighbourhood_is_refused(address: str) -> None:
    for private in (True, False):
        with pytest.raises(NotThere):
            refuse_inward(address, private=private)


@pytest.mark.parametrize("address", ["10.0.0.5", "192.168.1.4", "fd00::1"])
def test_a_private_network_is_entered_only_where_the_partnership_says_so(address: str) -> None:
    refuse_inward(address, private=True)
    with pytest.raises(NotThere):
        refuse_inward(address, private=False)


def test_an_address_of_the_open_internet_is_connected_to() -> None:
    refuse_inward("93.184.216.34", private=False)

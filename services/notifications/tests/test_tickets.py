"""Answers into tickets: the folder, the signed webhook, and where a webhook may not lead."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook

from chassis.clock import SetClock, SystemClock
from chassis.outbox import GiveUp, Retry
from chassis.outward import Outward
from chassis.partnership import Partnership, WriteBack
from notifications.adapters.port import TicketingSystem
from notifications.adapters.sending import systems_of
from notifications.adapters.spool import TicketSpool
from notifications.adapters.webhook import WebhookTickets, signed
from services.notifications.tests.conftest import HALL, TICKET

SECRET = "whsec_" + "Zm9yIHRlc3RzIG9ubHkgYW5kIG5vdCBlbHNld2hlcmU="
CLOCK = SetClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


async def answered(system: TicketingSystem) -> None:
    """All that can be written into a ticket."""
    await system.comment(TICKET, "Stoppat.", key="k-comment")
    await system.set_state(TICKET, "stopped", key="k-state")
    await system.set_reference(TICKET, HALL, "https://flode.example/x", key="k-reference")


async def test_the_folder_holds_one_file_for_each_answer_however_often_it_is_given(tmp_path: Path) -> None:
    """IT-03: the ticket's own reference is in each."""
    spool = TicketSpool(tmp_path / "tickets", "tallvik")
    await answered(spool)
    await answered(spool)
    written = {file.stem: json.loads(file.read_text()) for file in (tmp_path / "tickets").iterdir()}
    assert set(written) == {"k-comment", "k-state", "k-reference"}
    assert written["k-state"]["state"] == "stopped"
    assert written["k-comment"]["ticket"]["external_id"] == "81"
    assert all(each["municipality"] == "tallvik" for each in written.values())


class Desk:
    """A ticketing system that takes webhooks, checks them as any Standard Webhooks library does, and answers."""

    def __init__(self) -> None:
        self.status = 204
        self.headers: dict[str, str] = {}
        self.got: list[dict[str, object]] = []
        self.ids: list[str] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        raw = await request.text()
        Webhook(SECRET).verify(raw, dict(request.headers))
        self.got.append(json.loads(raw))
        self.ids.append(request.headers["webhook-id"])
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    app = web.Application()
    app.router.add_post("/flode", desk.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    desk.url = f"http://127.0.0.1:{port}/flode"
    yield desk
    await runner.cleanup()


def tickets(url: str, *hosts: str, private: bool = False) -> WebhookTickets:
    way = Outward(municipality="tallvik", hosts=hosts, private=private, breakers={})
    return WebhookTickets(WriteBack(url=url, secret=SECRET, private=private), way, SystemClock())


async def test_a_system_is_posted_to_with_a_signature_any_library_accepts_and_stable_ids(desk: Desk) -> None:
    """P9."""
    await answered(tickets(desk.url, "127.0.0.1"))
    assert [each["type"] for each in desk.got] == ["ticket.comment", "ticket.state", "ticket.reference"]
    assert desk.ids == ["k-comment", "k-state", "k-reference"]
    assert desk.got[2]["data"] == {
        "municipality": "tallvik",
        "ticket": {"system": "zammad", "external_id": "81", "number": "10081", "url": None},
        "request": str(HALL),
        "url": "https://flode.example/x",
    }


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [(503, {"Retry-After": "120"}, Retry), (429, {}, Retry), (500, {}, Retry), (404, {}, GiveUp), (401, {}, GiveUp)],
)
async def test_what_a_system_refuses_for_good_is_given_up_and_what_passes_is_tried_again(
    desk: Desk, status: int, headers: dict[str, str], expected: type[Exception]
) -> None:
    desk.status, desk.headers = status, headers
    with pytest.raises(expected, match=str(status)) as failed:
        await tickets(desk.url, "127.0.0.1").comment(TICKET, "x", key="k")
    if headers:
        assert isinstance(failed.value, Retry)
        assert failed.value.after_seconds == 120


async def test_a_redirect_is_not_followed(desk: Desk) -> None:
    desk.status, desk.headers = 307, {"Location": "http://127.0.0.1/elsewhere"}
    with pytest.raises(GiveUp, match="307"):
        await tickets(desk.url, "127.0.0.1").comment(TICKET, "x", key="k")
    assert len(desk.got) == 1


async def test_a_host_that_is_not_listed_is_not_connected_to(desk: Desk) -> None:
    with pytest.raises(GiveUp, match="hosts of tallvik"):
        await tickets(desk.url, "desk.tallvik.example").comment(TICKET, "x", key="k")
    assert desk.got == []


async def test_a_system_that_is_away_is_tried_again_later() -> None:
    with pytest.raises(Retry, match="cannot be reached"):
        await tickets("http://127.0.0.1:9/flode", "127.0.0.1").comment(TICKET, "x", key="k")


def test_the_signature_covers_id_time_and_body() -> None:
    first = signed(SECRET, "k", b"{}", 1_772_000_000)
    for other in (
        signed(SECRET, "l", b"{}", 1_772_000_000),
        signed(SECRET, "k", b"[]", 1_772_000_000),
        signed(SECRET, "k", b"{}", 1_772_000_001),
    ):
        assert other["webhook-signature"] != first["webhook-signature"]


def test_the_way_back_is_the_desks_own_or_the_folder_of_embedded_mode(partnership: Partnership) -> None:
    folder = systems_of(partnership, "spool:/var/mail", CLOCK)("tallvik", TICKET)
    assert folder == TicketSpool(Path("/var/mail/tickets"), "tallvik")
    with pytest.raises(GiveUp, match="zammad"):
        systems_of(partnership, "smtp://mail:25", CLOCK)("tallvik", TICKET)
    given = partnership.model_dump()
    given["service_desks"] = [
        {
            "municipality": "tallvik", "system": "zammad", "secret": SECRET,
            "write_back": {"url": "https://desk.tallvik.example/flode", "secret": SECRET},
        }
    ]  # fmt: skip
    system = systems_of(Partnership.parse(given), "smtp://mail:25", CLOCK)("tallvik", TICKET)
    assert isinstance(system, WebhookTickets)
    assert system.outward.hosts == ("localhost", "desk.tallvik.example")

"""Intake and Request Tracker, both as they are: what happens to a ticket there is told here by our scrip, and what we
write is found there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvicorn

from chassis.clock import SystemClock
from chassis.outbox import GiveUp
from chassis.outward import _BREAKERS, Outward
from chassis.partnership import Partnership
from chassis.testing import Databases
from chassis.web import create_app
from contracts.values import TicketRef
from embedded.processes import free_port
from intake.main import service
from notifications.adapters.port import TicketingSystem, adapter_of
from tests.integration.intake_world import SECRET, a_partnership, a_world
from tests.peers.request_tracker.installed import PASSWORD, USER, RequestTracker, request_tracker
from tests.systems.peer import Story
from tests.systems.peers.request_tracker import RequestTrackerPeer
from tests.systems.world import Connected

pytestmark = pytest.mark.peer

TITLE = "Räksmörgås Ærø Bodø"
HTML = "<p>Vi behöver en e-tjänst för <b>bygglov</b> på Ærø &amp; Bodø.</p>"
REQUEST = UUID("2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11")


@dataclass
class Both:
    """The two of them, connected; and whether intake listens."""

    rt: RequestTracker
    intake: Connected
    port: int
    listening: tuple[uvicorn.Server, asyncio.Task[None]] | None = None

    async def listen(self) -> None:
        """Serve intake's hook, by the machine's clock: that is what Request Tracker signs with."""
        here = replace(self.intake.world.here, clock=SystemClock())
        app = create_app("intake", "intake", service.routers, here, streamed=service.streamed)
        config = uvicorn.Config(app, port=self.port, log_config=None, access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        self.listening = server, asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)

    async def go_deaf(self) -> None:
        """Serve nothing."""
        if self.listening:
            server, task = self.listening
            self.listening, server.should_exit = None, True
            await task

    async def request(self, number: int) -> dict[str, Any]:
        """What the PM sees of a ticket's request."""
        return await self.intake.request(Story(number=number))

    def write(self) -> TicketingSystem:
        """The way back into the tickets."""
        desk = self.intake.world.here.partnership.desk("ekvik", "request-tracker")
        adapter = adapter_of("request-tracker")
        assert desk
        assert desk.api
        assert adapter
        return adapter(desk, desk.api, Outward(municipality="ekvik", hosts=("127.0.0.1",), private=True, breakers={}))


@pytest.fixture
async def both(databases: Databases, database: Path, tmp_path: Path) -> AsyncIterator[Both]:
    _BREAKERS.clear()
    port, hook_port = free_port(), free_port()
    hook = f"http://127.0.0.1:{hook_port}/intake/hooks/request-tracker/ekvik.request-tracker"
    (tmp_path / "rt").mkdir()
    async with (
        a_world(databases, tmp_path, the_partnership(port)) as world,
        request_tracker(tmp_path / "rt", port, database, hook=hook, secret=SECRET) as rt,
    ):
        both = Both(rt, Connected(RequestTrackerPeer(), world), hook_port)
        await both.listen()
        try:
            yield both
        finally:
            await both.go_deaf()


def the_partnership(port: int) -> Partnership:
    given = a_partnership().model_dump()
    given["municipalities"]["ekvik"]["hosts"] = ["127.0.0.1"]
    api = {"url": f"http://127.0.0.1:{port}", "user": USER, "token": PASSWORD, "private": True}
    desk = {
        "municipality": "ekvik", "system": "request-tracker", "kind": "request-tracker", "secret": SECRET,
        "flows": ["Projekt"], "api": api, "states": {"project": "open", "completed": "resolved", "stopped": "no such"},
    }  # fmt: skip
    given["service_desks"] = [desk]
    return Partnership.parse(given)


async def test_what_happens_in_request_tracker_is_followed_and_what_we_write_is_found_there(both: Both) -> None:
    """IT-02, IT-03, IT-04, P3, P9"""
    rt, facts = both.rt, both.intake.world.facts

    # created
    number = await rt.create(Subject=TITLE, Content=HTML)
    row = await both.request(number)
    assert (row["title"], row["description"]) == (TITLE, "Vi behöver en e-tjänst för bygglov på Ærø & Bodø.")
    assert (row["requester_name"], row["requester_email"]) == ("Sigrid Ek", "sigrid.ek@ekvik.example")
    assert (row["organisation"], row["ticket"]["number"]) == ("Samhällsbyggnad", str(number))

    # changed
    await rt.change(number, Subject=f"{TITLE}, en gång till")
    assert (await both.request(number))["title"] == f"{TITLE}, en gång till"

    # out of the project flow and back
    await rt.change(number, Queue="Support")
    assert (await both.request(number))["withdrawn"] == "left_flow"
    await rt.change(number, Queue="Projekt")
    assert (await both.request(number))["state"] == "waiting"

    # written into: once though repeated, and its echo says nothing new
    before = await facts()
    ticket = TicketRef(system="request-tracker", external_id=str(number), number=str(number))
    text = f'Ärendet är ett projekt: "{TITLE} <&>".\n\nNästa steg är direktivet.'
    for _ in range(2):
        await both.write().comment(ticket, text, key="k-1")
        await both.write().set_reference(ticket, REQUEST, f"https://flode.example/{REQUEST}", key="r-1")
        await both.write().set_state(ticket, "project", key="s-1")
    assert [len(await rt.history(number, kind)) for kind in ("Correspond", "Comment")] == [1, 1]
    texts = await rt.texts(number)
    assert any(one.startswith(text) for one in texts)
    assert any(str(REQUEST) in one for one in texts)
    assert await rt.status(number) == "open"
    assert await facts() == before
    with pytest.raises(GiveUp, match="no such"):
        await both.write().set_state(ticket, "stopped", key="s-2")

    # a state is only set on what was seen
    late = await rt.agent.put(f"/ticket/{number}", json={"Status": "stalled"}, headers={"If-Match": '"1"'})
    assert late.status_code == 412

    # closed and opened again
    await both.write().set_state(ticket, "completed", key="s-3")
    assert (await both.request(number))["withdrawn"] == "closed"
    await rt.change(number, Status="open")
    assert (await both.request(number))["state"] == "waiting"

    # merged
    other = await rt.create(Subject="Samma sak", Content=HTML)
    await rt.change(number, MergeInto=other)
    row = await both.request(number)
    assert (row["state"], row["merged_into"]) == ("merged", str(both.intake.request_id(Story(number=other))))
    assert (await both.request(other))["state"] == "waiting"
    assert not {"parked", "refused"} & set(await both.intake.outcomes())


async def test_what_happened_while_nobody_listened_is_found_by_polling_and_nothing_is_doubled(both: Both) -> None:
    """P3"""
    rt, facts = both.rt, both.intake.world.facts
    told = await rt.create(Subject="Berättat", Content=HTML)
    kept = await rt.create(Subject="Kvar", Content=HTML)
    assert await facts() == ["request-registered"] * 2

    await both.go_deaf()
    missed = await rt.create(Subject=TITLE, Content=HTML)
    long = await rt.create(Subject="Mycket text", Content="<p>" + "å" * 9000 + "</p>")
    elsewhere = await rt.create(Subject="En skrivare", Content=HTML, Queue="Support")
    await rt.change(kept, Subject="Kvar, men annorlunda")
    await rt.change(told, MergeInto=kept)
    assert await facts() == ["request-registered"] * 2

    await both.intake.polls()
    assert [(await both.request(number))["title"] for number in (missed, kept)] == [TITLE, "Kvar, men annorlunda"]
    row = await both.request(missed)
    assert (row["description"], row["requester_email"], row["organisation"]) == (
        "Vi behöver en e-tjänst för bygglov på Ærø & Bodø.",
        "sigrid.ek@ekvik.example",
        "Samhällsbyggnad",
    )
    assert (await both.request(told))["merged_into"] == str(both.intake.request_id(Story(number=kept)))
    assert len((await both.request(long))["description"]) == 9000
    with pytest.raises(AssertionError):
        await both.request(elsewhere)
    found = await facts()
    assert sorted(found) == ["request-changed", "request-merged", *["request-registered"] * 4]

    await both.intake.polls()
    assert await facts() == found

    # heard again, and a text too long for a message is asked for
    await both.listen()
    await rt.change(missed, Subject=f"{TITLE} igen")
    assert (await both.request(missed))["title"] == f"{TITLE} igen"
    longer = await rt.create(Subject="Ännu mer text", Content="<p>" + "ø" * 9000 + "</p>")
    await both.intake.asks()
    assert len((await both.request(longer))["description"]) == 9000
    await both.intake.polls()
    assert await facts() == [*found, "request-changed", "request-registered"]
    assert not {"parked", "refused"} & set(await both.intake.outcomes())
    assert "was not told of ticket" in rt.log.read_text()


async def test_a_scrip_with_another_secret_is_not_let_in(both: Both) -> None:
    """IT-02"""
    here = both.intake.world.here
    desks = [desk.model_copy(update={"secret": "whsec_" + "A" * 32}) for desk in here.partnership.service_desks]
    await both.go_deaf()
    both.intake.world.here = replace(here, partnership=here.partnership.model_copy(update={"service_desks": desks}))
    await both.listen()
    await both.rt.create(Subject=TITLE, Content=HTML)
    assert await both.intake.world.facts() == []
    assert "401" in both.rt.log.read_text()

"""What a real Request Tracker answers for a ticket that was deleted, and for one that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from intake.adapters.port import Arrived
from intake.adapters.request_tracker import system
from intake.adapters.ticket import read
from intake.commands.asking import way_to
from tests.peers.request_tracker.test_request_tracker import TITLE, Both, both

__all__ = ["both"]
pytestmark = pytest.mark.peer


async def asked_for(both: Both, number: int) -> Arrived:
    partnership = both.intake.world.here.partnership
    desk = partnership.desk("ekvik", "request-tracker")
    assert desk
    assert desk.api
    assert system.fetch
    return await system.fetch(way_to(desk, desk.api, partnership), str(number))


def said(both: Both, record: Arrived) -> Any:
    desk = both.intake.world.here.partnership.desk("ekvik", "request-tracker")
    assert desk
    return read(system.read(record, desk).content)


async def test_a_deleted_ticket_is_closed_and_one_that_is_not_there_is_gone(both: Both) -> None:
    number = await both.rt.create(Subject=TITLE, Content="<p>Vi behöver en e-tjänst.</p>")
    there = said(both, await asked_for(both, number))
    assert (there.title, there.kind, there.open) == (TITLE, "changed", True)
    await both.rt.change(number, Status="deleted")
    deleted = said(both, await asked_for(both, number))
    assert (deleted.title, deleted.kind, deleted.open) == (TITLE, "closed", False)
    assert (await asked_for(both, number + 1000)).gone

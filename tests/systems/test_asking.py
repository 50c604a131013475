"""Every system that is asked what changed tells it in parts, and nobody is passed over where a part ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from intake.adapters.port import systems
from tests.systems.peer import OPENED, Story, all_peers
from tests.systems.ways import way_to

ASKED = {kind: peer for kind, peer in all_peers().items() if "created" in peer.polled and kind != "e-mail"}
"""The mailbox has no API, and parts of its own."""
WIDENING = ("glpi", "zammad", "znuny")
"""Those whose parts grow until they hold more than one moment."""


@pytest.mark.parametrize("kind", ASKED)
async def test_of_a_hundred_tickets_of_one_moment_all_are_found(kind: str) -> None:
    peer, changed = ASKED[kind](), systems()[kind].changed
    assert changed
    peer.tickets = {number: Story(number=number) for number in range(1, 121)}
    async with peer.running():
        cursor, found, more = (OPENED - timedelta(days=1)).isoformat(), set[str](), True
        while more:
            part = await changed(way_to(peer), cursor)
            assert kind in WIDENING or len(part.records) <= 60
            read = [systems()[kind].read(one, way_to(peer).desk).content for one in part.records]
            found |= {str(one["external_id"]) for one in read if isinstance(one, dict)}
            cursor, more = part.cursor, part.more
    assert found == {peer.external_id(story) for story in peer.tickets.values()}

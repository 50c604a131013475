"""A store that was restored from an older time than its topics know."""

from __future__ import annotations

from uuid import uuid4

import pytest

from chassis.db import Database
from chassis.places import StoreIsOlder
from chassis.relay import Relay
from chassis.store import Store
from chassis.testing import Databases, a_database
from chassis.topics import create_topics
from contracts.topics import REQUEST
from tests.integration.flow import IDEMPOTENT, append, registered, running, until


async def test_nothing_is_relayed_from_a_store_that_is_older_than_its_topics(databases: Databases, kafka: str) -> None:
    """P5: its next events would take the positions of those that were lost, and be taken for them."""
    await create_topics(kafka)
    async with Database(*a_database(databases, "intake")) as db, Store(db, "intake") as store:
        relay = Relay(store, kafka, (REQUEST,), idempotent=IDEMPOTENT)
        async with running(relay.run):
            for _ in range(3):
                await append(store, registered(uuid4()))

            async def noted() -> bool:
                return bool(await db.worker.fetchval("SELECT max(done_to) = 3 FROM relay_places"))

            await until(noted)
    async with Database(*a_database(databases, "intake")) as older, Store(older, "intake") as restored:
        await append(restored, registered(uuid4()))
        with pytest.raises(StoreIsOlder, match="hold event 3 of intake, whose store ends at 1"):
            await Relay(restored, kafka, (REQUEST,), idempotent=IDEMPOTENT).run()

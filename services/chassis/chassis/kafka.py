"""Clients of Kafka that leave no connection behind, however and whenever they are told to end.

The client library loses sight of a connection in two moments: one that it is opening when the opening is broken off,
and all of them when a task of its own, cancelled before it began, breaks off the closing. So neither is ever broken
off from here, and what was opened is closed once more at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from chassis.lasting import unbroken

Client = TypeVar("Client", AIOKafkaConsumer, AIOKafkaProducer, AIOKafkaAdminClient)

CLOSING_SECONDS = 10.0
"""How long a client may take to send what it still holds and to say good-bye."""


@asynccontextmanager
async def connected(client: Client) -> AsyncIterator[Client]:
    """A client, started, and closed in the end.

    Raises the library's KafkaConnectionError when no broker can be reached.
    """
    try:
        await unbroken(client.start(), patience=CLOSING_SECONDS)
        yield client
    finally:
        await unbroken(_close(client), patience=2 * CLOSING_SECONDS)


async def _close(client: Client) -> None:
    stop = client.close if isinstance(client, AIOKafkaAdminClient) else client.stop
    connections = client.client if isinstance(client, AIOKafkaProducer) else client._client
    try:
        # Cancelled: by a task of the client's own, since nobody else knows of this one.
        with suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await stop()
    finally:
        await connections.close()

"""The proof that a topic is still the one it was: the record we know of lies where we know it.

A broker can be emptied, or a topic deleted and made again, at any time. Offsets then mean something else, and whoever
goes on as if nothing had happened loses events without a sound. So nobody produces to, or believes what it read from,
a topic whose proof is older than PROOF_LASTS.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from chassis.log import LogReader

log = structlog.get_logger(__name__)

PROOF_LASTS = 1.0
"""Seconds for which a proof is good."""


class TopicReplaced(Exception):
    """The topic is not the one it was: begin again from what it holds now."""


class Claim(NamedTuple):
    """The event of this source and sequence lies at this offset."""

    offset: int
    source: str
    sequence: int


async def untrue(reader: LogReader, claims: Mapping[TopicPartition, Claim]) -> set[TopicPartition]:
    """The partitions of which something is claimed that is not so.

    Topics are replaced whole: after the first untrue claim of a topic nothing else of it is believed, or asked.
    """
    replaced: set[str] = set()
    for partition, claim in claims.items():
        if partition.topic not in replaced and not await _is_true(reader, partition, claim):
            replaced.add(partition.topic)
    return {partition for partition in claims if partition.topic in replaced}


async def _is_true(reader: LogReader, partition: TopicPartition, claim: Claim) -> bool:
    record = await reader.one(partition, claim.offset)
    return record is not None and (record.source, record.sequence) == (claim.source, claim.sequence)


class Proof:
    """Renews, again and again, the proof that topics are those we have been working with.

    `claims` says what is claimed now; one partition of each topic is looked at in turn, since topics are replaced
    whole. A broker that does not answer proves nothing, and work waits.
    """

    def __init__(self, bootstrap: str, client_id: str, claims: Callable[[], Mapping[TopicPartition, Claim]]) -> None:
        self._bootstrap, self._client_id, self._claims = bootstrap, f"{client_id}-proof", claims
        self._proved_at = time.monotonic()
        self._proved = asyncio.Event()

    async def fresh(self) -> None:
        """Wait until the proof is younger than PROOF_LASTS."""
        while time.monotonic() - self._proved_at > PROOF_LASTS:
            self._proved.clear()
            await self._proved.wait()

    async def keep(self) -> None:
        """Renew it until cancelled. Raises TopicReplaced."""
        async with LogReader(self._bootstrap, client_id=self._client_id) as reader:
            turn = 0
            while True:
                try:
                    await asyncio.wait_for(self._renew(reader, turn), 10)
                    self._proved_at = time.monotonic()
                    self._proved.set()
                except (KafkaError, TimeoutError) as silent:
                    log.warning("proof.broker-silent", client=self._client_id, reason=repr(silent))
                turn += 1
                await asyncio.sleep(PROOF_LASTS / 2)

    async def _renew(self, reader: LogReader, turn: int) -> None:
        by_topic: defaultdict[str, list[tuple[TopicPartition, Claim]]] = defaultdict(list)
        for partition, claim in sorted(self._claims().items()):
            by_topic[partition.topic].append((partition, claim))
        for claims in by_topic.values():
            partition, claim = claims[turn % len(claims)]
            if not await _is_true(reader, partition, claim):
                raise TopicReplaced(f"{partition.topic}/{partition.partition} no longer holds {claim}")

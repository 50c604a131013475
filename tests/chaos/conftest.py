"""A cluster to break, and the world on it. The cluster is the one `deploy/kafka/run` started, or one of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from cluster import Cluster

from embedded.testing import delete_topics
from tests.chaos.world import World


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three brokers of Apache Kafka."""
    theirs = os.environ.get("FLODE_TEST_KAFKA_FOLDER")
    if theirs:
        found = Cluster.found(Path(theirs))
        yield found
        found.stop()  # brokers that were started again here are this process's children
        return
    with Cluster(tmp_path_factory.mktemp("kafka")) as ours:
        yield ours


@pytest.fixture
async def world(cluster: Cluster, database: str, tmp_path: Path) -> AsyncIterator[World]:
    """A fresh database and fresh topics on the cluster, all brokers up."""
    cluster.heal()
    delete_topics(cluster.bootstrap)
    async with World(cluster, database, tmp_path) as made:
        yield made

"""Topics on a broker: creating them as declared, and finding the partition of a subject."""

from __future__ import annotations

from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from aiokafka.partitioner import murmur2

from chassis.kafka import connected
from contracts.topics import TOPICS, Topic


class WrongPartitions(Exception):
    """A topic on the broker has another number of partitions than declared; keys would not be where readers look."""


def key_of(subject: UUID) -> bytes:
    """The Kafka key of a subject."""
    return str(subject).encode()


def partition_of(subject: UUID, topic: Topic) -> int:
    """Where a subject's events are: Kafka's own default partitioner, computed here so that all agree."""
    return int(murmur2(key_of(subject)) & 0x7FFFFFFF) % topic.partitions


async def create_topics(bootstrap: str, *, replication: int = 1, topics: tuple[Topic, ...] = TOPICS) -> list[str]:
    """Create the declared topics that are missing: unlimited retention, never compacted. Returns those created.

    Raises WrongPartitions when a topic exists with another count.
    """
    async with connected(AIOKafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        there = set(await admin.list_topics())
        missing = [topic for topic in topics if topic.name not in there]
        for topic in missing:
            await _create(admin, topic, replication)
        for described in await admin.describe_topics([topic.name for topic in topics if topic not in missing]):
            declared = next(topic for topic in topics if topic.name == described["topic"])
            if len(described["partitions"]) not in (0, declared.partitions):
                raise WrongPartitions(
                    f"{declared.name} has {len(described['partitions'])} partitions, declared are {declared.partitions}"
                )
        return [topic.name for topic in missing]


async def _create(admin: AIOKafkaAdminClient, topic: Topic, replication: int) -> None:
    """Create one topic, and believe no answer but a good one: the client reports failures without raising them."""
    settings = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
    if replication > 1:
        settings["min.insync.replicas"] = str(replication - 1)
    wanted = NewTopic(topic.name, topic.partitions, replication, topic_configs=settings)
    answer = await admin.create_topics([wanted])
    for error in answer.topic_errors:
        failure = for_code(error[1])
        if error[1] and failure is not TopicAlreadyExistsError:
            raise failure(f"{topic.name}: {error}")

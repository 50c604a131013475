"""What a decision rests on, so that whoever fills a topic again puts nothing before its cause.

A reaction names the event it answers. A person decides on what a service shows, and it shows what its readers have
read: how far those had come in the subject's partition is what such a decision names.
"""

from __future__ import annotations

from functools import cache
from uuid import UUID

from chassis.db import Connection
from chassis.position import Position, service_of
from chassis.store import Store
from chassis.topics import partition_of
from contracts.catalogue import CATALOGUE
from contracts.topics import Topic

READ = """
SELECT source, max(highest::bigint) AS highest FROM checkpoints, jsonb_each_text(sources) AS s(source, highest)
WHERE topic = $1 AND partition = $2 AND source <> $3 GROUP BY source ORDER BY source
"""


async def causes_of(store: Store, subject: UUID, topic: Topic, *, within: Connection | None = None) -> str | None:
    """The last event of each other source that this service has read where the subject's events are; None for none."""
    if not is_shared(topic):
        return None
    partition = partition_of(subject, topic)
    rows = await (within or store.db.worker).fetch(READ, topic.name, partition, store.source)
    known = (Position(service_of(row["source"]), row["highest"], topic.name, partition) for row in rows)
    return " ".join(map(str, known)) or None


@cache
def is_shared(topic: Topic) -> bool:
    """Whether several services emit to a topic."""
    return len({name.partition(".")[0] for name, fact in CATALOGUE.items() if fact.topic == topic}) > 1

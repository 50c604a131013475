"""The topics. One per lifecycle, keyed by subject, so that everything whose order matters is in one partition.

Partition counts are fixed from the start: a key must never move. Retention is unlimited and nothing is compacted,
because a topic holds history, not the latest state. Deployment creates topics; a broker never does.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic and the field of its facts that names the subject."""

    name: str
    subject: str
    partitions: int
    meaning: str


REQUEST = Topic(
    "flode.request",
    subject="request_id",
    partitions=12,
    meaning="A request from the ticket that raised it to the day it is completed: intake, governance and portfolio.",
)
ROUND = Topic(
    "flode.round",
    subject="round_id",
    partitions=3,
    meaning="A prioritisation round, from the PM's invitation to the ranks it gave.",
)
MEETING = Topic(
    "flode.meeting",
    subject="meeting_id",
    partitions=3,
    meaning="A CAB meeting, from the call to the approved minutes.",
)
MESSAGE = Topic(
    "flode.message",
    subject="message_id",
    partitions=6,
    meaning="What somebody, or a ticket, was told: sent, retried, given up.",
)
ACCOUNT = Topic(
    "flode.account",
    subject="account_id",
    partitions=3,
    meaning="Somebody's account: who held which role where, from the day it was opened to the day it was closed.",
)
PARTNERSHIP = Topic(
    "flode.partnership",
    subject="partner_id",
    partitions=3,
    meaning="What holds in the cooperation: who is in it, in which office, and what it judges by.",
)

TOPICS = (REQUEST, ROUND, MEETING, MESSAGE, ACCOUNT, PARTNERSHIP)

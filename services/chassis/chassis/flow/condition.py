"""How a service is, as it tells others: its roles, its relay, its readers, its deliveries, its rebuilds.

Pure values, and the judgement of them in a word. A word is steadier than a number with a threshold: it says what is the
case, and so what is to be done. `called` is what something is called in the language of whoever asked, `name` what the
code and the logs call it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from chassis.flow.hearing import Heard

STRIDE_SECONDS = 3.0
"""What waits no longer than this is in its stride: readers take events in batches."""
STALL_SECONDS = 30.0
"""Who has something to do and has not moved for so long stands still."""


class Verdict(StrEnum):
    """How something that follows the log is, in a word; each is worse than the one before it.

    fine     nothing waits, or what waits came a moment ago (STRIDE_SECONDS)
    behind   something waits longer, and it moves
    rewound  its place lies before where it had been, because its topic was replaced or emptied; it reads, or fills,
             again what it has had, and does nothing twice
    unknown  the broker has not answered, so how far there is to go cannot be said
    stalled  something waits and it has not moved for STALL_SECONDS, though its role runs
    stopped  its role runs in no process
    """

    FINE = "fine"
    BEHIND = "behind"
    REWOUND = "rewound"
    UNKNOWN = "unknown"
    STALLED = "stalled"
    STOPPED = "stopped"


def judge(
    *, running: bool, waiting: int | None, waiting_seconds: float, still_seconds: float, rewound: bool = False
) -> Verdict:
    """The verdict on something that follows the log.

    `running` says whether its role runs somewhere; `waiting` how many events wait for it, None when nobody knows;
    `waiting_seconds` how long the oldest of them has; `still_seconds` how long ago it last moved; `rewound` whether its
    place lies before where it has been.
    """
    if not running:
        return Verdict.STOPPED
    if waiting is None:
        return Verdict.UNKNOWN
    # Who had nothing to do for an hour has not stood still for an hour: it counts from when something waited.
    if waiting and min(waiting_seconds, still_seconds) >= STALL_SECONDS:
        return Verdict.STALLED
    if rewound:
        return Verdict.REWOUND
    if waiting and waiting_seconds > STRIDE_SECONDS:
        return Verdict.BEHIND
    return Verdict.FINE


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several; fine when there are none."""
    order = list(Verdict)
    return max(verdicts, key=order.index, default=Verdict.FINE)


class RoleNow(msgspec.Struct, frozen=True, kw_only=True):
    """A role of the service. `state` is what this process says of its own, else whether some process has it."""

    name: str
    called: str
    state: str
    failures: int = 0
    last_failure: str | None = None

    @property
    def runs(self) -> bool:
        """Whether it is at work in some process."""
        return self.state in ("running", "elsewhere")


class RelayNow(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the store and not yet in the topics, and how long the oldest of it has waited."""

    verdict: Verdict
    topics: list[str]
    waiting: int
    waiting_seconds: float
    done_to: int
    head: int
    rate: float | None = None
    """Events per second over the last minute; None until two looks have been taken."""


class ReaderNow(msgspec.Struct, frozen=True, kw_only=True):
    """A view or a reaction, and where it stands in its topics."""

    name: str
    called: str
    kind: str
    verdict: Verdict
    topics: list[str]
    behind: int | None
    behind_seconds: float
    applied: int
    parked: int
    rate: float | None = None


class ChannelNow(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent outside by one channel."""

    name: str
    called: str
    waiting: int
    retrying: int
    given_up: int
    oldest_seconds: float


class RebuildNow(msgspec.Struct, frozen=True, kw_only=True):
    """A view that is being built anew: its phase, how much of the log was read, events per second, seconds left."""

    view: str
    called: str
    phase: str
    done: int = 0
    total: int = 0
    rate: float = 0.0
    eta: float | None = None

    @property
    def share(self) -> float:
        """How much of the log was read, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


class TopicNow(msgspec.Struct, frozen=True, kw_only=True):
    """A topic: how many records it holds, and how many came each second over the last minute."""

    name: str
    called: str
    records: int
    rate: float | None = None


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """How a service is."""

    service: str
    verdict: Verdict
    roles: list[RoleNow]
    relay: RelayNow | None
    readers: list[ReaderNow]
    channels: list[ChannelNow]
    rebuilds: list[RebuildNow]
    topics: list[TopicNow]
    parked: int
    broker: Heard
    broker_seconds: float
    """For how long the broker has been asked in vain; 0 when it answered."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking a service how it is: its condition, or for how long it has been asked in vain."""

    heard: Heard
    seconds: float = 0.0
    condition: Condition | None = None

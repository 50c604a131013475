"""The fold of much of the log for one view: its rows in memory, what is set aside, and how its facts are decoded.

It has the meaning of `views.follow` at another speed: the same fold, the same parking.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from aiokafka import TopicPartition

from chassis.decode import decode, decoder
from chassis.log import Record
from chassis.parking import BEHIND, Parked, reason_of
from chassis.rebuild.lean import Lean, NotRead
from chassis.views import View
from chassis.views.view import subject_of

_LEARNED: dict[tuple[str, int], dict[bytes, Lean]] = {}
"""What was learned of each view's fold so far, to begin its next stretch with."""


class Folded:
    """What a view has after a stretch of the log. Its rows are by their key, or by the log's where that is the same.

    `readers` decode the kinds of facts the view folds, by their travelling names.
    """

    def __init__(self, view: View[Any]) -> None:
        self.evolve = view.evolve
        # Where the row's key is the subject, it is the message's key as well, which is at hand and quickly hashed.
        self.key_of = None if view.key is subject_of else view.key
        self.rows: dict[UUID | bytes, Any] = {}
        self.stuck: set[bytes] = set()
        self.parked: list[Parked] = []
        self.aside: dict[TopicPartition, int] = {}
        known = _LEARNED.setdefault((view.name, view.version), {})
        for name in view.types:
            if decoder(name) is not None:
                known.setdefault(name.encode(), Lean(name))
        self._lean = dict(known)
        self.readers: dict[bytes, Callable[[bytes], Any]] = {name.encode(): _wholly for name in view.types}
        self.readers |= {kind: lean.decode for kind, lean in self._lean.items()}

    def carefully(self, message: Any, source: bytes, sequence: int, kind: bytes) -> None:
        """Fold a message with which something is the matter: it holds what was not decoded so far, its subject waits,
        or it cannot be folded and is parked."""
        subject: bytes = message.key()
        if subject in self.stuck:
            self._park(message, source, sequence, kind, BEHIND)
            return
        value: bytes = message.value()
        try:
            while (lean := self._lean.get(kind)) is not None:
                try:
                    self._fold(subject, lean.decode(value))
                    return
                except NotRead as asked:
                    if asked.name == "sequence":  # travels beside the message
                        break
                    lean.learn(asked)
                    self.readers[kind] = lean.decode
        except Exception:  # noqa: BLE001, S110  what cannot be done with a part of an event may be with the whole
            pass
        try:
            self._fold(subject, decode(value, sequence))
        except Exception as failure:  # noqa: BLE001  whatever an event does, it is parked and never lost
            self._park(message, source, sequence, kind, reason_of(failure))
        else:
            self._lean.pop(kind, None)
            self.readers[kind] = _wholly

    def _fold(self, subject: bytes, event: Any) -> None:
        key = subject if self.key_of is None else self.key_of(event)
        self.rows[key] = self.evolve(self.rows.get(key), event)

    def _park(self, message: Any, source: bytes, sequence: int, kind: bytes, reason: str) -> None:
        record = Record(
            topic=message.topic(), partition=message.partition(), offset=message.offset(),
            timestamp=message.timestamp()[1], source=source.decode(), sequence=sequence, key=message.key(),
            message=message.value(), kind=kind.decode(),
        )  # fmt: skip
        self.stuck.add(record.key)
        self.parked.append(Parked(record, reason))
        partition = TopicPartition(record.topic, record.partition)
        self.aside[partition] = self.aside.get(partition, 0) + 1


def _wholly(_: bytes) -> Any:
    """Reads nothing: events of this kind are folded carefully, each decoded whole."""
    raise NotRead("*")

"""Recorded histories, and the views that today's code makes of them.

A history is what the topics of an installation held, one record a line, in the order of each partition:
`<name>.jsonl`. Names in it are sealed by keys that were thrown away with the installation. `digests.json` holds, for
each history, view and version of that view, the digest of the rows that were folded when it was recorded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from chassis.decode import decode
from chassis.service import Service, find_services
from chassis.views import View
from contracts.envelope import Envelope

FOLDER = Path(__file__).parent
DIGESTS = FOLDER / "digests.json"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record of a topic. `message` is the envelope, byte for byte."""

    topic: str
    source: str
    sequence: int
    message: bytes

    def line(self) -> str:
        """As it stands in a file."""
        known = {"topic": self.topic, "source": self.source, "sequence": self.sequence}
        return json.dumps({**known, "message": json.loads(self.message)}, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_line(cls, line: str) -> Recorded:
        """Read a line. The message is written as envelopes are, so that it is the bytes that were sent."""
        known = json.loads(line)
        message = json.dumps(known["message"], ensure_ascii=False, separators=(",", ":")).encode()
        return cls(known["topic"], known["source"], known["sequence"], message)

    def event(self) -> Envelope[Any]:
        """As a view meets it."""
        return decode(self.message, self.sequence)


def histories() -> dict[str, list[Recorded]]:
    """Every recorded history by its name."""
    return {path.stem: list(read(path)) for path in sorted(FOLDER.glob("*.jsonl"))}


def read(path: Path) -> Iterator[Recorded]:
    """The records of a file."""
    return (Recorded.of_line(line) for line in path.read_text("utf-8").splitlines())


def views() -> Iterator[tuple[Service, View[Any]]]:
    """Every view of every service."""
    return ((service, view) for service in find_services() for view in service.views)


def rows_of(view: View[Any], history: Iterable[Recorded]) -> dict[UUID, Any]:
    """What a view shows after a history."""
    topics = {topic.name for topic in view.topics}
    rows: dict[UUID, Any] = {}
    for record in history:
        event = record.event()
        if record.topic in topics and event.data.type in {*view.types}:
            key = view.key(event)
            rows[key] = view.evolve(rows.get(key), event)
    return {key: row for key, row in rows.items() if row is not None}


def digest_of(rows: dict[UUID, Any]) -> str:
    """A digest of rows, ordered by their key: equal rows, equal digest."""
    content = hashlib.sha256()
    for key in sorted(rows):
        plain = msgspec.to_builtins(rows[key], str_keys=True, enc_hook=str)
        content.update(json.dumps(plain, sort_keys=True).encode() + b"\n")
    return content.hexdigest()


def digests() -> dict[str, dict[str, str]]:
    """The recorded digests: history to "service.view v1" to digest."""
    known: dict[str, dict[str, str]] = json.loads(DIGESTS.read_text("utf-8"))
    return known


def name_of(service: Service, view: View[Any]) -> str:
    """What a view's digest is recorded as."""
    return f"{service.name}.{view.name} v{view.version}"

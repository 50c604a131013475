"""Positions as they are shown and handed around: `intake:42@flode.request/7`.

Which source, where in its log, and in which partition of which topic to look for it. Every write returns one, every
read can wait for one, and an event that answers another service's names the one it answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from contracts.catalogue import SERVICES

_FORM = re.compile(r"^([a-z][a-z0-9-]*):(\d{1,18})@([A-Za-z0-9._-]{1,200})/(\d{1,5})$")
_SOURCES = {source: name for name, source in SERVICES.items()}


class NoPosition(ValueError):
    """The text is not a position."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the shared log that can be waited for."""

    service: str
    sequence: int
    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.service}:{self.sequence}@{self.topic}/{self.partition}"

    @property
    def source(self) -> str:
        """The CloudEvents source of the service."""
        return source_of(self.service)

    @staticmethod
    def parse(text: str) -> Position:
        """Read a position. Raises NoPosition."""
        match = _FORM.match(text)
        if match is None:
            raise NoPosition(f"{text[:80]!r} is no position; one looks like intake:42@flode.request/7")
        service, sequence, topic, partition = match.groups()
        return Position(service, int(sequence), topic, int(partition))


def source_of(service: str) -> str:
    """The CloudEvents source under which a service emits."""
    return SERVICES.get(service, f"/flode/{service}")


def service_of(source: str) -> str:
    """The service that emits under a source."""
    return _SOURCES.get(source, source.rpartition("/")[2])

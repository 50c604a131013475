"""The map as a drawing: which box stands where, and which lines run between them. Pure; the template draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.flow.condition import Condition, Verdict
from contracts.topics import TOPICS

WIDTH = 1000
ROW, GAP = 30, 18
TONES: Mapping[Verdict, str] = {
    Verdict.FINE: "good",
    Verdict.BEHIND: "caution",
    Verdict.REWOUND: "caution",
    Verdict.UNKNOWN: "bad",
    Verdict.STALLED: "bad",
    Verdict.STOPPED: "bad",
}


@dataclass(frozen=True, slots=True)
class Box:
    """A box with a name; `verdict` is None for a service that does not answer, and for topics."""

    name: str
    x: int
    y: int
    width: int
    height: int
    verdict: Verdict | None = None
    tone: str = "neutral"
    waiting: int | None = None

    @property
    def middle(self) -> int:
        """The height of its middle."""
        return self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Drawn:
    """The boxes, left to right, and the lines as SVG paths with their tone."""

    height: int
    services: list[Box]
    topics: list[Box]
    readers: list[Box]
    lines: list[tuple[str, str]]


def drawn(conditions: Mapping[str, Condition | None]) -> Drawn:
    """Services on the left with what they write, topics in the middle, readers on the right."""
    readers: dict[tuple[str, str], Box] = {}
    y = 0
    for service, condition in conditions.items():
        for reader in condition.readers if condition else ():
            readers[service, reader.name] = Box(
                reader.name, 690, y, 310, ROW - 4, reader.verdict, TONES[reader.verdict], reader.behind
            )
            y += ROW
        y += GAP if condition and condition.readers else 0
    height = max(y, 110 * max(len(conditions), len(TOPICS)))
    services = {
        name: Box(
            name, 0, at, 230, 62,
            condition.verdict if condition else None,
            TONES[condition.verdict] if condition else "bad",
            condition.relay.waiting if condition and condition.relay else None,
        )
        for at, (name, condition) in zip(_spread(len(conditions), height, 62), conditions.items(), strict=True)
    }  # fmt: skip
    topics = {
        topic.name: Box(topic.name, 370, at, 190, 40)
        for at, topic in zip(_spread(len(TOPICS), height, 40), TOPICS, strict=True)
    }
    lines: list[tuple[str, str]] = []
    for name, condition in conditions.items():
        if condition and condition.relay:
            tone = TONES[condition.relay.verdict]
            lines += [(_line(services[name], topics[topic]), tone) for topic in condition.relay.topics]
        for reader in condition.readers if condition else ():
            to = readers[name, reader.name]
            lines += [(_line(topics[topic], to), to.tone) for topic in reader.topics]
    return Drawn(height, list(services.values()), list(topics.values()), list(readers.values()), lines)


def _spread(many: int, height: int, each: int) -> list[int]:
    step = height // max(many, 1)
    return [number * step + (step - each) // 2 for number in range(many)]


def _line(left: Box, right: Box) -> str:
    start, end = left.x + left.width, right.x - 4
    middle = (start + end) // 2
    return f"M{start} {left.middle} C{middle} {left.middle} {middle} {right.middle} {end} {right.middle}"

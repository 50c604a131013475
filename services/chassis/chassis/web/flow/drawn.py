"""The map as a drawing: which box stands where, and which lines run between them. Pure; the template draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.flow.condition import Condition, ReaderNow, Told, Verdict
from chassis.flow.hearing import Heard
from chassis.flow.names import TOPICS as CALLED
from chassis.flow.names import service_called
from chassis.i18n import translate
from contracts.topics import TOPICS

WIDTH = 1000
ROW, GAP = 30, 18
TONES: Mapping[Verdict, str] = {
    Verdict.FINE: "good",
    Verdict.BEHIND: "caution",
    Verdict.REWOUND: "caution",
    Verdict.UNKNOWN: "caution",
    Verdict.STALLED: "bad",
    Verdict.STOPPED: "bad",
}


@dataclass(frozen=True, slots=True)
class Box:
    """A box with what it is called, and its name in the code where there is room; `verdict` is None for a service that
    does not tell, and for topics."""

    called: str
    x: int
    y: int
    width: int
    height: int
    verdict: Verdict | None = None
    tone: str = "neutral"
    waiting: int | None = None
    parked: int = 0
    name: str = ""
    heard: Heard = Heard.ANSWERS

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


def drawn(told: Mapping[str, Told], language: str) -> Drawn:
    """Services on the left with what they write, topics in the middle, readers on the right."""
    readers: dict[tuple[str, str], Box] = {}
    y = 0
    for service, each in told.items():
        for reader in each.condition.readers if each.condition else ():
            readers[service, reader.name] = Box(
                reader.called, 600, y, 400, ROW - 4, reader.verdict, _tone(reader), reader.behind, reader.parked
            )
            y += ROW
        y += GAP if each.condition and each.condition.readers else 0
    height = max(y, 110 * max(len(told), len(TOPICS)))
    services = {
        name: _service(name, at, each, language)
        for at, (name, each) in zip(_spread(len(told), height, 80), told.items(), strict=True)
    }
    topics = {
        topic.name: Box(translate(CALLED[topic.name], language), 310, at, 210, 56, name=topic.name)
        for at, topic in zip(_spread(len(TOPICS), height, 56), TOPICS, strict=True)
    }
    lines: list[tuple[str, str]] = []
    for name, each in told.items():
        if each.condition and each.condition.relay:
            tone = TONES[each.condition.relay.verdict]
            lines += [(_line(services[name], topics[topic]), tone) for topic in each.condition.relay.topics]
        for reader in each.condition.readers if each.condition else ():
            to = readers[name, reader.name]
            lines += [(_line(topics[topic], to), to.tone) for topic in reader.topics]
    return Drawn(height, list(services.values()), list(topics.values()), list(readers.values()), lines)


def _service(name: str, y: int, each: Told, language: str) -> Box:
    called, condition = service_called(name, language), each.condition
    if condition is None:
        tone = "caution" if each.heard is Heard.SLOW else "bad"
        return Box(called, 0, y, 240, 80, tone=tone, name=name, heard=each.heard)
    waiting = condition.relay.waiting if condition.relay else None
    return Box(called, 0, y, 240, 80, condition.verdict, _tone(condition), waiting, condition.parked, name)


def _tone(what: Condition | ReaderNow) -> str:
    """What is fine but for events that are parked with it is to be seen to as well."""
    return "caution" if what.parked and what.verdict is Verdict.FINE else TONES[what.verdict]


def _spread(many: int, height: int, each: int) -> list[int]:
    step = height // max(many, 1)
    return [number * step + (step - each) // 2 for number in range(many)]


def _line(left: Box, right: Box) -> str:
    start, end = left.x + left.width, right.x - 4
    middle = (start + end) // 2
    return f"M{start} {left.middle} C{middle} {left.middle} {middle} {right.middle} {end} {right.middle}"

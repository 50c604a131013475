"""What was measured, as a table that says how it relates to what it is measured against."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what, how much, how that relates to `of`, and the goal where there is one."""

    what: str
    value: str
    ratio: float | None = None
    of: str = ""
    goal: float | None = None
    below: bool = False
    """Whether the goal is a ceiling rather than a floor."""
    note: str = ""

    @property
    def reached(self) -> str:
        """Whether the goal was reached; empty without one."""
        if self.goal is None or self.ratio is None:
            return ""
        good = self.ratio <= self.goal if self.below else self.ratio >= self.goal
        return "yes" if good else "**no**"


@dataclass(slots=True)
class Chapter:
    """One benchmark: its question, its rows, what they mean."""

    title: str
    how: str
    begun: str = field(default_factory=lambda: machine())
    """When it was begun, and on what."""
    lines: list[Line] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, *lines: Line) -> None:
        """More rows."""
        self.lines += lines

    def markdown(self) -> str:
        """The chapter as Markdown."""
        rows = [
            "| measured | result | ratio | of | goal | reached |",
            "| --- | ---: | ---: | --- | ---: | --- |",
            *(
                f"| {line.what} | {line.value} | {_number(line.ratio)} | {line.of} | "
                f"{'≤ ' if line.below and line.goal is not None else ''}{_number(line.goal)} | {line.reached} |"
                for line in self.lines
            ),
        ]
        notes = [f"{line.what}: {line.note}" for line in self.lines if line.note] + self.remarks
        told = [f"## {self.title}", "", self.how, "", self.begun, "", *rows, "", *(f"- {note}" for note in notes)]
        return "\n".join(told).rstrip()


def _number(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if number >= 100 else f"{number:.2f}".rstrip("0").rstrip(".")


def middle(rates: Sequence[float]) -> float:
    """The median of a few runs."""
    return statistics.median(rates)


def rate(events_per_second: float) -> str:
    """A rate, for people."""
    return f"{events_per_second:,.0f}/s"


def machine() -> str:
    """What this was measured on. Figures move with the machine, the ratios less so."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, "
        f"asyncpg {version('asyncpg')}, confluent-kafka {version('confluent-kafka')}, "
        f"eventsourcing {version('eventsourcing')}. Load before it began: {load}."
    )


ORDER = (
    "Append", "Append through HTTP", "From POST to a readable row", "Intake", "Rebuild", "Rebuild from a long log",
    "Pages",
)  # fmt: skip


WRITTEN = (
    "Written by `make bench`, which measures everything of one chapter side by side in one run; medians of interleaved "
    "rounds. Each chapter says when it was measured, and on what."
)


def write(path: Path, chapters: Iterable[Chapter]) -> str:
    """The report, to a file and returned: the chapters that were measured, and those that stood there before."""
    before = path.read_text("utf-8").split("\n## ")[1:] if path.exists() else []
    known = {text.partition("\n")[0]: f"## {text.strip()}" for text in before}
    known |= {chapter.title: chapter.markdown() for chapter in chapters}
    text = "\n\n".join(
        [
            "# Results",
            WRITTEN,
            *(known[title] for title in sorted(known, key=ORDER.index)),
        ]
    )
    path.write_text(text + "\n", encoding="utf-8")
    return text

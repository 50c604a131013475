"""What the audience is told: how far the year is, and what there is to see when it is over."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from embedded.demo.cast import Cast, Somebody
from embedded.demo.stage import Stage
from embedded.demo.year import WEEKS
from embedded.home import Home


class Programme:
    """When the year that is played here ends, and whether it has been played: kept in a file, so that a year that was
    broken off is gone on with, and one that was played is not played again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._began = time.monotonic()
        self._week = 0
        self._shown = 0

    @property
    def _kept(self) -> dict[str, Any]:
        return dict(json.loads(self._file.read_text())) if self._file.exists() else {}

    @property
    def ends(self) -> datetime | None:
        """When the year ends; None before it has begun."""
        return datetime.fromisoformat(self._kept["ends"]) if "ends" in self._kept else None

    @property
    def played(self) -> bool:
        """Whether it has been played to its end."""
        return bool(self._kept.get("played"))

    def begin(self, ends: datetime) -> None:
        """The year is played from here on."""
        self._file.write_text(json.dumps({"ends": ends.isoformat()}))

    def end(self, stage: Stage) -> None:
        """The year is over."""
        self._file.write_text(json.dumps({**self._kept, "played": True}))
        self._say(f"The year is over: {stage.done} things were done in it, in {time.monotonic() - self._began:.0f} s")
        if sys.stdout.isatty():
            click.echo()

    def shows(self, stage: Stage) -> Callable[[int], None]:
        """What to tell of each week: one line that changes on a terminal, else a line for every eighth week."""

        def week(number: int) -> None:
            if number != self._week and (sys.stdout.isatty() or number % 8 == 1):
                self._week = number
                self._say(f"Playing a year: week {number} of {WEEKS}, {stage.done} things done")

        return week

    def _say(self, line: str) -> None:
        terminal = sys.stdout.isatty()
        click.echo(f"\r{line:<{self._shown}}" if terminal else line, nl=not terminal)
        self._shown = len(line)


def farewell(home: Home, cast: Cast, url: str) -> str:
    """Who there is, how to sign in, and where to look."""
    host, others = cast.host, [town for town in cast.tales.towns if town != cast.host]
    town = cast.tales.towns[host]
    who = [
        ("PM", cast.pm, "/intake/ /portfolio/ /governance/"),
        ("IT manager", cast.manager(host), "/portfolio/rounds /governance/meetings"),
        ("deputy", cast.deputy(others[-1]), "/portfolio/rounds"),
        ("project leader", cast.named(town.people.leaders[0], host), "/portfolio/mine"),
        ("requester", cast.named(town.people.requesters[0], host), "/portfolio/requests /governance/"),
        ("Service Desk", cast.named(town.people.desk, host), "/intake/register"),
        ("operator", cast.operator, "/people /intake/deliveries"),
    ]
    lines = [f"  {role:<15} {_line(one)}  {where}" for role, one, where in who]
    return "\n".join(
        [
            "",
            f"{len(cast.everyone)} invented people can sign in at {url}/sign-in; these, for a start:",
            *lines,
            f"All have one password. It stands in {home.secret_file('demo-password')}",
            f"Everybody else is listed, for the operator, at {url}/people",
            f"Open {url}/",
        ]
    )


def _line(one: Somebody) -> str:
    return f"{one.email:<34}"

"""The way from an old version of a fact to the one the code knows today.

A step takes the data of version n as it was written (a plain JSON object) and returns that of version n+1. Steps are
chained. Old facts are never rewritten where they lie; they are understood anew each time they are read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Data = dict[str, Any]
Step = Callable[[Data], Data]

STEPS: dict[str, tuple[str, Step]] = {}
"""For each old travelling name, the name it becomes and how."""


def upcast(old: str, new: str) -> Callable[[Step], Step]:
    """Register the step from one version of a fact to the next."""

    def register(step: Step) -> Step:
        STEPS[old] = (new, step)
        return step

    return register


def to_current(name: str, data: Data) -> tuple[str, Data]:
    """Follow the steps from `name` to the version that has no further step."""
    while name in STEPS:
        name, step = STEPS[name]
        data = step(data)
    return name, data


@upcast("portfolio.status-reported.v1", "portfolio.status-reported.v2")
def one_health_becomes_three(data: Data) -> Data:
    """Version 1 judged the project as a whole; that judgement is the best known for each of the three goals."""
    health = data["health"]
    rest = {key: value for key, value in data.items() if key != "health"}
    return {**rest, "time": health, "cost": health, "result": health}

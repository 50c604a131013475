"""The life of each request, as far as its tale goes: registered, judged, described, ranked, carried out."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from embedded.demo import course, papers, tickets
from embedded.demo.rounds import Round, ranked
from embedded.demo.tales import COURSES, STOPS
from embedded.demo.world import Life

Living = Coroutine[Any, Any, None]
"""What goes on through the year."""


async def live(life: Life, rounds: list[Round]) -> None:
    """From the ticket to the end."""
    tale = life.tale
    await tickets.arrive(life)
    match tale.fate:
        case "new":
            return
        case "withdrawn" | "closed" | "merged":
            await tickets.end(life)
            return
        case _:
            await life.days(2, 5)
    await tickets.judge(life, "change" if tale.fate in ("change", "reopened") else "project")
    match tale.fate:
        case "change":
            return
        case "retracted":
            await tickets.retract(life)
        case "deleted":
            await tickets.end(life)
        case "reopened":
            await tickets.reopen(life)
        case "joined":
            await _join(life)
        case _:
            assert tale.fate in STOPS or tale.fate in COURSES, tale.fate
            await _project(life, rounds)


async def _project(life: Life, rounds: list[Round]) -> None:
    if not await papers.agree(life):
        return
    if life.tale.edited == 20:
        await tickets.edited(life)
    if life.tale.directive_reopened == "open":
        await life.days(6, 9)
        await papers.reopen(life)
    await ranked(life, rounds)
    await course.deal_out(life)


async def _join(life: Life) -> None:
    """The PM joins it with a like request of another municipality (IT-15)."""
    await life.days(6, 9)
    into = life.world.life(life.tale.into or "", life.home)
    said = {"other": life.id, "reason": life.town.word("ranked")}
    await into.decide(life.pm, "join", said, f"join {life.home}/{life.tale.key}")

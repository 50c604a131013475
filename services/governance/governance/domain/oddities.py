"""What looks odd in a directive and stops nobody: a warning beside its field, kept with the version that has it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from contracts.values import Caution, TimeGoal
from governance.domain.filled import Filled
from governance.domain.template import goal, money

LARGEST_SANE_CAP = Decimal(1_000_000_000)
"""A cap beyond a billion is more than any of these municipalities spends on IT in a year (TY-13)."""


def warnings(filled: Filled) -> tuple[Caution, ...]:
    """Everything odd about what was filled in."""
    return (*cap_is_sane(filled), *funding_covers_the_lines(filled), *gates_wait_for_their_results(filled))


def cap_is_sane(filled: Filled) -> Iterator[Caution]:
    """TY-13: "600 000 mkr" is 600 billion, a slip of the unit; so may be any cap beyond a billion."""
    cap = filled.cap
    if cap is None:
        return
    if cap.slipped:
        yield Caution(
            rule="TY-13",
            field="cost.cap",
            text="“{written}” would be {literal}. It is read as {read}; is that what you mean?",
            params={
                "written": cap.written,
                "literal": money(cap.literal, filled.currency),
                "read": money(cap.value, filled.currency),
            },
        )
    elif cap.value > LARGEST_SANE_CAP:
        yield Caution(
            rule="TY-13",
            field="cost.cap",
            text="{cap} is more than a billion. Is the unit right?",
            params={"cap": money(cap.value, filled.currency)},
        )


def funding_covers_the_lines(filled: Filled) -> Iterator[Caution]:
    """TY-17: what is left of the earlier funding should cover the cost lines."""
    remaining = filled.remaining
    if remaining is not None and remaining < filled.planned:
        yield Caution(
            rule="TY-17",
            field="financing.spent",
            text="Of the funding decided earlier, {remaining} is left; the cost lines come to {planned}.",
            params={
                "remaining": money(remaining, filled.currency),
                "planned": money(filled.planned, filled.currency),
            },
        )


def gates_wait_for_their_results(filled: Filled) -> Iterator[Caution]:
    """TY-21: a gate that takes up a result is not held before the result is due."""
    gates = {gate.key: gate for gate in filled.gates}
    for nth, result in enumerate(filled.results, start=1):
        gate = gates.get(result.gate)
        if gate is not None and gate.on is not None and result.due is not None and gate.on < _earliest(result.due):
            yield Caution(
                rule="TY-21",
                field=f"gates.{gate.at}.on",
                text="{gate} is on {day}, but result {number}, which it takes up, is due {due}. Is a draft meant?",
                params={
                    "gate": gate.key,
                    "day": gate.on.isoformat(),
                    "number": str(nth),
                    "due": goal(result.due),
                },
            )


def _earliest(due: TimeGoal) -> date:
    return due.on if due.precision == "day" else due.on.replace(day=1)

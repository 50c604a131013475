"""The plan's form: the same kind of tree as the directive's, read into a plan (IT-18)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from contracts.refusal import Refusal, Refusals
from contracts.values import Plan, PlanStep, Risk
from governance.domain import reading
from governance.domain.tree import Draft, Reader


class PlanMistake(Refusal):
    """Something in the plan must be mended before it can be put to the parties."""

    rule = "IT-18"
    status = 422


class NoSummary(PlanMistake):
    """The parties must see at a glance what they agree on."""

    text = "Sum up what is to be done, and how."


class NoSteps(PlanMistake):
    """A plan has steps."""

    text = "Name at least one step."


class HalfAStep(PlanMistake):
    """A step is what is done, from when to when."""

    text = "Say what the step is, and from which day to which it lasts."


class StepEndsBeforeItStarts(PlanMistake):
    """Time goes forwards."""

    text = "The step ends before it starts."


class HalfARisk(PlanMistake):
    """A risk is weighed."""

    text = "Say what the risk is, and how likely and how bad it is, each from 1 to 5."


TABLES: Mapping[str, tuple[str, ...]] = {
    "steps": ("text", "starts", "ends", "responsible"),
    "risks": ("text", "likelihood", "impact", "action"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    at: int
    text: str
    starts: date | None
    ends: date | None
    responsible: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Risk:
    at: int
    text: str
    likelihood: int | None
    impact: int | None
    action: str


def read(draft: Draft) -> Plan:
    """The plan that was written. Raises Refusals with one refusal for each field at fault."""
    form = Reader(draft)
    summary = form.text("summary")
    steps = tuple(
        _Step(
            at=at,
            text=row.line("text"),
            starts=row.value("starts", reading.day),
            ends=row.value("ends", reading.day),
            responsible=row.line("responsible"),
        )
        for at, row in form.rows("steps")
    )
    risks = tuple(
        _Risk(
            at=at,
            text=row.line("text"),
            likelihood=row.value("likelihood", reading.whole),
            impact=row.value("impact", reading.whole),
            action=row.text("action"),
        )
        for at, row in form.rows("risks")
    )
    resources, terms = form.text("resources"), form.text("acceptance_terms")
    found: dict[str | None, Refusal] = {}
    for refusal in (*form.refusals, *_mistakes(summary, steps, risks)):
        found.setdefault(refusal.field, refusal)
    if found:
        raise Refusals(tuple(found.values()))
    return Plan(
        summary=summary,
        steps=tuple(
            PlanStep(number=number, text=row.text, starts=row.starts, ends=row.ends, responsible=row.responsible)
            for number, row in enumerate(steps, start=1)
            if row.starts is not None and row.ends is not None
        ),
        resources=resources,
        risks=tuple(
            Risk(text=row.text, likelihood=row.likelihood, impact=row.impact, action=row.action)
            for row in risks
            if row.likelihood is not None and row.impact is not None
        ),
        acceptance_terms=terms,
    )


def keep(told: Draft) -> Draft:
    """What of a tree belongs to the form, as texts."""
    form = Reader(told)
    kept: Draft = {name: form.raw(name) for name in ("summary", "resources", "acceptance_terms")}
    for table, columns in TABLES.items():
        kept[table] = form.texts(table, columns)
    return kept


def blank() -> Draft:
    """An empty plan."""
    return {"steps": [{}], "risks": []}


def write(plan: Plan) -> Draft:
    """The form of a plan, to be changed or shown."""
    return {
        "summary": plan.summary,
        "steps": [
            {"text": row.text, "starts": str(row.starts), "ends": str(row.ends), "responsible": row.responsible}
            for row in plan.steps
        ],
        "resources": plan.resources,
        "risks": [
            {"text": row.text, "likelihood": str(row.likelihood), "impact": str(row.impact), "action": row.action}
            for row in plan.risks
        ],
        "acceptance_terms": plan.acceptance_terms,
    }


def _mistakes(summary: str, steps: tuple[_Step, ...], risks: tuple[_Risk, ...]) -> Iterator[Refusal]:
    if not summary:
        yield NoSummary("summary")
    if not steps:
        yield NoSteps("steps.0.text")
    for step in steps:
        for column in ("text", "starts", "ends"):
            if not getattr(step, column):
                yield HalfAStep(f"steps.{step.at}.{column}")
        if step.starts is not None and step.ends is not None and step.ends < step.starts:
            yield StepEndsBeforeItStarts(f"steps.{step.at}.ends")
    for risk in risks:
        if not risk.text:
            yield HalfARisk(f"risks.{risk.at}.text")
        for column in ("likelihood", "impact"):
            if getattr(risk, column) not in range(1, 6):
                yield HalfARisk(f"risks.{risk.at}.{column}")

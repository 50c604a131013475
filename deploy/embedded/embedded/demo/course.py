"""A project from the day it is ranked: dealt out, planned, reported on, taken through its gates (IT-16…IT-22, TY-*)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from typing import Any

from embedded.demo import papers
from embedded.demo.calendar import Act, Frame, What, calendar
from embedded.demo.world import Life
from embedded.demo.year import workday


async def deal_out(life: Life) -> None:
    """The PM plans its half-year, and deals it out to a leader and a group (IT-16, IT-17, TY-23)."""
    await life.days(1, 3)
    await life.decide(life.pm, "release", {"period": papers.half_year(life.ends)})
    if not life.tale.reaches("assigned"):
        return
    await life.days(3, 6)
    leader = {**life.led_by.named, "language": life.led_by.language}
    group = life.world.cast.group(life.home, life.requester)
    await life.decide(life.pm, "assign", {"leader": leader, "group": group, "reason": life.town.word("assigned")})
    await carry_out(life)


async def carry_out(life: Life) -> None:
    """Everything until the project or the year ends."""
    frame = Frame(
        dealt_out=life.year.today,
        gates=papers.gates(life),
        ends=life.ends,
        last=life.year.ends.date(),
        turns=_turns_on(life),
        resumes=None if life.tale.back is None else life.year.week(life.tale.back).date(),
    )
    for act in calendar(life.tale, frame):
        await life.year.until(life.year.moment(workday(act.on), act.hour))
        await DOES[act.what](life, act)


def _turns_on(life: Life) -> date | None:
    if life.tale.by_cab is not None:
        return life.world.cab_on(life.tale.by_cab).date()
    return None if life.tale.turn is None else life.year.week(life.tale.turn).date()


async def plan(life: Life, act: Act) -> None:
    """The leader writes the plan (IT-18)."""
    town, length = life.town, life.ends - life.begins
    steps = [
        {
            "text": text,
            "starts": life.begins + length * place / 4,
            "ends": life.begins + length * (place + 1) / 4,
            "responsible": town.some("roles")[0],
        }
        for place, text in enumerate(town.some("steps"))
    ]
    written = {
        "summary": town.word("plan"), "steps": steps, "resources": town.word("resources"), "risks": [risk(life)],
        "acceptance_terms": town.word("terms"),
    }  # fmt: skip
    said = {"directive_version": life.directive, "plan": written}
    await life.do(life.led_by, f"/governance/api/plans/{life.id}/versions", said, f"plan {act.number}")


async def accept(life: Life, act: Act, party: str) -> None:
    """One of the parties accepts the plan (IT-19)."""
    who = life.pm if party == "it_team" else life.orderer
    said = {"version": act.number, "party": party}
    await life.do(who, f"/governance/api/plans/{life.id}/acceptances", said, f"plan {act.number} {party}")
    if party == "business":
        await life.knows(lambda row: row["plan_version"] is not None)


async def report(life: Life, act: Act) -> None:
    """The leader reports (IT-20)."""
    part = (act.on - life.begins) / (life.ends - life.begins)
    progress = round(100 * min(max(part, 0.03), 0.97)) if life.tale.reaches_work else 3 + act.number
    time, cost, result = health(life, progress, act.number)
    dear = 1.3 if life.tale.health == "cost" else life.tale.lots.uniform(0.8, 0.98)
    spent = thousands(life.budget * progress / 100 * dear)
    worst = "red" if "red" in (time, cost, result) else "yellow" if "yellow" in (time, cost, result) else "green"
    said = {
        "cadence": act.about, "time": time, "cost": cost, "result": result, "progress": progress, "spent": spent,
        "forecast": thousands(life.budget * dear), "risks": [risk(life)] if worst != "green" else [],
        "next_steps": life.one_of("next"), "summary": life.one_of(worst),
    }  # fmt: skip
    await life.decide(life.led_by, "report", said, f"report {act.number}")


def health(life: Life, progress: int, number: int) -> tuple[str, str, str]:
    """Time, cost and result, as far as the project has come."""
    match life.tale.health:
        case "good":
            return "green", "green", "green"
        case "time":
            return ("green" if progress < 25 else "yellow" if progress < 40 else "red"), "green", "green"
        case "cost":
            return "green", ("green" if progress < 20 else "yellow" if progress < 45 else "red"), "green"
        case "result":
            return "yellow", "green", ("green" if progress < 30 else "red" if number % 4 < 2 else "yellow")
        case None:
            return ("yellow" if (number + len(life.tale.key)) % 5 == 0 else "green"), "green", "green"


def thousands(amount: float) -> int:
    """An amount as people report it."""
    return int(round(amount, -3))


def risk(life: Life) -> dict[str, Any]:
    """A risk, weighed."""
    likely, bad = life.lots.randint(1, 4), life.lots.randint(2, 5)
    return {"text": life.one_of("risks"), "likelihood": likely, "impact": bad, "action": life.town.word("action")}


async def gate(life: Life, act: Act) -> None:
    """A gate is passed or held (TY-09)."""
    held = act.what == "hold"
    note = life.town.word("held") if held else life.one_of("gate")
    said = {"gate": act.about, "outcome": "held" if held else "passed", "note": note}
    await life.decide(life.led_by, "gate", said, f"{act.about} {said['outcome']}")


async def talk(life: Life, act: Act) -> None:
    """The leader spoke with the orderer (IT-22)."""
    await life.decide(life.led_by, "talk", {"note": life.one_of("talk")}, f"talk {act.number}")


async def lend(life: Life, act: Act) -> None:
    """People are lent to another project (TY-22)."""
    to = life.world.life(act.about, life.home)
    starts = life.year.today + timedelta(days=7)
    said = {
        "to": to.id, "who": life.town.people.team[1].split(", ")[1], "starts": starts,
        "ends": starts + timedelta(weeks=8), "deciding_lead": life.town.some("roles")[0],
    }  # fmt: skip
    await life.decide(life.pm, "lend", said)


async def turn(life: Life, act: Act) -> None:
    """The PM postpones, limits or stops it, or lets it go on (TY-04)."""
    said: dict[str, Any] = {"reason": life.town.word("promised")}
    if act.about == "limit":
        said["scope"] = life.town.word("scope")
    if act.about == "postpone" and life.tale.back is not None:
        said["until"] = life.year.week(life.tale.back).date()
    await life.decide(life.pm, act.about or "resume", said)


async def mend(life: Life, _: Act) -> None:
    """The requester returns the reopened directive."""
    await papers.hand_in(life, papers.form(life))


async def complete(life: Life, _: Act) -> None:
    """The PM closes what has delivered."""
    spent = thousands(life.budget * life.tale.lots.uniform(0.8, 0.98))
    await life.decide(life.pm, "complete", {"summary": life.town.word("completed"), "spent": spent})


DOES: Mapping[What, Callable[[Life, Act], Awaitable[None]]] = {
    "plan": plan,
    "accept as it team": lambda life, act: accept(life, act, "it_team"),
    "accept as business": lambda life, act: accept(life, act, "business"),
    "gate": gate,
    "hold": gate,
    "report": report,
    "talk": talk,
    "lend": lend,
    "turn": turn,
    "resume": turn,
    "reopen": lambda life, _: papers.reopen(life),
    "mend": mend,
    "accept": lambda life, _: papers.accept(life),
    "sign as orderer": lambda life, _: papers.sign(life, "orderer"),
    "sign as leader": lambda life, _: papers.sign(life, "leader"),
    "complete": complete,
}

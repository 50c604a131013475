"""The directive: drafted, asked about, returned, sent back, accepted, signed by two, reopened (IT-09…IT-11, TY-*)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from embedded.demo.world import Life

WEEKS = {"small": 14, "medium": 24, "large": 36}
"""How long a project takes, from BP1 to BP4."""
BUDGETS = {"small": 240_000, "medium": 780_000, "large": 2_600_000}
RATES = {"SEK": 1.0, "NOK": 1.0, "DKK": 0.65}


async def agree(life: Life) -> bool:
    """From the empty template to an approved directive. False when it does not come so far."""
    plan_ahead(life)
    return await _returned(life) and await _accepted(life) and await _signed(life)


async def _returned(life: Life) -> bool:
    tale = life.tale
    if not tale.reaches("asked"):
        return False
    await life.days(3, 6)
    whole = form(life)
    begun = {name: whole[name] for name in ("title", "background", "orderer", "goals")}
    await write(life, "draft", {"form": begun}, "draft", method="PUT")
    if tale.fate == "asked" or life.lots.random() < 0.4:
        await life.days(1, 2)
        await write(life, "questions", {"question": life.town.word("question"), "field": "cost.cap"}, "question")
        if tale.fate == "asked":
            return False
        await life.days(1, 1)
        await life.do(life.pm, place(life, "answers"), {"answer": life.town.word("answer")}, "answer")
    if not tale.reaches("returned"):
        return False
    await life.days(3, 6)
    await hand_in(life, whole)
    return tale.reaches("sent-back")


async def _accepted(life: Life) -> bool:
    tale = life.tale
    if tale.fate == "sent-back" or life.lots.random() < 0.3:
        await life.days(2, 3)
        remarks = [{"field": "rough_plan", "text": life.town.word("remark")}]
        await life.do(
            life.pm, place(life, "send-back"), {"version": life.directive, "remarks": remarks}, f"back {life.directive}"
        )
        if tale.fate == "sent-back":
            return False
        await life.days(3, 6)
        await hand_in(life, form(life))
    await life.days(2, 4)
    await accept(life)
    return tale.reaches("accepted")


async def _signed(life: Life) -> bool:
    await life.days(1, 3)
    await sign(life, "orderer")
    if not life.tale.reaches("approved"):
        return False
    await life.days(1, 2)
    await sign(life, "leader")
    await life.knows(lambda row: (row["directive_version"] or 0) >= life.directive)
    await life.decide(life.pm, "gate", {"gate": "BP1", "outcome": "passed", "note": life.one_of("gate")}, "BP1")
    return True


async def write(life: Life, what: str, said: dict[str, Any], step: str, *, method: str = "POST") -> None:
    """The requester does something with the directive."""
    await life.do(life.requester, place(life, what), said, step, method=method)


async def hand_in(life: Life, whole: dict[str, Any]) -> None:
    """The requester returns the directive."""
    life.directive += 1
    if life.directive > 1:
        whole = {**whole, "rough_plan": f"{whole['rough_plan']} {life.town.word('mended')}"}
    await write(life, "return", {"form": whole}, f"returned {life.directive}")


async def accept(life: Life) -> None:
    """The PM accepts it, and names who leads."""
    said = {"version": life.directive, "leader": life.led_by.named, "note": life.town.word("accepted")}
    await life.do(life.pm, place(life, "accept"), said, f"accepted {life.directive}")


async def sign(life: Life, signatory: str) -> None:
    """One of the two signatories approves it."""
    who = life.orderer if signatory == "orderer" else life.led_by
    await life.do(who, place(life, "sign"), {"version": life.directive}, f"{signatory} signed {life.directive}")


async def reopen(life: Life) -> None:
    """The PM reopens an approved directive."""
    said = {"reason": life.town.word("directive_reopened")}
    await life.do(life.pm, place(life, "reopen"), said, f"reopened {life.directive}")


def place(life: Life, what: str) -> str:
    """Where that is done with its directive."""
    return f"/governance/api/directives/{life.id}/{what}"


def plan_ahead(life: Life) -> None:
    """When it is to begin and end, and what it may cost."""
    last = life.year.ends.date()
    weeks = WEEKS[life.tale.size]
    life.begins = life.year.today + timedelta(weeks=4)
    life.ends = life.begins + timedelta(weeks=weeks)
    if life.tale.fate == "done":
        life.ends = min(life.ends, last - timedelta(days=life.lots.randint(5, 30)))
    else:
        life.ends = max(life.ends, last + timedelta(weeks=life.lots.randint(4, 16)))
    rate = RATES[life.world.cast.partnership[life.home].currency]
    life.budget = int(round(BUDGETS[life.tale.size] * rate * life.lots.uniform(0.8, 1.2), -4))
    if life.tale.cap is not None:
        life.budget = int("".join(filter(str.isdigit, life.tale.cap)))


def gates(life: Life) -> list[date]:
    """The days of BP1…BP4."""
    length = life.ends - life.begins
    days = [life.begins, life.begins + min(timedelta(weeks=6), length / 3), life.begins + length * 2 / 3, life.ends]
    return [day if day.weekday() < 5 else day - timedelta(days=2) for day in days]


def form(life: Life) -> dict[str, Any]:
    """The directive, filled in."""
    town, tale, days = life.town, life.tale, gates(life)
    role, competence, duty, expert, knows, does = town.some("roles")
    late = timedelta(days=40) if tale.health == "time" else timedelta()
    internal, external, licences = town.some("purposes")
    short, fixed = tale.cadence.split("/")
    earlier = [{"decided_by": town.word("decided_by"), "on": days[0] - timedelta(days=60), "amount": life.budget}]
    spent = {"earlier": earlier, "spent": life.budget // 8, "spent_as_of": life.year.today} if tale.earlier else {}
    return {
        "title": tale.title,
        "background": f"{tale.text}\n\n{town.word('background')}",
        "sections": [dict(zip(("heading", "text"), town.some("section"), strict=True))],
        "orderer": life.orderer.named,
        "contacts": [{"role": town.word("contact"), **life.requester.named, "phone": "0555-10 12"}],
        "gates": [
            {"key": f"BP{number}", "on": day, "decision": what}
            for number, (day, what) in enumerate(zip(days, town.some("gates"), strict=True), 1)
        ],
        "goals": town.word("goals"),
        "requirements": town.word("requirements"),
        "wishes": town.word("wishes"),
        "results": [
            {"text": text, "due": day, "gate": gate, "alternative": town.word("alternative") if gate == "BP2" else ""}
            for text, day, gate in zip(
                town.some("results"), (f"{days[1] + late:%Y-%m}", days[2], days[3]), ("BP2", "BP3", "BP4"), strict=True
            )
        ],
        "cost": {
            "cap": tale.cap or f"{life.budget:,}".replace(",", " "),
            "currency": life.world.cast.partnership[life.home].currency,
            "starts": days[0],
            "ends": life.ends,
        },
        "ranking": life.tale.lots.sample(["result", "time", "cost"], 3),
        "cadence": {"short_days": short, "fixed_days": fixed},
        "financing": {
            **spent,
            "lines": [
                {"kind": "internal", "purpose": internal, "hours": life.budget * 3 // 10 // 650, "rate": 650},
                {"kind": "external_consultant", "purpose": external, "hours": life.budget // 3 // 1200, "rate": 1200},
                {"kind": "licence", "purpose": licences, "hours": 1, "rate": life.budget // 5},
            ],
        },
        "rough_plan": town.word("rough_plan"),
        "competences": [
            {"role": role, "competence": competence, "responsibility": duty},
            {"role": expert, "competence": knows, "responsibility": does},
        ],
        "ends": life.ends,
        "delivery_period": half_year(life.ends),
    }


def half_year(day: date) -> str:
    """The half-year of a day, as directives write it (TY-23)."""
    return f"{day.year}H{1 if day.month <= 6 else 2}"

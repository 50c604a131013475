"""Tickets: they come in, are edited, end; and the PM judges them (IT-02…IT-06)."""

from __future__ import annotations

from typing import Any

from embedded.demo.world import Life, World
from embedded.demo.year import AFTERNOON, MORNING

CRITERIA = ("effort", "cost", "several_units", "new_system", "procurement")


async def arrive(life: Life) -> None:
    """The ticket is opened, and the Service Desk's system hands it over, or a person there types it in."""
    hour = life.lots.choice((MORNING, AFTERNOON))
    await life.year.until(life.year.week(life.tale.week, life.lots.randrange(4), hour))
    if life.tale.registered_by == "desk":
        life.id = (await _by_hand(life))["id"]
    else:
        life.id = (await report(life, "created", "1"))["id"]
    if life.tale.edited == 1:
        await edited(life)


async def edited(life: Life) -> None:
    """The requester adds something at the source."""
    await life.year.days(1, AFTERNOON)
    text = f"{life.tale.text} {life.town.word('edited')}"
    await report(life, "changed", "2", description=text, priority=2)


async def report(life: Life, kind: str, revision: str, **more: Any) -> dict[str, Any]:
    """The ticketing system says how the ticket looks now."""
    ticket = {
        "external_id": life.number,
        "number": life.number,
        "url": f"https://servicedesk.{life.home}.example/{life.number}",
        "kind": kind,
        "flow": "projekt",
        "title": life.tale.title,
        "description": life.tale.text,
        "description_format": "text",
        "requester": {**life.requester.named, "language": life.requester.language},
        "opened_at": life.year.now.isoformat() if kind == "created" else None,
        "updated_at": life.year.now.isoformat(),
        "revision": int(revision),
        "serves": [life.home, *life.tale.serves] if life.tale.serves else [],
        "origin": life.tale.origin,
        **more,
    }
    sent = {name: value for name, value in ticket.items() if value is not None}
    return await life.world.stage.deliver(life.home, life.tale.system, sent, f"{life.home}/{life.number}/{revision}")


async def _by_hand(life: Life) -> Any:
    desk = life.world.cast.named(life.town.people.desk, life.home)
    said = {
        "municipality": life.home,
        "ticket": {"system": "phone", "number": life.number},
        "title": life.tale.title,
        "description": life.tale.text,
        "requester": {**life.requester.named, "language": life.requester.language},
        "serves": [life.home, *life.tale.serves],
        "opened_at": life.year.now,
    }
    return await life.do(desk, "/intake/api/requests", said, "registered")


async def judge(life: Life, outcome: str, *, again: str = "") -> None:
    """The PM judges it, with an answer to every size criterion (IT-05, IT-06)."""
    large = outcome == "project"
    met = set(CRITERIA[: life.lots.randint(2, 5)]) if large else set()
    said = {
        "outcome": outcome,
        "reason": life.one_of(outcome),
        "criteria": [{"key": key, "met": key in met} for key in CRITERIA],
    }
    await life.do(life.pm, f"/intake/api/requests/{life.id}/classification", said, f"judged{again}")
    if large:
        await life.knows(bool)
        await life.world.stage.until(life.pm.email, f"/governance/api/directives/{life.id}", bool)


async def retract(life: Life) -> None:
    """The PM takes the judgement back: it is a change after all."""
    await life.days(9, 12)
    said = {"reason": life.town.word("retracted")}
    await life.do(life.pm, f"/intake/api/requests/{life.id}/classification/withdrawal", said, "retracted")
    await life.days(1, 1)
    await judge(life, "change", again=" again")


async def reopen(life: Life) -> None:
    """The Service Desk reopens the ticket of a change, and the PM judges it a project."""
    await life.days(10, 20)
    await report(life, "reopened", "3", note=life.town.word("reopened"))
    await life.days(2, 4)
    await judge(life, "project", again=" again")


async def end(life: Life) -> None:
    """The ticket ends at its source: withdrawn, closed, deleted, or merged with another."""
    await life.days(2, 6)
    into = {}
    if life.tale.fate == "merged":
        survivor = life.world.life(life.tale.into or "", life.home)
        into = {"into": {"external_id": survivor.number, "number": survivor.number}}
    kind = {"withdrawn": "withdrawn", "closed": "closed", "deleted": "deleted", "merged": "merged"}[life.tale.fate]
    await report(life, kind, "4", note=life.town.word("withdrawn"), **into)


async def astray(world: World) -> None:
    """Deliveries that lead to no request: one of another flow, one that somebody has to look at."""
    await world.year.until(world.year.week(50, 2))
    for home in world.tales.towns:
        lost = {"external_id": "7701", "number": "7701", "kind": "created", "flow": "incident", "title": "Skrivare"}
        await world.stage.deliver(home, "servicedesk", lost, f"{home}/7701")
        untitled = {"external_id": "7702", "number": "7702", "kind": "created", "flow": "projekt", "revision": 1}
        await world.stage.deliver(home, "servicedesk", untitled, f"{home}/7702")

"""How the forms of decisions begin, and how their fields are named."""

from __future__ import annotations

from datetime import date
from typing import Any

from chassis.web import Deps
from contracts.refusal import Refusal, Refusals
from contracts.values import Criterion
from portfolio.views.projects import ProjectRow

UUID_LENGTH = 36


def begun(name: str, row: ProjectRow, day: date, other: str | None = None) -> dict[str, Any]:
    """What stands in the form of a decision before anything is filled in: what is known already. `other` is the project
    that whoever comes here has in mind."""
    match name:
        case "rank":
            return {"rank": row.rank}
        case "serve":
            return {"serves": row.serves}
        case "release":
            return {"period": row.release}
        case "gate":
            return {"gate": row.next_gate, "on": day}
        case "report":
            return {"cadence": "fixed", "progress": row.progress, "spent": row.spent, "forecast": row.forecast}
        case "complete":
            return {"spent": row.spent}
        case "join":
            return {"other": other}
        case "assign" if row.leader is not None:
            others = [member for member in row.group if member.person.id != row.leader_id]
            return {
                "leader": {"name": row.leader.name, "email": row.leader.email},
                "leader_kind": next((m.kind for m in row.group if m.person.id == row.leader_id), "it_team"),
                "group": [
                    {
                        "name": member.person.name,
                        "email": member.person.email,
                        "kind": member.kind,
                        "role": member.role,
                        "organisation": member.organisation,
                    }
                    for member in others
                ],
            }
        case "assign":
            return {"leader_kind": "it_team"}
        case _:
            return {}


def name_of(criterion: Criterion, language: str) -> str:
    """What a criterion is called in a language, or in the nearest there is."""
    return criterion.names.get(language) or criterion.names.get("en") or criterion.key


def by_id(data: dict[str, Any], name: str) -> dict[str, Any]:
    """A form's "ranks.p0f6a…" and "scores.p0f6a….time" as the ids they stand for: a field's name has no hyphens."""
    given = data.get(name)
    if not isinstance(given, dict):
        return data
    return {**data, name: {key.removeprefix("p"): value for key, value in given.items()}}


def on_the_page(refusal: Refusal) -> Refusal:
    """The refusal with its fields named as on the page."""
    for each in refusal.refusals if isinstance(refusal, Refusals) else (refusal,):
        if each.field is not None:
            each.field = ".".join(
                f"p{step.replace('-', '')}" if len(step) == 36 else step for step in each.field.split(".")
            )
    return refusal


def municipalities(here: Deps) -> list[tuple[str, str]]:
    """The partner municipalities, to choose among."""
    return [(each.id, each.name) for each in here.partnership.municipalities.values()]


def which_page(wanted: int, rows: int, on_each: int) -> tuple[int, int]:
    """The page that is shown, which is the last one when a later one was asked for, and how many there are."""
    last = max(1, -(-rows // on_each))
    return min(wanted, last), last

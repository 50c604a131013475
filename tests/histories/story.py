"""A story that leads through the whole flow, told to the services over HTTP; all people in it are invented."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import UUID

from intake.domain.ticket import request_of
from tests.integration.flow_people import CRITERIA, FULL_FORM, PLAN, REPORT, SCORED_BY, SOMEBODY
from tests.integration.flow_world import World


class Told:
    """The story as far as it has been told."""

    def __init__(self, world: World) -> None:
        self.world, self._keys = world, count(1)

    async def ask(self, who: str, path: str, body: object = None, method: str = "POST") -> Any:
        """Somebody does something, which must succeed; everybody hears of it, and mails go out."""
        answer = await self.world.ask(who, method, path, body, key=f"story/{next(self._keys)}")
        assert answer.is_success, f"{who} {path}: {answer.text}"
        await self.world.settle(await self.world.hear())
        await self.world.send()
        return answer.json()

    async def ticket(self, home: str, number: str, kind: str, **more: Any) -> UUID:
        """A Service Desk tells of a ticket."""
        said = {
            "external_id": number, "number": f"100{number}", "kind": kind, "flow": "projekt",
            "title": f"E-tjänst {number}", "description": "Vi behöver en e-tjänst.",
            "requester": SOMEBODY["requester" if home == "ekvik" else "northern requester"].told,
            "opened_at": "2026-03-02T08:30:00+01:00", **more,
        }  # fmt: skip
        answer = await self.world.deliver(home, said, key=f"story/{next(self._keys)}")
        assert answer.is_success, answer.text
        await self.world.settle(await self.world.hear())
        await self.world.send()
        return request_of(home, "zammad", number)


async def tell(world: World) -> None:
    """The whole story: three projects, a change, a round, a CAB, and one project to its end."""
    told = Told(world)
    first = await told.ticket("ekvik", "81", "created", serves=["ekvik", "nordvik"])
    second, third = await told.ticket("nordvik", "7", "created"), await told.ticket("ekvik", "82", "created")
    change, twin = await told.ticket("ekvik", "83", "created"), await told.ticket("ekvik", "84", "created")
    await told.ticket("ekvik", "81", "changed", title="E-tjänst för bygglov", revision=2)
    await told.ticket("ekvik", "84", "merged", into={"external_id": "81"})
    await told.ticket("ekvik", "85", "created")
    await told.ticket("ekvik", "85", "withdrawn", note="Behövs inte längre")
    await told.ticket("ekvik", "85", "reopened")
    assert twin != change
    for request, outcome in ((first, "project"), (second, "project"), (third, "project"), (change, "change")):
        body = {"outcome": outcome, "reason": "Så stort är det", "criteria": CRITERIA}
        await told.ask("pm", f"/intake/api/requests/{request}/classification", body)
    await told.ask("pm", f"/intake/api/requests/{third}/classification/withdrawal", {"reason": "Mindre än vi trodde"})
    await the_directive(told, first)
    await told.world.tick(30)
    await the_round(told, first, second)
    await the_plan(told, first)
    await told.world.tick(9)
    await the_cab(told, first, second)
    await the_end(told, first, second)


async def the_directive(told: Told, request: UUID) -> None:
    """Helped with, returned, sent back, returned again, accepted, signed by two."""
    path = f"/governance/api/directives/{request}"
    await told.ask("requester", f"{path}/draft", {"form": {"title": "Bygglov"}}, "PUT")
    await told.ask("requester", f"{path}/questions", {"question": "Vem är beställare?", "field": "orderer"})
    await told.ask("pm", f"{path}/answers", {"answer": "Den som betalar."})
    await told.ask("requester", f"{path}/return", {"form": FULL_FORM})
    await told.ask("pm", f"{path}/send-back", {"version": 1, "remarks": [{"field": "goals", "text": "Vad är målet?"}]})
    await told.ask("requester", f"{path}/return", {"form": {**FULL_FORM, "goals": "Kortare väntan"}})
    await told.ask("pm", f"{path}/accept", {"version": 2, "leader": SOMEBODY["leader"].told})
    for who in ("orderer", "leader"):
        await told.ask(who, f"{path}/sign", {"version": 2})


async def the_round(told: Told, first: UUID, second: UUID) -> None:
    """One municipality votes by its manager, the other by a deputy after a change of mind."""
    opening = {"title": "Vår", "deadline": "2027-01-01T12:00:00Z", "candidates": [str(first), str(second)]}
    path = f"/portfolio/api/rounds/{(await told.ask('pm', '/portfolio/api/rounds', opening))['id']}"

    def scores(one: int, other: int) -> dict[str, Any]:
        given = {first: one, second: other}
        return {"scores": {str(request): dict.fromkeys(SCORED_BY, score) for request, score in given.items()}}

    await told.ask("manager of ekvik", f"{path}/votes/ekvik", scores(5, 2), "PUT")
    await told.ask("manager of nordvik", f"{path}/votes/nordvik", scores(1, 5), "PUT")
    await told.ask("manager of nordvik", f"{path}/votes/nordvik", method="DELETE")
    await told.ask("deputy of nordvik", f"{path}/votes/nordvik", scores(4, 4), "PUT")
    await told.ask("pm", f"{path}/close")


async def the_plan(told: Told, request: UUID) -> None:
    """Dealt out, planned, agreed on, reported of."""
    project, plan = f"/portfolio/api/projects/{request}", f"/governance/api/plans/{request}"
    await told.ask("pm", f"{project}/release", {"period": "2026H2"})
    member = {**SOMEBODY["other leader"].told, "kind": "external_consultant", "role": "Upphandlare"}
    await told.ask("pm", f"{project}/assign", {"leader": SOMEBODY["leader"].told, "group": [member]})
    await told.ask("leader", f"{plan}/versions", {"directive_version": 2, "plan": PLAN})
    await told.ask("pm", f"{plan}/acceptances", {"party": "it_team", "version": 1})
    await told.ask("orderer", f"{plan}/acceptances", {"party": "business", "version": 1})
    await told.ask("leader", f"{project}/report", REPORT)
    await told.ask("leader", f"{project}/gate", {"gate": "BP1", "outcome": "passed"})
    await told.ask("leader", f"{project}/talk", {"note": "Beställaren är nöjd så långt."})


async def the_cab(told: Told, first: UUID, second: UUID) -> None:
    """Called, moved, decided, minuted, approved by a deputy."""
    call = {"at": "2026-05-01T08:00:00Z", "place": "Rum 3", "orderer_meeting": "IT-beställarmöte"}
    path = f"/governance/api/meetings/{(await told.ask('pm', '/governance/api/meetings', call))['id']}"
    moved = {"at": "2026-05-02T08:00:00Z", "place": "Rum 4", "reason": "Rum 3 målas"}
    await told.ask("pm", f"{path}/move", moved)
    items = [
        {"request_id": str(first), "municipality": "ekvik", "title": "Bygglov", "reasons": ["red", "overdue"]},
        {"request_id": str(second), "municipality": "nordvik", "title": "E-tjänst 7", "reasons": ["new"]},
    ]
    await told.ask("pm", f"{path}/agenda", {"items": items}, "PUT")
    seats = [
        {"municipality": "ekvik", "role": "pm", "person": SOMEBODY["pm"].told},
        {
            "municipality": "nordvik",
            "role": "deputy",
            "person": SOMEBODY["deputy of nordvik"].told,
            "deputy_for": SOMEBODY["manager of nordvik"].told,
        },
    ]
    await told.ask("pm", f"{path}/attendance", {"attendees": seats}, "PUT")
    for request, outcome in ((first, "limit"), (second, "postpone")):
        await told.ask(
            "pm", f"{path}/decisions", {"request_id": str(request), "outcome": outcome, "text": "Pengarna räcker inte"}
        )
    await told.ask("pm", f"{path}/minutes", {"text": "Vi gick igenom båda."})
    await told.ask("deputy of nordvik", f"{path}/minutes/approve", {"version": 1})


async def the_end(told: Told, first: UUID, second: UUID) -> None:
    """People are lent, one project is stopped, the other resumed and completed."""
    project = f"/portfolio/api/projects/{first}"
    await told.ask("pm", f"{project}/resume", {"reason": "Pengarna räcker ändå"})
    await told.ask("leader", f"{project}/report", {**REPORT, "cost": "green", "spent": "598000"})
    await told.ask("pm", f"/governance/api/directives/{first}/reopen", {"reason": "Kartan ska med"})
    await told.ask("pm", f"{project}/complete", {"summary": "I drift", "spent": "598000"})
    await told.ask("pm", f"/portfolio/api/projects/{second}/stop", {"reason": "Ingen beställare kvar"})

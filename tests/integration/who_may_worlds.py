"""Each service with something of Ekvik's in it for every action that may be tried, and what the actions are sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from joserfc import jwk

from chassis.clock import Clock
from chassis.links import OWN_REQUEST, Link
from chassis.testing import Databases
from chassis.web import Deps
from tests.integration import governance_world, intake_world, notifications_world, portfolio_world
from tests.integration.flow_people import PLAN
from tests.integration.test_intake_requests import a_judgement, a_registration
from tests.integration.test_portfolio_flow import REPORT
from tests.integration.who_may import table_of

HOME = "ekvik"
CANARY = "Kanariefågel"


@dataclass(frozen=True, slots=True)
class Body:
    """What a writing route is sent: JSON, or a page's form."""

    json: Any = None
    form: Mapping[str, str] | None = None


@dataclass(slots=True)
class Seeded:
    """A service in which something of Ekvik's waits for each action. `parts` are the values of its paths' parameters
    (by line where they differ), `bodies` what its writing routes are sent, `canaries` what only Ekvik may read."""

    here: Deps
    clock: Clock
    key: jwk.ECKey
    parts: dict[str, str]
    bodies: dict[str, Body]
    special: dict[str, dict[str, str]] = field(default_factory=dict)
    canaries: tuple[str, ...] = (CANARY,)
    see: Callable[[], Awaitable[None]] | None = None


async def a_portfolio(stack: AsyncExitStack, databases: Databases, folder: Path) -> Seeded:
    world = await stack.enter_async_context(portfolio_world.a_world(databases, folder))
    request_id = await world.an_entered_project(CANARY)
    await world.approve(request_id)
    assert (await world.post(f"/projects/{request_id}/rank", world.pm, {"rank": 1})).status_code == 201
    leader = {"name": "Hanna Berg", "email": world.email("Hanna Berg")}
    assert (await world.post(f"/projects/{request_id}/assign", world.pm, {"leader": leader})).status_code == 201
    other, third = [await world.an_entered_project(f"{CANARY} {number}") for number in ("två", "tre")]
    deadline = (world.clock.now() + timedelta(days=9)).isoformat()
    opening = {"title": "Våren", "deadline": deadline, "candidates": [str(other), str(third)]}
    opened = await world.post("/rounds", world.pm, opening)
    assert opened.status_code == 201, opened.text
    round_id = opened.json()["id"]
    await world.see()
    asked = Link(
        purpose=OWN_REQUEST, municipality=HOME, request_id=request_id, until=world.clock.now() + timedelta(days=9),
        person=world.here.person_id(world.email("Sigrid Ek")),
    )  # fmt: skip
    token = world.here.links.make(asked)
    reason = {"reason": "Så är det"}
    rank = {"rank": 2, **reason}
    report = {key: str(value) for key, value in REPORT.items() if key != "risks"}
    somebody: dict[str, Any] = {
        "rank": rank, "serve": {"serves": [HOME], **reason}, "join": {"other": str(other), **reason},
        "release": {"period": "2026-H2"}, "assign": {"leader": leader}, "report": REPORT,
        "lend": {"to": str(other), "who": "En tekniker", "starts": "2026-04-01", "ends": "2026-05-01",
                 "deciding_lead": "Teamet"},
        "gate": {"gate": "BP1", "outcome": "passed"}, "talk": {"note": "Vi talades vid"}, "postpone": reason,
        "limit": {"scope": "Hälften", **reason}, "stop": reason, "resume": reason,
        "complete": {"summary": "Klart", "spent": "1"},
    }  # fmt: skip
    api = "/portfolio/api"
    return Seeded(
        world.here, world.clock, portfolio_world.KEY,
        {"request_id": str(request_id), "round_id": round_id, "municipality": HOME, "view_id": str(uuid4()),
         "view": "projects", "token": token},
        {
            **{f"{api}/projects/{{request_id}}/{name}": Body(json=said) for name, said in somebody.items()},
            "/portfolio/projects/{request_id}/{decision=rank}": Body(form={"rank": "2", "reason": "Så"}),
            "/portfolio/projects/{request_id}/{decision=gate}": Body(form={"gate": "BP1", "outcome": "passed"}),
            "/portfolio/projects/{request_id}/{decision=report}": Body(form=report),
            f"{api}/ranking": Body(json={"ranks": {str(other): 3}, **reason}),
            "/portfolio/ranking": Body(form={f"ranks.p{other.hex}": "3", "reason": "Så"}),
            f"{api}/rounds": Body(json=opening),
            "/portfolio/rounds/new": Body(
                form={"title": "Hösten", "deadline": deadline[:16], "candidates": str(other)}
            ),
            f"{api}/rounds/{{round_id}}/votes/{{municipality}}": Body(json={"abstained": True}),
            "/portfolio/rounds/{round_id}/vote/{municipality}": Body(form={"abstained": "true"}),
            f"{api}/rounds/{{round_id}}/cancel": Body(json=reason),
            "/portfolio/rounds/{round_id}/cancel": Body(form=reason),
            "/portfolio/saved": Body(form={"name": "Min", "address": "state=entered"}),
        },
        see=world.see,
    )  # fmt: skip


async def a_governance(stack: AsyncExitStack, databases: Databases, folder: Path) -> Seeded:
    world = await stack.enter_async_context(governance_world.a_world(databases, folder))
    form = {**governance_world.FULL_FORM, "title": CANARY}
    waiting, judged, signing = [await world.a_project() for _ in range(3)]
    leader = {"name": "Hanna Berg", "email": world.email("Hanna Berg")}
    for request_id in (judged, signing):
        path = f"/governance/api/directives/{request_id}"
        assert (await world.post(f"{path}/return", world.requester, {"form": form})).status_code == 201
    accepted = {"version": 1, "leader": leader}
    path = f"/governance/api/directives/{signing}/accept"
    assert (await world.post(path, world.pm, accepted)).status_code == 201
    approved = await world.an_approved_directive()
    await world.assigned(approved)
    await world.see()
    plan = {"directive_version": 1, "plan": PLAN}
    written = await world.post(f"/governance/api/plans/{approved}/versions", world.leader, plan)
    assert written.status_code == 201, written.text
    at = (world.clock.now() + timedelta(days=3)).isoformat()
    call = {"at": at, "place": f"Rum {CANARY}", "orderer_meeting": "Beställarmöte 3", "invited": [HOME]}
    called = await world.post("/governance/api/meetings", world.pm, call)
    assert called.status_code == 201, called.text
    meeting = called.json()["id"]
    item = {"request_id": str(approved), "municipality": HOME, "title": CANARY, "reasons": ["asked_for"]}
    agenda = {"items": [item]}
    person = {"name": "Anders Lo", "email": world.email("Anders Lo")}
    sat = {"attendees": [{"municipality": HOME, "role": "it_manager", "person": person}]}
    at_meeting = f"/governance/api/meetings/{meeting}"
    for put, said in (("agenda", agenda), ("attendance", sat)):
        answer = await world.put(f"{at_meeting}/{put}", world.pm, said)
        assert answer.status_code == 200, answer.text
    assert (await world.post(f"{at_meeting}/minutes", world.pm, {"text": "Vi sågs"})).status_code == 201
    await world.see()
    decided = {"request_id": str(approved), "outcome": "approved", "text": "Ja"}
    api = "/governance/api"
    of = {"with the requester": waiting, "returned": judged, "signing": signing, "approved": approved}
    parts: dict[str, dict[str, str]] = {}
    for line in table_of("governance"):
        step = line.path.rpartition("/")[2]
        state = {
            "accept": "returned", "send-back": "returned", "sign": "signing", "reopen": "approved",
            "compare": "approved",
        }.get(step, "with the requester")  # fmt: skip
        if "/plans" in line.path or (line.method == "GET" and step in ("{request_id}", "print")):
            state = "approved"
        link = world.link(of[state]).rpartition("/")[2]
        parts[f"{line.method} {line.path}"] = {"request_id": str(of[state]), "token": link}
    move = {"at": at, "place": "Rum 2", "reason": "Så"}
    remarks = {"version": 1, "remarks": [{"field": "title", "text": "Kortare"}]}
    fields = {"day": "2026-03-20", "time": "09:00", "place": "Rum 2", "orderer_meeting": "Möte", "reason": "Så"}
    return Seeded(
        world.here, world.clock, governance_world.KEY,
        {"request_id": str(waiting), "meeting_id": meeting, "view": "directives"},
        {
            f"{api}/directives/{{request_id}}/draft": Body(json={"form": {"title": "Nytt"}}),
            f"{api}/directives/{{request_id}}/questions": Body(json={"question": "Hur?"}),
            f"{api}/directives/{{request_id}}/answers": Body(json={"answer": "Så"}),
            f"{api}/directives/{{request_id}}/return": Body(json={"form": form}),
            f"{api}/directives/{{request_id}}/send-back": Body(json=remarks),
            f"{api}/directives/{{request_id}}/accept": Body(json=accepted),
            f"{api}/directives/{{request_id}}/sign": Body(json={"version": 1}),
            f"{api}/directives/{{request_id}}/reopen": Body(json={"reason": "Så"}),
            f"{api}/plans/{{request_id}}/versions": Body(json=plan),
            f"{api}/plans/{{request_id}}/acceptances": Body(json={"version": 1, "party": "it_team"}),
            f"{api}/meetings": Body(json=call),
            f"{api}/meetings/{{meeting_id}}/move": Body(json=move),
            f"{api}/meetings/{{meeting_id}}/cancel": Body(json={"reason": "Så"}),
            f"{api}/meetings/{{meeting_id}}/agenda": Body(json=agenda),
            f"{api}/meetings/{{meeting_id}}/attendance": Body(json=sat),
            f"{api}/meetings/{{meeting_id}}/decisions": Body(json=decided),
            f"{api}/meetings/{{meeting_id}}/minutes": Body(json={"text": "Vi sågs"}),
            f"{api}/meetings/{{meeting_id}}/minutes/approve": Body(json={"version": 1}),
            "/governance/directive/{token}": Body(form={"action": "save", "title": "Nytt"}),
            "/governance/directives/{request_id}/form": Body(form={"action": "save", "title": "Nytt"}),
            "/governance/directives/{request_id}/accept": Body(
                form={"of": "1", "leader.name": "Hanna Berg", "leader.email": leader["email"]}
            ),
            "/governance/directives/{request_id}/send-back": Body(
                form={"of": "1", "remarks.0.field": "title", "remarks.0.text": "Kortare"}
            ),
            "/governance/directives/{request_id}/sign": Body(form={"of": "1"}),
            "/governance/directives/{request_id}/reopen": Body(form={"reason": "Så"}),
            "/governance/plans/{request_id}/accept": Body(form={"of": "1", "party": "it_team"}),
            "/governance/plans/{request_id}/form": Body(form={"directive_version": "1"}),
            "/governance/meetings/new": Body(form=fields),
            "/governance/meetings/{meeting_id}/move": Body(form=fields),
            "/governance/meetings/{meeting_id}/cancel": Body(form={"cancel_reason": "Så"}),
            "/governance/meetings/{meeting_id}/decisions": Body(form=decided),
            "/governance/meetings/{meeting_id}/minutes": Body(form={"minutes": "Vi sågs"}),
            "/governance/meetings/{meeting_id}/minutes/approve": Body(form={"of": "1"}),
            "/governance/meetings/{meeting_id}/agenda": Body(form={"action": "rebuild"}),
            "/governance/meetings/{meeting_id}/attendance": Body(form={"action": "add:attendees"}),
            "/governance/meetings/{meeting_id}/show": Body(form=decided),
            "/governance/meetings/{meeting_id}/show/presence": Body(form={"place": "0", "present": "no"}),
            "/governance/settings/{part=criteria}": Body(form={"action": "add:criteria"}),
            "/governance/settings/{part=officers}/{of}": Body(form={"action": "add:officers"}),
            "/governance/settings/{part=deputies}/{of}": Body(form={"action": "add:deputies"}),
            "/governance/settings/connections": Body(form={"municipality": HOME}),
            "/governance/api/settings/accounts": Body(json={"word": "a.b.c"}),
        },
        special=parts,
        canaries=(CANARY, governance_world.TITLE),
        see=world.see,
    )  # fmt: skip


async def an_intake(stack: AsyncExitStack, databases: Databases, folder: Path) -> Seeded:
    world = await stack.enter_async_context(intake_world.a_world(databases, folder))
    await world.deliver(intake_world.a_ticket(title=CANARY))
    request_id = str(await world.here.db.worker.fetchval("SELECT subject FROM events"))
    await world.deliver({"external_id": "82", "kind": "created", "title": CANARY}, key="parked")
    await world.see()
    page = await world.get("/intake/deliveries", world.desk)
    parked = page.text.partition('action="/intake/deliveries/')[2].partition('"')[0]
    assert parked, page.text
    judgement = a_judgement(world)
    asked = "/intake/api/requests/{request_id}"
    answers = {f"criteria.{each['key']}.met": "true" for each in judgement["criteria"]}
    registration = a_registration()
    return Seeded(
        world.here, world.clock, intake_world.KEY,
        {"request_id": request_id, "view": "requests", "delivery_id": str(parked), "credential": "ekvik.zammad",
         "kind": "zammad", "key": request_id, "system": "zammad"},
        {
            "/intake/api/requests": Body(json=registration),
            f"{asked}/classification": Body(json=judgement),
            f"{asked}/classification/withdrawal": Body(json={"reason": "Så"}),
            "/intake/requests/{request_id}": Body(form={"outcome": "project", "reason": "Stort", **answers}),
            "/intake/register": Body(form=governance_world.as_fields(registration)),
            "/intake/deliveries/{delivery_id}": Body(form={"action": "again"}),
            "/intake/hooks/standard-webhooks/{credential}": Body(json=intake_world.a_ticket()),
            "/intake/hooks/cloudevents/{credential}": Body(json=intake_world.a_ticket()),
            "/intake/hooks/{kind}/{credential}": Body(json=intake_world.a_ticket()),
        },
        special={"POST /intake/hooks/cloudevents/{credential}": {"credential": "nordvik.znuny"},
                 "OPTIONS /intake/hooks/cloudevents/{credential}": {"credential": "nordvik.znuny"}},
        see=world.see,
    )  # fmt: skip


async def a_notifications(stack: AsyncExitStack, databases: Databases, folder: Path) -> Seeded:
    world = await stack.enter_async_context(notifications_world.a_world(databases, folder, by_smtp=True))
    world.server.answer = "550 5.1.1 unknown"
    await world.a_registered_request()
    await world.send()
    await world.see()
    message = await world.here.db.worker.fetchval("SELECT subject FROM events ORDER BY position LIMIT 1")
    return Seeded(
        world.here, world.clock, notifications_world.KEY,
        {"message_id": str(message), "about": str(notifications_world.HALL), "view": "messages",
         "key": str(message)},
        {
            "/notifications/api/messages/{message_id}/again": Body(json={"reason": "Så"}),
            "/notifications/messages/{message_id}/again": Body(form={"reason": "Så"}),
        },
        canaries=("Hedda", "Bokning av idrottshallar"),
        see=world.see,
    )  # fmt: skip


WORLDS = {
    "portfolio": a_portfolio, "governance": a_governance, "intake": an_intake, "notifications": a_notifications,
}  # fmt: skip

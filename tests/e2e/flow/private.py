"""A request of one municipality that serves nobody else, with a mark in everything that can be written about it."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

from tests.e2e.cast import CAST, HOST
from tests.e2e.deliveries import a_ticket
from tests.e2e.flow.directive import the_form
from tests.e2e.flow.tickets import CRITERIA
from tests.e2e.flow.work import report
from tests.e2e.installation import Installation

CANARY = "kanarie"
"""Every mark begins with this word, and goes on with the place it was put."""


def mark(place: str) -> str:
    """The mark of a place."""
    return f"{CANARY}-{place}"


def _somebody(place: str) -> dict[str, str]:
    return {"name": mark(place), "email": f"{mark(place)}@lindmala.example"}


def a_marked_request(here: Installation, today: date) -> str:
    """The request's id, after it has gone through every kind of fact that carries somebody's words."""
    request: str = here.deliver(HOST, _ticket("created")).json()["id"]
    here.deliver(HOST, {**_ticket("changed"), "title": mark("new-title"), "revision": 2})
    why = [{**each, "note": mark("criterion")} for each in CRITERIA]
    judgement = {"outcome": "project", "reason": mark("judgement"), "criteria": why}
    here.post("pm", f"/intake/api/requests/{request}/classification", judgement)
    _a_marked_directive(here, request, today)
    _a_marked_project(here, request, today)
    return request


def _ticket(kind: str) -> dict[str, Any]:
    return {
        **a_ticket("7200", mark("title"), description=mark("description"), requester=CAST["requester"].told),
        "kind": kind,
        "number": mark("number"),
        "organisation": mark("organisation"),
        "url": f"https://desk.lindmala.example/{mark('url')}",
        "serves": [HOST],
        "attachments": [
            {"name": f"{mark('file')}.pdf", "ref": f"https://desk.lindmala.example/{mark('file-address')}"}
        ],
    }


def _a_marked_directive(here: Installation, request: str, today: date) -> None:
    path = f"/governance/api/directives/{request}"
    here.followed("pm", path, what="the marked directive")
    here.put("pm", f"{path}/draft", {"form": {"title": mark("draft")}})
    here.post("requester", f"{path}/questions", {"question": mark("question")})
    here.post("pm", f"{path}/answers", {"answer": mark("answer")})
    form = deepcopy(the_form(today))
    for field in ("title", "background", "goals", "requirements", "wishes", "rough_plan"):
        form[field] = mark(f"directive-{field}")
    form["sections"] = [{"heading": mark("section"), "text": mark("section-text")}]
    form["contacts"][0]["name"] = mark("contact")
    form["gates"][0]["decision"] = mark("gate")
    form["results"][0]["text"] = mark("result")
    form["financing"]["lines"][0]["purpose"] = mark("cost-line")
    form["competences"][0]["role"] = mark("competence")
    here.post("requester", f"{path}/return", {"form": form})
    remark = {"field": "goals", "text": mark("remark")}
    here.post("pm", f"{path}/send-back", {"version": 1, "remarks": [remark]})
    here.post("requester", f"{path}/return", {"form": form})
    here.post("pm", f"{path}/accept", {"version": 2, "leader": CAST["leader"].told, "note": mark("accepted")})
    here.post("orderer", f"{path}/sign", {"version": 2})
    here.post("leader", f"{path}/sign", {"version": 2})


def _a_marked_project(here: Installation, request: str, today: date) -> None:
    project = f"/portfolio/api/projects/{request}"
    here.followed("pm", project, lambda row: row["budget"], what="the marked project's budget")
    here.post("pm", f"{project}/rank", {"rank": 99, "reason": mark("rank")})
    member = {**_somebody("member"), "kind": "business", "role": mark("role"), "organisation": mark("firm")}
    here.post("pm", f"{project}/assign", {"leader": CAST["leader"].told, "group": [member]})
    plan = f"/governance/api/plans/{request}"
    here.followed("leader", plan, what="the marked plan")
    step = {"text": mark("step"), "starts": str(today), "ends": str(today), "responsible": mark("responsible")}
    written = {"summary": mark("plan"), "steps": [step], "resources": mark("resources")}
    here.post("leader", f"{plan}/versions", {"directive_version": 2, "plan": written})
    here.post("pm", f"{plan}/acceptances", {"version": 1, "party": "it_team"})
    here.post("orderer", f"{plan}/acceptances", {"version": 1, "party": "business"})
    here.followed("pm", project, lambda row: row["state"] == "under_way", what="the marked project under way")
    risk = {"text": mark("risk"), "likelihood": 2, "impact": 2, "action": mark("action")}
    told = report("yellow", risks=[risk], next_steps=mark("next"), summary=mark("report"))
    here.post("leader", f"{project}/report", told)
    here.post("leader", f"{project}/gate", {"gate": "BP1", "outcome": "passed", "note": mark("gate-note")})
    here.post("leader", f"{project}/talk", {"note": mark("talk")})
    here.post("pm", f"{project}/limit", {"scope": mark("scope"), "reason": mark("limited"), "promised_to": []})
    promised = {"reason": mark("postponed"), "promised_to": [_somebody("promised")]}
    here.post("pm", f"{project}/postpone", promised)

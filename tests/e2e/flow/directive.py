"""The requester fills the directive in by the link of the mail; PM and signatories agree on it (IT-09…IT-11, TY)."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import date, timedelta
from html import unescape
from typing import Any

import httpx

from tests.e2e.cast import CAST
from tests.e2e.flow.story import Story
from tests.e2e.flow.tickets import TITLE

DRAFT = "Ring Sigrids syster på 0700-112233, hon vet var pärmarna är."
QUESTION = "Måste jag skriva ut vad min företrädare Yngve lovade?"
ANSWER = "Nej, det räcker att skriva vad Yngve beställde."


def the_form(today: date) -> dict[str, Any]:
    """A directive that is complete and holds together."""

    def day(after: int) -> str:
        return (today + timedelta(days=after)).isoformat()

    return {
        "title": TITLE,
        "background": "Ansökningar kommer på papper och skrivs av för hand.",
        "sections": [{"heading": "Omfattning", "text": "Ansökan, komplettering och beslut."}],
        "orderer": {**CAST["orderer"].told, "phone": "0123-100 200"},
        "contacts": [{"role": "Handläggare", **CAST["requester"].told, "phone": "0123-100 300"}],
        "gates": [
            {"key": "BP1", "on": day(0), "decision": "Uppdragsdirektiv"},
            {"key": "BP2", "on": day(0), "decision": "Uppdragsplan"},
            {"key": "BP3", "on": day(200), "decision": "Driftsättning"},
            {"key": "BP4", "on": day(300), "decision": "Avslut"},
        ],
        "goals": "Hälften av ansökningarna kommer digitalt.",
        "results": [
            {"text": "Upphandlad tjänst", "due": day(190), "gate": "BP3"},
            {"text": "Tjänsten i drift", "due": day(280), "alternative": "Pilot", "gate": "BP4"},
        ],
        "cost": {"cap": "600 000", "currency": "SEK", "starts": day(0), "ends": day(365)},
        "ranking": ["result", "time", "cost"],
        "cadence": {"short_days": "7", "fixed_days": "14"},
        "financing": {
            "earlier": [{"decided_by": "Nämnden", "on": day(-60), "amount": "3 050 000"}],
            "spent": "2 035 000",
            "spent_as_of": day(-10),
            "lines": [{"kind": "external_consultant", "purpose": "Projektledning", "hours": "500", "rate": "1 200"}],
        },
        "rough_plan": "Upphandling under våren, införande under hösten.",
        "competences": [{"role": "Projektledare", "competence": "Upphandling", "responsibility": "Tid och kostnad"}],
        "ends": day(365),
    }


def the_requester_fills_in(story: Story, today: date) -> None:
    """By the link without an account, and signed in: drafts, help, mistakes; returned, sent back, returned again."""
    here, path = story.here, f"/governance/api/directives/{story.ids['project']}"
    _by_link(story, here.mail(CAST["requester"].email, "/governance/directive/").link)
    full = the_form(today)
    story.tried("a stranger reads the directive", "stranger", "GET", path)
    story.saw("the directive while it is filled in", "requester", path)
    story.saw("what an auditor sees of the draft", "auditor", path)
    story.done("the requester asks", "requester", f"{path}/questions", {"question": QUESTION, "field": "background"})
    story.done("the PM answers", "pm", f"{path}/answers", {"answer": ANSWER})
    views = "/governance/api/views"
    for view in ("directives", "plans"):
        story.saw(f"the {view} as they were", "auditor", f"{views}/{view}/{story.ids['project']}")
    story.saw("all directives", "auditor", f"{views}/directives")
    story.tried("the PM returns it for them", "pm", "POST", f"{path}/return", {"form": full})
    wrong = deepcopy(full)
    wrong["gates"][3]["on"] = full["gates"][0]["on"]
    wrong["ranking"] = ["result", "result", "cost"]
    wrong["cost"]["cap"] = "599 999"
    del wrong["results"][1]["due"]
    story.tried("it is returned with mistakes", "requester", "POST", f"{path}/return", {"form": wrong})
    odd = deepcopy(full)
    odd["results"][0]["due"] = full["gates"][3]["on"]
    odd["cost"]["cap"] = "600 000 000 000"
    story.done("it is returned with oddities", "requester", f"{path}/return", {"form": odd}, key="return-1")
    story.done("the same return again", "requester", f"{path}/return", {"form": odd}, key="return-1")
    story.tried("it is signed before it is accepted", "orderer", "POST", f"{path}/sign", {"version": 1})
    remark = {"field": "cost.cap", "text": "Menar ni kronor?"}
    story.done("the PM sends it back", "pm", f"{path}/send-back", {"version": 1, "remarks": [remark]})
    story.saw("the directive after it was sent back", "requester", path)
    story.done("it is returned again", "requester", f"{path}/return", {"form": full})


def _by_link(story: Story, link: str) -> None:
    """As somebody without an account, in a browser."""
    with httpx.Client(base_url=story.here.url, follow_redirects=True, timeout=30) as browser:
        story.said["the link is opened"] = page = browser.get(link)
        story.said["the link with another end"] = browser.get(link[:-2] + ("AA" if link[-2:] != "AA" else "BB"))
        story.said["the link at another's directive"] = browser.get(
            f"/governance/directives/{story.ids['danish project']}", follow_redirects=False
        )
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        fields = {name: unescape(value) for name, value in fields.items()}
        draft = {**fields, "title": TITLE, "background": DRAFT, "action": "save"}
        saved = browser.post(link, data=draft, headers={"Origin": story.here.url})
        story.said["a draft is saved by link"] = saved
        foreign = browser.post(link, data=draft, headers={"Origin": "https://elsewhere.example"})
        story.said["another site sends the form"] = foreign


def both_agree(story: Story) -> None:
    """The PM accepts, orderer and leader sign, each for themselves; the portfolio learns of budget and gates."""
    here, path = story.here, f"/governance/api/directives/{story.ids['project']}"
    story.tried(
        "the orderer accepts", "orderer", "POST", f"{path}/accept", {"version": 2, "leader": CAST["leader"].told}
    )
    story.tried("an old version is accepted", "pm", "POST", f"{path}/accept", {"version": 1})
    story.done("the PM accepts", "pm", f"{path}/accept", {"version": 2, "leader": CAST["leader"].told})
    story.tried("the PM signs", "pm", "POST", f"{path}/sign", {"version": 2})
    story.done("the orderer signs", "orderer", f"{path}/sign", {"version": 2})
    story.tried("the orderer signs for the leader too", "orderer", "POST", f"{path}/sign", {"version": 2})
    story.done("the leader signs", "leader", f"{path}/sign", {"version": 2})
    story.saw("the approved directive", "leader", path)

    project = f"/portfolio/api/projects/{story.ids['project']}"
    story.shown["the project with its budget"] = here.followed(
        "pm", project, lambda row: row["budget"], what="the budget in the portfolio"
    )

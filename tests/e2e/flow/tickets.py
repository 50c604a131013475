"""Tickets arrive from three Service Desks, and the PM judges them (IT-02…IT-08)."""

from __future__ import annotations

from typing import Any

from tests.e2e.cast import CAST, DANE, HOST, NORWEGIAN, NORWEGIAN_REQUESTER
from tests.e2e.deliveries import a_ticket
from tests.e2e.flow.story import Story
from tests.e2e.installation import Installation, until

TITLE = "E-tjänst för bygglov"
DESCRIPTION = "Blanketterna ligger i tolv pärmar hos Sigrid & co, och ingen hittar i dem."
CRITERIA = [
    {"key": key, "met": key in ("effort", "cost")}
    for key in ("effort", "cost", "several_units", "new_system", "procurement")
]
BY_HAND = {
    "municipality": HOST,
    "ticket": {"system": "servicedesk", "external_id": "99"},
    "title": "Beställt i korridoren",
    "requester": CAST["requester"].told,
}


def tickets_arrive(here: Installation) -> Story:
    """Four tickets: two of projects to be compared, one that is a change, and one from a municipality of its own."""
    story = Story(here)
    ticket = a_ticket(
        "7081", TITLE, description=DESCRIPTION, requester=CAST["requester"].told, serves=["lindmala", "fjellvaag"]
    )
    story.said["a ticket is delivered"] = here.deliver(HOST, ticket, delivery="msg_7081")
    story.said["it is delivered again"] = here.deliver(HOST, ticket, delivery="msg_7081")
    story.said["its text is changed"] = here.deliver(HOST, {**ticket, "kind": "changed", "priority": 2, "revision": 2})
    story.ids["project"] = story.said["a ticket is delivered"].json()["id"]
    story.saw("the inbox after the ticket", "pm", "/intake/api/inbox")

    danish = a_ticket("7501", "Fælles indkøb af skærme", requester=DANE.told)
    story.said["a ticket comes as a CloudEvent"] = here.deliver_event(danish, ids=["e1"])
    story.said["the same CloudEvent, binary"] = here.deliver_event(danish, mode="binary", ids=["e1"])
    change = a_ticket("7502", "Ny printer på 3. sal", requester=DANE.told)
    batch = here.deliver_event({**danish, "kind": "changed", "title": "Fælles skærme"}, change, mode="batch")
    story.said["a batch of CloudEvents"] = batch
    norwegian = a_ticket("7007", "Felles vaktplan", requester=NORWEGIAN_REQUESTER.told)
    story.ids |= {
        "danish project": story.said["a ticket comes as a CloudEvent"].json()["id"],
        "change": batch.json()["results"][1]["id"],
        "norwegian project": here.deliver(NORWEGIAN, norwegian).json()["id"],
    }
    _others_cannot_register(story)
    return story


def _others_cannot_register(story: Story) -> None:
    story.tried("a technician registers by hand", "technician", "POST", "/intake/api/requests", BY_HAND)
    story.tried("the PM registers by hand", "pm", "POST", "/intake/api/requests", BY_HAND)
    unsigned = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,eA==", "origin": story.here.url}
    hook = "/intake/hooks/standard-webhooks/lindmala.servicedesk"
    story.said["a ticket is not signed"] = story.here.http.post(hook, content=b"{}", headers=unsigned)


def the_pm_judges(story: Story) -> None:
    """Three projects and a change; who is not the PM, and what is half said, is refused."""
    here, path = story.here, f"/intake/api/requests/{story.ids['project']}/classification"
    judgement: dict[str, Any] = {"outcome": "project", "reason": "Större än daglig drift.", "criteria": CRITERIA}
    story.tried("a technician judges", "technician", "POST", path, judgement)
    story.tried("a manager judges", "manager", "POST", path, judgement)
    story.tried("the PM judges without criteria", "pm", "POST", path, {**judgement, "criteria": []})
    story.tried("the PM judges what has changed", "pm", "POST", path, judgement, if_match='"1"')
    story.saw("the request before it is judged", "pm", f"/intake/api/requests/{story.ids['project']}")
    story.tried("the PM judges", "pm", "POST", path, judgement, if_match='"2"', key="judge-7081")
    story.tried(
        "the PM judges again with the same key", "pm", "POST", path, judgement, if_match='"2"', key="judge-7081"
    )
    other = {**judgement, "outcome": "change"}
    story.tried("the key is used for something else", "pm", "POST", path, other, key="judge-7081")
    story.saw("the request after it is judged", "requester", f"/intake/api/requests/{story.ids['project']}")

    small = {"outcome": "change", "reason": "En printer.", "criteria": [{**each, "met": False} for each in CRITERIA]}
    story.done("the PM judges the printer", "pm", f"/intake/api/requests/{story.ids['change']}/classification", small)
    for name in ("danish project", "norwegian project"):
        here.post("pm", f"/intake/api/requests/{story.ids[name]}/classification", judgement)
        here.get("pm", "/intake/api/inbox")  # waits until this one is seen there; they lie in different partitions
    story.saw("the inbox after all are judged", "pm", "/intake/api/inbox")
    change = f"/intake/api/requests/{story.ids['change']}/classification"
    story.tried("the change is judged anew", "pm", "POST", change, judgement)
    story.tried("a change is taken back", "pm", "POST", f"{change}/withdrawal", {"reason": "Ångrar mig"})
    story.shown["the portfolio after the judgements"] = until(lambda: _entered(story), what="three projects")


def _entered(story: Story) -> list[dict[str, Any]] | None:
    mine = set(story.ids.values())
    rows = [row for row in story.here.get("pm", "/portfolio/api/projects") if row["request_id"] in mine]
    return rows if len(rows) == 3 else None

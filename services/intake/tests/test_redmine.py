"""Deliveries of Redmine, and records of its API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.partnership import ServiceDesk
from contracts.refusal import Refusals
from intake.adapters.delivery import Delivery, Unauthentic
from intake.adapters.port import Arrived, polled
from intake.adapters.redmine import system
from intake.adapters.ticket import read

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
SECRET = "It's a Secret to Everybody"
ISSUE: dict[str, Any] = {
    "id": 81, "project": {"id": 1, "name": "Projekt"}, "tracker": {"id": 2, "name": "E-tjänst"},
    "status": {"id": 1, "name": "Ny", "is_closed": False}, "priority": {"id": 2, "name": "Brådskande"},
    "author": {"id": 6, "name": "Sigrid Ek"}, "subject": "E-tjänst för bygglov",
    "description": "Vi behöver den.\r\nFör <Ærø> & Bodø.",
    "custom_fields": [
        {"id": 3, "name": "Förvaltning", "value": "Samhällsbyggnad"}, {"id": 4, "name": "Orter", "value": ["Ærø"]}
    ],
    "created_on": "2026-03-01T08:00:00Z", "updated_on": "2026-03-01T08:10:00Z",
}  # fmt: skip


def a_desk(**options: str) -> ServiceDesk:
    return ServiceDesk.model_validate({
        "municipality": "ekvik", "system": "redmine", "kind": "redmine", "secret": "a-secret-of-ekvik-0001",
        "api": {"url": "https://redmine.ekvik.example/", "token": "t", "options": options}, "closed": ["Avslagen"],
    })  # fmt: skip


def delivered(
    kind: str = "issue.updated", *, journal: int | None = None, desk: ServiceDesk | None = None, **changes: Any
) -> Delivery:
    data: dict[str, Any] = {"issue": {**ISSUE, **changes}}
    if journal is not None:
        data["journal"] = {"id": journal, "created_on": "2026-03-01T08:10:00Z", "notes": "Tack!", "details": []}
    body = json.dumps({"type": kind, "timestamp": "2026-03-01T08:10:00Z", "data": data}).encode()
    return system.read(Arrived(body=body), desk or a_desk())


def content(delivery: Delivery) -> dict[str, Any]:
    assert delivery.fault is None
    assert isinstance(delivery.content, dict)
    return delivery.content


def test_the_signature_of_the_documentation_is_accepted() -> None:
    """IT-02"""
    known = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    signed = {"x-redmine-signature-256": f"sha256={known}"}
    system.verify(Arrived(body=b"Hello, World!", headers=signed), ("another", SECRET), NOW)
    for wrong in ({}, {"x-redmine-signature-256": known}, {"x-hub-signature-256": f"sha256={known}"}):
        with pytest.raises(Unauthentic):
            system.verify(Arrived(body=b"Hello, World!", headers=wrong), (SECRET,), NOW)
    with pytest.raises(Unauthentic):
        system.verify(Arrived(body=b"Hello, World?", headers=signed), (SECRET,), NOW)


def test_an_issue_is_said_in_the_words_of_the_generic_ticket() -> None:
    delivery = delivered(journal=7, desk=a_desk(unit_field="Förvaltning"))
    said = read(delivery.content)
    assert (said.external_id, said.flow, said.title) == ("81", "Projekt", "E-tjänst för bygglov")
    assert said.plain_description == "Vi behöver den.\nFör <Ærø> & Bodø."
    assert said.url == "https://redmine.ekvik.example/issues/81"
    assert (said.revision, said.priority, said.open, said.organisation) == (7, 1, True, "Samhällsbyggnad")
    assert delivery.key == "issue.updated 81 7 2026-03-01T08:10:00Z"


def test_nobody_tells_the_requesters_address_so_a_new_issue_is_looked_up() -> None:
    delivery = delivered("issue.created")
    assert delivery.lookup == "new"
    assert content(delivery)["requester"] == {"name": "Sigrid Ek"}


@pytest.mark.parametrize(
    ("field", "flow"),
    [("tracker", "E-tjänst"), ("category", ""), ("Förvaltning", "Samhällsbyggnad"), ("Orter", ""), ("Saknas", "")],
)
def test_the_field_that_tells_the_flow_is_the_administrators_choice(field: str, flow: str) -> None:
    assert content(delivered(desk=a_desk(flow_field=field)))["flow"] == flow


@pytest.mark.parametrize("status", [{"name": "Stängd", "is_closed": True}, {"name": "avslagen", "is_closed": False}])
def test_what_is_closed_the_system_says_and_the_desk_may_add_to(status: dict[str, Any]) -> None:
    said = content(delivered(status=status))
    assert (said["kind"], said["open"]) == ("closed", False)


def test_a_deleted_issue_is_deleted_whatever_else_is_said_of_it() -> None:
    assert content(delivered("issue.deleted"))["kind"] == "deleted"


def test_the_history_tells_late_deliveries_apart() -> None:
    """P13"""
    record = {"type": "polled", "data": {"issue": {**ISSUE, "journals": [{"id": 9}, {"id": 4}]}}}
    asked = system.read(polled(record), a_desk())
    assert content(asked)["revision"] == 9
    assert (asked.key, asked.lookup) == ("polled 81 2026-03-01T08:10:00+00:00", "never")
    assert content(delivered("issue.created"))["revision"] == 0
    assert "revision" not in content(delivered())


def test_what_is_no_issue_gets_a_sentence_for_each_field() -> None:
    news = {"type": "news.created", "timestamp": "2026-03-01T08:10:00Z", "data": {"news": {"id": 1}}}
    another = system.read(Arrived(body=json.dumps(news).encode()), a_desk()).fault
    broken = delivered(status={"name": "Ny"}, subject=None).fault
    assert isinstance(another, Refusals)
    assert isinstance(broken, Refusals)
    assert [one.field for one in another.refusals] == ["data.issue"]
    assert [one.field for one in broken.refusals] == ["data.issue.status.is_closed", "data.issue.subject"]

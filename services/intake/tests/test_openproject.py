"""Deliveries of OpenProject."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.partnership import ServiceDesk
from contracts.refusal import Refusals
from intake.adapters.delivery import Delivery, Unauthentic
from intake.adapters.openproject import system
from intake.adapters.port import Arrived, polled
from intake.adapters.ticket import read

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
BODY = '{"ticket":{"id":81,"title":"Åmål"}}'.encode()
DESK = {
    "municipality": "ekvik", "system": "openproject", "kind": "openproject", "secret": "a-secret-of-ekvik-0001",
    "url": "https://projekt.ekvik.example/",
}  # fmt: skip
PACKAGE: dict[str, Any] = {
    "_type": "WorkPackage", "id": 37, "lockVersion": 3, "subject": "E-tjänst för bygglov",
    "description": {"format": "markdown", "raw": "**Vi** behöver den.", "html": "<p><b>Vi</b> behöver den.</p>"},
    "createdAt": "2026-03-01T08:00:00.901Z", "updatedAt": "2026-03-01T08:10:00.969Z",
    "_embedded": {
        "status": {"_type": "Status", "id": 1, "name": "New", "isClosed": False},
        "author": {"id": 4, "name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example", "language": "no"},
    },
    "_links": {
        "project": {"href": "/api/v3/projects/1", "title": "Projekt"}, "category": {"href": None},
        "type": {"href": "/api/v3/types/1", "title": "Task"}, "ancestors": [],
        "priority": {"href": "/api/v3/priorities/8", "title": "Immediate"},
    },
}  # fmt: skip


def a_desk(**options: str) -> ServiceDesk:
    api = {"url": "https://projekt.ekvik.example/", "token": "t", "options": options}
    return ServiceDesk.model_validate({**DESK, "api": api})


def delivered(desk: ServiceDesk | None = None, *, action: str = "work_package:updated", **changes: Any) -> Delivery:
    body = json.dumps({"action": action, "work_package": {**PACKAGE, **changes}}).encode()
    return system.read(Arrived(body=body), desk or a_desk())


def content(delivery: Delivery) -> dict[str, Any]:
    assert delivery.fault is None
    assert isinstance(delivery.content, dict)
    return delivery.content


def test_a_signature_computed_elsewhere_is_accepted() -> None:
    """IT-02"""
    signed = {"x-op-signature": "sha1=567e5875c0ce6685c935fed62cb250dd27a5a434"}
    system.verify(Arrived(body=BODY, headers=signed), ("another", "topsecret"), NOW)
    for wrong in ({}, {"x-op-signature": "567e5875c0ce6685c935fed62cb250dd27a5a434"}, {"x-op-signature": "sha1="}):
        with pytest.raises(Unauthentic):
            system.verify(Arrived(body=BODY, headers=wrong), ("topsecret",), NOW)
    with pytest.raises(Unauthentic):
        system.verify(Arrived(body=BODY + b" ", headers=signed), ("topsecret",), NOW)


def test_a_work_package_is_said_in_the_words_of_the_generic_ticket() -> None:
    delivery = delivered()
    said = read(delivery.content)
    assert (said.external_id, said.flow, said.title, said.revision) == ("37", "Projekt", "E-tjänst för bygglov", 3)
    assert said.plain_description == "Vi behöver den."
    assert said.url == "https://projekt.ekvik.example/work_packages/37"
    assert (said.priority, said.open, delivery.lookup) == (1, True, "never")
    assert said.requester is not None
    assert said.requester.language == "nb"
    assert delivery.key == "work_package:updated 37 3"


def test_the_field_that_tells_the_flow_is_the_administrators_choice() -> None:
    desk = a_desk(flow_field="type", unit_field="customField4")
    said = content(delivered(desk, customField4="Samhällsbyggnad"))
    assert (said["flow"], said["organisation"]) == ("Task", "Samhällsbyggnad")


def test_a_flow_field_without_a_value_is_not_the_project_flow() -> None:
    assert content(delivered(a_desk(flow_field="category")))["flow"] == ""


@pytest.mark.parametrize("closed", [(), ("rejected",)])
def test_what_is_closed_the_system_says_and_the_desk_may_add_to(closed: tuple[str, ...]) -> None:
    desk = ServiceDesk.model_validate({**DESK, "closed": closed})
    embedded = {"status": {"name": "Rejected", "isClosed": not closed}}
    said = content(delivered(desk, _embedded=embedded))
    assert (said["kind"], said["open"]) == ("closed", False)


def test_an_author_whose_address_is_hidden_is_looked_up() -> None:
    embedded = {**PACKAGE["_embedded"], "author": {"id": 4, "name": "Sigrid Ek"}}
    delivery = delivered(_embedded=embedded)
    assert delivery.lookup == "new"
    assert content(delivery)["requester"] == {"name": "Sigrid Ek"}


def test_a_comment_only_names_its_work_package() -> None:
    links = {"workPackage": {"href": "/flode/api/v3/work_packages/37", "title": "E-tjänst"}}
    body = {"action": "work_package_comment:comment", "activity": {"id": 5, "comment": {"raw": "Hej"}, "_links": links}}
    delivery = system.read(Arrived(body=json.dumps(body).encode()), a_desk())
    said = content(delivery)
    assert (said["external_id"], said["kind"], delivery.key) == ("37", "commented", "comment 5")


def test_a_record_that_was_asked_for_is_one_delivery_for_each_version() -> None:
    delivery = system.read(polled({"action": "polled", "work_package": PACKAGE}), a_desk())
    assert (delivery.key, delivery.lookup) == ("polled 37 3", "never")


def test_what_is_no_work_package_gets_a_sentence_for_each_field() -> None:
    body = json.dumps({"action": "project:created", "project": {"id": 3}}).encode()
    another = system.read(Arrived(body=body), a_desk()).fault
    broken = delivered(_embedded={}, lockVersion=-1).fault
    assert isinstance(another, Refusals)
    assert isinstance(broken, Refusals)
    assert [one.field for one in another.refusals] == ["work_package"]
    assert [one.field for one in broken.refusals] == ["work_package.lockVersion", "work_package._embedded.status"]

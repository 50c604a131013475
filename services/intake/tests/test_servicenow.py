"""What our business rule sends and the Table API tells, in the words of the generic ticket."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.partnership import ServiceDesk
from contracts.refusal import Refusals
from intake.adapters.delivery import Delivery, Unauthentic
from intake.adapters.port import Arrived, polled
from intake.adapters.servicenow import _as_sent, system
from intake.adapters.ticket import Ticket, read

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"ticket":{"id":81,"title":"Åmål"}}'.encode()
AT = datetime.fromtimestamp(1764000000, tz=UTC)
SIGNED = {
    "webhook-id": "msg_1",
    "webhook-timestamp": "1764000000",
    "webhook-signature": "v1,gjXJ6UgAIzw+iSSeDzkwucpKDz/R93bEvopPOREENVU=",
}
API = {"url": "https://ekvik.service-now.example", "user": "flode", "token": "password"}
SYS_ID = "0123456789abcdef0123456789abcdef"
SENT: dict[str, Any] = {
    "table": "incident",
    "sys_id": SYS_ID,
    "sys_mod_count": "3",
    "sys_updated_on": "2026-03-01 08:10:00",
    "operation": "update",
    "number": "INC0000081",
    "short_description": "E-tjänst för bygglov",
    "description": "Vi behöver <snart> en e-tjänst.",
    "caller": {"name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example", "department": "Samhällsbyggnad"},
    "company": "Ekvik",
    "opened_at": "2026-03-01 08:00:00",
    "priority": "3",
    "state": {"value": "1", "display": "New"},
    "active": True,
    "fields": {
        "category": {"value": "project", "display": "Projekt"},
        "assignment_group": {"value": "f" * 32, "display": "Projektkontoret"},
    },
}


def a_desk(**settings: Any) -> ServiceDesk:
    given = {"municipality": "ekvik", "system": "snow", "kind": "servicenow", "secret": SECRET, "flows": ["Projekt"]}
    return ServiceDesk.model_validate({**given, "api": API, **settings})


def delivered(desk: ServiceDesk | None = None, **changes: Any) -> Delivery:
    return system.read(Arrived(body=json.dumps({**SENT, **changes}).encode()), desk or a_desk())


def ticket(desk: ServiceDesk | None = None, **changes: Any) -> Ticket:
    delivery = delivered(desk, **changes)
    assert delivery.fault is None, str(delivery.fault)
    return read(delivery.content)


def test_a_signature_computed_elsewhere_is_accepted_with_either_secret_and_not_six_minutes_later() -> None:
    """IT-02"""
    other = "whsec_YSBzZWNyZXQgb2YgRWt2aWsgMDAwMg=="
    system.verify(Arrived(body=BODY, headers=SIGNED), (other, SECRET), AT)
    for secrets, body, now in [
        ((other,), BODY, AT),
        ((SECRET,), BODY + b" ", AT),
        ((SECRET,), BODY, AT + timedelta(minutes=6)),
        ((), BODY, AT),
    ]:
        with pytest.raises(Unauthentic):
            system.verify(Arrived(body=body, headers=SIGNED), secrets, now)


def test_a_record_is_a_ticket() -> None:
    said = ticket()
    assert (said.external_id, said.number, said.revision) == (SYS_ID, "INC0000081", 3)
    assert said.url == f"https://ekvik.service-now.example/incident.do?sys_id={SYS_ID}"
    assert (said.kind, said.open, said.flow, said.priority) == ("changed", True, "Projekt", 3)
    assert said.requester
    assert (said.requester.name, said.requester.email) == ("Sigrid Ek", "sigrid.ek@ekvik.example")
    assert said.organisation == "Samhällsbyggnad"


def test_a_text_is_a_text_whatever_it_looks_like() -> None:
    assert ticket(description="Skriv <b> här").plain_description == "Skriv <b> här"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-03-29 01:30:00", "2026-03-29T01:30:00+00:00"),
        ("2026-10-25 01:30:00", "2026-10-25T01:30:00+00:00"),
        ("2026-07-01 12:00:00", "2026-07-01T12:00:00+00:00"),
    ],
)
def test_a_time_is_utc_whatever_the_desks_zone(said: str, meant: str) -> None:
    """P13"""
    updated = ticket(a_desk(timezone="Europe/Stockholm"), sys_updated_on=said).updated_at
    assert updated is not None
    assert updated.isoformat() == meant


@pytest.mark.parametrize(
    ("changes", "over"),
    [
        ({"state": {"value": "6", "display": "Löst"}}, True),
        ({"state": {"value": "8", "display": "Canceled"}}, True),
        ({"state": {"value": "3", "display": "On Hold"}}, False),
        ({"state": {"value": "12", "display": "Överlämnad"}}, True),
        ({"active": False}, True),
        ({"table": "sc_req_item", "state": {"value": "7", "display": "Pending"}}, False),
        ({"table": "sc_req_item", "state": {"value": "3", "display": "Closed Complete"}, "active": "false"}, True),
    ],
)
def test_a_record_is_over_when_it_is_resolved_closed_or_no_longer_active(changes: dict[str, Any], over: bool) -> None:
    said = ticket(a_desk(closed=["överlämnad"]), **changes)
    assert (said.kind, said.open) == (("closed", False) if over else ("changed", True))


def test_a_flow_may_be_named_by_what_people_see_or_by_what_is_stored() -> None:
    """IT-04"""
    assert ticket(a_desk(flows=["PROJECT"])).flow == "project"
    assert ticket(a_desk(flows=["Projekt"])).flow == "Projekt"


def test_the_flow_is_told_by_the_field_that_the_options_name() -> None:
    """IT-04"""
    assert ticket(a_desk(api={**API, "options": {"flow_field": "assignment_group"}})).flow == "Projektkontoret"


def test_an_empty_flow_is_none_of_ours_and_a_missing_one_has_to_be_mended() -> None:
    assert ticket(fields={"category": {"value": "", "display": ""}}).flow == ""
    delivery = delivered(fields={})
    with pytest.raises(Refusals) as wrong:
        read(delivery.content)
    assert [one.field for one in wrong.value.refusals] == ["flow"]


def test_a_deleted_record_is_deleted_whatever_else_it_lacks() -> None:
    said = ticket(operation="delete", caller=None, short_description="", opened_at="", priority="")
    assert (said.kind, said.external_id, said.revision) == ("deleted", SYS_ID, 3)


def test_a_record_of_nobody_is_the_desks_own() -> None:
    assert ticket(caller=None).requester is None
    assert ticket(caller={"name": "", "email": "", "department": ""}).requester is None
    assert ticket(caller=None).organisation == "Ekvik"


def test_a_description_that_was_emptied_is_empty() -> None:
    assert ticket(description="").description == ""


def test_a_body_of_another_shape_is_parked_with_a_sentence_for_each_field() -> None:
    fault = delivered(sys_id="INC0000081", sys_updated_on="i går", priority="3 - Moderate", table="incident/..").fault
    assert isinstance(fault, Refusals)
    assert {one.field for one in fault.refusals} == {"sys_id", "sys_updated_on", "priority", "table"}


def test_a_record_of_the_api_says_the_same_as_a_delivery() -> None:
    """P3"""
    seen = {
        "sys_updated_on": "01-03-2026 09:10:00", "opened_at": "01-03-2026 09:00:00", "priority": "3 - Moderate",
        "state": "New", "category": "Projekt", "company": "Ekvik", "caller_id.department": "Samhällsbyggnad",
    }  # fmt: skip
    stored = {
        **{name: str(value) for name, value in SENT.items() if isinstance(value, str)},
        "state": "1", "active": "true", "category": "project", "company": "c" * 32, "caller_id.name": "Sigrid Ek",
        "caller_id.email": "sigrid.ek@ekvik.example", "caller_id.department": "d" * 32,
    }  # fmt: skip
    record = {name: {"value": value, "display_value": seen.get(name, value)} for name, value in stored.items()}
    told = system.read(polled(_as_sent(record, "incident", "category", "caller_id")), a_desk())
    assert told.key == f"polled {SYS_ID} 3"
    assert read(told.content) == ticket()


def test_a_record_without_a_caller_or_a_category_can_still_be_read() -> None:
    record = {name: {"value": str(SENT[name])} for name in ("sys_id", "sys_mod_count", "sys_updated_on", "number")}
    said = read(system.read(polled(_as_sent(record, "incident", "category", "caller_id")), a_desk()).content)
    assert (said.title, said.requester, said.flow, said.open) == ("INC0000081", None, "", True)


def test_the_steps_hold_the_script_with_the_hook_and_the_secret_apart() -> None:
    pasted = [step.paste for step in system.steps]
    (script,) = (paste for paste in pasted if "RESTMessageV2" in paste)
    assert "'{url}'" in script
    assert "{secret}" not in script
    assert "{secret}" in pasted

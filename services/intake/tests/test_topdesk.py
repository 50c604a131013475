"""What TOPdesk's action sequence sends and its API tells, in the words of the generic ticket."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.partnership import ServiceDesk
from contracts.refusal import Refusals
from intake.adapters.delivery import Delivery, Unauthentic
from intake.adapters.port import Arrived, polled
from intake.adapters.ticket import Ticket, read
from intake.adapters.topdesk import TEMPLATE, system

SECRET = "a-secret-of-ekvik-0001"
API = {"url": "https://ekvik.topdesk.example", "user": "flode", "token": "application-password"}
CARD: dict[str, Any] = {
    "id": "2F1D6B1A5F0E4A6E9A550D6F6C1F7D11",
    "number": "I 2603 081",
    "briefDescription": "E-tjänst för bygglov",
    "caller": {"dynamicName": "Ek, Sigrid", "email": "sigrid.ek@ekvik.example"},
    "callerBranch": {"name": "Samhällsbyggnad"},
    "category": {"name": "Projekt"},
    "priority": {"name": "P3"},
    "processingStatus": {"name": "Registrerad"},
    "status": "secondLine",
    "completed": "false",
    "closed": "false",
    "creationDate": "2026-03-01T08:00:00.000+0000",
    "modificationDate": "2026-03-01T08:10:00.000+0000",
}


def a_desk(**settings: Any) -> ServiceDesk:
    given = {"municipality": "ekvik", "system": "topdesk", "kind": "topdesk", "secret": SECRET, "flows": ["Projekt"]}
    return ServiceDesk.model_validate({**given, "api": API, **settings})


def delivered(desk: ServiceDesk | None = None, **changes: Any) -> Delivery:
    return system.read(Arrived(body=json.dumps({**CARD, **changes}).encode()), desk or a_desk())


def ticket(desk: ServiceDesk | None = None, **changes: Any) -> Ticket:
    delivery = delivered(desk, **changes)
    assert delivery.fault is None, str(delivery.fault)
    return read(delivery.content)


def faults(delivery: Delivery) -> set[str]:
    assert isinstance(delivery.fault, Refusals)
    return {str(one.field) for one in delivery.fault.refusals}


@pytest.mark.parametrize("scheme", [f"Bearer {SECRET}", "Basic " + b64encode(f"flode:{SECRET}".encode()).decode()])
def test_the_token_of_the_action_lets_it_in_and_another_does_not(scheme: str) -> None:
    """IT-02"""
    now = datetime.now(UTC)
    system.verify(Arrived(body=b"", headers={"authorization": scheme}), ("the-next-secret-of-ekvik", SECRET), now)
    with pytest.raises(Unauthentic):
        system.verify(Arrived(body=b"", headers={"authorization": scheme}), ("the-next-secret-of-ekvik",), now)


def test_a_card_is_a_ticket() -> None:
    said = ticket()
    assert (said.external_id, said.number) == ("2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11", "I 2603 081")
    assert said.url == f"https://ekvik.topdesk.example/tas/secure/incident?action=show&unid={said.external_id}"
    assert (said.kind, said.open, said.flow, said.priority) == ("changed", True, "Projekt", 3)
    assert said.requester
    assert (said.requester.name, said.requester.email) == ("Ek, Sigrid", "sigrid.ek@ekvik.example")
    assert said.opened_at == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_an_id_is_the_same_with_dashes_and_without() -> None:
    """IT-03: the API writes them, a card's variable may not."""
    assert ticket(id="2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11").external_id == ticket().external_id


def test_the_same_change_has_the_same_key_and_the_next_one_another() -> None:
    """P3"""
    assert delivered().key == delivered(modificationDate="2026-03-01T09:10:00+01:00").key
    assert delivered().key != delivered(modificationDate="2026-03-01T08:11:00.000+0000").key


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-03-29T01:59:59", "2026-03-29T00:59:59+00:00"),
        ("2026-03-29 03:00:00", "2026-03-29T01:00:00+00:00"),
        ("29-03-2026 03:00", "2026-03-29T01:00:00+00:00"),
        ("2026-10-25T03:00:00", "2026-10-25T02:00:00+00:00"),
        ("2026-10-25T03:00:00.000+0000", "2026-10-25T03:00:00+00:00"),
    ],
)
def test_a_time_without_a_zone_is_of_the_desks_in_winter_and_in_summer(said: str, meant: str) -> None:
    """P13"""
    updated = ticket(a_desk(timezone="Europe/Stockholm"), modificationDate=said).updated_at
    assert updated is not None
    assert updated.astimezone(UTC).isoformat() == meant


@pytest.mark.parametrize(
    "over",
    [
        {"closed": True},
        {"completed": "true"},
        {"status": "secondLineArchived"},
        {"processingStatus": {"name": "Afgesloten"}},
        {"processingStatus": {"name": "FÄRDIG"}},
    ],
)
def test_a_card_that_is_closed_completed_or_archived_is_over(over: dict[str, Any]) -> None:
    said = ticket(a_desk(closed=["Färdig"]), **over)
    assert (said.kind, said.open) == ("closed", False)


@pytest.mark.parametrize(
    ("named", "priority"), [("P1", 1), ("Prio 5", 5), ("2 - Hög", 2), ("Hög", None), ("P10", None), ("", None)]
)
def test_a_priority_is_known_by_its_digit(named: str, priority: int | None) -> None:
    assert ticket(priority={"name": named}).priority == priority


def test_the_flow_is_told_by_the_field_that_the_options_name() -> None:
    """IT-04"""
    desk = a_desk(api={**API, "options": {"flow_field": "operatorGroup"}})
    assert ticket(desk, operatorGroup={"name": "Projektkontoret"}).flow == "Projektkontoret"


def test_what_was_asked_for_is_looked_up_because_a_card_shows_it_with_all_that_came_after() -> None:
    delivery = delivered(request="02-03-2026 10:00 Ek, Sigrid: \nTack!\n\n01-03-2026 09:00 Ek, Sigrid: \nEn e-tjänst.")
    assert delivery.lookup == "new"
    assert read(delivery.content).description is None


def test_without_an_api_a_template_with_the_request_is_used_as_it_is() -> None:
    delivery = delivered(a_desk(api=None, url="https://ekvik.topdesk.example"), request="Vi behöver en e-tjänst.")
    assert delivery.lookup == "never"
    assert read(delivery.content).description == "Vi behöver en e-tjänst."


@pytest.mark.parametrize("left_out", ["briefDescription", "category"])
def test_a_template_that_leaves_a_line_out_makes_us_ask_for_the_card(left_out: str) -> None:
    card = {name: value for name, value in CARD.items() if name != left_out}
    delivery = system.read(Arrived(body=json.dumps(card).encode()), a_desk())
    assert (delivery.fault, delivery.lookup) == (None, "always")


def test_a_template_that_only_names_the_card_is_enough() -> None:
    delivery = system.read(Arrived(body=json.dumps({"id": CARD["id"]}).encode()), a_desk())
    assert (delivery.fault, delivery.lookup) == (None, "always")


def test_empty_variables_are_nothing_and_nobody() -> None:
    said = ticket(caller={"dynamicName": "", "email": " "}, callerBranch={"name": ""}, completed="", number="")
    assert (said.requester, said.organisation, said.number) == (None, None, None)


def test_an_address_that_is_none_does_not_park_the_ticket() -> None:
    said = ticket(caller={"dynamicName": "Ek, Sigrid", "email": "se anteckning"})
    assert said.requester
    assert (said.requester.name, said.requester.email) == ("Ek, Sigrid", None)


def test_the_first_entry_is_what_was_asked_for() -> None:
    entries = [
        {"plainText": "Tack!", "memoText": "Tack!", "entryDate": "2026-03-02T08:00:00.000+0000"},
        {
            "plainText": "En <e-tjänst>.",
            "memoText": "En &lt;e-tjänst&gt;.",
            "entryDate": "2026-03-01T08:00:00.000+0000",
        },
    ]
    delivery = system.read(polled({**CARD, "request": "01-03-2026 …", "entries": entries}), a_desk())
    assert delivery.lookup == "never"
    assert read(delivery.content).plain_description == "En <e-tjänst>."
    assert delivery.key == "polled 2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11 2026-03-01T08:10:00+00:00"


def test_an_entry_without_plain_text_is_html() -> None:
    entries = [{"memoText": "En <b>e-tjänst</b><br>för bygglov<script>alert(1)</script>"}]
    said = read(system.read(polled({**CARD, "entries": entries}), a_desk()).content)
    assert said.plain_description == "En e-tjänst\nför bygglov"


def test_a_body_of_another_shape_is_parked_with_a_sentence_for_each_field() -> None:
    assert faults(delivered(id="I 2603 081", closed="kanske", modificationDate="i går")) == {
        "id", "closed", "modification_date",
    }  # fmt: skip
    assert faults(system.read(Arrived(body=b'{"card": "I 2603 081"}'), a_desk())) == {"id"}


def test_a_quotation_mark_that_was_not_escaped_is_parked_and_not_lost() -> None:
    body = json.dumps(CARD).replace("bygglov", 'byg"glov').encode()
    assert "JSON" in str(system.read(Arrived(body=body), a_desk()).fault)


def test_the_published_template_is_the_card_that_is_read_here() -> None:
    filled = re.sub(r"\$\{([\w.]+)(?:\?json_string)?\}", lambda found: _of(found[1]), TEMPLATE)
    sent = system.read(Arrived(body=filled.encode()), a_desk())
    assert read(sent.content) == ticket()


def _of(variable: str) -> str:
    value: Any = CARD
    for name in variable.split("."):
        value = value[name]
    return str(value)

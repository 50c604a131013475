"""What Request Tracker says of its tickets, and how it is asked what changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chassis.outbox import GiveUp
from chassis.outward import Answer, Outward
from chassis.partnership import Api, ServiceDesk
from contracts.refusal import Refusals
from intake.adapters.delivery import Delivery, Unauthentic
from intake.adapters.port import Arrived, Way
from intake.adapters.request_tracker import changed, look_up, system

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = datetime.fromtimestamp(1764000000, tz=UTC)
TICKET = {
    "ticket_id": 20, "effective_id": 20, "transaction_id": 311, "updated": "2026-03-01T08:00:01Z", "queue": "Projekt",
    "flow": None, "subject": "Räksmörgås Ærø Bodø", "status": "new", "priority": 50, "created": "2026-03-01T08:00:00Z",
    "requestor": {"name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example", "organization": "Samhällsbyggnad"},
    "content": "<p>Vi behöver en e-tjänst.</p>", "content_type": "text/html",
}  # fmt: skip


def a_desk(**changes: Any) -> ServiceDesk:
    api = {"url": "https://rt.ekvik.example", "user": "flode", "token": "a-password", **changes.pop("api", {})}
    given = {"municipality": "ekvik", "system": "rt", "kind": "request-tracker", "secret": SECRET, "flows": ["Projekt"]}
    return ServiceDesk.model_validate({**given, "api": api, **changes})


def arrived(message: object, **headers: str) -> Arrived:
    given = {"webhook-id": "rt-ekvik.example-txn-311", "x-rt-scrip": "Flöde".encode().decode("latin-1")}
    return Arrived(body=json.dumps(message).encode(), headers={**given, **headers})


def what_is_said(desk: ServiceDesk | None = None, **changes: Any) -> Delivery:
    return system.read(arrived({"type": "ticket.changed", "data": {**TICKET, **changes}}), desk or a_desk())


def ticket_in(delivery: Delivery) -> dict[str, Any]:
    assert delivery.fault is None, delivery.fault
    assert isinstance(delivery.content, dict)
    return delivery.content


def test_the_signature_that_perl_and_python_agree_on_is_accepted() -> None:
    """IT-02"""
    signed = Arrived(
        body='{"ticket":{"id":81,"title":"Åmål"}}'.encode(),
        headers={
            "webhook-id": "msg_1",
            "webhook-timestamp": "1764000000",
            "webhook-signature": "v1,gjXJ6UgAIzw+iSSeDzkwucpKDz/R93bEvopPOREENVU=",
        },
    )
    system.verify(signed, (SECRET,), AT)
    with pytest.raises(Unauthentic):
        system.verify(signed, (SECRET,), AT + timedelta(minutes=6))


def test_a_ticket_is_said_in_the_words_of_the_generic_one() -> None:
    said = what_is_said()
    assert said.key == "rt-ekvik.example-txn-311"
    assert ticket_in(said) == {
        "external_id": "20", "number": "20", "url": "https://rt.ekvik.example/Ticket/Display.html?id=20",
        "revision": 311, "updated_at": "2026-03-01T08:00:01Z", "opened_at": "2026-03-01T08:00:00Z",
        "kind": "changed", "open": True, "flow": "Projekt", "title": "Räksmörgås Ærø Bodø", "priority": 3,
        "requester": {"name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example"}, "organisation": "Samhällsbyggnad",
        "description": "<p>Vi behöver en e-tjänst.</p>", "description_format": "html",
    }  # fmt: skip


@pytest.mark.parametrize(("number", "priority"), [(0, None), (1, 5), (25, 4), (50, 3), (75, 2), (100, 1), (999, 1)])
def test_a_priority_of_nought_is_none_and_a_hundred_is_the_most_urgent(number: int, priority: int | None) -> None:
    assert ticket_in(what_is_said(priority=number)).get("priority") == priority


@pytest.mark.parametrize(
    ("status", "is_open"),
    [
        ("new", True),
        ("stalled", True),
        ("Resolved", False),
        ("rejected", False),
        ("deleted", False),
        ("LEVERERAD", False),
    ],
)
def test_a_ticket_is_over_as_rt_or_the_desk_calls_it_and_can_always_be_taken_back(status: str, is_open: bool) -> None:
    said = ticket_in(what_is_said(a_desk(closed=["levererad"]), status=status))
    assert (said["open"], said["kind"]) == (is_open, "changed" if is_open else "closed")


def test_a_custom_field_tells_the_flow_where_it_has_a_value() -> None:
    assert ticket_in(what_is_said(queue="IT", flow="Projekt"))["flow"] == "Projekt"
    assert ticket_in(what_is_said(queue="IT", flow=""))["flow"] == "IT"


def test_a_ticket_that_nobody_asked_for_and_has_no_subject_is_said_all_the_same() -> None:
    said = ticket_in(what_is_said(requestor=None, subject=" "))
    assert said["title"] == "#20"
    assert "requester" not in said


def test_a_requestor_without_a_name_is_called_by_the_address() -> None:
    said = ticket_in(what_is_said(requestor={"name": "", "email": "leif.dal@ekvik.example"}))
    assert said["requester"] == {"name": "leif.dal@ekvik.example", "email": "leif.dal@ekvik.example"}


def test_a_text_too_long_to_be_sent_along_is_asked_for() -> None:
    assert what_is_said(content=None).lookup == "new"
    assert what_is_said(content="").lookup == "never"


def test_another_effective_id_means_merged() -> None:
    """IT-03"""
    data = {"ticket_id": 20, "effective_id": 7, "transaction_id": 312, "updated": "2026-03-01T09:00:00Z"}
    said = ticket_in(system.read(arrived({"type": "ticket.merged", "data": data}), a_desk()))
    assert (said["kind"], said["into"]) == ("merged", {"external_id": "7", "number": "7"})


def test_what_the_scrip_was_made_to_say_otherwise_is_told_with_its_name() -> None:
    message = {"type": "ticket.changed", "data": {**TICKET, "created": "2026-03-01 08:00:00", "status": None}}
    said = system.read(arrived(message), a_desk())
    assert said.fault is not None
    assert isinstance(said.fault, Refusals)
    trigger, *fields = said.fault.refusals
    assert "“Flöde”" in str(trigger)
    assert {one.field for one in fields} == {"data.created", "data.status"}


def test_an_id_that_is_no_number_is_not_taken_into_a_query() -> None:
    assert what_is_said(ticket_id="20 OR id > 0").fault is not None


def test_the_scrip_has_no_braces_of_its_own_where_the_address_and_the_secret_are_put() -> None:
    (scrip,) = (step.paste for step in system.steps if "Digest::SHA" in step.paste)
    assert [scrip.count(place) for place in ("{url}", "{secret}", "{flow}")] == [1, 1, 0]
    assert scrip.isascii()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering(Outward):
    """Tickets that a search finds, page by page, and what was asked for."""

    municipality: str = "ekvik"
    hosts: Collection[str] = ("rt.ekvik.example",)
    tickets: Sequence[dict[str, Any]] = ()
    pages_known: bool = True
    asked: list[str] = field(default_factory=list)

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        del method, body, json, form, expected
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.asked.append(query["query"])
        assert headers
        assert headers["Authorization"].startswith("Basic ")
        page, together = int(query["page"]), int(query["per_page"])
        merges = "EffectiveId =" in query["query"]
        found = [one for one in self.tickets if (one["id"] != one["EffectiveId"]) <= merges]
        found.sort(key=lambda one: (one["LastUpdated"], int(one["id"])), reverse=True)
        shown = found[(page - 1) * together : page * together]
        pages = -(-len(found) // together) if self.pages_known else None
        return Answer(200, {}, _json({"items": shown, "pages": pages}))


def _json(said: object) -> bytes:
    return json.dumps(said).encode()


def listed(number: int, updated: datetime, into: int | None = None) -> dict[str, Any]:
    return {
        "id": str(number), "EffectiveId": str(into or number), "Subject": "Skrivare", "Status": "open",
        "Priority": "0", "Created": "2026-03-01T08:00:00Z", "LastUpdated": updated.isoformat(),
        "Queue": {"id": "1", "Name": "Support"}, "Requestor": [], "CustomFields": "",
    }  # fmt: skip


def a_way(outward: Outward, **changes: Any) -> Way:
    desk = a_desk(**changes)
    assert desk.api
    return Way(desk=desk, api=Api.model_validate(desk.api), outward=outward)


async def all_that_changed(outward: Outward, cursor: str) -> tuple[list[int], list[str]]:
    numbers: list[int] = []
    cursors = [cursor]
    while True:
        found = await changed(a_way(outward), cursors[-1])
        assert len(found.records) <= 50
        numbers += [json.loads(record.body)["data"]["ticket_id"] for record in found.records]
        cursors.append(found.cursor)
        if not found.more:
            return [int(number) for number in numbers], cursors


@pytest.mark.parametrize("pages_known", [True, False])
async def test_of_hundreds_that_changed_in_one_second_none_is_passed_over(pages_known: bool) -> None:
    rt = Answering(tickets=[listed(number, AT) for number in range(1, 131)], pages_known=pages_known)
    numbers, cursors = await all_that_changed(rt, (AT - timedelta(days=1)).isoformat())
    assert sorted(set(numbers)) == list(range(1, 131))
    assert datetime.fromisoformat(cursors[-1].partition(" ")[0]) == AT


async def test_those_of_the_last_second_come_again_and_older_ones_do_not() -> None:
    rt = Answering(tickets=[listed(1, AT - timedelta(minutes=10)), listed(2, AT), listed(3, AT)])
    numbers, _ = await all_that_changed(rt, AT.isoformat())
    assert numbers == [2, 3]


async def test_a_ticket_that_was_merged_is_known_by_the_surviving_one_that_changed() -> None:
    """IT-03"""
    rt = Answering(tickets=[listed(7, AT), listed(20, AT - timedelta(days=90), into=7)])
    found = await changed(a_way(rt), (AT - timedelta(hours=1)).isoformat())
    survivor, merged = (system.read(record, a_desk()) for record in found.records)
    assert ticket_in(survivor)["flow"] == "Support"
    assert (ticket_in(merged)["kind"], merged.key) == ("merged", "polled 20 into 7")


@pytest.mark.parametrize(
    ("zone", "asked"),
    [
        ("UTC", "2025-11-24 15:00:00"),
        ("Europe/Stockholm", "2025-11-24 15:00:00"),  # read there, it is an hour earlier still
        ("America/Nuuk", "2025-11-24 13:00:00"),
    ],
)
async def test_a_search_begins_early_enough_by_whatever_clock_it_is_read(zone: str, asked: str) -> None:
    rt = Answering()
    await changed(a_way(rt, timezone=zone), AT.isoformat())
    assert rt.asked == [f"LastUpdated >= '{asked}'"]


async def test_a_ticket_that_the_user_of_the_api_may_not_see_is_not_asked_for_again() -> None:
    with pytest.raises(GiveUp, match="20"):
        await look_up(a_way(Answering()), arrived({"type": "ticket.changed", "data": TICKET}))

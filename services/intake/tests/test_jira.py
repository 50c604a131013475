"""What Jira sends, and what is made of it."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

import pytest

from chassis.partnership import ServiceDesk
from contracts.refusal import Refusals
from intake.adapters import ticket
from intake.adapters.delivery import Delivery, Unauthentic
from intake.adapters.jira import system
from intake.adapters.jira_markup import from_document, from_wiki
from intake.adapters.port import POLLED, Arrived
from intake.adapters.ticket import Ticket

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
BODY = '{"ticket":{"id":81,"title":"Åmål"}}'.encode()
SIGNED = "sha256=3bcf9891c94b65b7ee852c0ac5da2ee83ee9e656663bbac864a2a3907f22a62e"
IDENTIFIER = "x-atlassian-webhook-identifier"


def desk(**options: str) -> ServiceDesk:
    api = {"url": "https://ekvik.atlassian.example/", "token": "t", "options": options}
    return ServiceDesk.model_validate(
        {"municipality": "ekvik", "system": "jira", "kind": "jira", "secret": "a-secret-of-ekvik-0001",
         "flows": ["Projekt", "SD"], "closed": ["Avslutat"], "api": api}
    )  # fmt: skip


def issue(**fields: Any) -> dict[str, Any]:
    return {
        "id": "10400", "key": "SD-15", "self": "https://ekvik.atlassian.example/rest/api/2/issue/10400",
        "fields": {
            "summary": "E-tjänst för bygglov", "description": "Vi *behöver* den.",
            "created": "2026-03-01T09:53:58.301+0100", "updated": "2026-03-01T08:54:00.000+0000",
            "reporter": {"displayName": "Sigrid Ek", "emailAddress": "sigrid.ek@ekvik.example"},
            "priority": {"id": "2", "name": "High"}, "status": {"name": "Open", "statusCategory": {"key": "new"}},
            "issuetype": {"name": "Tjänst"}, "project": {"key": "SD", "name": "Servicedesk"},
            "components": [], "labels": ["skola", "projekt"], "customfield_1": {"requestType": {"name": "Projekt"}},
            **fields,
        },
    }  # fmt: skip


def delivery(event: str = "jira:issue_updated", by: ServiceDesk | None = None, **fields: Any) -> Delivery:
    body = json.dumps({"webhookEvent": event, "issue": issue(**fields)}).encode()
    return system.read(Arrived(body=body, headers={IDENTIFIER: "d-1"}), by or desk())


def read(event: str = "jira:issue_updated", by: ServiceDesk | None = None, **fields: Any) -> Ticket:
    return ticket.read(delivery(event, by, **fields).content)


def test_a_signature_computed_elsewhere_is_accepted_over_the_bytes_as_they_came() -> None:
    """IT-02"""
    system.verify(Arrived(body=BODY, headers={"x-hub-signature": SIGNED}), ("another", "topsecret"), NOW)
    for body, signature in ((BODY + b" ", SIGNED), (BODY, SIGNED.upper()), (BODY, SIGNED[7:]), (BODY, "sha256=")):
        with pytest.raises(Unauthentic):
            system.verify(Arrived(body=body, headers={"x-hub-signature": signature}), ("topsecret",), NOW)


def test_a_signature_of_another_algorithm_is_none() -> None:
    weak = "sha1=" + hmac.digest(b"topsecret", BODY, "sha1").hex()
    with pytest.raises(Unauthentic):
        system.verify(Arrived(body=BODY, headers={"x-hub-signature": weak}), ("topsecret",), NOW)


def test_an_issue_is_a_ticket_known_by_its_id_and_called_by_its_key() -> None:
    said = read()
    assert (said.external_id, said.number) == ("10400", "SD-15")
    assert said.url == "https://ekvik.atlassian.example/browse/SD-15"
    assert (said.kind, said.open, said.priority) == ("changed", True, 2)
    assert said.requester
    assert said.requester.email == "sigrid.ek@ekvik.example"
    assert said.plain_description == "Vi behöver den."


def test_a_time_with_an_offset_and_no_colon_is_read() -> None:
    said = read()
    assert said.opened_at == datetime(2026, 3, 1, 8, 53, 58, 301000, tzinfo=UTC)
    assert said.updated_at
    assert said.updated_at - said.opened_at < timedelta(seconds=2)


def test_a_delivery_keeps_its_name_at_each_try_and_a_polled_record_is_named_for_its_change() -> None:
    assert delivery().key == "d-1"
    record = json.dumps({"webhookEvent": "jira:issue_updated", "issue": issue()}).encode()
    assert system.read(Arrived(body=record, headers={POLLED: "1"}), desk()).key == (
        "polled 10400 2026-03-01T08:54:00+00:00"
    )


@pytest.mark.parametrize(
    ("reporter", "lookup", "name"),
    [
        ({"displayName": "Sigrid Ek", "emailAddress": "s@ekvik.example"}, "never", "Sigrid Ek"),
        ({"displayName": "Sigrid Ek"}, "new", "Sigrid Ek"),
        (None, "new", None),
    ],
)
def test_a_reporter_who_hides_their_address_is_looked_up_and_nobody_is_nobody(
    reporter: object, lookup: str, name: str | None
) -> None:
    given = delivery(reporter=reporter)
    said = ticket.read(given.content)
    assert (given.lookup, said.requester.name if said.requester else None) == (lookup, name)


@pytest.mark.parametrize(
    ("status", "closed"),
    [
        ({"name": "Klart", "statusCategory": {"key": "done"}}, True),
        ({"name": "Done", "statusCategory": {"key": "indeterminate"}}, False),
        ({"name": "RESOLVED"}, True),
        ({"name": "avslutat", "statusCategory": {"key": "indeterminate"}}, True),
        ({"name": "In Progress"}, False),
    ],
)
def test_an_issue_is_over_by_the_category_of_its_status_or_where_the_desk_says_so(
    status: dict[str, Any], closed: bool
) -> None:
    said = read(status=status)
    assert (said.kind, said.open) == ("closed" if closed else "changed", not closed)


@pytest.mark.parametrize(
    ("priority", "level"),
    [
        ({"id": "10001", "name": "Blocker"}, 1),
        ({"id": "3", "name": "Medel"}, 3),
        ({"id": "10005", "name": "P3"}, None),
        (None, None),
    ],
)
def test_a_priority_is_known_by_its_name_or_by_the_id_it_came_with(priority: object, level: int | None) -> None:
    assert read(priority=priority).priority == level


@pytest.mark.parametrize(
    ("field", "flow"),
    [
        ("", "SD"),
        ("issuetype", "Tjänst"),
        ("labels", "projekt"),
        ("components", ""),
        ("customfield_1", "Projekt"),
    ],
)
def test_the_flow_is_told_by_the_field_that_the_desk_chooses(field: str, flow: str) -> None:
    """IT-04"""
    assert read(by=desk(flow_field=field) if field else None).flow == flow


def test_a_custom_field_that_is_empty_is_no_flow_and_one_that_is_not_sent_is_missing() -> None:
    assert read(by=desk(flow_field="customfield_1"), customfield_1=None).flow == ""
    with pytest.raises(Refusals) as refused:
        read(by=desk(flow_field="customfield_2"))
    assert [one.field for one in refused.value.refusals] == ["flow"]


def test_what_is_told_of_a_comment_or_a_deletion_needs_no_more_than_the_id() -> None:
    for event, kind in (("comment_created", "commented"), ("jira:issue_deleted", "deleted")):
        body = json.dumps({"webhookEvent": event, "issue": {"id": 10400, "key": "SD-15", "fields": {}}}).encode()
        said = ticket.read(system.read(Arrived(body=body), desk()).content)
        assert (said.kind, said.external_id) == (kind, "10400")


def test_an_event_of_something_else_is_a_fault_with_a_sentence_for_each_field() -> None:
    fault = system.read(Arrived(body=b'{"webhookEvent":"sprint_started"}'), desk()).fault
    assert isinstance(fault, Refusals)
    assert [one.field for one in fault.refusals] == ["webhook_event", "issue"]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("h2. Rubrik\r\nVi *behöver* _en_ {color:red}e-tjänst{color}.", "Rubrik\nVi behöver en e-tjänst."),
        ("* ett\n** två\n# tre", "- ett\n- två\n- tre"),
        ("||Namn||Antal||\n|Åmål|3|", "Namn | Antal\nÅmål | 3"),
        ("[Ekvik|https://e.example/a_b_c] [https://x.example]", "Ekvik (https://e.example/a_b_c) https://x.example"),
        ("[~accountid:5] [bilaga 1] \\[ej länk\\] rad\\\\ny", "5 [bilaga 1] [ej länk] rad\nny"),
        ("{code:java}\nif (a * b) { *c* }\n{code}!bild.png|thumbnail!", "if (a * b) { *c* }"),
        ("2 * 3 * 4, en_fil_namn, C:\\temp, Hej! Bra!", "2 * 3 * 4, en_fil_namn, C:\\temp, Hej! Bra!"),
        ("{code} utan slut, <b>ej HTML</b>", "{code} utan slut, <b>ej HTML</b>"),
        ("\ue0007\ue001", "7"),
    ],
)
def test_wiki_markup_is_read_as_the_text_people_see(markup: str, text: str) -> None:
    assert from_wiki(markup) == text


@pytest.mark.parametrize("piece", ["*a b ", "[a|", "{code:x}", "\\", "!a.png|", "|a", "_ *", "{color:"])
def test_markup_that_never_ends_takes_no_time_to_speak_of(piece: str) -> None:
    begun = process_time()
    from_wiki(piece * 6000)
    assert process_time() - begun < 3


def test_a_document_is_read_as_the_text_people_see() -> None:
    def node(kind: str, *content: Any, **more: Any) -> dict[str, Any]:
        return {"type": kind, "content": list(content), **more}

    def words(text: str, **more: Any) -> dict[str, Any]:
        return {"type": "text", "text": text, **more}

    link = words("här", marks=[{"type": "link", "attrs": {"href": "https://x.example"}}])
    inner = node("bulletList", node("listItem", node("paragraph", words("a1"))))
    document = node(
        "doc",
        node("paragraph", words("Läs "), link, {"type": "hardBreak"}, {"type": "mention", "attrs": {"text": "@Åsa"}}),
        node("bulletList", node("listItem", node("paragraph", words("a")), inner)),
        node("table", node("tableRow", *(node("tableCell", node("paragraph", words(cell))) for cell in "xy"))),
        node("paragraph", {"type": "date", "attrs": {"timestamp": "1764000000000"}}, {"type": "aNewKind"}),
    )
    assert from_document(document) == "Läs här (https://x.example)\n@Åsa\n\n- a\n- a1\n\nx | y\n\n2025-11-24"
    assert read(description=document).plain_description is not None


def test_a_document_that_is_none_or_nested_without_end_does_no_harm() -> None:
    deep: dict[str, Any] = {"type": "text", "text": "djupt"}
    for _ in range(300):
        deep = {"type": "panel", "content": [deep]}
    for strange in ({}, {"content": "x", "attrs": 3}, {"type": "date", "attrs": {"timestamp": "i går"}}, deep):
        assert read(description=strange).plain_description == ""

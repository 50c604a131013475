"""Deliveries as CloudEvents: a token, a handshake, three ways to send."""

from __future__ import annotations

import json

import pytest

from intake.adapters.cloudevents import UnknownContentType, handshake, parts_of, read, unescaped, verify
from intake.adapters.delivery import NotJson, Unauthentic

EVENT = {
    "specversion": "1.0",
    "id": "a-1",
    "source": "https://desk.ekvik.example",
    "type": "example.ekvik.ticket.changed",
    "time": "2026-03-02T08:30:00Z",
    "data": {"external_id": "81", "title": "Åmål"},
}
STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


def test_the_token_in_use_and_the_next_one_pass() -> None:
    """IT-02"""
    for token in ("first-secret-token", "next-secret-token"):
        verify({"authorization": f"Bearer {token}"}, ("first-secret-token", "next-secret-token"))


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic first-secret-token", "Bearer å", "first-secret-token"]
)
def test_no_other_token_passes(header: str) -> None:
    """IT-02"""
    with pytest.raises(Unauthentic):
        verify({"authorization": header}, ("first-secret-token",))


def test_a_sender_that_asks_is_allowed_to_deliver_at_a_rate() -> None:
    assert handshake({"webhook-request-origin": "desk.ekvik.example", "webhook-request-rate": "120"}) == {
        "Allow": "OPTIONS, POST",
        "WebHook-Allowed-Origin": "desk.ekvik.example",
        "WebHook-Allowed-Rate": "120",
    }
    assert handshake({"webhook-request-origin": "desk.ekvik.example"})["WebHook-Allowed-Rate"] == "600"


@pytest.mark.parametrize("origin", ["", "*", "a b", "desk\r\nSet-Cookie: x=1", "-desk"])
def test_what_is_no_origin_is_not_repeated(origin: str) -> None:
    assert handshake({"webhook-request-origin": origin}) == {"Allow": "OPTIONS, POST"}


def test_a_structured_event_is_read() -> None:
    (delivery,) = read(STRUCTURED, json.dumps(EVENT).encode())
    assert delivery.key == "https://desk.ekvik.example a-1"
    assert (delivery.type, delivery.time) == (EVENT["type"], EVENT["time"])
    assert delivery.content == EVENT["data"]
    assert delivery.fault is None


def test_a_binary_event_is_read_and_its_headers_decoded_once() -> None:
    headers = {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "%C3%85-1%2520",
        "ce-source": "desk",
        "ce-type": "ticket.created",
        "authorization": "Bearer secret",
    }
    (delivery,) = read(headers, b'{"external_id": "81"}')
    assert delivery.key == "desk Å-1%20"
    assert delivery.content == {"external_id": "81"}
    assert "authorization" not in delivery.headers


@pytest.mark.parametrize("value", ["%C0%A0", "%ED%A0%80", "%ff"])
def test_a_header_that_is_not_utf8_is_a_fault_and_the_delivery_is_kept(value: str) -> None:
    with pytest.raises(ValueError, match="utf-8"):
        unescaped(value)
    headers = {"content-type": "application/json", "ce-specversion": "1.0", "ce-id": value, "ce-source": "desk"}
    (delivery,) = read(headers | {"ce-type": "ticket.created"}, b"{}")
    assert delivery.fault is not None
    assert delivery.key.startswith("sha256 ")


def test_each_event_of_a_batch_is_a_delivery_with_the_bytes_it_came_in() -> None:
    body = b'[ {"specversion":"1.0", "id":"1","source":"d","type":"t"} ,\n 7, {"id":"2"}]'
    first, second, third = read(BATCH, body)
    assert first.body == b'{"specversion":"1.0", "id":"1","source":"d","type":"t"}'
    assert (first.key, first.fault) == ("d 1", None)
    assert second.fault is not None
    assert str(third.fault) == "This is not a CloudEvent 1.0: “specversion” is missing or cannot be read."
    assert list(parts_of(b" [ ]", "utf-8")) == []


@pytest.mark.parametrize("body", [b"{}", b"[", b"[1,", b"\xff", b"", b"[" * 100_000])
def test_a_batch_that_cannot_be_taken_apart_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson):
        read(BATCH, body)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "application/cloudevents+avro", "nonsense"])
def test_a_format_we_do_not_read_is_refused(kind: str) -> None:
    with pytest.raises(UnknownContentType) as refused:
        read({"content-type": kind}, b"{}")
    assert refused.value.status == 415


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"specversion":"0.3","id":"1","source":"d","type":"t"}'])
def test_what_is_authentic_and_unreadable_is_a_delivery_with_a_fault(body: bytes) -> None:
    (delivery,) = read(STRUCTURED, body)
    assert delivery.fault is not None
    assert delivery.body == body


def test_a_declared_charset_is_followed_and_windows_1252_is_the_fallback() -> None:
    text = '{"specversion":"1.0","id":"1","source":"d","type":"t","data":{"title":"Räksmörgås Ærø Bodø"}}'
    declared = {"content-type": "application/cloudevents+json; charset=iso-8859-1"}
    for headers in (declared, STRUCTURED):
        (delivery,) = read(headers, text.encode("latin-1"))
        assert delivery.content == {"title": "Räksmörgås Ærø Bodø"}


def test_half_a_character_is_no_text() -> None:
    (delivery,) = read(STRUCTURED, b'{"specversion":"1.0","id":"\\ud800"}')
    assert isinstance(delivery.fault, NotJson)


def test_the_same_event_sent_in_another_mode_says_the_same() -> None:
    (structured,) = read(STRUCTURED, json.dumps(EVENT).encode())
    (batched,) = read(BATCH, json.dumps([dict(reversed(EVENT.items()))], indent=2).encode())
    headers = {"content-type": "application/json"} | {
        f"ce-{name}": str(value) for name, value in EVENT.items() if name != "data"
    }
    (binary,) = read(headers, json.dumps(EVENT["data"]).encode())
    assert structured.hash == batched.hash == binary.hash
    (other,) = read(STRUCTURED, json.dumps(EVENT | {"data": {"external_id": "82"}}).encode())
    assert other.hash != structured.hash

"""Deliveries signed as Standard Webhooks asks."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from intake.adapters.delivery import Unauthentic
from intake.adapters.standard_webhooks import read, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEXT = "whsec_" + base64.b64encode(b"the one that comes after it").decode()
BODY = '{"ticket":{"id":81,"title":"Åmål"}}'.encode()
AT = datetime.fromtimestamp(1764000000, tz=UTC)
SIGNED = {
    "webhook-id": "msg_1",
    "webhook-timestamp": "1764000000",
    "webhook-signature": "v1,gjXJ6UgAIzw+iSSeDzkwucpKDz/R93bEvopPOREENVU=",
}


def test_a_signature_computed_elsewhere_is_accepted() -> None:
    """IT-02"""
    verify(SIGNED, BODY, (SECRET,), AT)
    published = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    verify(published, b'{"test": 2432232314}', (SECRET,), datetime.fromtimestamp(1614265330, tz=UTC))


def test_the_next_secret_is_accepted_while_it_is_being_changed() -> None:
    verify(SIGNED, BODY, (NEXT, SECRET), AT)
    with pytest.raises(Unauthentic):
        verify(SIGNED, BODY, (NEXT,), AT)


def test_one_good_signature_of_several_is_enough() -> None:
    several = "v1a,ignored v1,AAAA v1," + SIGNED["webhook-signature"].removeprefix("v1,")
    verify(SIGNED | {"webhook-signature": several}, BODY, (SECRET,), AT)


@pytest.mark.parametrize("minutes", [5, -5])
def test_five_minutes_either_way_are_allowed_and_no_more(minutes: int) -> None:
    edge = AT + timedelta(minutes=minutes)
    verify(SIGNED, BODY, (SECRET,), edge)
    with pytest.raises(Unauthentic):
        verify(SIGNED, BODY, (SECRET,), edge + timedelta(seconds=1 if minutes > 0 else -1))


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1764000001"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "1_764_000_000"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,not base64!"},
        {"webhook-signature": "v1,abc"},
        {"webhook-signature": "v1,å"},
        {"webhook-signature": SIGNED["webhook-signature"].replace("v1,", "v2,")},
    ],
)
def test_everything_else_is_refused_in_the_same_words(changes: Mapping[str, str]) -> None:
    """IT-02"""
    with pytest.raises(Unauthentic) as refused:
        verify({**SIGNED, **changes}, BODY, (SECRET,), AT)
    assert (refused.value.status, str(refused.value)) == (401, Unauthentic.text)


@pytest.mark.parametrize("missing", list(SIGNED))
def test_a_missing_header_is_refused(missing: str) -> None:
    with pytest.raises(Unauthentic):
        verify({name: value for name, value in SIGNED.items() if name != missing}, BODY, (SECRET,), AT)


@pytest.mark.parametrize("body", [BODY + b" ", b"\xff\xfe", b""])
def test_a_body_that_was_not_signed_is_refused(body: bytes) -> None:
    with pytest.raises(Unauthentic):
        verify(SIGNED, body, (SECRET,), AT)


def test_a_delivery_is_the_ticket_or_holds_it_as_data() -> None:
    bare = read(SIGNED, b'{"external_id": "81", "kind": "created"}')
    assert (bare.key, bare.content) == ("msg_1", {"external_id": "81", "kind": "created"})
    wrapped = read(SIGNED, b'{"type":"ticket.changed","timestamp":"2026-03-02T08:30:00Z","data":{"external_id":"81"}}')
    assert (wrapped.type, wrapped.time) == ("ticket.changed", "2026-03-02T08:30:00Z")
    assert wrapped.content == {"external_id": "81"}


def test_what_is_signed_and_no_json_is_a_delivery_with_a_fault() -> None:
    delivery = read(SIGNED, b"{")
    assert delivery.fault is not None
    assert delivery.body == b"{"

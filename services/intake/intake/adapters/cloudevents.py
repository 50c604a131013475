"""Deliveries as CloudEvents 1.0 over HTTP: structured, binary or a batch, with a bearer token, after a handshake."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from email.message import Message
from urllib.parse import unquote_to_bytes

from contracts.refusal import Refusal
from intake.adapters.delivery import Delivery, NotJson, Unauthentic, as_json, key_of

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
ALLOWED_RATE = 600
"""Deliveries a minute that a sender may plan with; more is answered as well as it can be."""
_ORIGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_NEEDED = ("specversion", "id", "source", "type")


class UnknownContentType(Refusal):
    """The hook's format is not one we read; the sender is told which are."""

    text = "Send application/cloudevents+json, application/cloudevents-batch+json, or JSON with ce- headers."
    status = 415


class NotACloudEvent(Refusal):
    """Something that every CloudEvent has is missing or cannot be read."""

    text = "This is not a CloudEvent 1.0: “{attribute}” is missing or cannot be read."
    status = 422

    def __init__(self, attribute: str) -> None:
        super().__init__(attribute, attribute=attribute)


def verify(headers: Mapping[str, str], secrets: tuple[str, ...]) -> None:
    """Let a bearer token pass, the one in use or the next. Compared in constant time; raises Unauthentic."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    token = given.strip().encode()
    matches = [hmac.compare_digest(secret.encode(), token) for secret in secrets]
    if scheme.lower() != "bearer" or not any(matches):
        raise Unauthentic


def handshake(headers: Mapping[str, str]) -> dict[str, str]:
    """The answer's headers when a sender asks to be allowed to deliver (OPTIONS, WebHook-Request-Origin).

    The one who may deliver is known by the token of each delivery; allowing an origin lets nobody in.
    """
    answer = {"Allow": "OPTIONS, POST"}
    origin = headers.get("webhook-request-origin", "")
    if _ORIGIN.fullmatch(origin):
        wanted = headers.get("webhook-request-rate", "")
        rate = min(int(wanted), ALLOWED_RATE) if re.fullmatch(r"[1-9][0-9]{0,8}", wanted) else ALLOWED_RATE
        answer |= {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": str(rate)}
    return answer


def read(headers: Mapping[str, str], body: bytes) -> list[Delivery]:
    """The deliveries a request holds, which `verify` has let pass: one, or each of a batch.

    Raises UnknownContentType, and NotJson for a batch that cannot be taken apart. An event that cannot be read is a
    delivery with its fault.
    """
    kind, charset = content_type(headers.get("content-type", ""))
    if kind == BATCH:
        return [_structured(part, STRUCTURED, "utf-8") for part in parts_of(body, charset)]
    if kind == STRUCTURED:
        return [_structured(body, headers["content-type"], charset)]
    if kind == "application/json" or (kind.endswith("+json") and "ce-specversion" in headers):
        return [_binary(headers, body, charset)]
    raise UnknownContentType


def is_batch(headers: Mapping[str, str]) -> bool:
    """Whether a request brings several events, and wants an answer for each."""
    return content_type(headers.get("content-type", ""))[0] == BATCH


def content_type(value: str) -> tuple[str, str]:
    """The media type, in small letters, and the charset, of a Content-Type header."""
    message = Message()
    message["content-type"] = value
    return (message.get_content_type() if value else "", message.get_content_charset() or "utf-8")


def parts_of(body: bytes, charset: str) -> Iterator[bytes]:
    """The events of a batch, each as the bytes it came in. Raises NotJson for what is no array of objects."""
    try:
        text = body.decode(charset)
    except (UnicodeDecodeError, LookupError):
        raise NotJson(fault="it is not in the charset it says") from None
    decoder, place = json.JSONDecoder(), re.compile(r"[\s,]*")
    if not re.match(r"\s*\[", text):
        raise NotJson(fault="a batch is an array")
    parts: list[str] = []
    try:
        whole = json.loads(text)
        at = place.match(text, text.index("[") + 1).end()  # type: ignore[union-attr]  # it matches nothing too
        for _ in whole:
            _, end = decoder.raw_decode(text, at)
            parts.append(text[at:end])
            at = place.match(text, end).end()  # type: ignore[union-attr]  # it matches nothing too
    except (ValueError, RecursionError) as wrong:
        raise NotJson(fault=getattr(wrong, "msg", "it is nested too deeply")) from None
    return iter([part.encode() for part in parts])


def _structured(body: bytes, kind: str, charset: str) -> Delivery:
    kept = {"content-type": kind}
    try:
        event = as_json(body, charset)
    except Refusal as fault:
        return Delivery(key=key_of("", body=body), body=body, headers=kept, fault=fault)
    if not isinstance(event, dict):
        return Delivery(key=key_of("", body=body), body=body, headers=kept, fault=NotACloudEvent("specversion"))
    return _delivery(event, body, kept, event.get("data"))


def _binary(headers: Mapping[str, str], body: bytes, charset: str) -> Delivery:
    kept = {name: value for name, value in headers.items() if name.startswith("ce-") or name == "content-type"}
    attributes: dict[str, object] = {}
    content: object = None
    fault: Refusal | None = None
    for name in (name for name in kept if name.startswith("ce-")):
        try:
            attributes[name.removeprefix("ce-")] = unescaped(kept[name])
        except ValueError:
            fault = NotACloudEvent(name.removeprefix("ce-"))
    try:
        content = as_json(body, charset)
    except Refusal as refusal:
        fault = fault or refusal
    return _delivery(attributes, body, kept, content, fault)


def _delivery(
    attributes: Mapping[str, object], body: bytes, kept: dict[str, str], content: object, fault: Refusal | None = None
) -> Delivery:
    texts = {name: value for name, value in attributes.items() if isinstance(value, str) and value}
    lacking = [name for name in _NEEDED if name not in texts]
    if texts.get("specversion", "1.0") != "1.0":
        lacking = ["specversion"]
    return Delivery(
        key=key_of(texts.get("source", ""), texts.get("id", ""), body=body),
        body=body,
        headers=kept,
        content=content,
        type=texts.get("type"),
        time=texts.get("time"),
        fault=fault or (NotACloudEvent(lacking[0]) if lacking else None),
    )


def unescaped(value: str) -> str:
    """A header's value with its percent-encoded UTF-8 decoded, once. Raises ValueError for what is not UTF-8, overlong
    forms and halves of surrogate pairs included."""
    # Headers arrive as latin-1; what a sender left unescaped is UTF-8 as often as not.
    return unquote_to_bytes(value.encode("latin-1", errors="strict")).decode("utf-8")

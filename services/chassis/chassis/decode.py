"""Reading what we wrote ourselves, leanly: the same classes as `contracts`, without validating them once more.

Every message was validated when it was made and its bytes never change, so readers decode it with msgspec straight
into the fact's own class. What arrives has the attributes of `contracts.envelope.Envelope` and is used as one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from contracts.catalogue import CATALOGUE
from contracts.envelope import Envelope, UnknownFact

_BEFORE = b'"type":"'
RENAMED = {"version": "subjectversion", "actor_name": "actorname"}
REQUIRED: dict[str, Any] = {
    "id": UUID, "source": str, "type": str, "subject": UUID, "version": int, "time": datetime, "municipality": str,
    "actor": str, "correlation": str,
}  # fmt: skip
OPTIONAL: dict[str, Any] = {
    "actor_name": str | None, "causation": UUID | None, "cause": str | None, "traceparent": str | None,
}  # fmt: skip
"""What a message says besides its data, as `contracts.envelope.Envelope` calls it."""


def peek_type(message: bytes) -> str:
    """The travelling name in a message, found without parsing it: our envelopes put it before anything free."""
    start = message.find(_BEFORE) + len(_BEFORE)
    return message[start : message.index(b'"', start)].decode()


@cache
def decoder(name: str) -> msgspec.json.Decoder[Any] | None:
    """The decoder of a kind of message, or None for a kind that must go by way of `contracts.upcast`."""
    kind = CATALOGUE.get(name)
    if kind is None:
        return None
    received = msgspec.defstruct(
        f"Received[{kind.__name__}]",
        [
            *REQUIRED.items(),
            ("data", kind),
            *((name, hint, None) for name, hint in OPTIONAL.items()),
            ("sequence", int, 0),
        ],
        rename=RENAMED,
        gc=False,
    )
    return msgspec.json.Decoder(received)


def peek(message: bytes, attribute: str) -> str | None:
    """The text of an attribute that comes before the data, found without parsing; None when it is not there, or has no
    end because the message was cut short."""
    before = b'"%s":"' % attribute.encode()
    start = message.find(before, 0, message.find(b'"data":{'))
    if start < 0:
        return None
    start += len(before)
    end = message.find(b'"', start)
    return message[start:end].decode(errors="replace") if end >= 0 else None


def decode(message: bytes, sequence: int = 0) -> Envelope[Any]:
    """A stored or received message of any released version. Raises ValueError for what cannot be read."""
    return reader(peek_type(message))(message, sequence)


@cache
def reader(name: str) -> Callable[[bytes, int], Envelope[Any]]:
    """How messages of a kind that is already known are read, without looking for it in each: `decode` for one kind."""
    lean = decoder(name)
    if lean is None:
        return Envelope.from_bytes
    read = lean.decode

    def decode_one(message: bytes, sequence: int) -> Any:
        received = read(message)
        received.sequence = sequence
        return received

    return decode_one


__all__ = ["UnknownFact", "decode", "decoder", "peek_type", "reader"]

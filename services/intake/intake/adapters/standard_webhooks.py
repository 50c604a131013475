"""Deliveries signed as Standard Webhooks asks: HMAC-SHA256 over id, timestamp and the raw body.

The tolerance is held against the clock that is handed in.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from contracts.refusal import Refusal
from intake.adapters.delivery import Delivery, Unauthentic, as_json, key_of
from intake.adapters.port import Arrived
from intake.adapters.proofs import Signed

TOLERANCE = timedelta(minutes=5)
"""How far the sender's timestamp may be from our clock, either way; what is older may be a replay."""
KEPT = ("content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature")


def verify(headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...], now: datetime) -> None:
    """Let a signed body pass, by the secret in use or the next one. Raises Unauthentic, whatever is wrong.

    Nothing of the body is parsed before. Every signature is compared with every secret in constant time.
    """
    begun = proof(Arrived(body=b"", headers=headers), secrets, now)
    begun.update(body)
    begun.let_pass()


def proof(arrived: Arrived, secrets: tuple[str, ...], now: datetime) -> Signed:
    """The proof of a body that is still to come. Raises Unauthentic where nothing is signed, or not just now."""
    headers = arrived.headers
    try:
        number, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        at = datetime.fromtimestamp(int(timestamp), tz=UTC)
        given = [part.partition(",") for part in headers["webhook-signature"].split(" ")]
        signatures = tuple(base64.b64decode(code, validate=True) for scheme, _, code in given if scheme == "v1")
        begun = f"{number}.{timestamp}.".encode("latin-1")
        made = tuple(hmac.new(_key(secret), begun, "sha256") for secret in secrets)
    except (KeyError, ValueError, OverflowError, OSError):
        # binascii.Error and UnicodeDecodeError are ValueErrors
        raise Unauthentic from None
    # int() reads more than digits ("1_0", "١"): only what was signed as it stands may pass.
    fresh = timestamp.isascii() and timestamp.isdigit() and abs(now - at) <= TOLERANCE
    if not (fresh and number and signatures and made):
        raise Unauthentic
    return Signed(made, signatures)


def _key(secret: str) -> bytes:
    """The bytes of a secret: base64 behind a prefix, padded or not."""
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    if not key:
        raise ValueError("an empty secret proves nothing")
    return key


def fault_of_secret(secret: str) -> str | None:
    """What is wrong with a secret with which nothing can be signed, and what to do; None for nothing."""
    try:
        _key(secret)
    except ValueError:
        return (
            "it is no Base64, and so it cannot be what this system signs with: write whsec_ and the Base64 of 24 "
            "random bytes or more (“echo whsec_$(openssl rand -base64 32)” makes one), here and in the system"
        )
    return None


def read(headers: Mapping[str, str], body: bytes) -> Delivery:
    """The delivery, which `verify` has let pass: the ticket itself, or Standard Webhooks' type, timestamp and data."""
    content: object = None
    fault: Refusal | None = None
    kind = time = None
    try:
        content = as_json(body)
    except Refusal as refusal:
        fault = refusal
    if isinstance(content, dict) and isinstance(content.get("data"), dict):
        kind, time, content = content.get("type"), content.get("timestamp"), content["data"]
    return Delivery(
        key=key_of(headers["webhook-id"], body=body),
        body=body,
        headers={name: headers[name] for name in KEPT if name in headers},
        content=content,
        type=kind if isinstance(kind, str) else None,
        time=time if isinstance(time, str) else None,
        fault=fault,
    )

"""Deliveries signed as Standard Webhooks asks: HMAC-SHA256 over id, timestamp and the raw body.

The library signs; the tolerance is held here, against the clock that is handed in.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from contracts.refusal import Refusal
from intake.adapters.delivery import Delivery, Unauthentic, as_json, key_of

TOLERANCE = timedelta(minutes=5)
"""How far the sender's timestamp may be from our clock, either way; what is older may be a replay."""
KEPT = ("content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature")


def verify(headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...], now: datetime) -> None:
    """Let a signed body pass, by the secret in use or the next one. Raises Unauthentic, whatever is wrong.

    Nothing of the body is parsed before. Every signature is compared with every secret in constant time.
    """
    try:
        number, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        at = datetime.fromtimestamp(int(timestamp), tz=UTC)
        given = [part.partition(",") for part in headers["webhook-signature"].split(" ")]
        signatures = [base64.b64decode(code, validate=True) for scheme, _, code in given if scheme == "v1"]
        expected = [_signature(secret, number, at, body) for secret in secrets]
    except (KeyError, ValueError, OverflowError, OSError, EmptyWebhookSecretError):
        # binascii.Error and UnicodeDecodeError are ValueErrors
        raise Unauthentic from None
    # int() reads more than digits ("1_0", "١"): only what was signed as it stands may pass.
    fresh = timestamp.isascii() and timestamp.isdigit() and abs(now - at) <= TOLERANCE
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures]
    if not (fresh and number and any(matches)):
        raise Unauthentic


def _signature(secret: str, number: str, at: datetime, body: bytes) -> bytes:
    signed: str = Webhook(secret).sign(msg_id=number, timestamp=at, data=body.decode())
    return base64.b64decode(signed.partition(",")[2])


def fault_of_secret(secret: str) -> str | None:
    """What is wrong with a secret with which nothing can be signed, and what to do; None for nothing."""
    try:
        if Webhook(secret).sign(msg_id="m", timestamp=datetime.fromtimestamp(0, tz=UTC), data="{}"):
            return None
    except (ValueError, EmptyWebhookSecretError):
        pass
    return (
        "it is no Base64, and so it cannot be what this system signs with: write whsec_ and the Base64 of 24 random "
        "bytes or more (“echo whsec_$(openssl rand -base64 32)” makes one), here and in the system"
    )


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

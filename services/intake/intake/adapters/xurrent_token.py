"""The tokens that Xurrent's webhooks send: {"jwt": …}, signed with RS256 by the private key of a webhook policy.

RS256 and nothing else is accepted, whatever a token says of itself. A token does not expire, and a delivery may be sent
again by hand: it is taken for TOLERANCE after it was made, and what is sent twice within that time is known by its jti.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from intake.adapters.delivery import NotJson, Unauthentic, as_json
from intake.adapters.port import Arrived

TOLERANCE = timedelta(hours=24)
"""How old a token may be: longer than Xurrent tries, and long enough to send a day's deliveries again by hand."""
AHEAD = timedelta(minutes=5)
"""How far Xurrent's clock may be ahead of ours."""


def verify(arrived: Arrived, secrets: tuple[str, ...], now: datetime) -> None:
    """Let a token pass that one of the public keys proves, and that was made not long ago. Raises Unauthentic, whatever
    is wrong. Of what nobody has signed, the envelope alone is read."""
    token = _token(arrived)
    for claims in (_proven(token, secret) for secret in secrets):
        if claims is not None and _fresh(claims, now):
            return
    raise Unauthentic


def _token(arrived: Arrived) -> str:
    try:
        envelope = as_json(arrived.body)
    except NotJson:
        raise Unauthentic from None
    token = envelope.get("jwt") if isinstance(envelope, dict) else None
    if not isinstance(token, str):
        raise Unauthentic
    return token


def _proven(token: str, secret: str) -> dict[str, Any] | None:
    try:
        return jwt.decode(token, _key(secret), algorithms=["RS256"]).claims
    except (JoseError, ValueError, TypeError, RecursionError):
        return None


@lru_cache(maxsize=256)
def _key(secret: str) -> RSAKey:
    """A public key in PEM, whose lines may be joined by \\n as settings have them."""
    return RSAKey.import_key(secret.replace("\\n", "\n").strip())


def fault_of_secret(secret: str) -> str | None:
    """What is wrong with what is to be a public key, and what to do; None for nothing."""
    try:
        _key(secret)
    except (JoseError, ValueError, TypeError):
        return (
            "it is no public key of RSA: write the one that Xurrent gave for the webhook policy, as it is in PEM, its "
            "lines joined by \\n"
        )
    return None


def _fresh(claims: dict[str, Any], now: datetime) -> bool:
    times = (claims.get("iat"), claims.get("nbf", 0))
    made, not_before = (time if type(time) in (int, float) else None for time in times)
    if made is None or not_before is None:
        return False
    oldest, newest = (now - TOLERANCE).timestamp(), (now + AHEAD).timestamp()
    return bool(oldest <= made <= newest and not_before <= newest)


def claims_of(arrived: Arrived) -> Arrived:
    """What a token says that `verify` has let pass. Raises NotJson for what is no token."""
    try:
        said = _token(arrived).split(".")[1]
        return Arrived(body=base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
    except (Unauthentic, IndexError, ValueError):
        raise NotJson(fault="there is no signed token in it") from None


def claim(arrived: Arrived, *path: str) -> str | None:
    """A text among the claims of a delivery; None where there is none."""
    try:
        found = None if arrived.polled else as_json(claims_of(arrived).body)
    except NotJson:
        return None
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None

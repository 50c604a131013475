"""How senders prove themselves: a signature of the body, or a token. Over raw bytes, in constant time, with every
secret that is in use, and with one answer for whatever is wrong.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from datetime import datetime

from intake.adapters.delivery import Unauthentic
from intake.adapters.port import Arrived

Verify = Callable[[Arrived, tuple[str, ...], datetime], None]


def signed(header: str, algorithm: str, *, prefix: str = "", after: str | None = None) -> Verify:
    """A hex HMAC of the body in a header, behind `prefix` ("sha256="). With `after`, that header's value follows the
    body in what is signed."""

    def verify(arrived: Arrived, secrets: tuple[str, ...], now: datetime) -> None:
        del now
        given = arrived.headers.get(header, "")
        body = arrived.body + arrived.headers.get(after, "").encode("latin-1", "replace") if after else arrived.body
        expected = [prefix + hmac.digest(secret.encode(), body, algorithm).hex() for secret in secrets]
        _let_pass(expected, given)

    return verify


def bearer(arrived: Arrived, secrets: tuple[str, ...], now: datetime) -> None:
    """A token in the Authorization header, as Bearer or as the password of Basic, whatever its user is called: what
    systems can be set to send that sign nothing."""
    del now
    scheme, _, given = arrived.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            given = ""
    elif scheme.lower() != "bearer":
        given = ""
    _let_pass(list(secrets), given.strip())


def _let_pass(expected: list[str], given: str) -> None:
    matches = [hmac.compare_digest(one.encode(), given.encode("utf-8", "replace")) for one in expected]
    if not (given and any(matches)):
        raise Unauthentic

"""How senders prove themselves: a signature of the body, or a token. Over raw bytes, in constant time, with every
secret that is in use, and with one answer for whatever is wrong.

A body is proven while it comes in, so that none has to be kept for it. What the headers alone tell is told before
anything is read: a token, and whether there is anything that could be a signature.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from chassis.web.guard import MOST_BYTES
from chassis.web.problems import TooLarge
from intake.adapters.delivery import Unauthentic
from intake.adapters.port import Arrived, Begin


@dataclass(frozen=True, slots=True)
class Signed:
    """An HMAC of the body under each secret in use, beside the signatures that were given."""

    made: tuple[hmac.HMAC, ...]
    given: tuple[bytes, ...]
    last: bytes = b""
    """What follows the body in what is signed."""

    def update(self, piece: bytes) -> None:
        """The next piece of the body."""
        for one in self.made:
            one.update(piece)

    def let_pass(self) -> None:
        """Raises Unauthentic unless one of the signatures is one of ours; each is compared with each."""
        self.update(self.last)
        expected = [one.digest() for one in self.made]
        matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in self.given]
        if not any(matches):
            raise Unauthentic


def signed(header: str, algorithm: str, *, prefix: str = "", after: str | None = None) -> Begin:
    """A hex HMAC of the body in a header, behind `prefix` ("sha256="). With `after`, that header's value follows the
    body in what is signed."""

    def begin(arrived: Arrived, secrets: tuple[str, ...], now: datetime) -> Signed:
        del now
        given, last = arrived.headers.get(header, ""), arrived.headers.get(after, "") if after else ""
        made = tuple(hmac.new(secret.encode(), digestmod=algorithm) for secret in secrets)
        code = given.removeprefix(prefix)
        if not (given.startswith(prefix) and made and _is_hex(code, made[0].digest_size)):
            raise Unauthentic
        return Signed(made, (bytes.fromhex(code),), last.encode("latin-1", "replace"))

    return begin


def _is_hex(code: str, size: int) -> bool:
    """Whether this is the hex of so many bytes, in small letters and nothing besides."""
    return len(code) == 2 * size and not set(code) - set("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom the headers have proven."""

    def update(self, piece: bytes) -> None:
        """Nothing of the body matters."""

    def let_pass(self) -> None:
        """They have passed."""


def bearer(arrived: Arrived, secrets: tuple[str, ...], now: datetime) -> Known:
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
    given = given.strip()
    matches = [hmac.compare_digest(secret.encode(), given.encode("utf-8", "replace")) for secret in secrets]
    if not (given and any(matches)):
        raise Unauthentic
    return Known()


@dataclass(slots=True)
class Whole:
    """A body that has to be there whole to be proven, and can therefore not be larger than what is kept."""

    verify: Callable[[Arrived], None]
    arrived: Arrived
    body: bytearray = field(default_factory=bytearray)

    def update(self, piece: bytes) -> None:
        """The next piece of the body. Raises TooLarge."""
        self.body += piece
        if len(self.body) > MOST_BYTES:
            raise TooLarge(most=MOST_BYTES // 1024)

    def let_pass(self) -> None:
        """Raises Unauthentic."""
        self.verify(replace(self.arrived, body=bytes(self.body)))


def whole(verify: Callable[[Arrived, tuple[str, ...], datetime], None]) -> Begin:
    """What nothing is known of before all of it is there."""
    return lambda arrived, secrets, now: Whole(lambda all_of_it: verify(all_of_it, secrets, now), arrived)

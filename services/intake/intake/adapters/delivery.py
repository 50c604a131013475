"""What arrived at a hook, byte for byte, once its sender is known. Reading it may still fail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from contracts.refusal import Refusal

LONGEST_KEY = 512


class Unauthentic(Refusal):
    """Nobody is told what was wrong with a signature or a token: each fault has this one answer."""

    text = "This is not signed by a Service Desk that may deliver here."
    rule = "IT-02"
    status = 401


class NotJson(Refusal):
    """The body is not what it says it is."""

    text = "The body cannot be read as JSON: {fault}."
    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An authentic delivery. `content` is what it says of a ticket; `type` and `time` are what its envelope says."""

    key: str
    """Names the delivery at its source: the same key is the same delivery, or a newer try at it."""
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content: object = None
    type: str | None = None
    time: str | None = None
    fault: Refusal | None = None
    """Why the envelope could not be read, where it could not."""
    lookup: Literal["never", "new", "always"] = "never"
    """Whether the system has to be asked first: of a new ticket, or always, because the delivery only names it."""
    known_by: bytes | None = None
    """The hash it came under, if what it says was completed since, or if not all of it was kept."""
    size: int | None = None
    """The bytes that came, where only the beginning of them was kept."""

    def with_fault(self, fault: Refusal) -> Delivery:
        """The same, unreadable."""
        return replace(self, fault=fault)

    def saying(
        self, ticket: Mapping[str, object], *, key: str | None, lookup: Literal["never", "new", "always"]
    ) -> Delivery:
        """The same, with what it says of a ticket, and a key that was found within it."""
        own = key_of(key, body=self.body) if key else self.key
        return replace(self, key=own, content=dict(ticket), lookup=lookup)

    def completed(self, by: Delivery) -> Delivery:
        """The same delivery, saying what was looked up."""
        return replace(self, content=by.content, fault=by.fault, lookup="never", known_by=self.hash)

    @property
    def hash(self) -> bytes:
        """Tells what two deliveries under one key say apart; the order of members and blanks say nothing."""
        if self.known_by is not None:
            return self.known_by
        said = [self.type, self.time, self.content]
        canonical = json.dumps(said, sort_keys=True).encode()
        return hashlib.sha256(canonical if self.fault is None else self.body).digest()


def key_of(*parts: str, body: bytes) -> str:
    """A delivery's key from its envelope, or from its body where the envelope names none that can be used."""
    key = " ".join(parts)
    if all(parts) and len(key) <= LONGEST_KEY and key.isprintable():
        return key
    return f"sha256 {hashlib.sha256(body).hexdigest()}"


def as_json(body: bytes, charset: str = "utf-8") -> object:
    """Read a body in its declared charset, or as Windows-1252 where it is not in that. Raises NotJson."""
    try:
        text = body.decode(charset)
    except (UnicodeDecodeError, LookupError):
        text = body.decode("cp1252", errors="replace")
    try:
        content: object = json.loads(text.removeprefix("\ufeff"))
        # A lone surrogate is JSON and yet no text; nothing could store it.
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotJson(fault="a \\u escape stands alone that needs its other half") from None
    except (ValueError, RecursionError) as wrong:
        raise NotJson(fault=getattr(wrong, "msg", "it is nested too deeply")) from None
    return content

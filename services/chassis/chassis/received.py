"""A mail that was received (RFC 5322): whose it is, what it answers, and what it says, in whatever letters.

Nothing in a mail is vouched for. Headers may be encoded words (RFC 2047) or raw bytes; a text may be in another charset
than it declares, and Windows-1252 is what it is in then.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses

WITHOUT = "sha256"
"""What stands where a mail has no Message-ID that can be used."""
LONGEST_ID = 150
_ID = re.compile(r"<([!-;=?-~]+)>")
MOST_PARTS = 40
"""How many boundaries a mail may name: each line of it is held against all that it stands in."""
_BOUNDARY = re.compile(rb"boundary\*?[0-9*]*\s*=", re.IGNORECASE)
_NO_CHARSET = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"})
"""What the library decodes and no mail is written in."""
_WIDER = {"iso8859-1": "cp1252", "latin-1": "cp1252", "ascii": "utf-8"}
"""What those who declare the one really write."""


class Unreadable(ValueError):
    """The mail is built in a way that cannot be followed."""


@dataclass(frozen=True, slots=True)
class Received:
    """A mail. Make one with `received`."""

    message: Message
    fingerprint: str
    """The same for the same mail, whichever way it came; another for one that only has the same Message-ID."""

    def written(self, name: str) -> str:
        """A header as it stands there, on one line, with raw bytes read as text; empty without one."""
        for header, value in self.message.raw_items():
            if header.lower() == name.lower():
                text = decoded(str(value).encode("ascii", "surrogateescape"), "utf-8")
                return text.replace("\r", "").replace("\n", "")
        return ""

    def header(self, name: str) -> str:
        """A header as people read it."""
        return words(self.written(name))

    @property
    def id(self) -> str | None:
        """The Message-ID without its brackets; None without one that can be used."""
        found = _ids(self.written("Message-ID"))
        return found[0] if found else None

    @property
    def references(self) -> tuple[str, ...]:
        """What it answers, the root of the thread first; what In-Reply-To names, where References names nothing."""
        return _ids(self.written("References")) or _ids(self.written("In-Reply-To"))

    @property
    def says_root(self) -> bool:
        """Whether it names the root of its thread, and not only the mail it answers."""
        return bool(_ids(self.written("References")))

    @property
    def sender(self) -> tuple[str, str] | None:
        """Name and address of who says to have written it; None where nobody does."""
        for name, address in getaddresses([self.written("From")]):
            if "@" in address:
                return " ".join(words(name).split()), address.strip()
        return None


def received(raw: bytes) -> Received:
    """Read a mail. Raises Unreadable."""
    if len(_BOUNDARY.findall(raw)) > MOST_PARTS:
        raise Unreadable(f"more than {MOST_PARTS} parts")
    try:
        mail = Received(message_from_bytes(raw, policy=compat32), "")
        told = [
            mail.written(name).encode("utf-8", "surrogateescape") for name in ("From", "To", "Cc", "Date", "Subject")
        ]
        # Undone from its transfer encoding, which a server on the way may change.
        parts = [part.get_payload(decode=True) for part in mail.message.walk() if not part.is_multipart()]
    except (RecursionError, MessageError, ValueError, LookupError, TypeError, AttributeError) as odd:
        raise Unreadable(type(odd).__name__) from None
    said = [part for part in parts if isinstance(part, bytes)]
    return Received(mail.message, hashlib.sha256(b"\0".join([*told, *said])).hexdigest())


def name_of(mail: Received, *, again: bool = False) -> str:
    """What a mail is called for ever: its Message-ID; what it says, where it has none; both, where another mail had the
    same one before (`again`)."""
    if mail.id is None:
        return f"{WITHOUT} {mail.fingerprint}"
    return f"{mail.id} {mail.fingerprint[:16]}" if again else mail.id


def is_named(mail: Received, name: str) -> bool:
    """Whether a mail is the one that `name_of` named."""
    return name in (name_of(mail), name_of(mail, again=True))


def decoded(raw: bytes, charset: str | None) -> str:
    """A text in the charset it declares, in UTF-8 if it declares none, and in Windows-1252 if it is in neither."""
    try:
        codec = codecs.lookup(charset or "utf-8").name
        if codec not in _NO_CHARSET:
            return raw.decode(_WIDER.get(codec, codec))
    except (LookupError, ValueError):
        pass
    return raw.decode("cp1252", "replace")


def words(text: str) -> str:
    """A header's text, its encoded words read."""
    if "=?" not in text:
        return text
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    read = []
    for piece, charset in pieces:
        if isinstance(piece, str):
            read.append(piece)
        elif charset is None:
            read.append(piece.decode("raw-unicode-escape", "replace"))
        else:
            read.append(decoded(piece, charset))
    return "".join(read)


def _ids(header: str) -> tuple[str, ...]:
    return tuple(found for found in _ID.findall(header) if len(found) <= LONGEST_ID)

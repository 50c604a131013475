"""What people say in a line or two: a reason, a note, a remark. Cleaned of what no keyboard writes, and bounded."""

from __future__ import annotations

import unicodedata

from governance.domain.reading import TooLong
from governance.domain.refusals import SayWhat

LINE = 255
TEXT = 20_000
KEPT = "\n\t\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"


def clean(text: str) -> str:
    """The text, composed, without characters that control something, hide what is read, or are half a character."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    seen = (char for char in lines if char in KEPT or unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
    return unicodedata.normalize("NFC", "".join(seen)).strip()


def bounded(text: str, field: str, limit: int = TEXT) -> str:
    """The cleaned text, which may be empty. Raises TooLong."""
    told = clean(text)
    if len(told) > limit:
        raise TooLong(field, length=len(told), limit=limit)
    return told


def said(text: str, field: str, limit: int = TEXT) -> str:
    """The cleaned text, of which there must be some. Raises SayWhat and TooLong."""
    told = bounded(text, field, limit)
    if not told:
        raise SayWhat(field)
    return told

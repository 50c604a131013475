"""How the text of a ticket is written down: one Unicode form, no control characters, no longer than a line may be."""

from __future__ import annotations

import unicodedata

LONGEST_TITLE = 255


def _printable(text: str, keep: str = "") -> str:
    # Soft hyphens and bidirectional overrides (Cf) hide what is read; a joiner inside emoji or Persian does not.
    keep += "\u200c\u200d"
    return "".join(char for char in text if char in keep or unicodedata.category(char) not in ("Cc", "Cf"))


def a_title(text: str) -> str:
    """A title: one line, composed (NFC), without control characters, at most 255 characters; may come out empty."""
    one_line = " ".join(_printable(" ".join(text.split())).split())
    return unicodedata.normalize("NFC", one_line)[:LONGEST_TITLE].strip()


def a_text(text: str) -> str:
    """A text of many lines: composed (NFC), line ends made alike, without other control characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _printable(lines, keep="\n\t")).strip()

"""How the text of a ticket is written down: one Unicode form, no control characters, no longer than a line may be."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher
from typing import Literal

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


Line = tuple[Literal["same", "removed", "added"], str]


def difference(before: str, after: str) -> tuple[Line, ...]:
    """What became of a text, line by line: what is the same, what was removed, what was added."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[Line] = []
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [("same", line) for line in old[old_from:old_to]]
        else:
            lines += [("removed", line) for line in old[old_from:old_to]]
            lines += [("added", line) for line in new[new_from:new_to]]
    return tuple(lines)

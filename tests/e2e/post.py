"""What left the house: mails and notes to tickets, as embedded mode puts them into a folder."""

from __future__ import annotations

import email
import json
import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as its receiver sees it."""

    key: str
    to: str
    language: str
    subject: str
    text: str

    @property
    def link(self) -> str:
        """The path it leads to."""
        found = re.search(r"^https?://[^/\s]+(/\S+)\s*$", self.text, re.MULTILINE)
        assert found, f"no link in {self.text}"
        return found[1]


@dataclass(frozen=True, slots=True)
class Note:
    """A comment, a state or a reference that was written into a ticket."""

    ticket: str
    what: str
    said: str


def mails_in(folder: Path, read: dict[str, Mail]) -> list[Mail]:
    """Every mail in a folder, the oldest first. What was read before is taken from `read`: a mail never changes."""
    paths = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    return [read.get(path.stem) or read.setdefault(path.stem, _mail(path)) for path in paths]


def _mail(path: Path) -> Mail:
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return Mail(
        key=path.stem,
        to=parseaddr(str(message["To"]))[1],
        language=str(message["Content-Language"]),
        subject=str(message["Subject"]),
        text=body.get_content(),
    )


def notes_in(folder: Path) -> list[Note]:
    """Every note in a folder, the oldest first."""
    found = []
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
        note = json.loads(path.read_text())
        said = note.get("text") or note.get("state") or note["url"]
        found.append(Note(note["ticket"]["external_id"], note["what"], said))
    return found

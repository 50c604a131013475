"""The files that hang on a mail. A file is named by its mail and its place in it, and read from the mailbox again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from email.errors import HeaderParseError
from email.message import Message
from typing import Any

from chassis.mailbox import MOST_OF_A_MAIL, Mailbox, quoted
from chassis.outbox import GiveUp
from chassis.outward import MOST_BYTES
from chassis.received import Received, Unreadable, is_named, received, words
from intake.adapters.attachments import hung


def files_of(mail: Received, name: str, *, read: int) -> list[dict[str, Any]]:
    """The files of a mail that is called `name`; of a mail that was not read to its end (`read` bytes of it were), the
    last one's size is not known, and files behind the end are not known either."""
    listed: list[dict[str, Any]] = []
    for place, part in _attached(mail.message):
        content = part.get_payload(decode=True)
        size = len(content) if isinstance(content, bytes) else None
        listed.append({"place": place, "name": _name(part), "kind": part.get_content_type(), "size": size})
    if listed and read >= MOST_OF_A_MAIL:
        listed[-1]["size"] = None
    return hung(listed, lambda one: f"{one['place']} {name}", name="name", kind="kind", size="size") or []


def _attached(message: Message) -> Iterator[tuple[int, Message]]:
    for place, part in enumerate(message.walk()):
        if not part.is_multipart() and (part.get_content_disposition() == "attachment" or _name(part)):
            yield place, part


def _name(part: Message) -> str:
    """What a part is called, in whatever of the ways that there are."""
    try:
        told = part.get_filename() or ""
    except (HeaderParseError, LookupError, ValueError, TypeError):
        return ""
    return words(told)


def file_in(box: Mailbox, folders: Sequence[str], ref: str) -> bytes:
    """The file that a reference names. Raises GiveUp where its mail is no more."""
    place, _, name = ref.partition(" ")
    for folder in folders:
        box.open(folder)
        for uid in box.search("HEADER", "MESSAGE-ID", quoted(f"<{name.partition(' ')[0]}>"))[:10]:
            held = box.fetch(uid, most=MOST_BYTES)
            with suppress(Unreadable):
                mail = received(held.raw) if held else None
                if mail is not None and is_named(mail, name):
                    for at, part in _attached(mail.message):
                        content = part.get_payload(decode=True)
                        if str(at) == place and isinstance(content, bytes):
                            return content
    raise GiveUp("the file is not where it was")

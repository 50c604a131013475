"""The beginning of a delivery that was too large to be kept: which ticket it names, and what is told where that is not
enough."""

from __future__ import annotations

import re

from pydantic_core import from_json

from contracts.refusal import Refusal


def named_in(part: bytes, paths: tuple[str, ...]) -> str | None:
    """The ticket that the beginning of a body names; None where it names none that can be asked for."""
    # A number at the end may be the half of one, and a letter the half of its bytes.
    text = part.decode("utf-8", "ignore").removeprefix("\ufeff").rstrip("0123456789")
    try:
        content = from_json(text, allow_partial=True)
    except ValueError:
        return None
    for path in paths:
        found: object = content
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, (str, int)) and not isinstance(found, bool) and is_plain(str(found)):
            return str(found)
    return None


def is_plain(external_id: str) -> bool:
    """Whether an id can stand in an address as it is: what senders make up must not lead elsewhere."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", external_id) is not None


class TooLargeToRead(Refusal):
    """The delivery was larger than what is kept, and its beginning does not name its ticket."""

    text = (
        "The delivery had {size} kB. So much is not kept, and its beginning does not say which ticket of {system} it "
        "is about. If the system is polled, the next poll finds the ticket: set this aside when it is there. Otherwise "
        "register it by hand. Have attachments left out of what {system} sends."
    )
    status = 422

    def __init__(self, size: int, system: str) -> None:
        super().__init__(size=-(-size // 1024), system=system)


class TooLargeToUse(Refusal):
    """The delivery was larger than what is kept, and its system did not tell us more of the ticket it names."""

    text = (
        "The delivery had {size} kB. So much is not kept, and {system} could not be asked about its ticket {ticket}: "
        "{reason}. Try again when it can be, or register the ticket by hand. Have attachments left out of what "
        "{system} sends."
    )
    status = 422

"""Personal data in a fact: a sealed token, never the plain text.

A token names the person (a pseudonym) and carries text that only that person's key opens. Whoever destroys the key
erases the person from every store, topic, view and export at once, and no hash of the log changes.
"""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

PATTERN = r"^sealed:v1:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}:[A-Za-z0-9_-]+$"

Personal = Annotated[str, StringConstraints(pattern=PATTERN)]
"""The field type of personal data. Plain text does not validate, so it cannot slip into a fact by mistake."""

_TOKEN = re.compile(PATTERN)


def is_personal(text: object) -> bool:
    """Whether this is a sealed token."""
    return isinstance(text, str) and text.startswith("sealed:v1:") and _TOKEN.fullmatch(text) is not None


def token(person: UUID, sealed: str) -> str:
    """The token of a person's sealed text (`sealed` is base64url without padding of nonce and ciphertext)."""
    return f"sealed:v1:{person}:{sealed}"


def parts(text: str) -> tuple[UUID, str]:
    """The person a token is about and the sealed text. Raises ValueError for what is no token."""
    if not is_personal(text):
        raise ValueError("not a sealed token")
    _, _, person, sealed = text.split(":", 3)
    return UUID(person), sealed

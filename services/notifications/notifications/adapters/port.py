"""The way back into a ticket. Each ticketing system has an adapter of this shape, in a file of its own.

The file is named for the kind of the desk (`request_tracker.py` for "request-tracker") and has a function `tickets` of
the shape of `Adapter`; nothing else has to know of it.
"""

from __future__ import annotations

import hashlib
import html
import importlib
import importlib.util
from collections.abc import Callable
from typing import Protocol, cast
from uuid import UUID

from chassis.outward import Outward
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef


class TicketingSystem(Protocol):
    """What can be written into a ticket. Each call has a key of its own, the same when it is repeated (P9).

    Raises Retry when it did not work now, GiveUp when it never will.
    """

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Add a comment that the requester can see; once, however often it is repeated (`mark`)."""

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Tell how far the matter has come: "registered", "project", "change", "prioritised", "assigned", "started",
        "postponed", "limited", "stopped", "resumed", "completed". What the system calls that stands in the desk's
        `states`; of a state that does not stand there nothing is told."""

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Tell under which id and address the request is found here (IT-03)."""


Adapter = Callable[[ServiceDesk, Api, Outward], TicketingSystem]
"""The way into the tickets of one desk."""


def adapter_of(kind: str) -> Adapter | None:
    """The adapter of this kind of desk; None where nothing can be written back."""
    module = f"notifications.adapters.{kind.replace('-', '_')}"
    if importlib.util.find_spec(module) is None:
        return None
    return cast("Adapter | None", getattr(importlib.import_module(module), "tickets", None))


def mark(key: str) -> str:
    """What a comment ends with, so that it is found again before it is written once more, and known as ours when the
    system tells of it."""
    return f"[flode:{hashlib.sha256(key.encode()).hexdigest()[:12]}]"


def marked(text: str, key: str) -> str:
    """A comment with its mark."""
    return f"{text}\n\n{mark(key)}"


def as_html(text: str) -> str:
    """A plain text as the simplest HTML, for systems whose comments are HTML."""
    return html.escape(text, quote=False).replace("\n", "<br>\n")

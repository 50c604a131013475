"""Answers to tickets as JSON files in a folder: what embedded mode has instead of a ticketing system."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from contracts.values import TicketRef
from notifications.adapters.mail import write_whole


@dataclass(frozen=True, slots=True)
class TicketSpool:
    """One file for each thing that was to be written, named for its key; repeated, it is the same file."""

    folder: Path
    municipality: str

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Write down a comment."""
        await self._write("comment", ticket, key, text=text)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Write down a state."""
        await self._write("state", ticket, key, state=state)

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Write down where the request is found."""
        await self._write("reference", ticket, key, request=str(request_id), url=url)

    async def _write(self, what: str, ticket: TicketRef, key: str, **said: str) -> None:
        content = {"what": what, "key": key, "municipality": self.municipality, "ticket": asdict(ticket), **said}
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        await asyncio.to_thread(write_whole, self.folder / f"{key}.json", text.encode())

"""Keys in memory, for tests without a server."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis.vault.keys import Disposal, Forget, Wrapped


class MemoryKeys:
    """A key store that forgets everything with its process."""

    def __init__(self) -> None:
        self.keys: dict[UUID, list[Wrapped | None]] = {}
        self.secret: Wrapped | None = None
        self.disposals: dict[UUID, Disposal] = {}
        self.forgetting: list[Forget] = []

    async def keys_of(self, people: Iterable[UUID]) -> dict[UUID, list[Wrapped | None]]:
        """See `KeyStore`."""
        return {person: list(self.keys[person]) for person in people if person in self.keys}

    async def new_key(self, person: UUID, offered: Wrapped) -> None:
        """See `KeyStore`."""
        if not any(self.keys.setdefault(person, [])):
            self.keys[person].append(offered)

    async def pseudonym_secret(self, offered: Wrapped) -> Wrapped:
        """See `KeyStore`."""
        self.secret = self.secret or offered
        return self.secret

    async def wrapped_otherwise(self, than: bytes, most: int) -> list[tuple[UUID, Wrapped]]:
        """See `KeyStore`."""
        others = [(who, key) for who, keys in self.keys.items() for key in keys if key and key.by != than]
        return others[:most]

    async def rewrap(self, person: UUID | None, was: Wrapped, becomes: Wrapped) -> None:
        """See `KeyStore`."""
        if person is None:
            self.secret = becomes if self.secret == was else self.secret
        else:
            self.keys[person] = [becomes if key == was else key for key in self.keys[person]]

    async def propose(self, disposal: Disposal) -> None:
        """See `KeyStore`."""
        self.disposals[disposal.id] = disposal

    async def destroy(self, disposal: UUID, by: str, at: datetime) -> Literal["done", "unknown", "same"]:
        """See `KeyStore`."""
        del at  # nobody asks this store when
        proposal = self.disposals.get(disposal)
        if proposal is None:
            return "unknown"
        if proposal.proposed_by == by:
            return "same"
        del self.disposals[disposal]
        self.keys[proposal.person] = [None for _ in self.keys.get(proposal.person, [])]
        for forget in self.forgetting:
            forget(proposal.person)
        return "done"

    def tell(self, forget: Forget) -> None:
        """See `KeyStore`."""
        self.forgetting.append(forget)

    async def close(self) -> None:
        """See `KeyStore`."""

"""Secrets of connections in facts: locked, so that nothing that shows personal data shows them.

They are sealed by the vault under an id of the connection's own, and wrapped once more, so that what opens the names on
a page leaves them closed. Only what calls a system, or judges what it delivers, opens them.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.vault import Vault

MARK = "secret:"


async def lock(vault: Vault, of: UUID, text: str) -> str:
    """A secret of a connection, as a fact may hold it."""
    return MARK + await vault.seal(of, text)


async def unlocked(vault: Vault, held: Any) -> Any:
    """What is held, at whatever depth, with its secrets open; what was erased opens as no secret."""
    match held:
        case str() if held.startswith(f"{MARK}sealed:"):
            return await vault.open(held.removeprefix(MARK))
        case dict():
            return {name: await unlocked(vault, one) for name, one in held.items()}
        case list() | tuple():
            return [await unlocked(vault, one) for one in held]
        case _:
            return held

"""The vault: what people wrote about themselves is sealed under a key of their own before anything stores it.

Destroying a person's key erases them from store, topics, views and exports at once (P14), while every hash holds,
because hashes cover the sealed text. Keys lie wrapped in a database of their own; the key that wraps them comes from
the environment and is never stored.
"""

from __future__ import annotations

from chassis.vault.keys import Disposal, KeyStore, PostgresKeys, prepare_vault
from chassis.vault.memory import MemoryKeys
from chassis.vault.vault import CannotOpen, NoSuchDisposal, TwoPeopleNeeded, Vault

__all__ = [
    "CannotOpen",
    "Disposal",
    "KeyStore",
    "MemoryKeys",
    "NoSuchDisposal",
    "PostgresKeys",
    "TwoPeopleNeeded",
    "Vault",
    "prepare_vault",
]

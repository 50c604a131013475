"""The event store: PostgreSQL, expected versions, idempotent commands, positions dense and in commit order."""

from chassis.store.command import Beside, Ledger, Outcome
from chassis.store.store import Appended, ForeignSubject, KeyReused, Overtaken, Store, Stored, VersionConflict

__all__ = [
    "Appended",
    "Beside",
    "ForeignSubject",
    "KeyReused",
    "Ledger",
    "Outcome",
    "Overtaken",
    "Store",
    "Stored",
    "VersionConflict",
]

"""The event store: PostgreSQL, expected versions, idempotent commands, positions dense and in commit order."""

from chassis.store.store import Appended, ForeignSubject, KeyReused, Store, Stored, VersionConflict

__all__ = ["Appended", "ForeignSubject", "KeyReused", "Store", "Stored", "VersionConflict"]

"""Decoding of an event only what a fold reads.

Nothing is declared for it: the fold is handed an event of which nothing is decoded, and whatever it looks at and does
not find (`NotRead`) is decoded from then on. So the facts of `contracts` stay the one definition of an event, and a
fold of few fields costs a few fields. What arrives is an instance of the fact's own class, as `match` expects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from chassis.decode import OPTIONAL, RENAMED, REQUIRED
from contracts.catalogue import CATALOGUE
from contracts.event import Event

_FACT = "data."
_WHOLE = "data.*"


class NotRead(Exception):
    """A fold asked for something that was not decoded. No AttributeError, which a fold might take for an answer."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Unread:
    """Stands where an attribute would be."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type | None = None) -> NoReturn:
        raise NotRead(self.name)


class Lean:
    """How events of one kind are decoded for one fold; it learns what the fold reads."""

    def __init__(self, name: str) -> None:
        """`name` is a travelling name of the catalogue."""
        self._kind = CATALOGUE[name]
        self._read: frozenset[str] = frozenset()
        self.decode = self._decoder()

    def learn(self, asked: NotRead) -> None:
        """Decode this as well from now on."""
        self._read |= {asked.name}
        self.decode = self._decoder()

    def _decoder(self) -> Callable[[bytes], Any]:
        read = self._read
        attributes: list[Any] = [(name, hint) for name, hint in REQUIRED.items() if name in read]
        if "data" not in read:
            return self._reading(attributes)
        if _WHOLE in read:
            return self._reading([*attributes, ("data", self._kind)])
        fact = _partly(self._kind, frozenset(name.removeprefix(_FACT) for name in read if name.startswith(_FACT)))
        decode = self._reading([*attributes, ("data", fact)])
        # The decoder knows its fields now. Whoever else wants to know them wants them all.
        fact.__dataclass_fields__ = _Unread(_WHOLE)  # type: ignore[attr-defined]  # every fact is a dataclass
        return decode

    def _reading(self, attributes: list[Any]) -> Callable[[bytes], Any]:
        read = self._read
        attributes += [(name, hint, None) for name, hint in OPTIONAL.items() if name in read]
        unread = {name: _Unread(name) for name in (*REQUIRED, "data", *OPTIONAL, "sequence") if name not in read}
        event = msgspec.defstruct(
            f"Lean[{self._kind.__name__}]", attributes, namespace=unread, rename=RENAMED, gc=False
        )
        return msgspec.json.Decoder(event).decode


def _partly(kind: type[Event], read: frozenset[str]) -> type[Event]:
    """The fact with these of its fields alone."""
    known = kind.__dataclass_fields__  # type: ignore[attr-defined]  # every fact is a dataclass
    unread = {name: _Unread(_FACT + name) for name in known if name not in read}
    kept = {name: field for name, field in known.items() if name in read}
    namespace = {"__slots__": (), "__module__": kind.__module__, "__dataclass_fields__": kept, **unread}
    return type(kind.__name__, (kind,), namespace)

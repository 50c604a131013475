"""What every fact is: a frozen value with a travelling name, a topic and a subject.

A fact is defined once, here in `contracts`, in the file of the service that emits it. The class is an ordinary frozen
dataclass which pydantic validates when it is made or parsed, so one definition serves those who write facts, those
who read them, and the generated schemas.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, dataclass_transform
from uuid import UUID

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from contracts.topics import Topic


class Event:
    """Base of all facts. `type` is the name a fact travels under; it never holds a Python path."""

    __slots__ = ()

    type: ClassVar[str]
    schema_version: ClassVar[int]
    topic: ClassVar[Topic]

    @property
    def subject(self) -> UUID:
        """The request, round, meeting or message whose history this fact belongs to."""
        subject: UUID = getattr(self, self.topic.subject)
        return subject


E = TypeVar("E", bound=Event)

CATALOGUE: dict[str, type[Event]] = {}
"""Every fact by its travelling name, filled as the modules that define them are imported."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def fact(name: str, *, topic: Topic, version: int = 1) -> Callable[[type[E]], type[E]]:
    """Define a fact that travels as `{name}.v{version}` on `topic`.

    Raise `version` only for a change that is not an addition, and teach `contracts.upcast` the way from the old one.
    """

    def define(cls: type[E]) -> type[E]:
        made: Any = dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="ignore"))(cls)
        made.type, made.schema_version, made.topic = f"{name}.v{version}", version, topic
        if made.type in CATALOGUE:
            raise ValueError(f"two facts are called {made.type}")
        CATALOGUE[made.type] = made
        return made  # type: ignore[no-any-return]  # pydantic's decorator returns a class it cannot name

    return define


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[Any]) -> Any:
    """Define a value object that facts hold: frozen, validated, without identity of its own."""
    return dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="ignore"))(cls)

"""The envelope: CloudEvents 1.0 in structured mode, stored and sent as the same bytes.

The sequence (the position its store gave it at commit) travels beside the bytes, in a column and in the Kafka header
`flode-sequence`, because the bytes are made before the commit and are never touched again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from contracts.catalogue import CATALOGUE
from contracts.event import Event
from contracts.upcast import to_current

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
SEQUENCE_HEADER = "flode-sequence"
SOURCE_HEADER = "flode-source"

E = TypeVar("E", bound=Event, covariant=True)  # noqa: PLC0105  named as everywhere else


class UnknownFact(ValueError):
    """The type is not in the catalogue: the message is newer than this code, or is not ours."""


_quoted = json.encoder.encode_basestring
"""A text as JSON, escaped no more than it must be."""

_ADAPTERS: dict[type[Event], TypeAdapter[Any]] = {}


def adapter(kind: type[Event]) -> TypeAdapter[Any]:
    """The validator and serialiser of a kind of fact; making one takes a while, so each is kept."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope(Generic[E]):
    """A fact and what is known about it: when it was decided, by whom, in which municipality, because of what."""

    id: UUID
    source: str
    subject: UUID
    version: int
    """The fact's place in its subject's history at its source, from 1 without gaps."""
    time: datetime
    """When it was decided, UTC, by the clock of the deciding service; never used to order facts."""
    municipality: str
    actor: str
    actor_name: str | None = None
    correlation: str
    causation: UUID | None = None
    """The event this one answers, when it answers one."""
    cause: str | None = None
    """The position of that event in the shared log, `intake:42@flode.request/7`; when nobody's fact is answered, those
    that had been read when it was decided, divided by blanks. They are there before this one is."""
    traceparent: str | None = None
    data: E
    sequence: int = 0
    """Its position in the store of its source; 0 until it is committed."""

    @property
    def type(self) -> str:
        """The travelling name of the fact."""
        return self.data.type

    def to_bytes(self) -> bytes:
        """The message as it is stored, hashed and sent: JSON without spaces, text as UTF-8, attributes in this order.

        Put together by hand because every append does it; a test holds it to what a JSON encoder makes of the same.
        """
        kind = type(self.data)
        optional = "".join(
            f',"{name}":{_quoted(given)}'
            for name, given in (
                ("actorname", self.actor_name),
                ("causation", None if self.causation is None else str(self.causation)),
                ("cause", self.cause),
                ("traceparent", self.traceparent),
            )
            if given is not None
        )
        before = (
            f'{{"specversion":"1.0","id":"{self.id}","source":{_quoted(self.source)},"type":"{kind.type}",'
            f'"subject":"{self.subject}","time":"{self.time.isoformat().replace("+00:00", "Z")}",'
            f'"datacontenttype":"application/json","dataschema":"urn:flode:schema:{kind.type}",'
            f'"subjectversion":{self.version},"municipality":{_quoted(self.municipality)},'
            f'"actor":{_quoted(self.actor)},"correlation":{_quoted(self.correlation)}{optional},"data":'
        )
        return b"%b%b}" % (before.encode(), adapter(kind).dump_json(self.data))

    @staticmethod
    def from_bytes(raw: bytes, sequence: int = 0) -> Envelope[Any]:
        """Read a message of any released version, wholly validated. Raises `UnknownFact` and ValueError."""
        message = json.loads(raw)
        name, data = to_current(message["type"], message["data"])
        kind = CATALOGUE.get(name)
        if kind is None:
            raise UnknownFact(f"{message['type']} is not in the catalogue of this release")
        causation = message.get("causation")
        return Envelope(
            id=UUID(message["id"]),
            source=message["source"],
            subject=UUID(message["subject"]),
            version=message["subjectversion"],
            time=datetime.fromisoformat(message["time"]),
            municipality=message["municipality"],
            actor=message["actor"],
            actor_name=message.get("actorname"),
            correlation=message["correlation"],
            causation=None if causation is None else UUID(causation),
            cause=message.get("cause"),
            traceparent=message.get("traceparent"),
            data=adapter(kind).validate_python(data),
            sequence=sequence,
        )

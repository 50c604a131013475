"""The AsyncAPI 3 document of all services: which topics there are, who says what on them, how a message looks.

FastStream's generator makes it from publishers that are declared here and never started: readers use aiokafka and
librdkafka directly, because their positions lie in PostgreSQL. FastStream cannot express four things, which are mended
afterwards: one channel for a topic that several facts share (it makes one for each publisher), the Kafka key and the
headers, names without a colon (which the specification asks for), and a document that names no server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI
from pydantic import BaseModel, create_model

from chassis.log import AFTER_HEADER, TYPE_HEADER
from contracts.envelope import CONTENT_TYPE, SEQUENCE_HEADER, SOURCE_HEADER
from contracts.event import Event
from contracts.schema import PREFIX, AsItTravels, schema_of_envelope
from contracts.topics import TOPICS, Topic

Document = dict[str, Any]
Facts = Mapping[str, Iterable[type[Event]]]

DESCRIPTION = (
    "The facts that Flöde's services tell each other. Every message is a CloudEvent in structured mode with the fact "
    "as its data, stored and sent as the same bytes, keyed by its subject, so that the history of one subject is read "
    "in order. Topics are never compacted and keep everything. Amounts travel as text; fields marked x-personal-data "
    "hold sealed tokens that open only while the person's key exists."
)
TRAIT = {
    "contentType": CONTENT_TYPE,
    "headers": {
        "type": "object",
        "properties": {
            SEQUENCE_HEADER: {"type": "string", "description": "The fact's position in the store of its source."},
            SOURCE_HEADER: {"type": "string", "description": "The service whose store holds the fact."},
            TYPE_HEADER: {"type": "string", "description": "The fact's travelling name."},
            AFTER_HEADER: {
                "type": "string",
                "description": (
                    "The position of the fact before this one of the same source in the same partition, 0 for the "
                    "first. Whoever has not had that one passes over this one: it comes again, in its place."
                ),
            },
        },
        "required": [SEQUENCE_HEADER, SOURCE_HEADER],
    },
    "bindings": {
        "kafka": {
            "key": {"type": "string", "format": "uuid", "description": "The subject: whose history this is part of."},
            "bindingVersion": "0.5.0",
        }
    },
}
"""What every message has, whatever fact is in it."""


class Particular(BaseModel):
    """What a message adds to the envelope: which fact it holds. FastStream takes a payload's schema from here."""

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> Document:
        """Made as the schemas in `contracts` are, on top of the envelope that every message shares."""
        made = super().model_json_schema(*args, **{**options, "schema_generator": AsItTravels})
        return {"allOf": [{"$ref": "#/components/schemas/envelope"}], **made}


def message_of(kind: type[Event]) -> type[Particular]:
    """The message that a kind of fact travels in."""
    name: Any = Literal[kind.type]
    schema: Any = Literal[f"{PREFIX}{kind.type}"]
    fields: dict[str, Any] = {"type": (name, ...), "dataschema": (schema, ...), "data": (kind, ...)}
    return create_model(f"{kind.type}.message", __base__=Particular, __doc__="", **fields)


def document(emits: Facts, reads: Facts, *, version: str) -> Document:
    """The whole document. `emits` and `reads` are what each service says and what it acts on, by the service's name."""
    drafted = _drafted(emits, version)
    said = {fact.type: fact for facts in emits.values() for fact in facts}
    return {
        "asyncapi": drafted["asyncapi"],
        "info": drafted["info"],
        "defaultContentType": CONTENT_TYPE,
        "channels": {topic.name: _channel(topic, [f for f in said.values() if f.topic is topic]) for topic in TOPICS},
        "operations": {**_operations("send", emits), **_operations("receive", reads)},
        "components": {
            "messages": {name: _message(fact) for name, fact in said.items()},
            "messageTraits": {"fact": TRAIT},
            "schemas": {"envelope": _envelope(), **dict(sorted(drafted["components"]["schemas"].items()))},
        },
    }


def _drafted(emits: Facts, version: str) -> Document:
    """What FastStream makes of one publisher per fact."""
    broker = KafkaBroker()
    for facts in emits.values():
        for fact in facts:
            broker.publisher(fact.topic.name, title=fact.type, description=fact.__doc__, schema=message_of(fact))
    drafted: Document = (
        AsyncAPI(
            broker,
            title="Flöde",
            version=version,
            description=DESCRIPTION,
            license={"name": "EUPL-1.2"},
        )
        .to_specification()
        .to_jsonable()
    )
    return drafted


def _envelope() -> Document:
    return {key: value for key, value in schema_of_envelope().items() if not key.startswith("$")}


def _channel(topic: Topic, facts: list[type[Event]]) -> Document:
    return {
        "address": topic.name,
        "description": topic.meaning,
        "messages": {fact.type: {"$ref": f"#/components/messages/{fact.type}"} for fact in facts},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(fact: type[Event]) -> Document:
    sentence, _, rest = (fact.__doc__ or "").strip().partition("\n\n")
    return {
        "name": fact.type,
        "title": fact.__name__,
        "summary": " ".join(sentence.split()),
        **({"description": " ".join(rest.split())} if rest else {}),
        "payload": {"$ref": f"#/components/schemas/{fact.type}.message"},
        "traits": [{"$ref": "#/components/messageTraits/fact"}],
    }


def _operations(action: str, by_service: Facts) -> Document:
    made: Document = {}
    for service, facts in by_service.items():
        for topic in TOPICS:
            names = [fact.type for fact in facts if fact.topic is topic]
            if names:
                made[f"{service}-{action}s-{topic.name.replace('.', '-')}"] = {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{topic.name}"},
                    "messages": [{"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in names],
                }
    return made

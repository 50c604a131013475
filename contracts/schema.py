"""The JSON Schema of every fact, and of the message it travels in, made from the definitions themselves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from contracts.envelope import adapter
from contracts.event import Event
from contracts.personal import PATTERN
from contracts.values import AwareDatetime, Municipality

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PREFIX = "urn:flode:schema:"


class AsItTravels(GenerateJsonSchema):
    """Describes a fact as it stands in a message: amounts are text, and personal data is marked."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """An amount travels as text, so that no reader rounds it. The bounds are those of the number it spells."""
        made: JsonSchemaValue = {"type": "string", "format": "decimal"}
        for constraint, keyword in (
            ("ge", "minimum"),
            ("gt", "exclusiveMinimum"),
            ("le", "maximum"),
            ("lt", "exclusiveMaximum"),
        ):
            if constraint in schema:
                made[keyword] = float(schema[constraint])  # type: ignore[literal-required]  # the keys are listed above
        return made

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """A sealed token is marked, so that a reader knows which fields a person may have erased."""
        made = super().str_schema(schema)
        return {**made, "x-personal-data": True} if made.get("pattern") == PATTERN else made

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # the library's signature
        """A field's name says what a title would repeat."""
        return False


class Message(BaseModel):
    """The envelope: CloudEvents 1.0, structured mode, with Flöde's extensions."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    specversion: Literal["1.0"]
    id: Annotated[str, Field(json_schema_extra={"format": "uuid"}, description="The id of this fact, and of no other.")]
    source: Annotated[str, Field(pattern=r"^/flode/[a-z]+$", description="The service whose store holds the fact.")]
    type: Annotated[str, Field(pattern=r"^[a-z-]+\.[a-z-]+\.v[1-9][0-9]*$", description="The fact's travelling name.")]
    subject: Annotated[str, Field(json_schema_extra={"format": "uuid"}, description="Whose history this is part of.")]
    time: Annotated[AwareDatetime, Field(description="When it was decided, UTC. Facts are never ordered by it.")]
    datacontenttype: Literal["application/json"]
    dataschema: Annotated[str, Field(pattern=f"^{PREFIX}", description="Names the schema of `data`.")]
    subjectversion: Annotated[int, Field(ge=1, description="Place in the subject's history at its source, from 1.")]
    municipality: Annotated[Municipality, Field(description="The tenant the subject belongs to.")]
    actor: Annotated[str, Field(description="Who decided: a role and a pseudonym, or a system.")]
    actorname: Annotated[str, Field(pattern=PATTERN, description="The actor's name, sealed.")] = ""
    correlation: Annotated[str, Field(description="What all that came of one act has in common.")]
    causation: Annotated[
        str, Field(json_schema_extra={"format": "uuid"}, description="The fact this one was decided because of.")
    ] = ""
    traceparent: Annotated[str, Field(description="W3C trace context of the deciding request.")] = ""
    data: Annotated[dict[str, Any], Field(description="The fact.")]

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """The schema of the message as it travels."""
        options["schema_generator"] = AsItTravels
        made = super().model_json_schema(*args, **options)
        for optional in ("actorname", "causation", "traceparent"):
            made["properties"][optional].pop("default", None)  # left out of the message when unknown, never empty
        return made


def schema_of(kind: type[Event]) -> dict[str, Any]:
    """The schema of a fact's data, under the name its messages give in `dataschema`."""
    made = adapter(kind).json_schema(schema_generator=AsItTravels)
    head = {"$schema": DIALECT, "$id": f"{PREFIX}{kind.type}", "title": kind.type, "description": made["description"]}
    return {**head, **{key: value for key, value in made.items() if key not in head}}


def schema_of_envelope() -> dict[str, Any]:
    """The schema of the envelope, whatever fact is in it."""
    made = Message.model_json_schema()
    return {"$schema": DIALECT, "$id": f"{PREFIX}envelope", **made, "title": "envelope"}

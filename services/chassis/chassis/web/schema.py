"""What the OpenAPI document says of answers: rows of views as they are defined, and refusals as problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import BaseModel

REFUSALS = {
    401: "Nobody is signed in, or the signature does not hold.",
    403: "You may not do this; the sentence says who may, or where to go.",
    404: "There is nothing by that name that you may see.",
    409: "This cannot be done now; the sentence says why.",
    412: "Somebody changed it meanwhile (If-Match).",
    422: "Something is missing or wrong; `errors` has a sentence for each field.",
}
_FIELD = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("field", "detail", "rule")},
    "required": ["field", "detail"],
}
PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence in the caller's language."},
        "rule": {"type": "string", "description": "The rule that is enforced, as in IT-07."},
        "errors": {"type": "array", "items": _FIELD},
    },
    "required": ["type", "title", "status", "detail"],
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": said, "content": {"application/problem+json": {"schema": PROBLEM}}}
    for status, said in REFUSALS.items()
}
"""For the `responses` of a route, by status."""


WRITES = {
    "Idempotency-Key": "Makes a repeated request have one effect, and the same answer.",
}
CHANGES = {**WRITES, "If-Match": "The ETag of the version you have seen; refused with 412 when it has moved on."}
READS = {"Flode-Position": "Wait until this position can be read (or send it as the query parameter `after`)."}


LINK = {
    "description": 'Where the list goes on: <…>; rel="next", relative to this address. Not sent with the last rows.',
    "schema": {"type": "string"},
}


def headers(said: Mapping[str, str], *, required: bool = False) -> dict[str, Any]:
    """For the `openapi_extra` of a route: the headers that it reads."""
    made = [
        {"name": name, "in": "header", "required": required, "schema": {"type": "string"}, "description": meaning}
        for name, meaning in said.items()
    ]
    return {"parameters": made}


def shown(kind: Any) -> dict[str, Any]:
    """The `responses` entry of a route that answers with rows, structs or lists of them."""
    return {"description": "As asked for.", "content": {"application/json": {"schema": _inlined(kind)}}}


def listed(kind: Any) -> dict[str, Any]:
    """The `responses` entry of a route that answers with some of the rows of a list, and where it goes on."""
    return {**shown(list[kind]), "headers": {"Link": LINK}}


def _inlined(kind: Any) -> dict[str, Any]:
    schema = kind.model_json_schema() if _is_model(kind) else msgspec.json.schema(kind)
    definitions = schema.pop("$defs", {})
    made: dict[str, Any] = _resolved(schema, definitions)
    return made


def body(kind: type[BaseModel], media: str = "application/json") -> dict[str, Any]:
    """The `openapi_extra` of a route that reads its body itself."""
    return {"requestBody": {"required": True, "content": {media: {"schema": _inlined(kind)}}}}


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _resolved(part: Any, definitions: dict[str, Any]) -> Any:
    """References are written out, because they would point at the root of another document."""
    match part:
        case {"$ref": str(name), **rest}:
            return {**_resolved(definitions[name.rpartition("/")[2]], definitions), **rest}
        case dict():
            return {key: _resolved(value, definitions) for key, value in part.items()}
        case list():
            return [_resolved(each, definitions) for each in part]
        case _:
            return part


def shared(document: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document in which every object with a title is written once, under components, and referred to."""
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})

    def lifted(part: Any) -> Any:
        if isinstance(part, list):
            return [lifted(each) for each in part]
        if not isinstance(part, dict):
            return part
        made = {key: lifted(value) for key, value in part.items()}
        if "title" not in made or "properties" not in made or schemas.setdefault(made["title"], made) != made:
            return made  # one title for two shapes: each stays where it is
        return {"$ref": f"#/components/schemas/{made['title']}"}

    return {**document, "paths": lifted(document["paths"])}

"""What counts as an addition to a released schema, and what breaks those who sent or stored messages under it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from contracts.catalogue import CATALOGUE
from contracts.compatible import breaks
from contracts.schema import schema_of

BRIDGE: dict[str, Any] = {
    "type": "object",
    "$defs": {
        "Span": {
            "type": "object",
            "properties": {"metres": {"type": "integer", "minimum": 1}, "kind": {"enum": ["arch", "beam"]}},
            "required": ["metres"],
        },
        "Owner": {"type": "string", "pattern": "^sealed:", "x-personal-data": True},
    },
    "properties": {
        "name": {"type": "string", "maxLength": 80},
        "spans": {"type": "array", "items": {"$ref": "#/$defs/Span"}, "default": []},
        "owner": {"anyOf": [{"$ref": "#/$defs/Owner"}, {"type": "null"}], "default": None},
        "tolls": {"type": "object", "additionalProperties": {"type": "integer"}, "default": {}},
        "state": {"enum": ["open", "closed"], "type": "string"},
        "side": {"const": "left"},
    },
    "required": ["name", "state"],
}
SPAN = ("$defs", "Span", "properties")


def changed(*path: str, to: Any) -> dict[str, Any]:
    """The bridge with one place set, or taken out when `to` is Ellipsis."""
    copy: dict[str, Any] = deepcopy(BRIDGE)
    place = copy
    for step in path[:-1]:
        place = place[step]
    if to is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return copy


@pytest.mark.parametrize(
    ("new", "place"),
    [
        (changed("properties", "tolls", to=...), "tolls: was removed"),
        (changed("required", to=["name", "state", "owner"]), "owner: is required"),
        (changed("properties", "built", to={"type": "string"}) | {"required": ["name", "state", "built"]}, "built: is"),
        (changed("properties", "name", "type", to="integer"), "name: was string, is integer"),
        (changed("properties", "name", "maxLength", to=40), "name: maxLength was lowered"),
        (changed("properties", "name", "minLength", to=1), "name: minLength was raised"),
        (changed("properties", "name", "pattern", to="^[A-Z]"), "name: pattern was changed"),
        (changed("properties", "name", "format", to="uuid"), "name: format was changed"),
        (changed("properties", "state", "enum", to=["open"]), "state: no longer takes closed"),
        (changed("properties", "side", "const", to="right"), "side: no longer takes left"),
        (changed("properties", "name", "enum", to=["Ölandsbron"]), "name: no longer takes anything"),
        (changed(*SPAN, "metres", "minimum", to=10), "spans[].metres: minimum was raised"),
        (changed(*SPAN, "metres", "type", to="string"), "spans[].metres: was integer, is string"),
        (changed(*SPAN, "kind", "enum", to=["beam"]), "spans[].kind: no longer takes arch"),
        (changed("$defs", "Span", "required", to=["metres", "kind"]), "spans[].kind: is required"),
        (changed("properties", "owner", "anyOf", to=[{"$ref": "#/$defs/Owner"}]), "owner: was null, is string"),
        (changed("properties", "owner", to={"type": "null", "default": None}), "owner: "),
        (changed("$defs", "Owner", to={"type": "string"}), "owner: no longer takes"),
        (changed("properties", "tolls", "additionalProperties", to={"type": "string"}), "tolls[]: was integer"),
        (changed("properties", "spans", "default", to=[{"metres": 3}]), "spans: another default"),
        (changed("additionalProperties", to=False), "the fact: no longer takes fields"),
        (changed("additionalProperties", to={"type": "string"}), "the fact: additionalProperties were free"),
    ],
)
def test_every_kind_of_break_is_found_at_its_place(new: dict[str, Any], place: str) -> None:
    found = breaks(BRIDGE, new)
    assert len(found) == 1, found
    assert found[0].startswith(place)


@pytest.mark.parametrize(
    "new",
    [
        BRIDGE,
        changed("properties", "colour", to={"type": "string", "default": "grey"}),
        changed("required", to=["name"]),
        changed("properties", "name", "maxLength", to=120),
        changed("properties", "name", "maxLength", to=...),
        changed("properties", "state", "enum", to=["open", "closed", "raised"]),
        changed("properties", "name", to={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        changed("properties", "name", "description", to="What it is called."),
        changed(*SPAN, "metres", "minimum", to=0),
        changed(*SPAN, "material", to={"type": "string", "default": ""}),
    ],
)
def test_an_addition_breaks_nothing(new: dict[str, Any]) -> None:
    assert breaks(BRIDGE, new) == []


def test_a_renamed_definition_is_the_same_schema() -> None:
    renamed: dict[str, Any] = deepcopy(BRIDGE)
    renamed["$defs"]["Stretch"] = renamed["$defs"].pop("Span")
    renamed["properties"]["spans"]["items"] = {"$ref": "#/$defs/Stretch"}
    assert breaks(BRIDGE, renamed) == []


def test_a_schema_that_holds_itself_is_compared_once() -> None:
    tree = {
        "$ref": "#/$defs/Tree",
        "$defs": {"Tree": {"type": "object", "properties": {"left": {"$ref": "#/$defs/Tree"}}}},
    }
    grown: dict[str, Any] = deepcopy(tree)
    grown["$defs"]["Tree"]["properties"]["height"] = {"type": "integer"}
    assert breaks(tree, grown) == []
    assert breaks(grown, tree) == ["height: was removed"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_fact_is_an_addition_to_itself(name: str) -> None:
    schema = schema_of(CATALOGUE[name])
    assert breaks(schema, deepcopy(schema)) == []

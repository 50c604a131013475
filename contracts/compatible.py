"""Whether a changed schema is an addition: everything that was ever sent under the old one is still read, and means
the same. What is not an addition needs a new version of the fact and a step in `contracts.upcast`.

Pure: two JSON Schemas in, sentences out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

FLOORS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
CEILINGS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
EXACT = ("pattern", "format", "multipleOf", "uniqueItems", "x-personal-data")


def breaks(old: Schema, new: Schema) -> list[str]:
    """Every way in which `new` is not merely an addition to `old`, each naming the place. Empty when it is one."""
    return list(_Comparison(old, new).of(old, new, "", frozenset()))


class _Comparison:
    """Two documents, whose references are looked up each in its own definitions."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self.old_definitions = old.get("$defs", {})
        self.new_definitions = new.get("$defs", {})

    def of(self, old: Schema, new: Schema, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        """Compare two schemas; `seen` are the pairs of references that are being compared already."""
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if pair in seen:
            return
        if any(pair):
            seen |= {pair}
        old, new = _resolved(old, self.old_definitions), _resolved(new, self.new_definitions)
        if "anyOf" in old or "anyOf" in new:
            yield from self._alternatives(old, new, at, seen)
            return
        if old.get("type") != new.get("type"):
            yield f"{at or 'the fact'}: was {old.get('type', 'anything')}, is {new.get('type', 'anything')}"
            return
        yield from _constraints(old, new, at or "the fact")
        yield from self._properties(old, new, at, seen)
        for inner in ("items", "additionalProperties"):
            yield from self._inner(inner, old, new, at, seen)

    def _alternatives(self, old: Schema, new: Schema, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        offered = new.get("anyOf", [new])
        for alternative in old.get("anyOf", [old]):
            found = [list(self.of(alternative, offer, at, seen)) for offer in offered]
            if all(found):
                yield min(found, key=len)[0] if len(found) == 1 else f"{at}: no longer takes {_spelled(alternative)}"

    def _properties(self, old: Schema, new: Schema, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required = set(old.get("required", ()))
        for name in sorted(set(new.get("required", ())) - required):
            yield f"{_join(at, name)}: is required, and older messages lack it"
        for name, was in before.items():
            if name not in after:
                yield f"{_join(at, name)}: was removed"
                continue
            yield from self.of(was, after[name], _join(at, name), seen)
            if name not in required and was.get("default") != after[name].get("default"):
                yield f"{_join(at, name)}: another default gives older messages another meaning"

    def _inner(
        self, keyword: str, old: Schema, new: Schema, at: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[str]:
        before, after = old.get(keyword, True), new.get(keyword, True)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from self.of(before, after, f"{at}[]", seen)
        elif after is False and before is not False:
            yield f"{at or 'the fact'}: no longer takes fields it does not know"
        elif isinstance(after, dict) and before is True:
            yield f"{at or 'the fact'}: {keyword} were free, and are not now"


def _constraints(old: Schema, new: Schema, at: str) -> Iterator[str]:
    for keyword in FLOORS:
        if keyword in new and (keyword not in old or new[keyword] > old[keyword]):
            yield f"{at}: {keyword} was raised"
    for keyword in CEILINGS:
        if keyword in new and (keyword not in old or new[keyword] < old[keyword]):
            yield f"{at}: {keyword} was lowered"
    for keyword in EXACT:
        if keyword in new and new[keyword] != old.get(keyword):
            yield f"{at}: {keyword} was changed"
    if "x-personal-data" in old and "x-personal-data" not in new:
        yield f"{at}: is personal data no longer"
    allowed = _values(new)
    if allowed is not None:
        gone = [value for value in _values(old) or ["anything"] if value not in allowed]
        if gone:
            yield f"{at}: no longer takes {', '.join(map(str, gone))}"


def _values(schema: Schema) -> list[Any] | None:
    """The values an enumeration lists; None when it is none."""
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _resolved(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return {**definitions[reference.removeprefix("#/$defs/")], **{k: v for k, v in schema.items() if k != "$ref"}}


def _join(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _spelled(schema: Schema) -> str:
    return str(schema.get("$ref", schema.get("type", schema))).removeprefix("#/$defs/")

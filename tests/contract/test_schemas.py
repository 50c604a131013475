"""The schemas that are committed are those of today's facts, and a fact changes under its name by additions alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.catalogue import CATALOGUE, SERVICES
from contracts.compatible import breaks
from contracts.personal import PATTERN
from contracts.schema import schema_of
from contracts.upcast import STEPS
from tests.contract import generate

COMMITTED = sorted(path.stem for path in generate.SCHEMAS.glob("*.json"))


def committed(name: str) -> Any:
    return json.loads((generate.SCHEMAS / f"{name}.json").read_text())


@pytest.mark.parametrize(("path", "text"), generate.schemas().items(), ids=lambda each: getattr(each, "stem", ""))
def test_a_committed_schema_is_that_of_todays_fact(path: Path, text: str) -> None:
    assert path.exists(), f"{path.name} is missing: run `make schemas`"
    assert path.read_text() == text, f"{path.name} is out of date: run `make schemas`"


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_fact_changes_under_its_name_by_additions_alone(name: str) -> None:
    assert breaks(committed(name), schema_of(CATALOGUE[name])) == []


@pytest.mark.parametrize("name", COMMITTED)
def test_a_committed_schema_is_a_schema_and_carries_the_name_that_messages_give(name: str) -> None:
    schema = committed(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:flode:schema:{name}"


def test_every_committed_schema_is_of_a_fact_that_is_or_was() -> None:
    assert set(COMMITTED) == {*CATALOGUE, *STEPS, "envelope"}


def test_a_schema_that_breaks_the_released_one_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    released: dict[str, Any] = {"properties": {"size": {}, "reason": {}}}
    changed: dict[str, Any] = {"properties": {"size": {}}}
    path = tmp_path / "intake.judged.v1.json"
    path.write_text(json.dumps(released))
    monkeypatch.setattr(generate, "SCHEMAS", tmp_path)
    monkeypatch.setattr(generate, "wanted", lambda: {path: json.dumps(changed)})
    assert generate.main([]) == 1
    assert json.loads(path.read_text()) == released
    assert "reason: was removed" in capsys.readouterr().out


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_field_of_personal_data_is_marked_in_the_schema(name: str) -> None:
    for schema in every(schema_of(CATALOGUE[name])):
        assert (schema.get("pattern") == PATTERN) == schema.get("x-personal-data", False)


@pytest.mark.parametrize(("name", "fact"), CATALOGUE.items())
def test_a_fact_says_in_its_docstring_what_it_means(name: str, fact: type[object]) -> None:
    said = (fact.__doc__ or "").strip()
    assert len(said.split()) > 4, f"{name} does not say what it means"
    assert said.split("\n\n")[0].endswith((".", ":")), f"{name} does not say it in a sentence"


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_fact_travels_under_the_name_of_the_service_that_says_it(name: str) -> None:
    service, _, rest = name.partition(".")
    assert service in SERVICES
    assert rest.endswith(f".v{CATALOGUE[name].schema_version}")
    also = ("contracts.partnership", "contracts.accounts") if service == "governance" else ()
    assert CATALOGUE[name].__module__ in (f"contracts.{service}", *also)


def every(schema: Any) -> list[dict[str, Any]]:
    """All the objects in a schema."""
    inside = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    return [*([schema] if isinstance(schema, dict) else []), *(found for each in inside for found in every(each))]

"""The OpenAPI documents are those of today's routes, and say of every operation what it does and how it may refuse."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contracts.catalogue import SERVICES
from tests.contract import generate

Operation = tuple[str, str, dict[str, Any]]


def operations(service: str) -> list[Operation]:
    """Path, method and description of every operation that is documented."""
    document = json.loads((generate.OPENAPI / f"{service}.json").read_text())
    return [(path, method, each) for path, methods in document["paths"].items() for method, each in methods.items()]


@pytest.mark.parametrize(("path", "text"), generate.openapi().items(), ids=lambda each: getattr(each, "stem", ""))
def test_the_committed_document_is_that_of_todays_routes(path: Path, text: str) -> None:
    assert path.exists(), "run `make schemas`"
    assert path.read_text() == text, "run `make schemas`"


@pytest.mark.parametrize("service", SERVICES)
def test_only_what_programs_use_is_documented(service: str) -> None:
    paths = {path for path, _, _ in operations(service)}
    assert paths
    assert all(path.startswith((f"/{service}/api/", f"/{service}/hooks/")) for path in paths)


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(service: str) -> None:
    names = Counter(operation["operationId"] for _, _, operation in operations(service))
    assert max(names.values()) == 1, names.most_common(1)
    for path, method, operation in operations(service):
        assert operation.get("summary"), (path, method)


@pytest.mark.parametrize("service", SERVICES)
def test_every_command_says_how_it_may_be_refused(service: str) -> None:
    for path, method, operation in operations(service):
        if method in ("post", "put", "patch", "delete") and "/hooks/" not in path:
            assert {"401", "403"} & operation["responses"].keys(), (path, method)


@pytest.mark.parametrize("service", SERVICES)
def test_every_reference_leads_somewhere_and_a_refusal_looks_the_same_everywhere(service: str) -> None:
    document = json.loads((generate.OPENAPI / f"{service}.json").read_text())
    text = json.dumps(document)
    schemas = document["components"]["schemas"]
    found = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert found == schemas.keys() & found
    assert text.count('"title": "Problem"') == 1

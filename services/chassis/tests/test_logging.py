"""Log lines say what happened where, and nothing about people."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog

from chassis.logging import get_logger, mask_text, start_logging
from chassis.telemetry import recorded, span
from contracts.personal import token

SEALED = token(UUID(int=1), "abcDEF_-123")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    start_logging("intake", "INFO", stream=written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_a_line_says_service_municipality_correlation_and_trace(lines: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(municipality="almby", correlation="c-1")
    with recorded(), span("register"):
        get_logger("intake.api").info("registered", request_id="r-1")
    (line,) = read(lines)
    assert {"municipality": "almby", "correlation": "c-1", "service": "intake", "level": "info"}.items() <= line.items()
    assert line["event"] == "registered"
    assert len(line["trace_id"]) == 32


def test_personal_fields_are_masked_wherever_they_stand(lines: io.StringIO) -> None:
    get_logger().info("read", email="x", data={"name": "Alva", "rows": [{"phone": "070"}, SEALED]}, count=3)
    (line,) = read(lines)
    assert line["email"] == "(masked)"
    assert line["data"] == {"name": "(masked)", "rows": [{"phone": "(masked)"}, "(masked)"]}
    assert line["count"] == 3


def test_addresses_tokens_passwords_and_links_are_masked_by_their_looks(lines: io.StringIO) -> None:
    logging.getLogger("library").warning("%s was sent to %s", SEALED, "<alva.lind@almby.example>")
    get_logger().info("cannot connect to postgresql://api:s3cret@db/flode", path="/governance/link/" + "A" * 80)
    text = lines.getvalue()
    for secret in ("alva", "almby.example", "abcDEF", "s3cret", "A" * 40):
        assert secret not in text
    assert mask_text("Ärende från åsa@exempel.se nu") == "Ärende från (masked) nu"
    assert mask_text("waits for intake:42@flode.request/7") == "waits for intake:42@flode.request/7"
    for path in ("/governance/directive/", "/portfolio/request/"):
        assert mask_text(f"GET {path}{'Aa_-' * 20}/print") == f"GET {path}(masked)/print", "a link is a credential"


def test_an_exception_is_told_without_what_it_quotes(lines: io.StringIO) -> None:
    try:
        try:
            int("Alva Lind")
        except ValueError as cause:
            raise KeyError("Viggo Berg") from cause
    except KeyError:
        get_logger().exception("failed")
        logging.getLogger("library").exception("failed as well")
    for line in read(lines):
        assert line["error"] == "KeyError"
        assert line["cause"] == "ValueError"
        assert "test_logging.py" in line["trace"][0]
    assert "Alva" not in lines.getvalue()
    assert "Viggo" not in lines.getvalue()


def test_an_exception_about_machines_keeps_its_message(lines: io.StringIO) -> None:
    try:
        raise ConnectionRefusedError(111, "Connection refused")
    except OSError:
        get_logger().exception("failed")
    assert read(lines)[0]["error"] == "ConnectionRefusedError: [Errno 111] Connection refused"


def test_the_servers_own_access_lines_are_not_written(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info("GET /intake/link/AAAA")
    logging.getLogger("uvicorn.error").info("started")
    assert [line["event"] for line in read(lines)] == ["started"]

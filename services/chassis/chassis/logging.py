"""Log lines: JSON, with service, municipality, correlation and trace, and never a word about a person.

Fields that hold personal data are masked by name, addresses and sealed tokens wherever they stand, and an exception
is told by its type and where it was raised: its message may quote what somebody wrote.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TypeAlias

import structlog
from structlog.contextvars import bind_contextvars, merge_contextvars, reset_contextvars

from chassis.telemetry import current_trace_id

__all__ = ["bind_contextvars", "get_logger", "masked", "reset_contextvars", "start_logging"]

MASK = "(masked)"
# fmt: off
PERSONAL = frozenset(
    {
        "actor_name", "address", "authorization", "body", "cookie", "description", "email", "fingerprint",
        "first_name", "from_address", "given_name", "last_name", "leader_name", "mail", "name", "names",
        "note", "password", "person", "phone", "recipient", "reporter", "requester", "secret", "signature",
        "subject_line", "telephone", "text", "title", "to_address", "token", "username",
    }
)
# fmt: on
"""Names of fields whose values are not logged, whatever they are."""

SAFE = (OSError, TimeoutError, TypeError, AttributeError, NameError, ImportError, RuntimeError)
"""Exceptions whose messages speak of machines and code. All others are told without their message."""

_ADDRESS = re.compile(r"[^\s@<>\"',;:()\[\]=]+@(?!flode\.[a-z]+/[0-9])[^\s@<>\"',;:()\[\]=]+\.[^\s@<>\"',;:()\[\]=]+")
_SEALED = re.compile(r"sealed:v1:[0-9a-f-]{36}:[A-Za-z0-9_-]+")
_URL_PASSWORD = re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)")
_LINK = re.compile(r"(/(?:link|directive|request)/)[A-Za-z0-9_-]{40,}")

Line: TypeAlias = MutableMapping[str, Any]
get_logger = structlog.stdlib.get_logger


def start_logging(service: str, level: str = "INFO", *, stream: Any = None) -> None:
    """Write every log line of this process, ours and the libraries', as JSON to standard error (or `stream`)."""
    before: list[structlog.types.Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _where_and_why(service),
        told_exception,
        masked,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=lambda value: type(value).__name__),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Our own access log line says more, and no address; the libraries' chatter is of no use to anyone.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    for name in ("aiokafka", "asyncio", "faststream"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _where_and_why(service: str) -> structlog.types.Processor:
    def add(_: Any, __: str, line: Line) -> Line:
        line["service"] = service
        if trace_id := current_trace_id():
            line["trace_id"] = trace_id
        return line

    return add


def told_exception(_: Any, __: str, line: Line) -> Line:
    """Replace an exception by its type, and the files and lines it went through."""
    given = line.pop("exc_info", None)
    if given is True or (given and not isinstance(given, (tuple, BaseException))):
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        line["error"] = _told(error)
        line["trace"] = _frames(error.__traceback__)
        if cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
            line["cause"] = _told(cause)
    return line


def _told(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    state = getattr(error, "sqlstate", None)
    if state:
        return f"{kind} ({state})"
    return f"{kind}: {error}" if isinstance(error, SAFE) else kind


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-30:]]


def masked(_: Any, __: str, line: Line) -> Line:
    """Mask what is personal: fields by name, and addresses, sealed tokens, passwords and links by their looks."""
    for key, value in line.items():
        line[key] = MASK if key in PERSONAL and value is not None else _mask(value)
    return line


def _mask(value: Any) -> Any:
    match value:
        case str():
            return mask_text(value)
        case dict():
            return {key: MASK if str(key) in PERSONAL else _mask(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_mask(each) for each in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return mask_text(str(value))


def mask_text(text: str) -> str:
    """A text without addresses, sealed tokens, passwords in URLs and requesters' links."""
    text = _URL_PASSWORD.sub(MASK, text)
    if "@" in text:
        text = _ADDRESS.sub(MASK, text)
    if "sealed:" in text:
        text = _SEALED.sub(MASK, text)
    return _LINK.sub(rf"\1{MASK}", text)

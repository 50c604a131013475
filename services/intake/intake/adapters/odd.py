"""What is shaped otherwise than its system's documents say: known by what Python raises at it, and told of without a
word of what it holds, for people's data may stand in it."""

from __future__ import annotations

from pydantic import ValidationError

ODD = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What is raised at something that is shaped otherwise than was expected."""
MOST_PLACES = 5


def what_is_odd(failure: BaseException) -> str:
    """The places in which something is not as it must be, or at least of which sort the fault is."""
    if isinstance(failure, ValidationError):
        errors = failure.errors(include_url=False, include_context=False, include_input=False)
        places = dict.fromkeys(".".join(map(str, error["loc"])) for error in errors)
        return ", ".join(list(places)[:MOST_PLACES])[:200] or "its shape"
    named = failure.args[0] if isinstance(failure, KeyError) and failure.args else None
    return named if isinstance(named, str) and named.isidentifier() else type(failure).__name__

"""Long lists: pages show one page of them, which the address names; programs read on from where an answer ended."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fastapi import Depends, Query, Request

PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]
"""`?page=2`, from 1; who asks for one after the last is shown the last."""

USUAL, MOST = 25, 200
"""Rows of an answer to a program: when nothing is said, and at most."""


class Part(TypedDict):
    """Which part of a list a program asks for, as a view's `stretch` takes it."""

    limit: int
    mark: str | None


async def part(
    limit: Annotated[
        int, Query(ge=1, le=MOST, description="At most so many rows; fewer where they are large (80 kB in all).")
    ] = USUAL,
    mark: Annotated[
        str | None, Query(max_length=2000, description="Where the answer before ended; its Link header has it.")
    ] = None,
) -> Part:
    """The dependency behind `Listed`."""
    return Part(limit=limit, mark=mark)


Listed = Annotated[Part, Depends(part)]
"""A parameter of a route: which part of its list is asked for."""


def next_link(request: Request, mark: str | None) -> dict[str, str]:
    """The header that says where a list goes on; none where it ends."""
    if mark is None:
        return {}
    on = request.url.remove_query_params("after").include_query_params(mark=mark)
    return {"Link": f'<{on.path}?{on.query}>; rel="next"'}

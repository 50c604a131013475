"""Lists are shown page by page: which page an address asks for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]
"""`?page=2`, from 1; who asks for one after the last is shown the last."""

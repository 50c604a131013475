"""The pages of governance: every step can be done, and every view read, in a browser without a script."""

from __future__ import annotations

from fastapi import APIRouter

from governance.pages import (
    agenda,
    attendance,
    by_link,
    directives,
    filling,
    meetings,
    minutes,
    plans,
    settings,
    showing,
    start,
)

router = APIRouter(prefix="/governance", include_in_schema=False)
for part in (start, by_link, filling, directives, plans, meetings, agenda, attendance, showing, minutes, settings):
    router.include_router(part.router)

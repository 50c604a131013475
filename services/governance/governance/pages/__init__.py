"""The pages of governance: every step can be done, and every view read, in a browser without a script."""

from __future__ import annotations

from fastapi import APIRouter

from governance.pages import (
    accounts,
    agenda,
    attendance,
    by_link,
    connections,
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
for part in (start, by_link, filling, directives, plans, meetings, agenda, attendance, showing, minutes):
    router.include_router(part.router)
for part in (accounts, connections, settings):  # the last takes whatever stands behind /settings
    router.include_router(part.router)

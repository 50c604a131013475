"""The JSON API of governance, under /governance/api: directives, plans, and the CAB, accounts.

Every write takes Idempotency-Key and If-Match, and answers with ETag and Flode-Position; every read takes `?after=`.
"""

from __future__ import annotations

from fastapi import APIRouter

from governance.api import accounts, directives, meetings, plans

router = APIRouter(prefix="/governance/api")
for part in (directives, plans, meetings, accounts):
    router.include_router(part.router)

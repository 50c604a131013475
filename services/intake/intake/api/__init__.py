"""Intake over HTTP: the hooks that ticketing systems deliver to, and requests and judgements for other programs."""

from __future__ import annotations

from fastapi import APIRouter

from intake.api import hooks, requests

router = APIRouter()
for part in (hooks, requests):
    router.include_router(part.router)

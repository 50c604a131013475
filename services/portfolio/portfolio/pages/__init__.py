"""The pages of portfolio. Plain forms that post, and then lead to a page that shows what was written."""

from __future__ import annotations

from fastapi import APIRouter

from portfolio.pages import portfolio, projects, requests, rounds

router = APIRouter()
router.include_router(portfolio.router)
router.include_router(projects.router)
router.include_router(rounds.router)
router.include_router(requests.router)

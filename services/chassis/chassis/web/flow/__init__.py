"""The operators' pages: how events flow, what is parked, the views' tables, one request's way. The same for all
services, from what they declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from chassis.web.flow import map as flow_map
from chassis.web.flow import parked, trace, views

if TYPE_CHECKING:
    from chassis.service import Service


def flow_router(service: Service) -> APIRouter:
    """Routes under /<service>/flow and /<service>/api/flow."""
    router = APIRouter(prefix=f"/{service.name}", tags=["flow"])
    for part in (flow_map, parked, views, trace):
        part.add(router, service)
    return router

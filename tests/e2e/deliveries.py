"""Tickets as their systems send them: signed as Standard Webhooks asks, or as CloudEvents."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4


def a_ticket(number: str, title: str, **more: Any) -> dict[str, Any]:
    """A ticket of the project flow that was just opened."""
    return {
        "external_id": number,
        "number": f"1{number}",
        "kind": "created",
        "flow": "projekt",
        "title": title,
        "opened_at": "2026-03-02T09:30:00+01:00",
        **more,
    }


def signed(ticket: dict[str, Any], secret: str, delivery: str) -> tuple[bytes, dict[str, str]]:
    """A body and the headers that prove who sent it. Written out here, so that it is no copy of what verifies it."""
    body = json.dumps(ticket, ensure_ascii=False).encode()
    timestamp = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.digest(key, b".".join([delivery.encode(), timestamp.encode(), body]), hashlib.sha256)
    return body, {
        "content-type": "application/json",
        "webhook-id": delivery,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def as_cloudevent(
    tickets: Sequence[dict[str, Any]], mode: str, *, ids: Sequence[str] = ()
) -> tuple[bytes, dict[str, str]]:
    """The tickets as one event, or a batch of them: body and headers. What happened stands in the event's type."""
    events = [_event(ticket, id_) for ticket, id_ in zip(tickets, ids or [uuid4().hex for _ in tickets], strict=True)]
    if mode == "batch":
        return _json(events), {"content-type": "application/cloudevents-batch+json"}
    if mode == "structured":
        return _json(events[0]), {"content-type": "application/cloudevents+json"}
    ticket = events[0].pop("data")
    return _json(ticket), {"content-type": "application/json", **{f"ce-{name}": on for name, on in events[0].items()}}


def _event(ticket: dict[str, Any], id_: str) -> dict[str, Any]:
    kind = ticket["kind"]
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "https://desk.soenderlund.example",
        "type": f"example.soenderlund.ticket.{kind}.v1",
        "time": "2026-03-02T09:31:00+01:00",
        "data": {name: value for name, value in ticket.items() if name != "kind"},
    }


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()

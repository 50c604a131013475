"""A delivery as one text, to be sealed and kept, and read again when somebody wants it taken after all."""

from __future__ import annotations

import base64
import json

from intake.adapters import cloudevents, standard_webhooks
from intake.adapters.delivery import Delivery


def packed(delivery: Delivery) -> str:
    """Headers and body as text; the body as base64, so that not a byte of it changes."""
    return json.dumps({"headers": dict(delivery.headers), "body": base64.b64encode(delivery.body).decode()})


def unpacked(hook: str, raw: str) -> Delivery:
    """The delivery that was packed, read by today's code."""
    kept = json.loads(raw)
    headers, body = kept["headers"], base64.b64decode(kept["body"])
    if hook == "standard-webhooks":
        return standard_webhooks.read(headers, body)
    return cloudevents.read(headers, body)[0]

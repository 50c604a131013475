"""A delivery as one text, to be sealed and kept, and read again when somebody wants it taken after all."""

from __future__ import annotations

import base64
import json

from chassis.partnership import ServiceDesk
from intake.adapters import cloudevents, standard_webhooks
from intake.adapters.delivery import Delivery
from intake.adapters.port import Arrived, system_of


def packed(delivery: Delivery) -> str:
    """Headers and body as text; the body as base64, so that not a byte of it changes."""
    return json.dumps({"headers": dict(delivery.headers), "body": base64.b64encode(delivery.body).decode()})


def arrived_in(raw: str) -> Arrived:
    """What had arrived, of what was packed."""
    kept = json.loads(raw)
    return Arrived(body=base64.b64decode(kept["body"]), headers=kept["headers"])


def unpacked(hook: str, raw: str, desk: ServiceDesk) -> Delivery:
    """The delivery that was packed, read by today's code."""
    arrived = arrived_in(raw)
    if hook == "standard-webhooks":
        return standard_webhooks.read(arrived.headers, arrived.body)
    if system := system_of(hook):
        return system.read(arrived, desk)
    return cloudevents.read(arrived.headers, arrived.body)[0]

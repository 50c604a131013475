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


LONGEST_SHOWN = 20_000
"""Characters of a body that somebody is shown."""


def to_be_read(raw: str) -> str:
    """The body that was packed, for somebody to read; nothing of the headers, where keys travel. Empty when its words
    are gone, as those of an erased person are."""
    try:
        body = arrived_in(raw).body
    except ValueError:
        return ""
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        text = body.decode(errors="replace")
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def unpacked(hook: str, raw: str, desk: ServiceDesk) -> Delivery:
    """The delivery that was packed, read by today's code."""
    arrived = arrived_in(raw)
    if hook == "standard-webhooks":
        return standard_webhooks.read(arrived.headers, arrived.body)
    if system := system_of(hook):
        return system.read(arrived, desk)
    return cloudevents.read(arrived.headers, arrived.body)[0]

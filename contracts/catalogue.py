"""All facts of all services. Importing this module is what makes every travelling name known."""

from __future__ import annotations

from contracts import governance, intake, notifications, portfolio
from contracts.event import CATALOGUE, Event

SERVICES = {
    "intake": intake.SOURCE,
    "portfolio": portfolio.SOURCE,
    "governance": governance.SOURCE,
    "notifications": notifications.SOURCE,
}
"""The services by name, and the CloudEvents source each emits under."""


def facts_of(service: str) -> list[type[Event]]:
    """The facts a service emits, in the order they are defined."""
    return [made for name, made in CATALOGUE.items() if name.startswith(f"{service}.")]


__all__ = ["CATALOGUE", "SERVICES", "facts_of"]

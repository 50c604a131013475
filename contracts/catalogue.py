"""All facts of all services. Importing this module is what makes every travelling name known."""

from __future__ import annotations

from contracts import accounts, governance, intake, notifications, partnership, portfolio
from contracts.event import CATALOGUE, Event
from contracts.topics import Topic

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


def topic_of(name: str) -> Topic:
    """The topic of a fact by its travelling name, of whichever version: a fact never moves to another topic."""
    return _TOPICS[name.rpartition(".v")[0]]


_TOPICS = {name.rpartition(".v")[0]: made.topic for name, made in CATALOGUE.items()}

__all__ = ["CATALOGUE", "SERVICES", "accounts", "facts_of", "partnership", "topic_of"]

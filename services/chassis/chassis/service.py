"""A service, declared on one page: what it decides, answers, shows, reacts to and sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

from fastapi import APIRouter

from chassis import agreed
from chassis.aggregate import Aggregate
from chassis.outbox import Sender
from chassis.partnership import Partnership
from chassis.react import Reaction
from chassis.schedule import Clockwork
from chassis.views import View
from chassis.web.audit import audit_router
from chassis.web.flow import flow_router
from chassis.web.history import history_router
from chassis.web.sentences import Sentences
from contracts.topics import Topic


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything a service is. The chassis does the rest.

    senders    made from the resources (vault, settings, partnership, store, db) when the sender role starts
    tables     SQL of the service's own tables, run by `flode prepare`; "{service}" is replaced by its name
    streamed   beginnings of paths under which bodies are read piece by piece, and how many bytes they may have
    package    where templates, static files and catalogues are
    sentences  what each fact that the views fold says to an auditor, by its travelling name: a key for translation
               whose placeholders are the fact's fields, or what chooses one by the fact
    faults     what is wrong with a partnership's settings beyond what every service sees, a line for each; with any, no
               process of the service starts
    """

    name: str
    package: str
    aggregates: tuple[Aggregate[Any, Any], ...] = ()
    routers: tuple[APIRouter, ...] = ()
    views: tuple[View[Any], ...] = ()
    reactions: tuple[Reaction, ...] = ()
    senders: Callable[[Mapping[str, Any]], tuple[Sender, ...]] | None = None
    clockworks: tuple[Clockwork, ...] = ()
    emits: tuple[Topic, ...] = ()
    tables: str | None = None
    sentences: Sentences = field(default_factory=dict)
    streamed: Mapping[str, int] = field(default_factory=dict)
    faults: Callable[[Partnership], Sequence[str]] = lambda _: ()

    @property
    def followed(self) -> tuple[View[Any], ...]:
        """The views it keeps: its own, and what was agreed on in the cooperation, which every service goes by."""
        return (*self.views, agreed.view)

    @property
    def http(self) -> tuple[APIRouter, ...]:
        """All its routes: its own, and those that every service has, for its views and for those who operate it."""
        return (
            *self.routers,
            history_router(self.name, self.views),
            audit_router(self.name, self.views, self.sentences),
            flow_router(self),
        )

    def view(self, name: str) -> View[Any]:
        """One of the views it keeps. Raises KeyError."""
        return {view.name: view for view in self.followed}[name]


class NoSuchService(Exception):
    """No installed package offers a service by that name."""


def find_service(name: str) -> Service:
    """The installed service of that name. Raises NoSuchService with the names there are."""
    offered = {point.name: point for point in entry_points(group="flode.services")}
    if name not in offered:
        raise NoSuchService(f"there is no service {name}; installed are {', '.join(sorted(offered)) or 'none'}")
    service = offered[name].load()
    assert isinstance(service, Service), f"{offered[name].value} is not a Service"
    return service


def find_services() -> tuple[Service, ...]:
    """All installed services, by name."""
    return tuple(find_service(name) for name in sorted(point.name for point in entry_points(group="flode.services")))

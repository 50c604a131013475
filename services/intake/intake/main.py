"""Intake on one page: from a ticket in a municipality's Service Desk to a request that is a project, or is not.

One routine for the tickets of all partner municipalities, whatever system their Service Desks work in (IT-01).
"""

from __future__ import annotations

from importlib.resources import files

from chassis.service import Service
from contracts.topics import REQUEST
from intake import api, commands, pages
from intake.adapters import desks
from intake.api import hooks, reading
from intake.commands import asking, taking
from intake.pages import connecting
from intake.views import inbox, requests
from intake.views.labels import LABELS
from intake.views.sentences import SENTENCES
from intake.waiting import waiting

service = Service(
    name="intake",
    package="intake",
    aggregates=(commands.REQUEST,),
    routers=(api.router, pages.router, connecting.router),
    views=(inbox.view, requests.view),
    sentences=SENTENCES,
    waiting=waiting,
    labels=LABELS,
    senders=asking.senders,
    clockworks=(asking.polling, taking.forgetting),
    emits=(REQUEST,),
    streamed={hooks.PATH: reading.CEILING},
    faults=desks.faults,
    tables=files("intake").joinpath("tables.sql").read_text("utf-8"),
)

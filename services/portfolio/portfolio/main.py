"""Portfolio: the list of projects, from the day a request is judged one to the day it is completed.

Enters what intake judged a project, ranks it (the PM alone, or a round of the IT managers), deals it out to a leader
and a group, and follows how it goes.
"""

from __future__ import annotations

from importlib.resources import files

from chassis.service import Service
from contracts.topics import REQUEST, ROUND
from portfolio import api, consumers, pages
from portfolio.commands import PROJECT as PROJECTS
from portfolio.commands import ROUND as ROUNDS
from portfolio.views import courses, duties, history, projects, rounds
from portfolio.views.labels import LABELS
from portfolio.views.sentences import SENTENCES
from portfolio.waiting import waiting

service = Service(
    name="portfolio",
    package="portfolio",
    aggregates=(PROJECTS, ROUNDS),
    routers=(api.router, pages.router),
    views=(projects.view, history.view, rounds.view, duties.view, courses.view),
    sentences=SENTENCES,
    waiting=waiting,
    labels=LABELS,
    reactions=(consumers.on_requests,),
    clockworks=(consumers.missed_reports,),
    emits=(REQUEST, ROUND),
    tables=files("portfolio").joinpath("tables.sql").read_text("utf-8"),
)

"""Governance on one page: what it decides, answers, shows and reacts to."""

from __future__ import annotations

from chassis.service import Service
from contracts.topics import ACCOUNT as ACCOUNTS
from contracts.topics import MEETING as MEETINGS
from contracts.topics import PARTNERSHIP
from contracts.topics import REQUEST as REQUESTS
from governance import api, pages
from governance.commands.accounts import ACCOUNT
from governance.commands.agreements import AGREEMENT
from governance.commands.meetings import MEETING
from governance.commands.settings import PARTNER
from governance.consumers import FOLLOW, REMIND
from governance.views import accounts, agenda, directives, meetings, plans, settings
from governance.views.labels import LABELS
from governance.views.sentences import SENTENCES
from governance.waiting import waiting

service = Service(
    name="governance",
    package="governance",
    aggregates=(AGREEMENT, MEETING, ACCOUNT, PARTNER),
    routers=(api.router, pages.router),
    views=(directives.view, plans.view, agenda.view, meetings.view, accounts.view, settings.view),
    sentences=SENTENCES,
    waiting=waiting,
    labels=LABELS,
    reactions=(FOLLOW,),
    clockworks=(REMIND,),
    emits=(REQUESTS, MEETINGS, ACCOUNTS, PARTNERSHIP),
)

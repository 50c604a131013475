"""Notifications on one page: who is told what because of which fact, by mail and back into the ticket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from importlib.resources import files
from typing import Any

from chassis.outbox import Sender
from chassis.service import Service
from contracts.topics import MESSAGE
from notifications import api, commands, consumers, pages
from notifications.adapters.mail import mailer
from notifications.adapters.sending import Answering, Mailing, in_time, systems_of
from notifications.views import messages
from notifications.views.labels import LABELS
from notifications.views.sentences import SENTENCES
from notifications.waiting import waiting


def senders(resources: Mapping[str, Any]) -> tuple[Sender, ...]:
    """The two ways out: mail, and the tickets that requests came from."""
    settings, partnership, clock = resources["settings"], resources["partnership"], resources["clock"]
    mailing = Mailing(
        vault=resources["vault"],
        partnership=partnership,
        links=resources["links"],
        public_url=settings.public_url,
        mailer=mailer(settings.mail),
    )
    answering = Answering(
        partnership=partnership,
        public_url=settings.public_url,
        systems=systems_of(partnership, settings.mail, clock),
    )
    # In a demo a year is played in a minute, and nothing in it is old.
    within = timedelta.max if settings.demo else timedelta(days=settings.tell_within_days)
    settled = commands.settled(resources["store"], clock)
    # What came later is told later: a ticket must not end in a state it has left, nor a closed round be opened.
    return (
        Sender("mail", in_time(mailing.send, clock, within), settled=settled, in_line=("to", "id")),
        Sender("ticket", in_time(answering.send, clock, within), settled=settled, in_line=("about",)),
    )


service = Service(
    name="notifications",
    package="notifications",
    aggregates=(commands.MESSAGE,),
    routers=(api.router, pages.router),
    views=(messages.view,),
    sentences=SENTENCES,
    waiting=waiting,
    labels=LABELS,
    reactions=(consumers.telling,),
    senders=senders,
    emits=(MESSAGE,),
    tables=files("notifications").joinpath("tables.sql").read_text("utf-8"),
)

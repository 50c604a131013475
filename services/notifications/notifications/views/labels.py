"""What the columns and chosen words of notifications' views are called, for an auditor."""

from __future__ import annotations

from chassis.i18n import N_
from chassis.web.labels import Labels

LABELS = Labels(
    fields={
        "message_id": N_("The message's id"),
        "about": N_("What it is about"),
        "because_of": N_("Because of the event"),
        "channel": N_("Channel"),
        "to_name": N_("Name of the addressee"),
        "to": N_("Addressee"),
        "attempts": N_("Times tried"),
        "due_at": N_("To be sent on"),
    },
    words={
        "due": N_("Waits to be sent"),
        "given_up": N_("Was given up"),
        "mail": N_("By e-mail"),
        "ticket": N_("Ticket"),
    },
    views={
        "messages": N_("Messages"),
    },
    parts={
        "notifications.tell": N_("Writing messages"),
        "mail": N_("E-mail"),
        "ticket": N_("Answers in tickets"),
    },
)

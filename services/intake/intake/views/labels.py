"""What the columns and chosen words of intake's views are called, for an auditor."""

from __future__ import annotations

from chassis.i18n import N_
from chassis.web.labels import Labels

LABELS = Labels(
    fields={
        "waits": N_("Waits for a judgement"),
        "requester_name": N_("The requester's name"),
        "registered_at": N_("Registered on"),
        "requester_email": N_("The requester's e-mail"),
        "edits": N_("Edits at the source"),
        "judgement": N_("Judgement of the PM"),
        "withdrawn": N_("Why it was withdrawn"),
        "merged_into": N_("Joined with the request"),
        "merged_into_ticket": N_("Joined with the ticket"),
        "RequestMerged.into": N_("Joined with the request"),
    },
    words={
        "waiting": N_("Waiting"),
    },
    views={
        "inbox": N_("Inbox of the PM"),
        "requests": N_("Requests"),
    },
    parts={
        "intake.poll": N_("Asking ticketing systems when it is time"),
        "intake.forget": N_("Forgetting old deliveries"),
        "ask": N_("Answers about tickets"),
        "poll": N_("What is new in ticketing systems"),
    },
)

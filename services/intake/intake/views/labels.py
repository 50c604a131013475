"""What the columns and chosen words of intake's views are called, for an auditor."""

from __future__ import annotations

from chassis.i18n import N_
from chassis.web.labels import Labels

LABELS = Labels(
    fields={
        "waits": N_("Waits for a judgement"),
        "requester_name": N_("The requester's name"),
        "priority": N_("Priority"),
        "registered_at": N_("Registered on"),
        "description": N_("Description"),
        "description_html": N_("Description with its formatting"),
        "attachments": N_("Attachments"),
        "reference": N_("Reference"),
        "media_type": N_("Kind of file"),
        "size": N_("Size"),
        "requester_email": N_("The requester's e-mail"),
        "edits": N_("Edits at the source"),
        "judgement": N_("Judgement of the PM"),
        "met": N_("Is met"),
        "by_name": N_("Name of who did it"),
        "withdrawn": N_("Why it was withdrawn"),
        "merged_into": N_("Joined with the request"),
        "merged_into_ticket": N_("Joined with the ticket"),
        "RequestMerged.into": N_("Joined with the request"),
        "revision": N_("Revision at the source"),
        "into_ticket": N_("Joined with the ticket"),
        "was": N_("What it had been judged"),
    },
    words={
        "waiting": N_("Waiting"),
        "project": N_("Project"),
        "change": N_("A change, no project"),
        "withdrawn": N_("Taken back"),
        "merged": N_("Merged"),
        "left_flow": N_("Left the project flow"),
        "deleted": N_("Deleted at the source"),
    },
    views={
        "inbox": N_("Inbox of the PM"),
        "requests": N_("Requests"),
    },
)

"""What each fact of intake says to an auditor, as a sentence."""

from __future__ import annotations

from typing import Any

from chassis.i18n import N_
from chassis.web.sentences import Sentences
from contracts.intake import (
    ClassificationWithdrawn,
    ClassifiedAsChange,
    ClassifiedAsProject,
    RequestChanged,
    RequestMerged,
    RequestRegistered,
    RequestReopened,
    RequestWithdrawn,
)

WITHDRAWN = {
    "left_flow": N_("The ticket left the project flow."),
    "closed": N_("The ticket was closed at its source."),
    "deleted": N_("The ticket was deleted at its source."),
    "withdrawn": N_("The ticket was taken back."),
}


def _withdrawn(fact: Any) -> str:
    return WITHDRAWN[fact.reason]


SENTENCES: Sentences = {
    RequestRegistered.type: N_("Ticket {ticket}, “{title}”, was registered as a request."),
    RequestChanged.type: N_("The ticket was edited at its source; it is called “{title}”."),
    RequestWithdrawn.type: _withdrawn,
    RequestMerged.type: N_("The ticket was joined with ticket {ticket}."),
    RequestReopened.type: N_("The ticket came back into the project flow."),
    ClassifiedAsProject.type: N_("The request was judged a project: {reason}"),
    ClassifiedAsChange.type: N_("The request was judged a change: {reason}"),
    ClassificationWithdrawn.type: N_("The judgement was taken back: {reason}"),
}

"""What people are told, sentence by sentence. English here is the key by which readers find their own language.

A letter's sentences serve the mail and the comment in the ticket alike, so they name no reader. A sentence whose value
is not known is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal


def N_(text: str) -> str:  # noqa: N802  the name that tools for translators know
    """Mark a sentence for translation where it is written."""
    return text


@dataclass(frozen=True, slots=True)
class Page:
    """Where a letter leads: what its link is called, and a path in which {about} is the subject's id. Without a path
    it is the requester's own link, which opens what is theirs and nothing else: their directive (IT-09), or the page of
    their request."""

    action: str
    path: str | None = None
    opens: Literal["directive", "request"] = "directive"


@dataclass(frozen=True, slots=True)
class Letter:
    """A template: its subject, its sentences, the value that holds what somebody wrote (`quote`; shown apart, in their
    own words), and where it leads."""

    subject: str
    body: tuple[str, ...]
    quote: str | None = None
    to: Page | None = None

    @property
    def names(self) -> frozenset[str]:
        """The values it names; no others are kept for it."""
        named = {name for sentence in (self.subject, *self.body) for name in PLACE.findall(sentence)}
        return frozenset(named | ({self.quote} if self.quote else set()))


PLACE = re.compile(r"\{([a-z_]+)\}")
"""Where a value stands in a sentence."""

TO_DIRECTIVE = Page(N_("Open the directive"))
TO_OWN_REQUEST = Page(N_("See how far your request has come"), opens="request")
"""Where requesters are led by letters that lead nowhere else."""
TO_PROJECT = Page(N_("Open the project"), "/portfolio/projects/{about}")
TO_REQUEST = Page(N_("Open the request"), "/intake/requests/{about}")
TO_AGREEMENT = Page(N_("Open the directive"), "/governance/directives/{about}")
TO_PLAN = Page(N_("Open the plan"), "/governance/plans/{about}")
TO_ROUND = Page(N_("Open the round"), "/portfolio/rounds/{about}")
TO_MEETING = Page(N_("Open the meeting"), "/governance/meetings/{about}")


def _letter(subject: str, *body: str, quote: str | None = None, to: Page | None = None) -> Letter:
    return Letter(subject, body, quote, to)


LETTERS: dict[str, Letter] = {
    "request-received": _letter(
        N_("Your request was received: {title}"),
        N_("The request “{title}” was received from the Service Desk (ticket {ticket})."),
        N_("The PM of the shared IT team now judges whether it is a project or a change within daily operation."),
    ),
    "request-to-judge": _letter(
        N_("A request waits to be judged: {title}"),
        N_("The request “{title}” was received from the Service Desk (ticket {ticket})."),
        to=TO_REQUEST,
    ),
    "request-withdrawn": _letter(
        N_("Withdrawn: {title}"),
        N_("The ticket of “{title}” left the project flow at its source."),
        quote="note",
        to=TO_REQUEST,
    ),
    "request-merged": _letter(
        N_("Joined with another request: {title}"),
        N_("The Service Desk joined “{title}” with ticket {into_number}; what concerns it is followed there."),
    ),
    "request-is-project": _letter(
        N_("Judged to be a project: {title}"),
        N_("The PM judged “{title}” to be a project. A directive comes next."),
        quote="reason",
    ),
    "request-is-change": _letter(
        N_("Judged to be a change: {title}"),
        N_("The PM judged “{title}” to be a change within daily operation. The Service Desk takes it from here."),
        quote="reason",
    ),
    "judgement-withdrawn": _letter(
        N_("To be judged again: {title}"),
        N_("The PM took the judgement of “{title}” back and will judge it again."),
        quote="reason",
    ),
    "directive-sent": _letter(
        N_("Please fill in the directive: {title}"),
        N_("“{title}” is to be a project, and its directive is yours to fill in: why, what, by when and for how much."),
        N_("Please return it by {due}. You can save it and go on later, and ask the PM for help in the form."),
        N_("The link is for you alone. Please do not pass it on."),
        to=TO_DIRECTIVE,
    ),
    "directive-awaited": _letter(
        N_("Directive sent: {title}"),
        N_("The requester was sent a directive to fill in, and is to return it by {due}."),
    ),
    "directive-reminder": _letter(
        N_("The directive is awaited: {title}"),
        N_("The directive for “{title}” was to be returned by {due} and has not come yet."),
        N_("If something is unclear, ask the PM for help in the form."),
        to=TO_DIRECTIVE,
    ),
    "directive-help-wanted": _letter(
        N_("The requester asks for help: {title}"),
        N_("The requester asks for help with the directive for “{title}”:"),
        quote="question",
        to=TO_AGREEMENT,
    ),
    "directive-help-given": _letter(
        N_("An answer from the PM: {title}"),
        N_("The PM answers your question about the directive for “{title}”:"),
        quote="answer",
        to=TO_DIRECTIVE,
    ),
    "directive-returned": _letter(
        N_("A directive was returned: {title}"),
        N_("The requester returned version {version} of the directive for “{title}”. Accept it, or send it back."),
        to=TO_AGREEMENT,
    ),
    "directive-sent-back": _letter(
        N_("The directive needs mending: {title}"),
        N_("The PM read version {version} of the directive for “{title}” and asks for something to be mended:"),
        N_("Please return it by {due}."),
        quote="remarks",
        to=TO_DIRECTIVE,
    ),
    "directive-to-sign": _letter(
        N_("A directive awaits your approval: {title}"),
        N_("The PM accepted version {version} of the directive for “{title}”. It binds once both signatories approve."),
        to=TO_AGREEMENT,
    ),
    "directive-approved": _letter(
        N_("The directive is approved: {title}"),
        N_("Orderer and leader approved version {version} of the directive for “{title}”."),
    ),
    "directive-reopened": _letter(
        N_("The directive is open again: {title}"),
        N_("The approved directive for “{title}” is to be changed:"),
        quote="reason",
        to=TO_DIRECTIVE,
    ),
    "project-prioritised": _letter(
        N_("Prioritised: {title}"),
        N_("“{title}” has rank {rank} in the project portfolio."),
        quote="reason",
    ),
    "project-left": _letter(
        N_("No project any more: {title}"),
        N_("“{title}” left the project portfolio."),
        quote="reason",
    ),
    "project-is-yours": _letter(
        N_("You lead a project: {title}"),
        N_("The PM appointed you leader of “{title}”."),
        quote="reason",
        to=TO_PROJECT,
    ),
    "project-assigned": _letter(
        N_("A leader was appointed: {title}"),
        N_("The PM appointed a leader and a project group for “{title}”."),
    ),
    "plan-wanted": _letter(
        N_("Please write the project plan: {title}"),
        N_("The plan for “{title}” is yours to write."),
        N_("Write it from version {directive_version} of the directive."),
        to=TO_PLAN,
    ),
    "plan-to-accept": _letter(
        N_("A project plan awaits your acceptance: {title}"),
        N_("Version {version} of the plan for “{title}” was written. It is the agreement once both parties accept it."),
        to=TO_PLAN,
    ),
    "plan-agreed": _letter(
        N_("The project plan is agreed: {title}"),
        N_("Both parties accepted version {version} of the plan for “{title}”."),
    ),
    "work-started": _letter(
        N_("The work has begun: {title}"),
        N_("The plan is agreed, and “{title}” is being carried out."),
    ),
    "status-reported": _letter(
        N_("How it goes: {title}"),
        N_("The leader reported on “{title}”: time {time}, cost {cost}, result {result}, {progress} % done."),
        quote="summary",
        to=TO_PROJECT,
    ),
    "status-red": _letter(
        N_("A project reports red: {title}"),
        N_("The leader reported on “{title}”: time {time}, cost {cost}, result {result}, {progress} % done."),
        quote="summary",
        to=TO_PROJECT,
    ),
    "report-missed": _letter(
        N_("A report is overdue: {title}"),
        N_("A status report on “{title}” was due {due} and has not come."),
        to=TO_PROJECT,
    ),
    "gate-decided": _letter(
        N_("Decided at {gate}: {title}"),
        N_("“{title}” at {gate}: {outcome} ({on})."),
        quote="note",
        to=TO_PROJECT,
    ),
    "dialogue-held": _letter(
        N_("Noted of our talk: {title}"),
        N_("The leader of “{title}” noted this of your talk:"),
        quote="note",
    ),
    "project-postponed": _letter(
        N_("Postponed: {title}"),
        N_("“{title}” is put off, and with it what was promised."),
        N_("It is to go on {until}."),
        quote="reason",
    ),
    "project-limited": _letter(
        N_("Limited: {title}"),
        N_("“{title}” goes on with less than was promised. What is left: {scope}"),
        quote="reason",
    ),
    "project-stopped": _letter(
        N_("Stopped: {title}"),
        N_("“{title}” is stopped altogether. What was promised will not come of it."),
        quote="reason",
    ),
    "project-resumed": _letter(
        N_("Resumed: {title}"),
        N_("“{title}” goes on."),
        quote="reason",
    ),
    "project-completed": _letter(
        N_("Completed: {title}"),
        N_("“{title}” delivered what its directive asked for and is closed."),
        quote="summary",
    ),
    "round-opened": _letter(
        N_("Please score the projects: {title}"),
        N_("The PM opened the prioritisation round “{title}”. Please score its projects by {deadline}."),
        N_("If you cannot, a deputy may act for you; it will show."),
        to=TO_ROUND,
    ),
    "round-closed": _letter(
        N_("The round is closed: {title}"),
        N_("The PM closed the prioritisation round “{title}”. The ranks it gave can be seen now."),
        to=TO_ROUND,
    ),
    "round-cancelled": _letter(
        N_("The round is called off: {title}"),
        N_("The PM called the prioritisation round “{title}” off; no rank came of it."),
        quote="reason",
    ),
    "meeting-called": _letter(
        N_("CAB {number} is called: {at}"),
        N_("CAB meeting {number} is held {at}, {place}, together with the IT-orderer meeting."),
        to=TO_MEETING,
    ),
    "meeting-moved": _letter(
        N_("CAB {number} is moved: {at}"),
        N_("CAB meeting {number} is held {at} instead, {place}."),
        quote="reason",
        to=TO_MEETING,
    ),
    "meeting-cancelled": _letter(
        N_("CAB {number} is cancelled"),
        N_("CAB meeting {number} is not held. What stood on its agenda comes up at the next."),
        quote="reason",
    ),
    "agenda-set": _letter(
        N_("The agenda of CAB {number}"),
        N_("The agenda of CAB meeting {number} ({at}) is set."),
        to=TO_MEETING,
    ),
    "minutes-to-approve": _letter(
        N_("The minutes of CAB {number} are written"),
        N_("The minutes of CAB meeting {number} can be read."),
        N_("Whoever attended and did not write them can approve them."),
        to=TO_MEETING,
    ),
    "minutes-approved": _letter(
        N_("The minutes of CAB {number} are approved"),
        N_("The minutes of CAB meeting {number} are approved and can be read."),
        to=TO_MEETING,
    ),
    "cab-decided": _letter(
        N_("Decided by the CAB: {title}"),
        N_("The CAB, meeting {meeting_number}, decided of “{title}”: {outcome}."),
        quote="text",
    ),
}

WORDS = {
    "green": N_("green"),
    "yellow": N_("yellow"),
    "red": N_("red"),
    "passed": N_("passed"),
    "held": N_("held back"),
    "approved": N_("approved"),
    "rejected": N_("rejected"),
    "deferred": N_("deferred"),
    "stop": N_("to be stopped"),
    "postpone": N_("to be postponed"),
    "limit": N_("to be limited"),
    "resume": N_("to go on"),
    "noted": N_("noted"),
}
"""What a value that is a word of the contract is called to people."""
WORDED = frozenset({"time", "cost", "result", "outcome"})
"""The values that are such words."""

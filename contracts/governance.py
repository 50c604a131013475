"""What governance says: the directive and the plan that parties agree on, and what the CAB decided."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from contracts.event import Event, fact
from contracts.personal import Personal
from contracts.topics import MEETING, REQUEST
from contracts.values import (
    AgendaItem,
    Attendee,
    AwareDatetime,
    Caution,
    Directive,
    Language,
    Line,
    Municipality,
    Person,
    Plan,
    Remark,
    Text,
)

SOURCE = "/flode/governance"

Outcome = Literal["approved", "rejected", "deferred", "stop", "postpone", "limit", "resume", "noted"]


# --- the directive (IT-09…IT-11, TY-01…TY-23) ---


@fact("governance.directive-sent", topic=REQUEST)
class DirectiveSent(Event):
    """The requester was sent a directive to fill in (IT-09): an empty template and a link that opens only theirs."""

    request_id: UUID
    requester: Person
    title: Line
    language: Language
    due: date
    template: str = "uppdragsdirektiv-1"


@fact("governance.directive-draft-saved", topic=REQUEST)
class DirectiveDraftSaved(Event):
    """The requester, or the PM helping them (IT-11), saved an unfinished directive. `draft` is the form as it stands.

    It is sealed under the requester's key, because a half-filled form may hold a name or a number in any field.
    """

    request_id: UUID
    draft: Personal
    by: Literal["requester", "pm"] = "requester"


@fact("governance.directive-help-requested", topic=REQUEST)
class DirectiveHelpRequested(Event):
    """The requester asked the PM for help in filling the directive in (IT-11)."""

    request_id: UUID
    question: Personal
    field: str | None = None


@fact("governance.directive-help-given", topic=REQUEST)
class DirectiveHelpGiven(Event):
    """The PM answered a request for help (IT-11)."""

    request_id: UUID
    answer: Personal


@fact("governance.directive-reminded", topic=REQUEST)
class DirectiveReminded(Event):
    """The directive was due and had not been returned; the requester is reminded (IT-10).

    `day` is the day on which they were, where their municipality is; early reminders do not say it.
    """

    request_id: UUID
    due: date
    times: int
    day: date | None = None


@fact("governance.directive-submitted", topic=REQUEST)
class DirectiveSubmitted(Event):
    """The requester returned the directive to the PM (IT-10). Versions count from 1 for each return.

    `warnings` are the inconsistencies that were shown and did not stop it (TY-13, TY-21).
    """

    request_id: UUID
    version: int
    directive: Directive
    warnings: tuple[Caution, ...] = ()


@fact("governance.directive-sent-back", topic=REQUEST)
class DirectiveSentBack(Event):
    """The PM returned a version of the directive with remarks; the requester has it again, until `due`."""

    request_id: UUID
    version: int
    remarks: tuple[Remark, ...]
    due: date | None = None


@fact("governance.directive-accepted", topic=REQUEST)
class DirectiveAccepted(Event):
    """The PM accepts a version as complete; the signatories may approve it."""

    request_id: UUID
    version: int
    leader: Person
    note: Text = ""


@fact("governance.directive-signed", topic=REQUEST)
class DirectiveSigned(Event):
    """One of the two signatories approved a version of the directive (TY-01)."""

    request_id: UUID
    version: int
    signatory: Literal["orderer", "leader"]
    person: Person


@fact("governance.directive-approved", topic=REQUEST)
class DirectiveApproved(Event):
    """Both signatories approved this version; it binds (TY-01).

    The directive is carried whole for those who act on it.
    """

    request_id: UUID
    version: int
    directive: Directive


@fact("governance.directive-reopened", topic=REQUEST)
class DirectiveReopened(Event):
    """An approved directive is to be changed: a new version is to be written, agreed and signed (TY-06)."""

    request_id: UUID
    reason: Text
    due: date | None = None


@fact("governance.directive-closed", topic=REQUEST)
class DirectiveClosed(Event):
    """No directive is awaited any more, because the request is no project now."""

    request_id: UUID
    reason: Text


# --- the plan (IT-18, IT-19) ---


@fact("governance.plan-commissioned", topic=REQUEST)
class PlanCommissioned(Event):
    """The appointed leader is to write the plan from this version of the directive (IT-18)."""

    request_id: UUID
    leader: Person
    directive_version: int | None = None


@fact("governance.plan-written", topic=REQUEST)
class PlanWritten(Event):
    """The leader wrote a version of the plan, derived from a named version of the directive (IT-18)."""

    request_id: UUID
    version: int
    directive_version: int
    plan: Plan


@fact("governance.plan-accepted", topic=REQUEST)
class PlanAccepted(Event):
    """One of the two parties accepted a version of the plan (IT-19)."""

    request_id: UUID
    version: int
    party: Literal["it_team", "business"]
    person: Person


@fact("governance.plan-agreed", topic=REQUEST)
class PlanAgreed(Event):
    """Both parties accepted this version: it is the agreement between the IT team and the business (IT-19)."""

    request_id: UUID
    version: int
    directive_version: int


# --- the CAB (IT-21) ---


@fact("governance.meeting-called", topic=MEETING)
class MeetingCalled(Event):
    """The PM called a CAB meeting together with an IT-orderer meeting (IT-21)."""

    meeting_id: UUID
    number: int
    at: AwareDatetime
    place: Line
    orderer_meeting: Line
    invited: tuple[Municipality, ...]
    since: AwareDatetime | None = None


@fact("governance.meeting-moved", topic=MEETING)
class MeetingMoved(Event):
    """The meeting is held at another time or place."""

    meeting_id: UUID
    at: AwareDatetime
    place: Line
    reason: Text


@fact("governance.meeting-cancelled", topic=MEETING)
class MeetingCancelled(Event):
    """The meeting is not held; what stood on its agenda comes up at the next."""

    meeting_id: UUID
    reason: Text


@fact("governance.agenda-set", topic=MEETING)
class AgendaSet(Event):
    """The agenda as it stood when the PM set it: built from what changed since the last meeting, in the PM's order."""

    meeting_id: UUID
    items: tuple[AgendaItem, ...]


@fact("governance.attendance-recorded", topic=MEETING)
class AttendanceRecorded(Event):
    """Who sat at the meeting, for which municipality, and for whom when they were a deputy."""

    meeting_id: UUID
    attendees: tuple[Attendee, ...]


@fact("governance.decision-recorded", topic=MEETING)
class DecisionRecorded(Event):
    """The CAB decided something of a project."""

    meeting_id: UUID
    decision_id: UUID
    request_id: UUID
    municipality: Municipality
    outcome: Outcome
    text: Text


@fact("governance.minutes-written", topic=MEETING)
class MinutesWritten(Event):
    """A version of the minutes, to be approved by somebody who did not write it."""

    meeting_id: UUID
    version: int
    text: Text
    writer: Person | None = None


@fact("governance.minutes-approved", topic=MEETING)
class MinutesApproved(Event):
    """The adjuster approved this version of the minutes; the meeting is closed."""

    meeting_id: UUID
    version: int
    person: Person


@fact("governance.cab-decided", topic=REQUEST)
class CabDecided(Event):
    """What the CAB decided of this project reaches the project as a fact of its own history."""

    request_id: UUID
    meeting_id: UUID
    meeting_number: int
    decision_id: UUID
    outcome: Outcome
    text: Text


AgreementFact = (
    DirectiveSent
    | DirectiveDraftSaved
    | DirectiveHelpRequested
    | DirectiveHelpGiven
    | DirectiveReminded
    | DirectiveSubmitted
    | DirectiveSentBack
    | DirectiveAccepted
    | DirectiveSigned
    | DirectiveApproved
    | DirectiveReopened
    | DirectiveClosed
    | PlanCommissioned
    | PlanWritten
    | PlanAccepted
    | PlanAgreed
    | CabDecided
)
MeetingFact = (
    MeetingCalled
    | MeetingMoved
    | MeetingCancelled
    | AgendaSet
    | AttendanceRecorded
    | DecisionRecorded
    | MinutesWritten
    | MinutesApproved
)

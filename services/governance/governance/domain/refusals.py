"""Why governance says no. Each refusal names its rule; its English sentence is the key of its translations."""

from __future__ import annotations

from contracts.refusal import Forbidden, NotFound, Refusal

# --- the directive ---


class NoDirective(NotFound):
    """No directive was ever sent for this request."""

    text = "No directive has been sent for this request."
    rule = "IT-09"


class NotWithTheRequester(Refusal):
    """The directive is returned, accepted, approved or closed: its form is not open for writing."""

    text = "The directive is not open for writing now."
    rule = "IT-10"


class NotReturned(Refusal):
    """The PM can accept or send back only what has been returned."""

    text = "There is no returned directive to answer."
    rule = "IT-10"


class NoRemarks(Refusal):
    """Whoever sends a directive back says what is to be mended."""

    text = "Say what is to be mended: at least one remark is needed."
    rule = "IT-10"
    status = 422


class NotYourDirective(Forbidden):
    """Only the requester and the PM write in the directive."""

    text = "Only the requester, with the PM's support, fills this directive in."
    rule = "IT-11"


class SayWhat(Refusal):
    """An empty question, answer or reason helps nobody."""

    text = "Write something here."
    status = 422


class SameSignatory(Refusal):
    """The directive has two signatories, and they are two people."""

    text = "The orderer and the leader must be two different people."
    rule = "TY-01"
    status = 422


class NoLeaderNamed(Refusal):
    """Without a named leader the second signature could never be given."""

    text = "Name the assignment leader who is to approve the directive."
    rule = "TY-01"
    status = 422


class NotToBeSigned(Refusal):
    """A directive is signed after the PM accepted it and before it is approved."""

    text = "The directive cannot be approved now: it must be accepted by the PM, and not approved already."
    rule = "TY-01"


class NotASignatory(Forbidden):
    """Each signatory approves for themselves, and nobody for another."""

    text = "Only the orderer and the assignment leader approve the directive, each for themselves."
    rule = "TY-01"


class AlreadySigned(Refusal):
    """A signatory approves a version once."""

    text = "You have already approved this version."
    rule = "TY-01"


class AnotherVersion(Refusal):
    """What was looked at is not the version that stands."""

    text = "Version {asked} is not the one that stands; that is version {current}."
    rule = "TY-06"


class NotApproved(Refusal):
    """Only an approved directive can be reopened."""

    text = "Only an approved directive can be reopened."
    rule = "TY-06"


# --- the plan ---


class NoPlan(NotFound):
    """Nobody has been appointed to write a plan for this request."""

    text = "No plan has been commissioned for this request."
    rule = "IT-18"


class NotTheLeader(Forbidden):
    """The plan is written by the appointed leader."""

    text = "Only the appointed project leader writes the plan."
    rule = "IT-18"


class NotAnApprovedDirective(Refusal):
    """A plan derives from a version of the directive that both signatories approved."""

    text = "Version {version} of the directive is not approved; a plan is written from an approved version."
    rule = "IT-18"
    status = 422


class NoDirectiveBehindIt(Refusal):
    """The directive was closed: there is no project to plan."""

    text = "The directive is closed, so there is nothing to plan."
    rule = "IT-18"


class NothingToAccept(Refusal):
    """A plan is accepted after it was written."""

    text = "There is no version of the plan to accept."
    rule = "IT-19"


class NotThatParty(Forbidden):
    """The IT team accepts by its PM, the business by the directive's orderer."""

    text = "The plan is accepted for the IT team by the PM and for the business by the directive's orderer."
    rule = "IT-19"


class AlreadyAccepted(Refusal):
    """A party accepts a version once."""

    text = "Your side has already accepted this version."
    rule = "IT-19"


# --- the CAB ---


class NoMeeting(NotFound):
    """There is no such meeting."""

    text = "There is no such meeting."
    rule = "IT-21"


class NumberTaken(Refusal):
    """Meetings are numbered in a row, and somebody else called this one."""

    text = "Meeting {number} has just been called by somebody else."
    rule = "IT-21"


class MeetingIsOver(Refusal):
    """A cancelled or closed meeting is history."""

    text = "The meeting is cancelled or closed; nothing more can be recorded."
    rule = "IT-21"


class NobodyInvited(Refusal):
    """A CAB meeting has the IT managers of the partner municipalities in it."""

    text = "Invite at least one municipality."
    rule = "IT-21"
    status = 422


class TwiceOnTheAgenda(Refusal):
    """A request is one item of an agenda."""

    text = "A request stands on the agenda once."
    rule = "IT-21"
    status = 422


class NotOnTheAgenda(Refusal):
    """The CAB decides what stands on its agenda."""

    text = "The request is not on the agenda; put it there first."
    rule = "IT-21"


class MinutesAreOlder(Refusal):
    """What was recorded after the minutes were written is not in them."""

    text = "Something was recorded after these minutes were written; write a new version of them first."
    rule = "IT-21"


class NotInvited(Refusal):
    """Those who sit at the meeting sit there for an invited municipality."""

    text = "{municipality} is not invited to this meeting."
    rule = "IT-21"
    status = 422


class NoName(Refusal):
    """A seat is somebody's."""

    text = "Say who sat here, or take the row away."
    rule = "IT-21"
    status = 422


class TwiceAtTheTable(Refusal):
    """One person, one seat."""

    text = "The same person is recorded twice."
    rule = "IT-21"
    status = 422


class DeputyOfNobody(Refusal):
    """A deputy sits for somebody, who is named."""

    text = "Say whom the deputy sits for."
    rule = "IT-21"
    status = 422


class NotTheDeputy(Refusal):
    """Whoever sits for somebody else sits as their deputy."""

    text = "Whoever sits for somebody else sits as deputy: choose that role, or leave empty whom they sit for."
    rule = "IT-21"
    status = 422


class NoAttendance(Refusal):
    """Minutes say who was there."""

    text = "Record who attended before the minutes are written."
    rule = "IT-21"


class NoMinutes(Refusal):
    """There is nothing to approve yet."""

    text = "No minutes have been written."
    rule = "IT-21"


class WriterCannotAdjust(Forbidden):
    """Minutes are approved by another than the one who wrote them."""

    text = "The minutes are approved by somebody who attended and did not write them."
    rule = "IT-21"

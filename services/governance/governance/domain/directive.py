"""The directive of one request: sent, filled in, returned, accepted, signed by two, reopened.

The rules are IT-09…IT-11, TY-01 and TY-06; those of what a directive says are in `checks`.

Pure: decisions return facts, `evolve` folds facts into state; the day and who acts are handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from contracts.governance import (
    DirectiveAccepted,
    DirectiveApproved,
    DirectiveClosed,
    DirectiveDraftSaved,
    DirectiveHelpGiven,
    DirectiveHelpRequested,
    DirectiveReminded,
    DirectiveReopened,
    DirectiveSent,
    DirectiveSentBack,
    DirectiveSigned,
    DirectiveSubmitted,
)
from contracts.personal import Personal
from contracts.values import Directive, Language, Person, Remark
from governance.domain import checks, oddities, refusals
from governance.domain.filled import Filled
from governance.domain.words import LINE, bounded, clean, said

Stage = Literal["sent", "in_progress", "returned", "sent_back", "accepted", "approved", "reopened", "closed"]
Signatory = Literal["orderer", "leader"]
Holder = Literal["requester", "pm", "signatories", "nobody"]
DirectiveFact = (
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
)

DAYS_TO_RETURN = 21
"""How long the requester has, in days, from the day the directive is sent, sent back or reopened."""
DAYS_BETWEEN_REMINDERS = 7
REMINDERS = 3
"""Nobody is reminded more often than this of the same due date; after that it is for the PM to call."""

HOLDER: Mapping[Stage, Holder] = {
    "sent": "requester",
    "in_progress": "requester",
    "sent_back": "requester",
    "reopened": "requester",
    "returned": "pm",
    "accepted": "signatories",
    "approved": "nobody",
    "closed": "nobody",
}
"""Who has the ball at each stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectiveCase:
    """What governance must remember of a directive in order to decide."""

    request_id: UUID
    requester: Person
    due: date
    stage: Stage = "sent"
    version: int = 0
    """The last version returned; 0 until the first return."""
    document: Directive | None = None
    """The directive of that version."""
    leader: Person | None = None
    """The leader signatory the PM named on accepting."""
    signed: frozenset[Signatory] = frozenset()
    approved: Mapping[int, Directive]
    """Every version both signatories ever approved, by its number."""
    reminders: int = 0
    reminded_on: date | None = None
    """The day of the last reminder; None when there was none, or when it did not say its day."""

    @property
    def with_requester(self) -> bool:
        """Whether the form is open for writing."""
        return HOLDER[self.stage] == "requester"

    @property
    def binding(self) -> int | None:
        """The approved version that binds, or None before there is one."""
        return max(self.approved, default=None)

    def save_draft(self, draft: Personal, *, by: Literal["requester", "pm"]) -> DirectiveDraftSaved:
        """The form as it stands, finished or not (IT-10), by the requester or the PM who helps (IT-11)."""
        self._open_for_writing()
        return DirectiveDraftSaved(request_id=self.request_id, draft=draft, by=by)

    def ask_for_help(self, question: Personal, *, field: str | None = None) -> DirectiveHelpRequested:
        """The requester asks the PM (IT-11)."""
        self._open_for_writing()
        return DirectiveHelpRequested(request_id=self.request_id, question=question, field=field)

    def help(self, answer: Personal) -> DirectiveHelpGiven:
        """The PM answers, or comments without being asked (IT-11)."""
        self._open_for_writing()
        return DirectiveHelpGiven(request_id=self.request_id, answer=answer)

    def hand_in(self, filled: Filled, people: Mapping[str, Person]) -> DirectiveSubmitted:
        """The requester returns the directive to the PM (IT-10).

        `people` holds the sealed person of each place in the form that names one. Raises Refusals with one refusal
        for each field that is missing or wrong; inconsistencies that stop nobody go along as warnings (TY-13, TY-21).
        """
        self._open_for_writing()
        checks.require(filled)
        return DirectiveSubmitted(
            request_id=self.request_id,
            version=self.version + 1,
            directive=filled.directive(people),
            warnings=oddities.warnings(filled),
        )

    def send_back(self, remarks: Sequence[Remark], *, version: int, today: date) -> DirectiveSentBack:
        """The PM wants something mended (IT-10): a returned version, or an accepted one not yet approved by both."""
        if self.stage not in ("returned", "accepted"):
            raise refusals.NotReturned
        self._is_the_version(version)
        told = tuple(
            Remark(field=clean(remark.field)[:LINE], text=bounded(remark.text, f"remarks.{remark.field}"))
            for remark in remarks
            if clean(remark.text)
        )
        if not told:
            raise refusals.NoRemarks(field="remarks")
        return DirectiveSentBack(request_id=self.request_id, version=version, remarks=told, due=_due(today))

    def accept(self, leader: Person | None, *, version: int, note: str = "") -> DirectiveAccepted:
        """The PM finds the version complete and names who signs as leader (TY-01), unless the directive names them."""
        if self.stage != "returned" or self.document is None:
            raise refusals.NotReturned
        self._is_the_version(version)
        leader = leader or self.document.leader
        if leader is None:
            raise refusals.NoLeaderNamed(field="leader.email")
        if leader.id == self.document.orderer.id:
            raise refusals.SameSignatory(field="leader.email")
        note = bounded(note, "note")
        return DirectiveAccepted(request_id=self.request_id, version=version, leader=leader, note=note)

    def sign(self, person: Person, *, version: int) -> tuple[DirectiveSigned | DirectiveApproved, ...]:
        """A signatory approves for themselves; with the second signature the directive is approved (TY-01)."""
        if self.stage != "accepted" or self.document is None or self.leader is None:
            raise refusals.NotToBeSigned
        self._is_the_version(version)
        signatory = self.signatory(person.id)
        if signatory is None:
            raise refusals.NotASignatory
        if signatory in self.signed:
            raise refusals.AlreadySigned
        signed = DirectiveSigned(request_id=self.request_id, version=version, signatory=signatory, person=person)
        if not self.signed:
            return (signed,)
        agreed = _led_by(self.document, self.leader)
        return signed, DirectiveApproved(request_id=self.request_id, version=version, directive=agreed)

    def signatory(self, person: UUID) -> Signatory | None:
        """As which of the two this person signs, if as any."""
        if self.document is not None and person == self.document.orderer.id:
            return "orderer"
        return "leader" if self.leader is not None and person == self.leader.id else None

    def reopen(self, reason: str, *, today: date) -> DirectiveReopened:
        """What was approved is to change; the approved version binds until a new one is approved (TY-06)."""
        if self.stage != "approved":
            raise refusals.NotApproved
        return DirectiveReopened(request_id=self.request_id, reason=said(reason, "reason"), due=_due(today))

    def close(self, reason: str) -> DirectiveClosed | None:
        """No directive is awaited any more; None when none was."""
        return None if self.stage == "closed" else DirectiveClosed(request_id=self.request_id, reason=reason)

    def remind(self, today: date) -> DirectiveReminded | None:
        """The reminder that is due on this day, if any (IT-10): no more than `REMINDERS`, and a week apart also when
        nobody could be reminded for long."""
        if not self.with_requester or self.reminders >= REMINDERS or today < self._next_reminder():
            return None
        return DirectiveReminded(request_id=self.request_id, due=self.due, times=self.reminders + 1, day=today)

    def _next_reminder(self) -> date:
        """The first day on which to remind again: the day after it was due, and then a week after the last time."""
        if self.reminded_on is not None:
            return self.reminded_on + timedelta(days=DAYS_BETWEEN_REMINDERS)
        return self.due + timedelta(days=DAYS_BETWEEN_REMINDERS * self.reminders + 1)

    def _open_for_writing(self) -> None:
        if not self.with_requester:
            raise refusals.NotWithTheRequester

    def _is_the_version(self, asked: int) -> None:
        if asked != self.version:
            raise refusals.AnotherVersion(asked=asked, current=self.version)


def send(
    case: DirectiveCase | None, *, request_id: UUID, requester: Person, title: str, language: Language, today: date
) -> DirectiveSent | None:
    """The directive goes out to the requester when the request is judged a project (IT-09); None when it is out."""
    if case is not None and case.stage != "closed":
        return None
    return DirectiveSent(request_id=request_id, requester=requester, title=title, language=language, due=_due(today))


def evolve(case: DirectiveCase | None, fact: DirectiveFact) -> DirectiveCase:
    """The directive after one more fact."""
    if isinstance(fact, DirectiveSent):
        return _sent(case, fact)
    assert case is not None, f"{fact.type} before a directive was sent"
    match fact:
        case DirectiveDraftSaved():
            return replace(case, stage="in_progress")
        case DirectiveHelpRequested() | DirectiveHelpGiven():
            return case
        case DirectiveReminded(times=times, day=day):
            return replace(case, reminders=times, reminded_on=day)
        case DirectiveSubmitted(version=version, directive=directive):
            unsigned = replace(case, leader=None, signed=frozenset())
            return replace(unsigned, stage="returned", version=version, document=directive)
        case DirectiveSentBack(due=due):
            return replace(_due_again(case, due), stage="sent_back", leader=None)
        case DirectiveAccepted(leader=leader):
            return replace(case, stage="accepted", leader=leader, signed=frozenset())
        case DirectiveSigned(signatory=signatory):
            return replace(case, signed=case.signed | {signatory})
        case DirectiveApproved(version=version, directive=directive):
            return replace(case, stage="approved", document=directive, approved={**case.approved, version: directive})
        case DirectiveReopened(due=due):
            return replace(_due_again(case, due), stage="reopened")
        case DirectiveClosed():
            return replace(case, stage="closed")


def _sent(case: DirectiveCase | None, fact: DirectiveSent) -> DirectiveCase:
    if case is None:
        return DirectiveCase(request_id=fact.request_id, requester=fact.requester, due=fact.due, approved={})
    # Sent again after it was closed: the form begins anew, the numbers of its versions go on.
    return DirectiveCase(
        request_id=fact.request_id,
        requester=fact.requester,
        due=fact.due,
        version=case.version,
        document=case.document,
        approved=case.approved,
    )


def _due_again(case: DirectiveCase, due: date | None) -> DirectiveCase:
    """With the requester once more: nobody has signed, and they are reminded from the beginning."""
    return replace(case, due=due or case.due, signed=frozenset(), reminders=0, reminded_on=None)


def _due(today: date) -> date:
    return today + timedelta(days=DAYS_TO_RETURN)


def _led_by(directive: Directive, leader: Person) -> Directive:
    return replace(directive, leader=leader)

"""What each fact that portfolio follows says to an auditor, as a sentence: its own, and what it hears."""

from __future__ import annotations

from typing import Any

from chassis.i18n import N_
from chassis.web.sentences import Sentences
from contracts.governance import (
    DirectiveAccepted,
    DirectiveApproved,
    DirectiveClosed,
    DirectiveReopened,
    DirectiveSent,
    DirectiveSentBack,
    DirectiveSubmitted,
    PlanAgreed,
    PlanCommissioned,
    PlanWritten,
)
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
from contracts.portfolio import (
    Assigned,
    DialogueHeld,
    EnteredPortfolio,
    FollowUpAgreed,
    GateDecided,
    LeftPortfolio,
    PeopleLent,
    Prioritised,
    ProjectCompleted,
    ProjectLimited,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    ReleasePlanned,
    RoundCancelled,
    RoundClosed,
    RoundOpened,
    ScoresGiven,
    ScoresWithdrawn,
    ServesChanged,
    StatusReported,
    StatusReportMissed,
    WorkStarted,
)

PASSED, HELD = N_("Gate {gate} was passed."), N_("Gate {gate} was held.")
RANKED_BY_PM = N_("The PM ranked the project number {rank}.")
RANKED_BY_ROUND = N_("A round of the IT managers ranked the project number {rank}.")
VOTED, ABSTAINED = N_("{municipality} voted."), N_("{municipality} abstained.")
UNTIL, PUT_OFF = N_("The project was put off until {until}: {reason}"), N_("The project was put off: {reason}")


def _gate(fact: Any) -> str:
    return PASSED if fact.outcome == "passed" else HELD


def _ranked(fact: Any) -> str:
    return RANKED_BY_PM if fact.by == "pm" else RANKED_BY_ROUND


def _voted(fact: Any) -> str:
    return ABSTAINED if fact.abstained else VOTED


def _postponed(fact: Any) -> str:
    return UNTIL if fact.until else PUT_OFF


SENTENCES: Sentences = {
    EnteredPortfolio.type: N_("The project “{title}” entered the portfolio."),
    LeftPortfolio.type: N_("The project left the portfolio: {reason}"),
    ServesChanged.type: N_("The project serves {serves}."),
    FollowUpAgreed.type: N_("It was agreed how the project is followed; its budget is {budget}."),
    Prioritised.type: _ranked,
    ReleasePlanned.type: N_("Delivery was planned for {period}."),
    Assigned.type: N_("The project was dealt out to {leader}."),
    PeopleLent.type: N_("People of this project were lent to another."),
    WorkStarted.type: N_("Work started by version {plan_version} of the plan."),
    StatusReported.type: N_("Status report {number} was given: {progress} percent done."),
    StatusReportMissed.type: N_("A status report was due on {due} and had not come."),
    GateDecided.type: _gate,
    DialogueHeld.type: N_("The leader spoke with {with_whom}."),
    ProjectPostponed.type: _postponed,
    ProjectLimited.type: N_("The project goes on with less: {scope}"),
    ProjectStopped.type: N_("The project was stopped: {reason}"),
    ProjectResumed.type: N_("The project goes on: {reason}"),
    ProjectCompleted.type: N_("The project was completed; it cost {spent}."),
    RoundOpened.type: N_("The round “{title}” was opened, until {deadline}."),
    ScoresGiven.type: _voted,
    ScoresWithdrawn.type: N_("{municipality} took its vote back."),
    RoundClosed.type: N_("The round was closed and gave its ranks."),
    RoundCancelled.type: N_("The round was called off: {reason}"),
    RequestRegistered.type: N_("Ticket {ticket}, “{title}”, was registered as a request."),
    RequestChanged.type: N_("The ticket was edited at its source; it is called “{title}”."),
    RequestWithdrawn.type: N_("The request was withdrawn at its source."),
    RequestMerged.type: N_("The ticket was joined with ticket {ticket}."),
    RequestReopened.type: N_("The ticket came back into the project flow."),
    ClassifiedAsProject.type: N_("The request was judged a project: {reason}"),
    ClassifiedAsChange.type: N_("The request was judged a change: {reason}"),
    ClassificationWithdrawn.type: N_("The judgement was taken back: {reason}"),
    DirectiveSent.type: N_("{requester} was sent a directive to fill in until {due}."),
    DirectiveSubmitted.type: N_("Version {version} of the directive was returned."),
    DirectiveSentBack.type: N_("Version {version} of the directive was sent back with remarks."),
    DirectiveAccepted.type: N_("The PM accepted version {version} of the directive as complete."),
    DirectiveApproved.type: N_("Version {version} of the directive was approved by both signatories and binds."),
    DirectiveReopened.type: N_("The approved directive was reopened: {reason}"),
    DirectiveClosed.type: N_("No directive is awaited any more: {reason}"),
    PlanCommissioned.type: N_("{leader} was asked to write the plan."),
    PlanWritten.type: N_("Version {version} of the plan was written."),
    PlanAgreed.type: N_("Both parties agreed on version {version} of the plan."),
}

"""What each fact that governance follows says to an auditor, as a sentence: its own, and those of the portfolio."""

from __future__ import annotations

from typing import Any

from chassis.i18n import N_
from chassis.web.sentences import Sentences
from contracts.accounts import (
    AccountClosed,
    AccountLinkMade,
    AccountOpened,
    AccountRenamed,
    PasswordChosen,
    RolesGiven,
)
from contracts.governance import (
    AgendaSet,
    AttendanceRecorded,
    CabDecided,
    DecisionRecorded,
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
    MeetingCalled,
    MeetingCancelled,
    MeetingMoved,
    MinutesApproved,
    MinutesWritten,
    PlanAccepted,
    PlanAgreed,
    PlanCommissioned,
    PlanWritten,
)
from contracts.partnership import (
    CadenceSet,
    ConnectionEnded,
    ConnectionKeySet,
    ConnectionSecretsSet,
    ConnectionSet,
    ConnectionTokenSet,
    CriteriaSet,
    DeputyEnded,
    DeputyNamed,
    GuidanceWritten,
    MunicipalityChanged,
    MunicipalityJoined,
    OfficersNamed,
    SizeCriteriaSet,
    TieRuleSet,
)
from contracts.portfolio import (
    EnteredPortfolio,
    FollowUpAgreed,
    GateDecided,
    LeftPortfolio,
    Prioritised,
    ProjectCompleted,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    StatusReported,
    StatusReportMissed,
)

DECIDED = {
    "approved": N_("The CAB approved: {text}"),
    "rejected": N_("The CAB rejected: {text}"),
    "deferred": N_("The CAB deferred the matter: {text}"),
    "stop": N_("The CAB decided to stop the project: {text}"),
    "postpone": N_("The CAB decided to put the project off: {text}"),
    "limit": N_("The CAB decided to limit the project: {text}"),
    "resume": N_("The CAB decided that the project goes on: {text}"),
    "noted": N_("The CAB took note: {text}"),
}
SIGNED = {
    "orderer": N_("{person} signed version {version} of the directive as orderer."),
    "leader": N_("{person} signed version {version} of the directive as leader."),
}
ACCEPTED = {
    "it_team": N_("{person} accepted version {version} of the plan for the IT team."),
    "business": N_("{person} accepted version {version} of the plan for the business."),
}
SAVED = {
    "requester": N_("The requester saved a draft of the directive."),
    "pm": N_("The PM saved a draft of the directive for the requester."),
}
AT_GATE = {"passed": N_("Gate {gate} was passed."), "held": N_("Gate {gate} was held.")}


def _decided(fact: Any) -> str:
    return DECIDED[fact.outcome]


def _signed(fact: Any) -> str:
    return SIGNED[fact.signatory]


def _accepted(fact: Any) -> str:
    return ACCEPTED[fact.party]


def _saved(fact: Any) -> str:
    return SAVED[fact.by]


def _at_gate(fact: Any) -> str:
    return AT_GATE[fact.outcome]


SENTENCES: Sentences = {
    DirectiveSent.type: N_("{requester} was sent a directive to fill in until {due}."),
    DirectiveDraftSaved.type: _saved,
    DirectiveHelpRequested.type: N_("The requester asked the PM for help with the directive."),
    DirectiveHelpGiven.type: N_("The PM answered the request for help."),
    DirectiveReminded.type: N_("The requester was reminded of the directive, due on {due}."),
    DirectiveSubmitted.type: N_("Version {version} of the directive was returned."),
    DirectiveSentBack.type: N_("Version {version} of the directive was sent back with remarks."),
    DirectiveAccepted.type: N_("The PM accepted version {version} of the directive as complete."),
    DirectiveSigned.type: _signed,
    DirectiveApproved.type: N_("Version {version} of the directive was approved by both signatories and binds."),
    DirectiveReopened.type: N_("The approved directive was reopened: {reason}"),
    DirectiveClosed.type: N_("No directive is awaited any more: {reason}"),
    PlanCommissioned.type: N_("{leader} was asked to write the plan."),
    PlanWritten.type: N_("Version {version} of the plan was written."),
    PlanAccepted.type: _accepted,
    PlanAgreed.type: N_("Both parties agreed on version {version} of the plan."),
    CabDecided.type: _decided,
    MeetingCalled.type: N_("Meeting {number} of the CAB was called for {at}."),
    MeetingMoved.type: N_("The meeting was moved to {at}, {place}: {reason}"),
    MeetingCancelled.type: N_("The meeting was called off: {reason}"),
    AgendaSet.type: N_("The agenda was set."),
    AttendanceRecorded.type: N_("It was recorded who sat at the meeting."),
    DecisionRecorded.type: _decided,
    MinutesWritten.type: N_("Version {version} of the minutes was written."),
    MinutesApproved.type: N_("{person} approved version {version} of the minutes."),
    CriteriaSet.type: N_("It was set what projects are ranked by: {reason}"),
    SizeCriteriaSet.type: N_("It was set what is asked when a request is judged: {reason}"),
    CadenceSet.type: N_("It was set how often leaders report: {reason}"),
    TieRuleSet.type: N_("It was written what is done with equal scores: {reason}"),
    GuidanceWritten.type: N_("Help was written for the part “{section}” of the directive: {reason}"),
    MunicipalityJoined.type: N_("The municipality joined the cooperation: {reason}"),
    MunicipalityChanged.type: N_("What is known of the municipality was changed: {reason}"),
    OfficersNamed.type: N_("It was said who is in office: {reason}"),
    DeputyNamed.type: N_("{deputy} stands in for {manager} from {starts} until {ends}: {reason}"),
    ConnectionSet.type: N_("It was set how the ticketing system {system} is spoken with: {reason}"),
    ConnectionSecretsSet.type: N_("The secrets of the connection to {system} were changed: {reason}"),
    ConnectionTokenSet.type: N_("The connection to {system} was given another token: {reason}"),
    ConnectionKeySet.type: N_("The connection to {system} was given another secret of its own, {key}: {reason}"),
    ConnectionEnded.type: N_("The connection to {system} was ended: {reason}"),
    DeputyEnded.type: N_("A deputy stands in no longer than until {ends}: {reason}"),
    EnteredPortfolio.type: N_("The project “{title}” entered the portfolio."),
    LeftPortfolio.type: N_("The project left the portfolio: {reason}"),
    FollowUpAgreed.type: N_("It was agreed how the project is followed; its budget is {budget}."),
    Prioritised.type: N_("The project was ranked number {rank}."),
    ProjectCompleted.type: N_("The project was completed."),
    ProjectPostponed.type: N_("The project was put off: {reason}"),
    ProjectResumed.type: N_("The project goes on: {reason}"),
    ProjectStopped.type: N_("The project was stopped: {reason}"),
    StatusReported.type: N_("Status report {number} was given: {progress} percent done."),
    StatusReportMissed.type: N_("A status report was due on {due} and had not come."),
    GateDecided.type: _at_gate,
    AccountOpened.type: N_("{person} was given an account with these roles: {roles}."),
    RolesGiven.type: N_("{person} holds these roles now: {roles}. Before: {before}."),
    AccountRenamed.type: N_("{person} is called so now, or reads in another language."),
    AccountLinkMade.type: N_("A link was made by which a password can be chosen, once."),
    PasswordChosen.type: N_("A password was chosen by the link."),
    AccountClosed.type: N_("The account was removed."),
}

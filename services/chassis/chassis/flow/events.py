"""What each kind of event is called, in the reader's language, beside its name in the code.

All services' kinds stand here: whoever follows a request across services reads them on the pages of any of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from chassis.i18n import N_, translate

EVENTS: Mapping[str, str] = {
    "governance.account-closed": N_("Account closed"),
    "governance.account-link-made": N_("Link to a password made"),
    "governance.account-opened": N_("Account opened"),
    "governance.account-renamed": N_("Account's name changed"),
    "governance.agenda-set": N_("Agenda set"),
    "governance.attendance-recorded": N_("Attendance recorded"),
    "governance.cab-decided": N_("CAB decided"),
    "governance.cadence-set": N_("Cadence of reports set"),
    "governance.connection-ended": N_("Connection ended"),
    "governance.connection-key-set": N_("Connection's key set"),
    "governance.connection-secrets-set": N_("Connection's secrets set"),
    "governance.connection-set": N_("Connection set"),
    "governance.connection-token-set": N_("Connection's token set"),
    "governance.criteria-set": N_("Criteria and weights set"),
    "governance.decision-recorded": N_("Decision recorded"),
    "governance.deputy-ended": N_("Deputy's time ended"),
    "governance.deputy-named": N_("Deputy named"),
    "governance.directive-accepted": N_("Directive accepted"),
    "governance.directive-approved": N_("Directive approved"),
    "governance.directive-closed": N_("Directive closed"),
    "governance.directive-draft-saved": N_("Draft of the directive saved"),
    "governance.directive-help-given": N_("Help with the directive given"),
    "governance.directive-help-requested": N_("Help with the directive asked for"),
    "governance.directive-reminded": N_("Reminded of the directive"),
    "governance.directive-reopened": N_("Directive reopened"),
    "governance.directive-sent": N_("Directive sent to the requester"),
    "governance.directive-sent-back": N_("Directive sent back"),
    "governance.directive-signed": N_("Directive signed"),
    "governance.directive-submitted": N_("Directive returned"),
    "governance.guidance-written": N_("Help in the directive written"),
    "governance.meeting-called": N_("Meeting called"),
    "governance.meeting-cancelled": N_("Meeting cancelled"),
    "governance.meeting-moved": N_("Meeting moved"),
    "governance.minutes-approved": N_("Minutes approved"),
    "governance.minutes-written": N_("Minutes written"),
    "governance.municipality-changed": N_("Municipality changed"),
    "governance.municipality-joined": N_("Municipality joined"),
    "governance.officers-named": N_("Officers named"),
    "governance.password-chosen": N_("Password chosen"),
    "governance.plan-accepted": N_("Plan accepted"),
    "governance.plan-agreed": N_("Plan agreed"),
    "governance.plan-commissioned": N_("Plan commissioned"),
    "governance.plan-written": N_("Plan written"),
    "governance.roles-given": N_("Roles given"),
    "governance.size-criteria-set": N_("Size criteria set"),
    "governance.tie-rule-set": N_("Rule for equal scores set"),
    "intake.classification-withdrawn": N_("Judgement withdrawn"),
    "intake.classified-as-change": N_("Judged to be a change"),
    "intake.classified-as-project": N_("Judged to be a project"),
    "intake.request-changed": N_("Request changed"),
    "intake.request-merged": N_("Request merged"),
    "intake.request-registered": N_("Request registered"),
    "intake.request-reopened": N_("Request reopened"),
    "intake.request-withdrawn": N_("Request withdrawn"),
    "notifications.message-due": N_("Message due"),
    "notifications.message-due-again": N_("Message due again"),
    "notifications.message-given-up": N_("Message given up"),
    "notifications.message-sent": N_("Message sent"),
    "portfolio.assigned": N_("Project assigned"),
    "portfolio.dialogue-held": N_("Dialogue held"),
    "portfolio.entered": N_("Entered into the portfolio"),
    "portfolio.follow-up-agreed": N_("Follow-up agreed"),
    "portfolio.gate-decided": N_("Decision point decided"),
    "portfolio.left": N_("Left the portfolio"),
    "portfolio.people-lent": N_("People lent"),
    "portfolio.prioritised": N_("Project ranked"),
    "portfolio.project-completed": N_("Project completed"),
    "portfolio.project-limited": N_("Project limited"),
    "portfolio.project-postponed": N_("Project postponed"),
    "portfolio.project-resumed": N_("Project resumed"),
    "portfolio.project-stopped": N_("Project stopped"),
    "portfolio.release-planned": N_("Delivery period planned"),
    "portfolio.round-cancelled": N_("Round cancelled"),
    "portfolio.round-closed": N_("Round closed"),
    "portfolio.round-opened": N_("Round opened"),
    "portfolio.scores-given": N_("Scores given"),
    "portfolio.scores-withdrawn": N_("Scores withdrawn"),
    "portfolio.serves-changed": N_("Municipalities served changed"),
    "portfolio.status-report-missed": N_("Status report missed"),
    "portfolio.status-reported": N_("Status reported"),
    "portfolio.work-started": N_("Work started"),
}
"""By the kind without its version: keys for translation."""


def event_called(kind: str, language: str) -> str:
    """What a kind of event is called; its name in the code, for one that no release knows."""
    called = EVENTS.get(kind.rpartition(".")[0])
    return translate(called, language) if called else kind

"""Who may ask for what: every route of every service, and the roles that it does not refuse.

A line is `METHOD path | who may`, and where it is so `| who of another municipality may too`. Who is said by roles, or:

    anyone      also without signing in
    signed in   whoever is signed in; what they see is their own, or their municipalities'
    readers     every role but the requester's
    a secret    a Service Desk's signature or token, and no person
    a link      the address itself lets in, whoever opens it

and by the person, where it is one: the requester, the orderer, the leader, the adjuster (who attended the meeting).
Where a path has a part such as {decision=rank}, the line is about that value of it. A municipality's affairs are shown
to nobody of another who is not in the last column.
"""

from __future__ import annotations

from dataclasses import dataclass

from chassis.identity import READERS, Role

EVERY_SERVICE = """
GET /{s}/openapi.json | anyone
GET /{s}/health | anyone
GET /{s}/metrics | anyone
GET /{s}/language/{language} | anyone
GET /{s}/accessibility | anyone
GET /{s}/design | signed in
GET /{s}/live | signed in
GET /{s}/home | signed in
GET /{s}/api/waiting | signed in
GET /{s}/api/views/{view} | pm, auditor
GET /{s}/api/views/{view}/{key} | pm, auditor
GET /{s}/audit/ | pm, auditor
GET /{s}/audit/key.json | anyone
GET /{s}/audit/found.json | pm, auditor
GET /{s}/audit/reads | auditor
GET /{s}/audit/{view} | pm, auditor
GET /{s}/audit/{view}/{key} | pm, auditor
GET /{s}/audit/{view}/{key}/case.json | pm, auditor
GET /{s}/audit/{view}/{key}/case.pdf | pm, auditor
GET /{s}/api/flow | operator | operator
GET /{s}/flow/ | operator | operator
GET /{s}/flow/parked | operator
GET /{s}/flow/parked/{number} | operator
GET /{s}/flow/parked/{number}/mend | operator
POST /{s}/flow/parked/{number}/mend | operator
GET /{s}/flow/parked/{number}/replay | operator
POST /{s}/flow/parked/{number}/replay | operator
GET /{s}/flow/views | operator | operator
GET /{s}/flow/views/{name}/{work} | operator | operator
POST /{s}/flow/views/{name}/{work} | operator | operator
GET /{s}/flow/trace | operator | operator
GET /{s}/flow/trace/{request_id} | operator
"""

INTAKE = """
POST /intake/hooks/standard-webhooks/{credential} | a secret
POST /intake/hooks/cloudevents/{credential} | a secret
OPTIONS /intake/hooks/cloudevents/{credential} | anyone
POST /intake/hooks/{kind}/{credential} | a secret
GET /intake/hooks/{kind}/{credential} | a secret
POST /intake/api/requests | service_desk
GET /intake/api/requests | signed in
GET /intake/api/inbox | signed in
GET /intake/api/requests/{request_id} | pm, service_desk, it_manager, deputy, leader, auditor, the requester
GET /intake/api/requests/{request_id}/attachments/{key} | nobody
GET /intake/api/requests/{request_id}/history | pm, service_desk, it_manager, deputy, leader, auditor, the requester
POST /intake/api/requests/{request_id}/classification | pm
POST /intake/api/requests/{request_id}/classification/withdrawal | pm
GET /intake/ | signed in
GET /intake/requests | signed in
GET /intake/mine | anyone
GET /intake/requests/{request_id} | pm, service_desk, it_manager, deputy, leader, auditor, the requester
POST /intake/requests/{request_id} | pm
GET /intake/register | service_desk | service_desk
POST /intake/register | service_desk
GET /intake/deliveries | service_desk, pm, operator
POST /intake/deliveries/{delivery_id} | service_desk, pm, operator
GET /intake/connections | operator
GET /intake/connections/kinds.json | operator
GET /intake/connections/{town}/{system} | operator
POST /intake/connections/{town}/{system} | operator
"""

PORTFOLIO = """
GET /portfolio/api/projects | signed in
GET /portfolio/api/mine | signed in
GET /portfolio/api/totals | signed in
GET /portfolio/api/projects/{request_id} | readers, the requester, the leader
GET /portfolio/api/projects/{request_id}/history | readers, the requester, the leader
POST /portfolio/api/projects/{request_id}/rank | pm
POST /portfolio/api/projects/{request_id}/serve | pm
POST /portfolio/api/projects/{request_id}/join | pm
POST /portfolio/api/projects/{request_id}/release | pm
POST /portfolio/api/projects/{request_id}/assign | pm
POST /portfolio/api/projects/{request_id}/lend | pm
POST /portfolio/api/projects/{request_id}/report | the leader
POST /portfolio/api/projects/{request_id}/gate | pm, the leader
POST /portfolio/api/projects/{request_id}/talk | the leader
POST /portfolio/api/projects/{request_id}/postpone | pm
POST /portfolio/api/projects/{request_id}/limit | pm
POST /portfolio/api/projects/{request_id}/stop | pm
POST /portfolio/api/projects/{request_id}/resume | pm
POST /portfolio/api/projects/{request_id}/complete | pm
POST /portfolio/api/ranking | pm
GET /portfolio/api/rounds | signed in | readers
POST /portfolio/api/rounds | pm
GET /portfolio/api/rounds/{round_id} | readers | readers
GET /portfolio/api/rounds/{round_id}/votes | readers | readers
PUT /portfolio/api/rounds/{round_id}/votes/{municipality} | it_manager, deputy
DELETE /portfolio/api/rounds/{round_id}/votes/{municipality} | it_manager, deputy
POST /portfolio/api/rounds/{round_id}/close | pm
POST /portfolio/api/rounds/{round_id}/cancel | pm
GET /portfolio/ | signed in
GET /portfolio/totals | signed in
POST /portfolio/saved | signed in
POST /portfolio/saved/{view_id}/remove | signed in
GET /portfolio/mine | signed in
GET /portfolio/requests | signed in
GET /portfolio/requests/{request_id} | the requester
GET /portfolio/request/{token} | a link
GET /portfolio/ranking | pm
POST /portfolio/ranking | pm
GET /portfolio/projects/{request_id} | readers, the requester, the leader
GET /portfolio/projects/{request_id}/{decision=rank} | pm
GET /portfolio/projects/{request_id}/{decision=gate} | pm, the leader
GET /portfolio/projects/{request_id}/{decision=report} | the leader
POST /portfolio/projects/{request_id}/{decision=rank} | pm
POST /portfolio/projects/{request_id}/{decision=gate} | pm, the leader
POST /portfolio/projects/{request_id}/{decision=report} | the leader
GET /portfolio/rounds | signed in | readers
GET /portfolio/rounds/new | pm
POST /portfolio/rounds/new | pm
GET /portfolio/rounds/{round_id} | readers | readers
GET /portfolio/rounds/{round_id}/vote/{municipality} | it_manager, deputy
POST /portfolio/rounds/{round_id}/vote/{municipality} | it_manager, deputy
POST /portfolio/rounds/{round_id}/withdraw/{municipality} | it_manager, deputy
POST /portfolio/rounds/{round_id}/close | pm
POST /portfolio/rounds/{round_id}/cancel | pm
"""

GOVERNANCE = """
GET /governance/api/directives | signed in
GET /governance/api/directives/{request_id} | readers, the requester, the orderer, the leader
PUT /governance/api/directives/{request_id}/draft | pm, the requester
POST /governance/api/directives/{request_id}/questions | the requester
POST /governance/api/directives/{request_id}/answers | pm
POST /governance/api/directives/{request_id}/return | the requester
POST /governance/api/directives/{request_id}/send-back | pm
POST /governance/api/directives/{request_id}/accept | pm
POST /governance/api/directives/{request_id}/sign | the orderer, the leader
POST /governance/api/directives/{request_id}/reopen | pm, the orderer
GET /governance/api/plans | signed in
GET /governance/api/plans/{request_id} | readers, the requester, the orderer, the leader
POST /governance/api/plans/{request_id}/versions | the leader
POST /governance/api/plans/{request_id}/acceptances | pm
GET /governance/api/meetings | signed in
GET /governance/api/meetings/candidates | signed in
GET /governance/api/meetings/{meeting_id} | readers
GET /governance/api/meetings/{meeting_id}/proposal | readers
POST /governance/api/meetings | pm
POST /governance/api/meetings/{meeting_id}/move | pm
POST /governance/api/meetings/{meeting_id}/cancel | pm
PUT /governance/api/meetings/{meeting_id}/agenda | pm
PUT /governance/api/meetings/{meeting_id}/attendance | pm
POST /governance/api/meetings/{meeting_id}/decisions | pm
POST /governance/api/meetings/{meeting_id}/minutes | pm
POST /governance/api/meetings/{meeting_id}/minutes/approve | the adjuster
GET /governance/ | signed in
GET /governance/directive/{token} | a link
POST /governance/directive/{token} | a link
GET /governance/directive/{token}/print | a link
GET /governance/directive/{token}/compare | a link
GET /governance/directives/{request_id}/form | pm, the requester
POST /governance/directives/{request_id}/form | pm, the requester
GET /governance/directives | signed in
GET /governance/directives/{request_id} | readers, the requester, the orderer, the leader
GET /governance/directives/{request_id}/print | readers, the requester, the orderer, the leader
GET /governance/directives/{request_id}/compare | readers, the requester, the orderer, the leader
POST /governance/directives/{request_id}/accept | pm
POST /governance/directives/{request_id}/send-back | pm
POST /governance/directives/{request_id}/sign | the orderer, the leader
POST /governance/directives/{request_id}/reopen | pm, the orderer
GET /governance/plans | signed in
GET /governance/plans/{request_id} | readers, the requester, the orderer, the leader
POST /governance/plans/{request_id}/accept | pm
GET /governance/plans/{request_id}/form | the leader
POST /governance/plans/{request_id}/form | the leader
GET /governance/meetings | signed in
GET /governance/meetings/new | pm
POST /governance/meetings/new | pm
GET /governance/meetings/{meeting_id} | readers
POST /governance/meetings/{meeting_id}/move | pm
POST /governance/meetings/{meeting_id}/cancel | pm
POST /governance/meetings/{meeting_id}/decisions | pm
POST /governance/meetings/{meeting_id}/minutes | pm
POST /governance/meetings/{meeting_id}/minutes/approve | the adjuster
GET /governance/meetings/{meeting_id}/agenda | pm
POST /governance/meetings/{meeting_id}/agenda | pm
GET /governance/meetings/{meeting_id}/attendance | pm
POST /governance/meetings/{meeting_id}/attendance | pm
GET /governance/meetings/{meeting_id}/show | readers
POST /governance/meetings/{meeting_id}/show | pm
POST /governance/meetings/{meeting_id}/show/presence | pm
GET /governance/meetings/{meeting_id}/minutes | readers
GET /governance/meetings/{meeting_id}/minutes.pdf | readers
GET /governance/settings | pm, operator, it_manager, auditor | pm, operator, it_manager, auditor
GET /governance/settings/{part=criteria} | pm, operator, it_manager, auditor | pm, operator, it_manager, auditor
POST /governance/settings/{part=criteria} | pm
GET /governance/settings/{part=officers}/{of} | pm, operator
POST /governance/settings/{part=officers}/{of} | pm, operator
GET /governance/settings/{part=deputies}/{of} | pm, it_manager
POST /governance/settings/{part=deputies}/{of} | pm, it_manager
GET /governance/settings/municipalities.json | operator
GET /governance/settings/people | pm, auditor, operator
GET /governance/settings/people/{account_id} | pm, auditor, operator
GET /governance/settings/connections | operator
POST /governance/settings/connections | operator
GET /governance/settings/connections/{town_id}/{system} | operator
POST /governance/settings/connections/{town_id}/{system} | operator
GET /governance/api/settings/accounts | pm, auditor, operator
POST /governance/api/settings/accounts | a secret
"""

NOTIFICATIONS = """
GET /notifications/api/messages | signed in
GET /notifications/api/messages/{message_id} | pm, auditor, operator
POST /notifications/api/messages/{message_id}/again | pm, operator
GET /notifications/ | pm, auditor, operator
GET /notifications/about/{about} | pm, auditor, operator
GET /notifications/messages/{message_id} | pm, auditor, operator
POST /notifications/messages/{message_id}/again | pm, operator
"""

OF_SERVICE = {"intake": INTAKE, "portfolio": PORTFOLIO, "governance": GOVERNANCE, "notifications": NOTIFICATIONS}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table."""

    method: str
    path: str
    may: frozenset[str]
    elsewhere: frozenset[str]

    @property
    def route(self) -> tuple[str, str]:
        """The route it is about, as the application names it."""
        return self.method, "/".join(part.partition("=")[0] + "}" * ("=" in part) for part in self.path.split("/"))


def table_of(service: str) -> list[Line]:
    """Who may ask a service for what."""
    text = EVERY_SERVICE.replace("{s}", service) + OF_SERVICE[service]
    lines = []
    for each in filter(None, text.splitlines()):
        what, may, *elsewhere = (part.strip() for part in each.split("|"))
        method, path = what.split(" ")
        lines.append(Line(method, path, _who(may), _who(*elsewhere)))
    return lines


def _who(words: str = "") -> frozenset[str]:
    who = {word.strip() for word in words.split(",")} - {""}
    if "readers" in who:
        who = who - {"readers"} | {role.value for role in READERS}
    assert all(word in set(Role) or " " in word or word in ("anyone", "nobody") for word in who), words
    return frozenset(who)

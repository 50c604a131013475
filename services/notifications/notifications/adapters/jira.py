"""Jira Service Management: comments that the customer sees, transitions, and a link to the request.

A status is reached by a transition, and which ones there are depends on where the issue stands: they are asked for
each time. The link has an id of its own, so that setting it again changes it and adds none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.outbox import GiveUp, Retry
from chassis.outward import Outward, Remote, basic
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.port import mark, marked

TRIES = 3
TOGETHER = 100
_ADDRESS = re.compile(r"(https?://\S+)")
_MARKUP = re.compile(r"[\\{}\[\]*_^~+|!]|(?m:^)[#-]|(?<=\s)-(?=\S)")


@dataclass(frozen=True, slots=True)
class Jira:
    """The issues of one desk."""

    remote: Remote
    states: dict[str, str]

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Add a comment that the customer sees."""
        path = f"/rest/servicedeskapi/request/{ticket.external_id}/comment"
        if not await self._has_mark(path, key):
            await self.remote.send("POST", path, {"body": as_wiki(marked(text, key)), "public": True})

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Go over the transition that leads to the status, where the desk has a name for it."""
        named = self.states.get(state)
        if named is None:
            return
        path = f"/rest/api/2/issue/{ticket.external_id}"
        status = 0
        for _ in range(TRIES):
            issue = (await self.remote.get(path, fields="status")).json()
            if _is(issue["fields"]["status"], named):
                return
            found = (await self.remote.get(f"{path}/transitions")).json()["transitions"]
            leading = [each["id"] for each in found if _is(each["to"], named)]
            if not leading:
                raise GiveUp(f"no transition leads from “{issue['fields']['status']['name']}” to “{named}”")
            going = {"transition": {"id": leading[0]}}
            # 400: somebody else moved the issue meanwhile, so that the transition is none of its any more; or a screen
            # wants to be filled in, and then it stays so.
            status = (await self.remote.send("POST", f"{path}/transitions", going, expected=(400, 409))).status
            if status < 300:
                return
        raise GiveUp("the system answered 400") if status == 400 else Retry(f"the system answered {status}")

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Link the issue to the request."""
        link = {"globalId": f"flode={request_id}", "object": {"url": url, "title": f"Flöde {request_id}"}}
        await self.remote.send("POST", f"/rest/api/2/issue/{ticket.external_id}/remotelink", link)

    async def _has_mark(self, path: str, key: str) -> bool:
        start, last = 0, False
        while not last:
            page = (await self.remote.get(path, start=str(start), limit=str(TOGETHER))).json()
            # The brackets may have been escaped, or rendered.
            if any(mark(key)[1:-1] in str(comment.get("body")) for comment in page["values"]):
                return True
            start += len(page["values"])
            last = page.get("isLastPage", True) or not page["values"]
        return False


def _is(status: dict[str, Any], named: str) -> bool:
    return str(status.get("name")).strip().casefold() == named.strip().casefold()


def as_wiki(text: str) -> str:
    """A plain text as wiki markup that shows it as it is. Addresses stay whole, so that they become links."""
    parts = _ADDRESS.split(text)
    return "".join(part if place % 2 else _MARKUP.sub(r"\\\g<0>", part) for place, part in enumerate(parts))


def tickets(desk: ServiceDesk, api: Api, outward: Outward) -> Jira:
    """The way into the issues of a desk: as a user of Cloud, or with a token of a Data Center."""
    asks = basic(api.user, api.token) if api.user else {"Authorization": f"Bearer {api.token}"}
    return Jira(Remote(outward, api.url, asks), desk.states)

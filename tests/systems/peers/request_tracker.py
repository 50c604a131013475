"""Request Tracker 5 as its own source describes it and an installed one behaves: our scrip tells of changes, and REST2
shows and takes them. A merged ticket answers as the surviving one, and a search leaves it out unless asked for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from chassis.outward import basic
from tests.systems.peer import FILE, FILE_TYPE, Comment, Event, Peer, Sent, Story


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def signature(secret: str, signed: bytes) -> str:
    """As Perl does it, whose decode_base64 passes over what is no Base64."""
    letters = re.sub(r"[^A-Za-z0-9+/]", "", secret.removeprefix("whsec_"))
    key = base64.b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + "=" * (-len(letters) % 4))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class RequestTrackerPeer(Peer):
    kind = "request-tracker"
    secret = "whsec_" + base64.b64encode(b"the secret of Ekvik's RT").decode()
    next_secret = "whsec_" + base64.b64encode(b"the next one of Ekvik's.").decode()
    desk = {"states": {"project": "open", "completed": "resolved"}}
    sends = frozenset({"created", "changed", "commented", "closed", "reopened", "merged", "moved"})
    polled = frozenset({"created", "changed", "closed", "reopened", "merged", "moved"})

    def __init__(self) -> None:
        super().__init__()
        self.status: dict[int, str] = {}
        self.lists_from: list[str] = []
        """The moments that searches began at, as they were asked for."""

    def external_id(self, story: Story) -> str:
        return str(story.number)

    def shown_number(self, story: Story) -> str:
        return str(story.number)

    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        data: dict[str, Any] = {
            "ticket_id": story.number, "effective_id": story.into or story.number,
            "transaction_id": self.transaction(story), "updated": moment(story.changed),
        }  # fmt: skip
        if not story.into:
            data |= {
                "queue": story.flow, "flow": None, "subject": story.title, "priority": 50,
                "status": "resolved" if story.closed else "new", "created": moment(story.opened),
                "requestor": {"name": story.name, "email": story.email, "organization": story.unit},
                "content": story.as_html, "content_type": "text/html",
            }  # fmt: skip
        kind = "merged" if story.into else "created" if event == "created" else "changed"
        message = {"type": f"ticket.{kind}", "timestamp": moment(story.changed), "data": data}
        return self._sent(message, name, secret, at)

    def transaction(self, story: Story) -> int:
        """Changes are counted over all tickets; those of one ticket grow."""
        return 1000 + story.revision

    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        return self._sent({"type": "ticket.changed", "data": {"Subject": "Nytt ärende"}}, name, secret, at)

    def _sent(self, said: object, name: str, secret: str, at: datetime) -> Sent:
        body = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        number, time = f"rt-ekvik.example-txn-{name}", str(int(at.timestamp()))
        return Sent(
            body,
            {
                "content-type": "application/json",
                "user-agent": "Request-Tracker/5.0.3",
                "webhook-id": number,
                "webhook-timestamp": time,
                "webhook-signature": signature(secret, f"{number}.{time}.".encode() + body),
                "x-rt-scrip": "Flöde",
            },
        )

    def authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == basic("flode", self.token)["Authorization"]

    def routes(self, app: web.Application) -> None:
        rest = "/REST/2.0"
        app.router.add_get(f"{rest}/tickets", self.search)
        app.router.add_get(f"{rest}/ticket/{{id}}", self.ticket)
        app.router.add_put(f"{rest}/ticket/{{id}}", self.put)
        app.router.add_post(f"{rest}/ticket/{{id}}/attachments", self.filtered)
        app.router.add_post(f"{rest}/ticket/{{id}}/{{kind:correspond|comment}}", self.message)
        app.router.add_post(f"{rest}/transactions", self.transactions)
        app.router.add_get(f"{rest}/transaction/{{id}}/attachments", self.attachments)
        app.router.add_get(f"{rest}/attachment/{{id}}", self.attachment)

    async def search(self, request: web.Request) -> web.Response:
        query, page, together = request.query["query"], int(request.query["page"]), int(request.query["per_page"])
        assert request.query.getall("orderby") == ["LastUpdated", "id"]
        found = [story for story in self.tickets.values() if not story.deleted]
        if since := re.search(r"LastUpdated >= '([^']+)'", query):
            self.lists_from.append(since[1])
            found = self.changed_since(datetime.fromisoformat(since[1]).replace(tzinfo=UTC))
        if one := re.search(r"\bid = (\d+)", query):
            found = [story for story in found if story.number == int(one[1])]
        if into := [int(number) for number in re.findall(r"EffectiveId = (\d+)", query)]:
            found = [story for story in found if (story.into or story.number) in into]
        if "EffectiveId" not in query:
            found = [story for story in found if not story.into]
        assert request.query.getall("order") == ["DESC", "DESC"]
        found.sort(key=lambda story: (moment(story.changed), story.number), reverse=True)
        shown = found[(page - 1) * together : page * together]
        pages = -(-len(found) // together)
        return web.json_response({"items": [self._listed(story) for story in shown], "page": page, "pages": pages})

    def _ticket(self, story: Story) -> dict[str, Any]:
        status = self.status.get(story.number, "resolved" if story.closed else "new")
        status = "deleted" if story.deleted else status
        return {
            "Subject": story.title, "Status": status, "Priority": "0", "CustomFields": "",
            "Created": moment(story.opened), "LastUpdated": moment(story.changed),
            "Queue": {"type": "queue", "id": "3", "Name": story.flow},
        }  # fmt: skip

    def _listed(self, story: Story) -> dict[str, Any]:
        who = {
            "type": "user", "id": story.email, "RealName": story.name, "EmailAddress": story.email,
            "Organization": story.unit,
        }  # fmt: skip
        own, effective = str(story.number), str(story.into or story.number)
        return {**self._ticket(story), "type": "ticket", "id": own, "EffectiveId": effective, "Requestor": [who]}

    def _effective(self, request: web.Request) -> Story:
        story = self.tickets[int(request.match_info["id"])]
        return self.tickets[story.into] if story.into else story

    def _etag(self, story: Story) -> str:
        return f'"{self.transaction(story) + len(self.states) + len(self.comments)}"'

    async def ticket(self, request: web.Request) -> web.Response:
        story = self._effective(request)
        who = [{"type": "user", "id": story.email}]
        whole = {**self._ticket(story), "id": story.number, "CustomFields": [], "Requestor": who}
        return web.json_response(whole, headers={"ETag": self._etag(story)})

    async def put(self, request: web.Request) -> web.Response:
        story = self._effective(request)
        if request.headers.get("If-Match", self._etag(story)) != self._etag(story):
            return web.json_response({"message": "Precondition Failed"}, status=412)
        wanted = (await request.json())["Status"]
        if wanted not in ("new", "open", "stalled", "resolved", "rejected"):
            return web.json_response([f"Ticket {story.number}: Status '{wanted}' isn't a valid status."])
        self.states.append((story.number, wanted))
        self.status[story.number] = wanted
        return web.json_response([f"Ticket {story.number}: Status changed to '{wanted}'"])

    async def filtered(self, request: web.Request) -> web.Response:
        (only,) = await request.json()
        assert (only["field"], only["operator"]) == ("Content", "LIKE")
        number = self._effective(request).number
        found = [one for one in self.comments if one.number == number and only["value"] in one.text]
        return web.json_response({"items": [{"type": "attachment", "id": "7"} for _ in found], "pages": None})

    async def message(self, request: web.Request) -> web.Response:
        said, number = await request.json(), self._effective(request).number
        if "ContentType" not in said:
            return web.json_response({"message": "ContentType is a required field"}, status=400)
        public = request.match_info["kind"] == "correspond"
        self.comments.append(Comment(number, said["Content"], public=public))
        if not public:
            self.references.append((number, said["Content"]))
        return web.json_response(["Correspondence added"], status=201)

    async def transactions(self, request: web.Request) -> web.Response:
        wanted = {one["field"]: one["value"] for one in await request.json()}
        assert (wanted["ObjectType"], wanted["Type"]) == ("RT::Ticket", "Create")
        return web.json_response({"items": [{"type": "transaction", "id": wanted["ObjectId"]}], "pages": None})

    async def attachments(self, request: web.Request) -> web.Response:
        story = self.tickets[int(request.match_info["id"])]
        whole = {"ContentType": "multipart/mixed", "Content": "", "Filename": ""}
        text = {"ContentType": "text/html", "Filename": "", "id": str(story.number * 10)}
        size = str(len(story.file or b""))
        file = {"ContentType": FILE_TYPE, "Filename": FILE, "id": str(story.number * 10 + 1), "ContentLength": size}
        assert "Content," not in f"{request.query['fields']},"
        found = [whole, text, *([file] if story.file is not None else [])]
        return web.json_response({"items": found, "pages": None})

    async def attachment(self, request: web.Request) -> web.Response:
        number, which = divmod(int(request.match_info["id"]), 10)
        story = self.tickets[number]
        content = (story.file or b"") if which else story.as_html.encode()
        return web.json_response({"Content": base64.encodebytes(content).decode()})


peer = RequestTrackerPeer

"""Xurrent as its developers' pages describe it: thin payloads in a signed token, and a request of three parts to ask
for. Times are told to the minute, by a clock an hour ahead of UTC."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.systems.peer import FILE, Comment, Event, Peer, Sent, Story

ACCOUNT = "https://ekvik.xurrent.example"
EUROPE = timezone(timedelta(hours=1))


def _public(key: RSAKey) -> str:
    return key.as_pem(private=False).decode()


CURRENT, NEXT, NEIGHBOUR, STRANGER = (RSAKey.generate_key(2048) for _ in range(4))
# In a file of settings the lines are joined.
KEYS = {_public(CURRENT).replace("\n", "\\n"): CURRENT, _public(NEXT): NEXT, _public(NEIGHBOUR): NEIGHBOUR}


def moment(at: datetime) -> str:
    return at.astimezone(EUROPE).replace(second=0).strftime("%Y-%m-%dT%H:%M:%S+01:00")


class XurrentPeer(Peer):
    kind = "xurrent"
    secret, next_secret, neighbour_secret = KEYS
    desk: ClassVar[dict[str, Any]] = {
        "url": ACCOUNT,
        "states": {"project": "in_progress", "completed": "completed"},
        "api": {"options": {"account": "ekvik"}},
    }
    tries_again = True
    sends = frozenset({"created", "changed", "commented", "closed", "reopened", "merged", "moved"})
    polled = frozenset({"created", "changed", "closed", "reopened", "merged", "moved"})
    looks_up = sends
    thin = True
    names_delivery = False
    wants_a_note_with_completion: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.sources: dict[int, str] = {}

    def external_id(self, story: Story) -> str:
        return str(70000 + story.number)

    def shown_number(self, story: Story) -> str:
        return self.external_id(story)

    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        happened = "request.create" if event == "created" else "request.update"
        line = 48000 + story.revision
        return self._sent(happened, 70000 + story.number, {"audit_line_id": line}, f"{name}-{event}", secret, at)

    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        return self._sent("task.update", 12, {"status": "assigned"}, name, secret, at)

    def wants_to_be_called(self, address: str, *, at: datetime) -> Sent:
        """What a new webhook sends first."""
        return self._sent("webhook.verify", 7, {"callback": address}, "first", self.secret, at)

    def _sent(self, event: str, number: int, payload: object, name: str, secret: str, at: datetime) -> Sent:
        jti, made = str(uuid5(NAMESPACE_URL, name)), int(at.timestamp())
        claims = {
            "data": {
                "webhook_id": 7, "webhook_nodeID": "bm9kZQ", "account_id": "ekvik", "account": ACCOUNT,
                "name": "Till Flöde", "event": event, "object_id": number, "object_nodeID": "b2Jq", "person_id": 6,
                "person_name": "Någon Annan", "payload": payload,
            },
            "jti": jti, "sub": "7", "iss": ACCOUNT, "nbf": made, "iat": made, "aud": "https://flode.example",
        }  # fmt: skip
        token = jwt.encode({"typ": "JWT", "alg": "RS256"}, claims, KEYS.get(secret, STRANGER), ["RS256"])
        return Sent(
            json.dumps({"jwt": token}).encode(),
            {
                "content-type": "application/json; charset=utf-8",
                "user-agent": "xurrent/1.0 (https://developer.xurrent.com/v1/webhooks)",
                "x-xurrent-delivery": jti,
                "link": f'<{ACCOUNT}/requests/{number}>; rel="canonical"',
            },
        )

    def unproven(self, sent: Sent) -> Sent:
        """What a webhook without a policy sends: the same, signed by nobody."""
        said = json.loads(sent.body)["jwt"].split(".")[1]
        data = json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))["data"]
        return Sent(json.dumps(data).encode(), sent.headers)

    def _request(self, story: Story) -> dict[str, Any]:
        group = {"id": 70000 + story.into, "subject": "En grupp"} if story.into else None
        return {
            "id": 70000 + story.number, "subject": story.title, "category": "rfc", "impact": None,
            "status": "completed" if story.closed else "assigned", "grouped_into": group,
            "service_instance": {"id": 126, "name": story.flow}, "team": {"id": 14, "name": "Servicedesk"},
            "member": None, "template": None, "organization": {"id": 20, "name": "Ekviks kommun"},
            "requested_by": {"id": 6, "name": "Någon Annan"}, "requested_for": {"id": 58, "name": story.name},
            "created_at": moment(story.opened), "updated_at": moment(story.changed), "next_target_at": "best_effort",
            "sourceID": self.sources.get(story.number),
        }  # fmt: skip

    def authorized(self, request: web.Request) -> bool:
        account = request.headers.get("X-Xurrent-Account")
        known = (request.headers.get("Authorization"), account) == (f"Bearer {self.token}", "ekvik")
        return known or (request.path == "/files/9" and "Authorization" not in request.headers)

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/v1/requests", self.search)
        app.router.add_get("/v1/requests/{id}", self.request)
        app.router.add_patch("/v1/requests/{id}", self.change)
        app.router.add_get("/v1/requests/{id}/notes", self.notes)
        app.router.add_get("/v1/requests/{id}/notes/public", self.public_notes)
        app.router.add_post("/v1/requests/{id}/notes", self.note)
        app.router.add_get("/v1/people/58", self.person)
        app.router.add_get("/files/9", self.file)

    def _number(self, request: web.Request) -> int:
        return int(request.match_info["id"]) - 70000

    async def search(self, request: web.Request) -> web.Response:
        begin, _, end = request.query["updated_at"].removeprefix(">=").partition("<=")
        found = self.changed_since(datetime.fromisoformat(begin))
        found = [story for story in found if not end or story.changed <= datetime.fromisoformat(end)]
        if after := request.query.get("id", "").removeprefix(">"):
            found = [story for story in found if 70000 + story.number > int(after)]
        if request.query["sort"] == "id":
            found = sorted(found, key=lambda story: story.number)
        return web.json_response([self._request(story) for story in found[: int(request.query["per_page"])]])

    async def request(self, request: web.Request) -> web.Response:
        return web.json_response(self._request(self.tickets[self._number(request)]))

    async def person(self, request: web.Request) -> web.Response:
        story = next(iter(self.tickets.values()))
        unit = {"id": 21, "name": story.unit}
        return web.json_response({"id": 58, "name": story.name, "primary_email": story.email, "organization": unit})

    def _notes(self, number: int) -> list[dict[str, Any]]:
        story = self.tickets[number]
        first: dict[str, Any] = {"id": 1, "text": story.text, "created_at": moment(story.opened), "medium": "default"}
        if story.file is not None:
            first["attachments"] = [{"id": 9, "name": FILE, "size": len(story.file), "uri": f"{self.url}/files/9"}]
        said = [{"id": 2, "text": one, "created_at": moment(story.changed)} for one in story.comments]
        ours = [
            {"id": 10 + place, "text": one.text, "internal": not one.public, "created_at": moment(story.changed)}
            for place, one in enumerate(self.comments)
            if one.number == number
        ]
        return [first, *said, *ours]

    async def notes(self, request: web.Request) -> web.Response:
        """The newest first."""
        page, size = int(request.query["page"]), int(request.query["per_page"])
        return web.json_response(self._notes(self._number(request))[::-1][(page - 1) * size : page * size])

    async def public_notes(self, request: web.Request) -> web.Response:
        found = [note for note in self._notes(self._number(request)) if not note.get("internal")]
        return web.json_response(found[: int(request.query["per_page"])])

    async def note(self, request: web.Request) -> web.Response:
        said, number = await request.json(), self._number(request)
        self.comments.append(Comment(number, said["text"], public=not said["internal"]))
        if said["internal"]:
            self.references.append((number, said["text"]))
        return web.json_response({"id": 10, "text": said["text"]}, status=201)

    async def change(self, request: web.Request) -> web.Response:
        said, number = await request.json(), self._number(request)
        if "sourceID" in said:
            self.sources[number] = said["sourceID"]
            self.references.append((number, said["sourceID"]))
        if "status" in said:
            if said["status"] == "completed" and not said.get("completion_reason"):
                return self._refused("Completion reason can't be blank")
            if said["status"] == "completed" and self.wants_a_note_with_completion and not said.get("note"):
                return self._refused("Note can't be blank")
            self.states.append((number, said["status"]))
        return web.json_response(self._request(self.tickets[number]))

    def _refused(self, message: str) -> web.Response:
        return web.json_response({"message": "Validation failed", "errors": [message]}, status=422)


peer = XurrentPeer

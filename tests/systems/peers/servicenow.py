"""ServiceNow as its documentation describes the Table API, with our business rule: fields as they are stored and as
people see them, journals, times in UTC that do not say so, and errors beside results.
"""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from chassis.outward import basic
from tests.systems.peer import FILE, FILE_TYPE, Comment, Event, Peer, Sent, Story

LABELS = {"1": "New", "2": "In Progress", "3": "On Hold", "6": "Resolved", "7": "Closed", "8": "Canceled"}
CATEGORIES = {"Projekt": "project", "Support": "support"}
"""What the category holds, by what people see of it."""


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def sign(body: bytes, *, number: str, secret: str, at: datetime) -> dict[str, str]:
    """The headers of our script: the key is what the secret means in base64, as generateMac takes it."""
    now = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    mac = hmac.digest(key, f"{number}.{now}.".encode() + body, "sha256")
    signature = "v1," + base64.b64encode(mac).decode()
    return {"webhook-id": number, "webhook-timestamp": now, "webhook-signature": signature}


class ServiceNowPeer(Peer):
    kind = "servicenow"
    secret = "whsec_YSBzZWNyZXQgb2YgRWt2aWsgMDAwMQ=="
    next_secret = "whsec_YSBzZWNyZXQgb2YgRWt2aWsgMDAwMg=="
    desk = {"states": {"project": "In Progress", "completed": "6"}}
    sends = frozenset({"created", "changed", "commented", "closed", "reopened", "moved", "deleted"})
    names_delivery = False

    def __init__(self) -> None:
        super().__init__()
        self.correlations: dict[int, str] = {}
        self.conflicts = 0
        """How many of the next changes another transaction holds up."""
        self.too_slow = 0
        """How many of the next lists take longer than a transaction may."""

    def external_id(self, story: Story) -> str:
        return f"{story.number:032x}"

    def shown_number(self, story: Story) -> str:
        return f"INC{story.number:07}"

    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        record = self.record(story)
        stored = {name: field["value"] for name, field in record.items() if "." not in name}
        operation = {"created": "insert", "deleted": "delete"}.get(event, "update")
        said = {
            **{name: stored[name] for name in ("sys_id", "number", "sys_mod_count", "sys_updated_on", "opened_at")},
            **{name: stored[name] for name in ("short_description", "description", "priority")},
            "table": "incident", "operation": operation, "active": stored["active"] == "true", "company": "Ekvik",
            "caller": {"name": story.name, "email": story.email, "department": story.unit},
            "state": shown(record["state"]),
            "fields": {"category": shown(record["category"]), "contact_type": {"value": "email", "display": "Email"}},
        }  # fmt: skip
        return self._sent(said, f"{stored['sys_id']}-{stored['sys_mod_count']}-{operation}", secret, at)

    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        return self._sent({"incident": "INC0000081", "text": "Nytt ärende"}, name, secret, at)

    def _sent(self, said: object, number: str, secret: str, at: datetime) -> Sent:
        body = json.dumps(said, ensure_ascii=True, separators=(",", ":")).encode()
        kind = {"content-type": "application/json", "user-agent": "ServiceNow/1.0"}
        return Sent(body, kind | sign(body, number=number, secret=secret, at=at))

    def record(self, story: Story) -> dict[str, dict[str, str]]:
        """A record as the Table API shows it with display values: people in Stockholm see their own time."""
        state = "7" if story.closed else "1"
        stored = {
            "sys_id": self.external_id(story), "number": self.shown_number(story),
            "sys_mod_count": str(story.revision - 1), "sys_updated_on": moment(story.changed),
            "opened_at": moment(story.opened), "short_description": story.title, "description": story.text,
            "priority": "3", "state": state, "active": str(not story.closed).lower(), "company": "c" * 32,
            "category": CATEGORIES.get(story.flow, ""), "correlation_id": self.correlations.get(story.number, ""),
            "caller_id.name": story.name, "caller_id.email": story.email, "caller_id.department": "d" * 32,
        }  # fmt: skip
        here = ZoneInfo("Europe/Stockholm")
        seen = {
            "sys_updated_on": f"{story.changed.astimezone(here):%d-%m-%Y %H:%M:%S}", "company": "Ekvik",
            "opened_at": f"{story.opened.astimezone(here):%d-%m-%Y %H:%M:%S}", "priority": "3 - Moderate",
            "state": LABELS[state], "category": story.flow, "caller_id.department": story.unit,
            "comments": self.journal(story, "comments"), "work_notes": self.journal(story, "work_notes"),
        }  # fmt: skip
        return {
            name: {"value": stored.get(name, ""), "display_value": seen.get(name, stored.get(name, ""))}
            for name in {**stored, **seen}
        }

    def journal(self, story: Story, name: str) -> str:
        entries = [one.text for one in self.comments if one.number == story.number]
        public = [one.public for one in self.comments if one.number == story.number]
        label = {"comments": "Additional comments", "work_notes": "Work notes"}[name]
        return "".join(
            f"01-03-2026 10:00:00 - Flöde ({label})\n{text}\n\n"
            for text, seen in zip(entries, public, strict=True)
            if seen is (name == "comments")
        )

    def authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == basic("flode", self.token)["Authorization"]

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/api/now/table/incident", self.records)
        app.router.add_get("/api/now/table/incident/{id}", self.one)
        app.router.add_patch("/api/now/table/incident/{id}", self.patch)
        app.router.add_get("/api/now/attachment", self.files)
        app.router.add_get(f"/api/now/attachment/{'a' * 32}/file", self.file)

    def _shown(self, story: Story, request: web.Request) -> dict[str, Any]:
        record, how = self.record(story), request.query.get("sysparm_display_value", "false")
        wanted = [name for name in request.query["sysparm_fields"].split(",") if name in record]
        if how == "all":
            return {name: record[name] for name in wanted}
        return {name: record[name]["display_value" if how == "true" else "value"] for name in wanted}

    async def records(self, request: web.Request) -> web.Response:
        if self.too_slow:
            self.too_slow -= 1
            message = "Transaction cancelled: maximum execution time exceeded"
            return web.json_response({"result": [], "error": {"message": message}, "status": "failure"})
        where, *order = request.query["sysparm_query"].split("^")
        assert order == ["ORDERBYsys_updated_on", "ORDERBYsys_id"]
        since = datetime.fromisoformat(where.removeprefix("sys_updated_on>=")).replace(tzinfo=UTC)
        first, most = int(request.query["sysparm_offset"]), int(request.query["sysparm_limit"])
        found = self.changed_since(since)[first : first + most]
        return web.json_response({"result": [self._shown(story, request) for story in found]})

    async def files(self, request: web.Request) -> web.Response:
        table, ids, _ = request.query["sysparm_query"].split("^")
        assert table == "table_name=incident"
        wanted = ids.removeprefix("table_sys_idIN").split(",")
        found = [one for one in self.tickets.values() if one.file is not None and self.external_id(one) in wanted]
        return web.json_response({
            "result": [
                {"sys_id": "a" * 32, "file_name": FILE, "content_type": FILE_TYPE, "table_name": "incident",
                 "size_bytes": str(len(one.file or b"")), "table_sys_id": self.external_id(one)} for one in found
            ]
        })  # fmt: skip

    def _story(self, request: web.Request) -> Story:
        story = self.tickets.get(int(request.match_info["id"], 16))
        if story is None:
            raise KeyError
        return story

    def not_there(self) -> web.Response:
        detail = "Record doesn't exist or ACL restricts the record retrieval"
        said = {"error": {"message": "No Record found", "detail": detail}, "status": "failure"}
        return web.json_response(said, status=404)

    async def one(self, request: web.Request) -> web.Response:
        return web.json_response({"result": self._shown(self._story(request), request)})

    async def patch(self, request: web.Request) -> web.Response:
        story, said = self._story(request), await request.json()
        if self.conflicts:
            self.conflicts -= 1
            return web.json_response({"error": {"message": "Conflict"}, "status": "failure"}, status=409)
        if state := said.get("state"):
            by_label = request.query.get("sysparm_input_display_value") == "true"
            assert state in (LABELS.values() if by_label else LABELS)
            self.states.append((story.number, state))
        if correlation := said.get("correlation_id"):
            self.correlations[story.number] = correlation
            self.references.append((story.number, correlation))
        for journal in ("comments", "work_notes"):
            if entry := said.get(journal):
                self.comments.append(Comment(story.number, entry, public=journal == "comments"))
        if note := said.get("work_notes"):
            self.references.append((story.number, note))
        return web.json_response({"result": self._shown(story, request)})


def shown(field: dict[str, str]) -> dict[str, str]:
    """A field as our script sends it."""
    return {"value": field["value"], "display": field["display_value"]}


peer = ServiceNowPeer

"""Zammad as its own source and manual describe it: bodies made anew at each try, articles, links of merged tickets."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

from aiohttp import web

from tests.systems.peer import FILE, FILE_TYPE, Comment, Event, Peer, Sent, Story, as_rails_writes


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


class ZammadPeer(Peer):
    kind = "zammad"
    desk = {"states": {"project": "open", "completed": "closed"}}
    tries_again = True
    sends = frozenset({"created", "changed", "commented", "closed", "reopened", "merged", "moved"})
    polled = frozenset({"created", "changed", "closed", "reopened", "merged", "moved"})
    looks_up = frozenset({"merged"})

    def external_id(self, story: Story) -> str:
        return str(story.number)

    def shown_number(self, story: Story) -> str:
        return f"100{story.number}"

    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        first = event != "commented"
        article: dict[str, Any] = {
            "id": 104 if first else 105, "ticket_id": story.number, "type": "phone", "sender": "Customer",
            "internal": False, "content_type": "text/html", "body": story.as_html if first else "<p>Tack!</p>",
            "from": f"{story.name} <{story.email}>", "attachments": self._files(story) if first else [],
        }  # fmt: skip
        ticket = {
            **self._ticket(story), "article_ids": [104] if first else [104, 105],
            "customer": self._customer(story), "group": {"id": 3, "name": story.flow},
            "organization": {"id": 3, "name": story.unit}, "priority": {"id": 2, "name": "2 normal"},
            "owner": {"id": 5, "email": "-"}, "note": None,
        }  # fmt: skip
        return self._sent({"ticket": ticket, "article": article}, name, secret)

    def _files(self, story: Story) -> list[dict[str, Any]]:
        file = {
            "id": 174, "filename": FILE, "size": str(len(story.file or b"")),
            "preferences": {"Content-Type": FILE_TYPE, "resizable": False},
        }  # fmt: skip
        return [file] if story.file is not None else []

    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        return self._sent({"text": "New ticket", "attachments": []}, name, secret)

    def _sent(self, said: object, name: str, secret: str) -> Sent:
        body = as_rails_writes(said)
        return Sent(
            body,
            {
                "content-type": "application/json; charset=utf-8",
                "user-agent": "Zammad User Agent",
                "x-zammad-trigger": "Nytt ärende",
                "x-zammad-delivery": name,
                "x-hub-signature": "sha1=" + hmac.digest(secret.encode(), body, "sha1").hex(),
            },
        )

    def _ticket(self, story: Story) -> dict[str, Any]:
        state = "merged" if story.into else "closed" if story.closed else "open"
        return {
            "id": story.number, "number": self.shown_number(story), "title": story.title, "state": state, "state_id": 2,
            "created_at": moment(story.opened), "updated_at": moment(story.changed), "customer_id": 8,
        }  # fmt: skip

    def _customer(self, story: Story) -> dict[str, Any]:
        first, _, last = story.name.partition(" ")
        return {"id": 8, "firstname": first, "lastname": last, "email": story.email, "organization": story.unit}

    def authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Token token={self.token}"

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/api/v1/tickets/search", self.search)
        app.router.add_get("/api/v1/tickets/{id}", self.ticket)
        app.router.add_put("/api/v1/tickets/{id}", self.put)
        app.router.add_get("/api/v1/users/8", self.user)
        app.router.add_get("/api/v1/links", self.links)
        app.router.add_get("/api/v1/ticket_articles/by_ticket/{id}", self.articles)
        app.router.add_post("/api/v1/ticket_articles", self.post)
        app.router.add_get("/api/v1/ticket_attachment/{id}/104/174", self.file)

    async def search(self, request: web.Request) -> web.Response:
        since = datetime.fromisoformat(request.query["query"].partition('["')[2].partition('"')[0])
        return web.json_response([self._expanded(story) for story in self.changed_since(since)])

    def _expanded(self, story: Story) -> dict[str, Any]:
        names = {"group": story.flow, "organization": story.unit, "priority": "2 normal"}
        return {**self._ticket(story), **names, "customer": story.email}

    async def ticket(self, request: web.Request) -> web.Response:
        return web.json_response(self._expanded(self.tickets[int(request.match_info["id"])]))

    async def user(self, request: web.Request) -> web.Response:
        return web.json_response(self._customer(next(iter(self.tickets.values()))))

    async def links(self, request: web.Request) -> web.Response:
        story = self.tickets[int(request.query["link_object_value"])]
        link = {"link_type": "parent", "link_object": "Ticket", "link_object_value": story.into}
        return web.json_response({"links": [link] if story.into else []})

    async def articles(self, request: web.Request) -> web.Response:
        number = int(request.match_info["id"])
        story = self.tickets.get(number, Story())
        first: dict[str, Any] = {"id": 104, "internal": False, "content_type": "text/html", "body": story.as_html}
        first["attachments"] = self._files(story)
        ours = [
            {"id": 200 + place, "internal": not one.public, "content_type": "text/plain", "body": one.text}
            for place, one in enumerate(self.comments)
            if one.number == number
        ]
        return web.json_response([first, *ours])

    async def post(self, request: web.Request) -> web.Response:
        said = await request.json()
        self.comments.append(Comment(int(said["ticket_id"]), said["body"], public=not said["internal"]))
        if said["internal"]:
            self.references.append((int(said["ticket_id"]), said["body"]))
        return web.json_response({"id": 200}, status=201)

    async def put(self, request: web.Request) -> web.Response:
        self.states.append((int(request.match_info["id"]), (await request.json())["state"]))
        return web.json_response({})


peer = ZammadPeer

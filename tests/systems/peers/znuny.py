"""Znuny as its own source describes it: everything in strings, times without a zone, the whole ticket with the bytes of
its attachments, and errors that come with the status 200."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from tests.systems.peer import FILE, FILE_TYPE, Comment, Event, Peer, Sent, Story

ZONE = ZoneInfo("Europe/Stockholm")
FORMAT = "%Y-%m-%d %H:%M:%S"
PATH = "/znuny/nph-genericinterface.pl/Webservice/Flode"
NAMES: dict[Event, str] = {
    "created": "TicketCreate",
    "changed": "TicketTitleUpdate",
    "commented": "ArticleCreate",
    "closed": "TicketStateUpdate",
    "reopened": "TicketStateUpdate",
    "moved": "TicketQueueUpdate",
    "merged": "TicketMerge",
    "deleted": "TicketDelete",
}


class ZnunyPeer(Peer):
    kind = "znuny"
    desk = {"states": {"project": "open", "completed": "closed successful"}, "timezone": "Europe/Stockholm"}
    tries_again = True
    sends = frozenset(NAMES)
    polled = frozenset({"created", "changed", "closed", "reopened", "merged", "moved"})
    names_delivery = False

    def settings(self, municipality: str = "ekvik") -> dict[str, Any]:
        given = super().settings(municipality)
        given["api"]["url"] += PATH
        return given

    def external_id(self, story: Story) -> str:
        return str(story.number)

    def shown_number(self, story: Story) -> str:
        return f"20260301120000{story.number}"

    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        told: dict[str, Any] = {"Event": NAMES[event], "TicketID": str(story.number)}
        if event == "merged":
            told["MainTicketID"] = str(story.into)
        if event == "commented":
            told["ArticleID"] = "457"
        article = {"ArticleID": "456", "Attachment": self._files(story, whole=True)}
        ticket = {
            **self._ticket(story), "Articles": self._articles(story), "Article": article,
            "CustomerUser": {"UserFirstname": story.name.split()[0], "UserLastname": story.name.split()[1],
                             "UserEmail": story.email},
            "CustomerCompany": {"CustomerCompanyName": story.unit}, "QueueData": {}, "OwnerData": {"UserID": "1"},
        }  # fmt: skip
        return self._sent({"Ticket": {} if event == "deleted" else ticket, "Event": told}, secret)

    def _files(self, story: Story, *, whole: bool) -> list[dict[str, Any]]:
        if story.file is None:
            return []
        file = {
            "Filename": FILE, "ContentType": f'{FILE_TYPE}; name="{FILE}"', "ContentID": "", "FileID": "1",
            "FilesizeRaw": str(len(story.file)),
        }  # fmt: skip
        return [file | ({"Content": base64.b64encode(story.file).decode()} if whole else {})]

    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        return self._sent({"text": "New ticket"}, secret)

    def _sent(self, said: object, secret: str) -> Sent:
        login = base64.b64encode(f"flode:{secret}".encode()).decode()
        headers = {"content-type": "application/json; charset=UTF-8", "authorization": f"Basic {login}"}
        return Sent(json.dumps(said, ensure_ascii=False).encode(), headers)

    def _ticket(self, story: Story) -> dict[str, Any]:
        state = (
            ("merged", "merged") if story.into else ("closed successful", "closed") if story.closed else ("new", "new")
        )
        return {
            "TicketID": str(story.number), "TicketNumber": self.shown_number(story), "Title": story.title,
            "Queue": story.flow, "State": state[0], "StateType": state[1], "Priority": "3 normal", "Type": "RfC",
            "Created": story.opened.astimezone(ZONE).strftime(FORMAT),
            "Changed": story.changed.astimezone(ZONE).strftime(FORMAT),
            "CustomerID": "ekvik", "CustomerUserID": "sigrid",
        }  # fmt: skip

    def _articles(self, story: Story) -> list[dict[str, Any]]:
        first = {
            "ArticleID": "456", "From": f'"{story.name}" <{story.email}>', "Subject": story.title,
            "Body": story.html or story.text, "SenderType": "customer", "IsVisibleForCustomer": "1",
            "ContentType": "text/html; charset=utf-8" if story.html else "text/plain; charset=utf-8",
        }  # fmt: skip
        later = [
            {"ArticleID": str(457 + place), "From": "Flöde", "Subject": "Flöde", "Body": text, "SenderType": "agent",
             "IsVisibleForCustomer": "1", "ContentType": "text/plain; charset=utf-8"}
            for place, text in enumerate(
                [*story.comments, *(one.text for one in self.comments if one.number == story.number)]
            )
        ]  # fmt: skip
        return [first, *later]

    def authorized(self, request: web.Request) -> bool:
        # Whoever it is stands in the body, and is answered with the status 200.
        return True

    def routes(self, app: web.Application) -> None:
        app.router.add_post(f"{PATH}/Ticket/Search", self.search)
        app.router.add_post(f"{PATH}/Ticket/Get", self.get)
        app.router.add_post(f"{PATH}/Ticket/History", self.history)
        app.router.add_patch(f"{PATH}/Ticket/{{id}}", self.update)

    async def _asked(self, request: web.Request, operation: str) -> tuple[dict[str, Any], web.Response | None]:
        said = await request.json()
        if (said.get("UserLogin"), said.get("Password")) == ("flode", self.token):
            return said, None
        error = {"ErrorCode": f"{operation}.AuthFail", "ErrorMessage": f"{operation}: Authorization failing!"}
        return said, web.json_response({"Error": error})

    async def search(self, request: web.Request) -> web.Response:
        said, refused = await self._asked(request, "TicketSearch")
        since = datetime.strptime(said["TicketLastChangeTimeNewerDate"], FORMAT).replace(tzinfo=ZONE)
        assert (said["SortBy"], said["OrderBy"]) == ("Changed", "Up")
        found = [str(story.number) for story in self.changed_since(since)][: said["Limit"]]
        return refused or web.json_response({"TicketID": found} if found else {})

    async def get(self, request: web.Request) -> web.Response:
        said, refused = await self._asked(request, "TicketGet")
        limit = said.get("ArticleLimit") or None
        stories = [self.tickets[int(number)] for number in said["TicketID"]]
        whole = [{**self._ticket(one), "Article": self._articles(one)[:limit]} for one in stories]
        for one, ticket in zip(stories, whole, strict=True):
            if said.get("Attachments") and one.file is not None:
                # One without any is told of without a list.
                ticket["Article"][0]["Attachment"] = self._files(one, whole=said.get("GetAttachmentContents") != 0)
        return refused or web.json_response({"Ticket": whole})

    async def history(self, request: web.Request) -> web.Response:
        said, refused = await self._asked(request, "TicketHistoryGet")
        known = []
        for number in said["TicketID"]:
            story = self.tickets[int(number)]
            main = self.shown_number(Story(number=story.into or 0))
            into = f"%%{self.shown_number(story)}%%{number}%%{main}%%{story.into}"
            lines = [{"HistoryType": "NewTicket", "Name": "%%"}, {"HistoryType": "Merged", "Name": into}]
            known.append({"TicketID": number, "History": lines})
        return refused or web.json_response({"TicketHistory": known})

    async def update(self, request: web.Request) -> web.Response:
        said, refused = await self._asked(request, "TicketUpdate")
        number = int(request.match_info["id"])
        if refused:
            return refused
        if "Article" in said:
            article = said["Article"]
            assert article["ContentType"] == "text/plain; charset=utf-8"
            self.comments.append(Comment(number, article["Body"], public=bool(article["IsVisibleForCustomer"])))
            if not article["IsVisibleForCustomer"]:
                self.references.append((number, article["Body"]))
        if "Ticket" in said:
            self.states.append((number, said["Ticket"]["State"]))
        return web.json_response({"TicketID": str(number), "ArticleID": "457"})


peer = ZnunyPeer

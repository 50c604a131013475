"""A mailbox as RFC 3501 and RFC 5321 describe its servers: mails are fetched from it, and answers sent. It has no
webhook, and a mail never changes once it is there."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, NoReturn, Self

from aiohttp import web

from tests.systems.mail_servers import Folder, ImapServer, Kept, No, SmtpServer, parsed, served
from tests.systems.peer import FILE, FILE_TYPE, Comment, Event, Peer, Sent, Story

OURS = "projekt@ekvik.example"


def a_mail(story: Story, **headers: str) -> bytes:
    """The mail that a story begins with, as most programs write it."""
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<{story.number}@mail.ekvik.example>"
    message["From"] = f"{story.name} <{story.email}>"
    message["To"] = OURS
    message["Subject"] = story.title
    message["Date"] = "Thu, 01 Jan 1970 00:00:00 +0000"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(story.text)
    message.add_alternative(story.as_html, subtype="html")
    if story.file is not None:
        kind, _, subtype = FILE_TYPE.partition("/")
        message.add_attachment(story.file, kind, subtype, filename=FILE)
    return message.as_bytes()


class EMailPeer(Peer):
    kind = "e-mail"
    smtp_url = ""
    desk = {"states": {}}
    sends = frozenset()
    polled = frozenset({"created"})
    tells_unit = False
    says_when = False
    never = "550"

    def __init__(self) -> None:
        super().__init__()
        self.imap, self.smtp = ImapServer("flode", self.token), SmtpServer()
        # What is asked of one server and of the other stands in one list.
        self.imap.asked = self.smtp.asked = self.asked
        self.imap.before, self.smtp.before = self._refuses, self._fails
        self._put: set[int] = set()

    @property
    def inbox(self) -> Folder:
        return self.imap.folders["INBOX"]

    @property
    def processed(self) -> Folder:
        return self.imap.folders["Processed"]

    def external_id(self, story: Story) -> str:
        return f"{story.number}@mail.ekvik.example"

    def shown_number(self, story: Story) -> str:
        digest = hashlib.sha256(self.external_id(story).encode()).digest()
        return f"PRJ-{base64.b32encode(digest).decode()[:10]}"

    def polled_as(self, story: Story) -> list[bytes]:
        answer = a_mail(
            story, References="<1@mail.ekvik.example> <2@x>", In_Reply_To="<2@x>", X_Priority="2 (High)",
            Importance="high", Auto_Submitted="no", Precedence="list", Return_Path="<a@b.example>",
        )  # fmt: skip
        raw = (
            f"From: =?utf-8?q?Sigrid_Ek?= <{story.email}>\r\nSubject: =?iso-8859-1?b?5OT2?= {story.title}\r\n"
            f"Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            "<p>B=E4ttre</p>\r\n"
        )
        report = (
            "From: <>\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
            "Subject: x\r\n\r\ny\r\n--b\r\nContent-Type: text/plain; charset=utf-8; format=flowed\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\nw6U=\r\n--b--\r\n"
        )
        return [a_mail(story), answer, raw.encode("latin-1"), report.encode()]

    def put(self, raw: bytes, received: datetime) -> int:
        """A mail comes in."""
        return self.inbox.put(Kept(raw, received))

    def _refuses(self, command: str) -> None:
        for number, story in self.tickets.items():
            if number not in self._put:
                self._put.add(number)
                self.put(a_mail(story), story.changed)
        # What is planted meets the poll, which selects, or else the answer that is sent.
        if command == "SELECT" and self.fails:
            self.fails.pop(0)
            raise No("[UNAVAILABLE] planted")
        self._read_what_was_kept()

    def _fails(self, command: str) -> str | None:
        if command == "MAIL" and self.fails:
            status, _ = self.fails.pop(0)
            return "451 4.3.2 planted" if status in (429, 503) else "550 5.7.1 planted"
        return None

    def _read_what_was_kept(self) -> None:
        """The answers that went out, and the notes that lie in the folder and went to nobody."""
        sent = [parsed(raw) for raw in self.smtp.sent]
        self.comments = [Comment(self._number(one), one.get_content().replace("\r\n", "\n")) for one in sent]
        notes = [parsed(raw) for raw in self.imap.appended]
        self.references = [(self._number(one), one.get_content()) for one in notes if self._from_us_to_us(one)]

    @staticmethod
    def _from_us_to_us(mail: EmailMessage) -> bool:
        return all(mail[name].addresses[0].addr_spec == OURS for name in ("From", "To"))

    @staticmethod
    def _number(mail: EmailMessage) -> int:
        return int(mail["In-Reply-To"].strip("<>").partition("@")[0])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        async with served(self.imap, self.smtp) as (imap, smtp):
            self.url, self.smtp_url = f"imap://127.0.0.1:{imap}", f"smtp://127.0.0.1:{smtp}"
            yield self

    def settings(self, municipality: str = "ekvik") -> dict[str, Any]:
        given = super().settings(municipality)
        given["api"]["options"] = {"smtp": self.smtp_url, "from": OURS}
        return given

    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        self._no_webhook()

    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        self._no_webhook()

    def routes(self, app: web.Application) -> None:
        self._no_webhook()

    def authorized(self, request: web.Request) -> bool:
        self._no_webhook()

    def _no_webhook(self) -> NoReturn:
        raise AssertionError("a mailbox sends nothing and has no API of HTTP")


peer = EMailPeer

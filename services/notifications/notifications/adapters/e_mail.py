"""E-mail: an answer to whoever wrote the mail, over SMTP, in its thread.

A mail that was sent cannot be looked up where it went. So a comment that is repeated has the same Message-ID, which the
reader's server or program knows again, and a copy of it lies with the mails that were taken, in which it is looked for
before it is sent once more. Only whoever is stopped between the two sends it twice. The note that says where the
request is found is put there too, and sent to nobody. A mail has no state that could be set.

api.options: `smtp` (smtp://host:587, encrypted when the server offers it; smtps://host for TLS from the start) and
`from` (api.user); `token_url`, `client_id`, `scope`, `folder` and `processed` as where mails are taken in.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import formatdate
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

import aiosmtplib
import structlog

from chassis.mailbox import Mailbox, in_mailbox, quoted
from chassis.oauth import token_for
from chassis.outbox import GiveUp, Retry
from chassis.outward import OURSELVES, Outward
from chassis.partnership import Api, ServiceDesk
from chassis.received import WITHOUT, Received, Unreadable, is_named, received
from contracts.values import TicketRef
from notifications.adapters.mail import LETTER, SAFE, addressed, told
from notifications.adapters.port import marked

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mails:
    """The mails of one desk."""

    api: Api
    outward: Outward

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Answer the mail, if the answer is not there already."""
        smtp = self.api.options.get("smtp")
        if not smtp:
            raise GiveUp("the desk's options do not say over which smtp server answers are sent")
        breaker = self.outward.admitted(smtp)
        asked = await self._asked(ticket, key)
        if asked is None:
            return
        if asked.sender is None:
            raise GiveUp("the mail does not say who wrote it")
        answer = self._answer(asked, ticket, text, key=key, to=asked.sender)
        try:
            await self._send(answer, smtp)
        except Retry:
            breaker.note(failed=True)
            raise
        breaker.note(failed=False)
        try:
            await self._keep(answer)
        except (Retry, GiveUp) as failed:
            # It is sent; to try again would send it twice.
            log.warning("answer.not-kept", municipality=self.outward.municipality, reason=failed.reason)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Nothing: a mail has no state."""

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Put a note beside the mail for whoever reads the mailbox."""
        asked = await self._asked(ticket, key)
        if asked is not None:
            await self._keep(self._answer(asked, ticket, f"{request_id}\n{url}", key=key, to=("", self._from)))

    async def _asked(self, ticket: TicketRef, key: str) -> Received | None:
        """The mail that is answered; None if the answer is there. Raises GiveUp for one that is gone."""
        return await in_mailbox(
            self.outward, self.api, partial(_asked, ticket.external_id, self._id(key), self._folders)
        )

    async def _keep(self, message: EmailMessage) -> None:
        raw, (_, processed) = message.as_bytes(), self._folders

        def keep(box: Mailbox) -> None:
            box.ensure(processed)
            box.append(processed, raw)

        await in_mailbox(self.outward, self.api, keep)

    def _answer(self, asked: Received, ticket: TicketRef, text: str, *, key: str, to: tuple[str, str]) -> EmailMessage:
        subject, tag = " ".join(asked.header("Subject").split()), ticket.number
        message = EmailMessage(policy=LETTER)
        message["From"] = addressed("Flöde", self._from)
        message["To"] = addressed(*to)
        again = subject if re.match(r"(re|sv|vs|aw)\s*:", subject, re.IGNORECASE) else f"Re: {subject}".strip()
        message["Subject"] = again if not tag or f"[{tag}]" in again else f"{again} [{tag}]"
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{self._id(key)}>"
        thread = [*asked.references, *([asked.id] if asked.id else [])]
        if thread:
            message["In-Reply-To"] = f"<{thread[-1]}>"
            message["References"] = " ".join(f"<{one}>" for one in thread)
        message["Auto-Submitted"] = "auto-replied"
        message.set_content(marked(text, key), cte=SAFE)
        return message

    async def _send(self, message: EmailMessage, smtp: str) -> None:
        """Send one message on a connection of its own; with our password only where nobody can read it."""
        parts = urlsplit(smtp)
        secure, host = parts.scheme == "smtps", parts.hostname or ""
        token = await token_for(self.outward, self.api)
        with told():
            sock = await asyncio.to_thread(self.outward.connect, host, parts.port or (465 if secure else 587))
            sock.setblocking(False)
            client = aiosmtplib.SMTP(hostname=host, sock=sock, use_tls=secure, timeout=self.outward.seconds)
            async with client:
                await client.ehlo()
                unread = client.get_transport_info("sslcontext") or self.api.private or host in OURSELVES
                if self.api.user and unread and client.supports_extension("auth"):
                    if token is not None:
                        await client.auth_xoauth2(self.api.user, token)
                    else:
                        await client.login(self.api.user, self.api.token)
                await client.send_message(message)

    @property
    def _from(self) -> str:
        return self.api.options.get("from") or self.api.user or ""

    @property
    def _folders(self) -> tuple[str, str]:
        return self.api.options.get("folder", "INBOX"), self.api.options.get("processed", "Processed")

    def _id(self, key: str) -> str:
        """The Message-ID of an answer: the same for the same key (P9)."""
        return f"flode.{hashlib.sha256(key.encode()).hexdigest()[:32]}@{self._from.rpartition('@')[2] or 'localhost'}"


def _asked(name: str, answer: str, folders: tuple[str, str], box: Mailbox) -> Received | None:
    """The mail that a ticket was named for; None if `answer` is there.

    Of those that give themselves its Message-ID, or name it as the root of their thread, the first to come is the one
    that became the request. What comes in is looked through first: a mail may be moved meanwhile, and only from there.
    """
    found: list[tuple[bool, datetime, Received]] = []
    box.ensure(folders[1])
    for folder in folders:
        box.open(folder)
        if box.search("HEADER", "MESSAGE-ID", quoted(f"<{answer}>")):
            return None
        found += _of_thread(name, box)
    if not found:
        raise GiveUp("the mail is in the mailbox no more")
    return min(found, key=lambda one: one[:2])[2]


def _of_thread(name: str, box: Mailbox) -> Iterator[tuple[bool, datetime, Received]]:
    """The mails of the open folder that may be the one of this name: whether only its thread says so, and since when
    they are there."""
    message_id = name.partition(" ")[0]
    if message_id == WITHOUT:
        uids = box.search("NOT", "HEADER", "MESSAGE-ID", '""')
    else:
        asked = quoted(f"<{message_id}>")
        uids = box.search("OR", "HEADER", "MESSAGE-ID", asked, "HEADER", "REFERENCES", asked)
    for uid in uids:
        held = box.fetch(uid)
        if held is None:
            continue
        with suppress(Unreadable):
            mail = received(held.raw)
            ours = mail.written("Auto-Submitted").casefold().startswith("auto-")
            if is_named(mail, name):
                yield False, held.received, mail
            elif mail.references[:1] == (name,) and not ours:
                yield True, held.received, mail


def tickets(desk: ServiceDesk, api: Api, outward: Outward) -> Mails:
    """The way into the mails of a desk."""
    return Mails(api, outward)

"""Mail: how a message looks, and the two ways out, a mail server or a folder.

What a mail server answers may repeat an address, so only its codes are kept in reasons, which are logged and stored.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage, Message
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from chassis.outbox import GiveUp, Retry
from notifications.adapters.letter import Written, as_html, as_text

SAFE = "quoted-printable"
SECONDS = 30.0
"""How long a mail server may take for one answer."""


class Subject(UnstructuredHeader, BaseHeader):
    """A subject that is encoded as a whole. The library's own way loses the blank between two words that are not ASCII
    when it breaks the line there."""

    def fold(self, *, policy: Policy[Message]) -> str:
        """The header as it is sent, whatever policy the one who sends it prefers."""
        kind = "us-ascii" if self.isascii() else "utf-8"
        said = Header(str(self), kind, maxlinelen=76, header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {said}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("subject", Subject)
LETTER = SMTP.clone(header_factory=_HEADERS)


class Mailer(Protocol):
    """A way out for mail. Raises Retry when it did not work now, GiveUp when it never will."""

    async def deliver(self, message: EmailMessage) -> None:
        """Hand the message over; when this returns, somebody else is responsible for it."""


def compose(
    written: Written,
    *,
    key: str,
    sender: str,
    name: str,
    address: str,
    link: str | None,
    at: datetime,
    partnership: str,
) -> EmailMessage:
    """The message to be sent. The same key gives the same Message-ID, so that a repeated one is known (P9).

    Raises GiveUp for an address nothing can be sent to.
    """
    from_name, from_address = parseaddr(sender)
    message = EmailMessage(policy=LETTER)
    message["From"] = addressed(from_name, from_address)
    message["To"] = addressed(name, address)
    message["Subject"] = written.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{key}@{from_address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    # Quoted-printable passes through every server, whatever its age, and a reader of the raw mail can read it too.
    message.set_content(as_text(written, name=name, link=link, partnership=partnership), cte=SAFE)
    message.add_alternative(as_html(written, name=name, link=link, partnership=partnership), subtype="html", cte=SAFE)
    message["Content-Language"] = written.language
    # The library draws a boundary by chance; a repeated message is to be the same to the letter.
    message.set_boundary(f"flode-{key}")
    return message


def addressed(name: str, address: str) -> Address:
    """Somebody's address as it stands in a header. Raises GiveUp for one that nothing can be sent to."""
    user, at, domain = address.strip().rpartition("@")
    if not (at and user and domain and user.isascii() and address.isprintable()):
        raise GiveUp("there is no address that mail can be sent to")
    try:
        # Non-ASCII domains travel in the form that the domain name system knows.
        return Address(" ".join(name.split()), user, domain.encode("idna").decode("ascii"))
    except (ValueError, UnicodeError):
        raise GiveUp("there is no address that mail can be sent to") from None


class Spool:
    """A folder that mail is put into, one file each; what embedded mode has instead of a mail server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def deliver(self, message: EmailMessage) -> None:
        """Write the message as `<key>.eml`, whole or not at all. The same message again is the same file."""
        key = message["Message-ID"].strip("<>").partition("@")[0]
        await asyncio.to_thread(write_whole, self.folder / f"{key}.eml", message.as_bytes())


class Smtp:
    """A mail server: smtp://user:password@host:port, smtps:// for TLS from the start.

    With smtp:// the connection is encrypted when the server offers it, always with ?starttls=required, and never with
    ?starttls=never.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        wish = parse_qs(parts.query).get("starttls", ["offered"])[0]
        self._host, self._secure = parts.hostname or "localhost", parts.scheme == "smtps"
        self._port = parts.port or (465 if self._secure else 25)
        self._start_tls = {"required": True, "never": False}.get(wish)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def deliver(self, message: EmailMessage) -> None:
        """Send one message on a connection of its own."""
        with told():
            await aiosmtplib.send(
                message,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._secure,
                start_tls=None if self._secure else self._start_tls,
                timeout=SECONDS,
            )


@contextmanager
def told() -> Iterator[None]:
    """What a mail server does not take, in the outbox's words."""
    try:
        yield
    except aiosmtplib.SMTPAuthenticationError as refused:
        raise Retry(f"the mail server does not accept our password: {refused.code}") from None
    except aiosmtplib.SMTPRecipientsRefused as refused:
        raise _answered(max(each.code for each in refused.recipients)) from None
    except aiosmtplib.SMTPResponseException as answered:
        raise _answered(answered.code) from None
    except (aiosmtplib.SMTPException, OSError) as failure:
        raise Retry(f"the mail server cannot be reached: {type(failure).__name__}") from None


def _answered(code: int) -> Retry | GiveUp:
    """What a server's answer means: from 500 on it will never take the message, below it may later."""
    return (GiveUp if code >= 500 else Retry)(f"the mail server answered {code}")


def mailer(url: str) -> Mailer:
    """The way out that FLODE_MAIL names: spool:/folder, smtp://… or smtps://…"""
    return Spool(Path(url.removeprefix("spool:"))) if url.startswith("spool:") else Smtp(url)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds all of it or none, whatever happens to the machine meanwhile.

    It waits for the disk: to be called in a thread."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)

"""A mailbox of somebody else's, over IMAP (RFC 3501): guarded as every way out is, bounded, told in the outbox's words.

The library waits for the server, so what is done in a mailbox is one function that runs in a thread. imaps:// is
encrypted from the start. imap:// is encrypted when the server offers it, and must be unless the server is said to stand
in a private network. What a server answers may repeat an address, so only its codes are kept in reasons.
"""

from __future__ import annotations

import asyncio
import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit

from chassis.i18n import N_
from chassis.oauth import token_for
from chassis.options import Option
from chassis.outbox import GiveUp, Retry
from chassis.outward import MOST_BYTES, OURSELVES, Outward
from chassis.partnership import Api

T = TypeVar("T")

FOLDER = Option(
    name="folder", label=N_("Folder that mails come into"), hint=N_("Whatever comes into it is taken."), usual="INBOX"
)
PROCESSED = Option(
    name="processed",
    label=N_("Folder for mails that were taken"),
    hint=N_("They are moved there, and must stay there: answers are written to those who sent them."),
    usual="Processed",
)
MOST_OF_A_MAIL = 1024 * 1024
"""The bytes that are read of one mail: text comes first, and what is attached stays where it is."""
FOR_GOOD = frozenset({"AUTHORIZATIONFAILED", "CANNOT", "CLIENTBUG", "NONEXISTENT", "NOPERM", "PRIVACYREQUIRED"})
"""What a server answers (RFC 5530) that it will answer again."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Held:
    """A mail as the server holds it; `received` is when the server took it in, `raw` its first MOST_OF_A_MAIL bytes."""

    uid: int
    received: datetime
    raw: bytes


class _Client(imaplib.IMAP4):
    """The library's client, on a connection that may be made."""

    def __init__(self, outward: Outward, url: str) -> None:
        parts = urlsplit(url)
        self._outward, self._secure = outward, parts.scheme == "imaps"
        super().__init__(parts.hostname or "", parts.port or (993 if self._secure else 143), timeout=outward.seconds)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = self._outward.connect(self.host, self.port)
        plain.settimeout(timeout)
        if not self._secure:
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)

    def read(self, size: int) -> bytes:
        """A literal; a server that announces a huge one is not listened to."""
        if size > MOST_BYTES:
            raise self.abort("a literal that is too long")
        return super().read(size)


class Mailbox:
    """A mailbox that is open. Every method waits for the server, and raises Retry or GiveUp for what it refuses."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._can = frozenset(b" ".join(self._done(client.capability())).decode("ascii", "replace").upper().split())

    def ensure(self, folder: str) -> None:
        """Make a folder, if it is not there."""
        kind, _ = self._client.status(_folder(folder), "(UIDVALIDITY)")
        if kind != "OK":
            self._done(self._client.create(_folder(folder)))

    def state(self, folder: str) -> tuple[int, int]:
        """A folder's UIDVALIDITY, and the uid that the next mail in it will have; before it is opened."""
        said = b" ".join(self._done(self._client.status(_folder(folder), "(UIDVALIDITY UIDNEXT)")))
        found = dict(re.findall(rb"(UIDVALIDITY|UIDNEXT) (\d+)", said))
        if len(found) != 2:
            raise Retry("the mail server does not say how its mails are counted")
        return int(found[b"UIDVALIDITY"]), int(found[b"UIDNEXT"])

    def open(self, folder: str, *, to_read: bool = True) -> None:
        """Open a folder; `to_read` alone, or to move mails out of it as well."""
        self._done(self._client.select(_folder(folder), readonly=to_read))

    def search(self, *criteria: str) -> list[int]:
        """The uids of the mails in the open folder that meet the criteria, the first to come first."""
        found = self._done(self._client.uid("SEARCH", *criteria))
        return sorted(int(uid) for line in found for uid in line.split() if uid.isdigit())

    def fetch(self, uid: int, *, most: int = MOST_OF_A_MAIL) -> Held | None:
        """A mail, left unread, or its first bytes (`most`); None where it is gone."""
        said, raw = self._fetched(uid, f"(UID INTERNALDATE BODY.PEEK[]<0.{most}>)")
        received = _received(said)
        return Held(uid, received, raw) if received and raw is not None else None

    def received(self, uid: int) -> datetime | None:
        """When the server took a mail in; None where it is gone."""
        return _received(self._fetched(uid, "(UID INTERNALDATE)")[0])

    def _fetched(self, uid: int, wanted: str) -> tuple[bytes, bytes | None]:
        """What is said of a mail, and the literal in it."""
        kind, answered = self._client.uid("FETCH", str(uid), wanted)
        if kind != "OK":
            raise _refused(answered)
        literals = [piece[1] for piece in answered if isinstance(piece, tuple)]
        said = [piece[0] if isinstance(piece, tuple) else piece for piece in answered if piece]
        return b" ".join(said), literals[0] if literals else None

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails of the open folder: at once where the server can (RFC 6851), otherwise copied and then deleted, so
        that one may be there twice and none is lost."""
        for start in range(0, len(uids), 100):
            some = ",".join(map(str, uids[start : start + 100]))
            if "MOVE" in self._can:
                self._done(self._client.uid("MOVE", some, _folder(folder)))
                continue
            self._done(self._client.uid("COPY", some, _folder(folder)))
            self._done(self._client.uid("STORE", some, "+FLAGS.SILENT", r"(\Deleted)"))
            # Without UIDPLUS everything that is marked would go, and others mark mails too.
            if "UIDPLUS" in self._can:
                self._done(self._client.uid("EXPUNGE", some))

    def append(self, folder: str, raw: bytes) -> None:
        """Put a mail into a folder, as one that was read."""
        self._done(self._client.append(_folder(folder), r"(\Seen)", "", raw))

    @staticmethod
    def _done(answer: tuple[str, Iterable[object]]) -> list[bytes]:
        kind, said = answer
        if kind != "OK":
            raise _refused(said)
        return [one for one in said if isinstance(one, bytes)]


async def in_mailbox(outward: Outward, api: Api, work: Callable[[Mailbox], T]) -> T:
    """Do something in the mailbox that an api names. Raises Retry for what may pass, and GiveUp for what will not."""
    breaker = outward.admitted(api.url)
    try:
        token = await token_for(outward, api)
        done = await asyncio.to_thread(_work, outward, api, token, work)
    except Retry:
        breaker.note(failed=True)
        raise
    breaker.note(failed=False)
    return done


def _work(outward: Outward, api: Api, token: str | None, work: Callable[[Mailbox], T]) -> T:
    try:
        client = _Client(outward, api.url)
        try:
            _log_in(client, api, token)
            return work(Mailbox(client))
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                client.logout()
            # One that broke off did not answer that, and has left its end open.
            with suppress(OSError):
                client.shutdown()
    except imaplib.IMAP4.abort:
        raise Retry("the mail server broke off") from None
    except imaplib.IMAP4.error as refused:
        raise _refused(refused.args) from None
    except OSError as failure:
        raise Retry(f"the mail server cannot be reached: {type(failure).__name__}") from None


def _log_in(client: _Client, api: Api, token: str | None) -> None:
    parts, user = urlsplit(api.url), api.user or ""
    if parts.scheme == "imap":
        if "STARTTLS" in client.capabilities:
            client.starttls(ssl.create_default_context())
        elif not (api.private or parts.hostname in OURSELVES):
            raise GiveUp("the mail server does not encrypt, and a password is sent to it")
    if token is not None:
        # What a server answers to a token it does not take has to be answered in its turn, by nothing.
        answers = iter((f"user={user}\1auth=Bearer {token}\1\1".encode(),))
        client.authenticate("XOAUTH2", lambda _: next(answers, b""))
        return
    try:
        if "AUTH=PLAIN" in client.capabilities:
            client.authenticate("PLAIN", lambda _: f"\0{user}\0{api.token}".encode())
        else:
            client.login(user, api.token)
    except UnicodeEncodeError:
        raise GiveUp("the mail server takes passwords of ASCII alone") from None


def _received(said: bytes) -> datetime | None:
    found = re.search(rb'INTERNALDATE "([^"]+)"', said)
    return parsedate_to_datetime(found[1].decode("ascii", "replace")).astimezone(UTC) if found else None


def _refused(said: Iterable[object]) -> Retry | GiveUp:
    """What a refusal means. A password that is not accepted may be one that is being changed."""
    text = b" ".join(one if isinstance(one, bytes) else str(one).encode() for one in said).decode("utf-8", "replace")
    code = re.search(r"\[([A-Z-]+)\]", text)
    named = code[1] if code else "NO"
    return (GiveUp if named in FOR_GOOD else Retry)(f"the mail server answered {named}")


def quoted(text: str) -> str:
    """A text of ASCII as IMAP writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def day(moment: date) -> str:
    """A day as IMAP writes it."""
    return f"{moment.day}-{MONTHS[moment.month - 1]}-{moment.year}"


def _folder(name: str) -> str:
    """A folder's name as IMAP writes it: in a UTF-7 of its own (RFC 3501, section 5.1.3)."""
    written = []
    for plain, others in re.findall(r"([\x20-\x7e]+)|([^\x20-\x7e]+)", name):
        if plain:
            written.append(plain.replace("&", "&-"))
        else:
            written.append("&" + others.encode("utf-7")[1:].decode().rstrip("-").replace("/", ",") + "-")
    return quoted("".join(written))

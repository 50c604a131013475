"""The least of an IMAP and of an SMTP server that answers as the standards say, for the stand-in of a mailbox."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from email.policy import compat32, default
from functools import cached_property

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


@dataclass
class Kept:
    """A mail in a folder."""

    raw: bytes
    received: datetime
    flags: set[str] = field(default_factory=set)

    @cached_property
    def headers(self) -> Message:
        """What is searched: the headers, their encoded words read."""
        read = BytesHeaderParser(policy=compat32).parsebytes(self.raw)
        for name, value in read.items():
            read.replace_header(name, str(make_header(decode_header(str(value)))))
        return read


@dataclass
class Folder:
    """Mails by uid. Uids only grow, as long as the validity is the same."""

    validity: int = 7
    following: int = 1
    mails: dict[int, Kept] = field(default_factory=dict)

    def put(self, kept: Kept) -> int:
        uid, self.following = self.following, self.following + 1
        self.mails[uid] = kept
        return uid

    def count_anew(self) -> None:
        """What a server does that lost its count."""
        kept, self.mails = list(self.mails.values()), {}
        self.validity, self.following = self.validity + 1, 1
        for one in kept:
            self.put(one)


class No(Exception):
    """A command that is refused."""


class ImapServer:
    """LOGIN, CAPABILITY, STATUS, CREATE, SELECT, EXAMINE, APPEND, UID SEARCH, FETCH, MOVE, COPY, STORE, EXPUNGE."""

    def __init__(self, user: str, password: str) -> None:
        self.user, self.password = user, password
        self.can = "IMAP4rev1 UIDPLUS MOVE"
        self.bearer: str | None = None
        """The token that is taken by XOAUTH2, instead of the password."""
        self.folders = {"INBOX": Folder()}
        self.asked: list[str] = []
        self.appended: list[bytes] = []
        self.before: Callable[[str], None] = lambda _: None
        """Called with each command; raises No, or OSError to break the connection off."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._selected, known = "", False
        writer.write(f"* OK [CAPABILITY {self.can}] ready\r\n".encode())
        try:
            while line := await reader.readline():
                while literal := re.search(rb"\{(\d+)\}\r\n$", line):
                    writer.write(b"+ go on\r\n")
                    line = (
                        line[: literal.start()]
                        + b'"'
                        + (await reader.readexactly(int(literal[1]))).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
                        + b'"'
                        + (await reader.readline())
                    )
                tag, *words = _words(line)
                command = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
                arguments = words[2:] if command.startswith("UID ") else words[1:]
                self.asked.append(f"IMAP {command}")
                try:
                    self.before(command)
                    if command == "LOGIN":
                        if arguments != [self.user, self.password]:
                            raise No("[AUTHENTICATIONFAILED] no")
                        known = True
                    elif command == "AUTHENTICATE":
                        known = await self._authenticated(arguments, reader, writer)
                    elif command == "LOGOUT":
                        writer.write(f"* BYE\r\n{tag} OK bye\r\n".encode())
                        break
                    elif command == "CAPABILITY":
                        writer.write(f"* CAPABILITY {self.can}\r\n".encode())
                    elif not known:
                        raise No("[AUTHORIZATIONFAILED] log in")
                    else:
                        self._do(command, arguments, writer)
                    writer.write(f"{tag} OK done\r\n".encode())
                except No as refused:
                    writer.write(f"{tag} NO {refused}\r\n".encode())
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _authenticated(
        self, arguments: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """XOAUTH2: what is wrong is told as a question, which is answered by nothing before the refusal."""
        writer.write(b"+ \r\n")
        said = base64.b64decode(await reader.readline()).decode()
        if (arguments, said) == (["XOAUTH2"], f"user={self.user}\1auth=Bearer {self.bearer}\1\1"):
            return True
        writer.write(b"+ " + base64.b64encode(b'{"status":"400"}') + b"\r\n")
        assert base64.b64decode(await reader.readline()) == b""
        raise No("[AUTHENTICATIONFAILED] AUTHENTICATE failed.")

    def _do(self, command: str, arguments: list[str], writer: asyncio.StreamWriter) -> None:
        if command in ("STATUS", "SELECT", "EXAMINE", "APPEND"):
            name = arguments[0]
            if name not in self.folders:
                raise No("[TRYCREATE] there is none")
            folder = self.folders[name]
            if command == "STATUS":
                counts = f"UIDVALIDITY {folder.validity} UIDNEXT {folder.following}"
                writer.write(f'* STATUS "{name}" ({counts})\r\n'.encode())
            elif command == "APPEND":
                self.appended.append(arguments[-1].encode("latin-1"))
                folder.put(Kept(self.appended[-1], datetime(2026, 3, 2, tzinfo=UTC), {"\\Seen"}))
            else:
                self._selected, self._may_write = name, command == "SELECT"
                writer.write(f"* {len(folder.mails)} EXISTS\r\n* OK [UIDVALIDITY {folder.validity}]\r\n".encode())
        elif command == "CREATE":
            self.folders[arguments[0]] = Folder(validity=len(self.folders) + 20)
        elif command == "UID SEARCH":
            found = [str(uid) for uid in self._open.mails if self._meets(uid, list(arguments))]
            writer.write(f"* SEARCH {' '.join(found)}\r\n".encode())
        elif command == "UID FETCH":
            self._fetch(arguments, writer)
        else:
            if not self._may_write:
                raise No("[NOPERM] it is open to be read")
            for uid in self._set(arguments[0]):
                self._change(command, uid, arguments[1:])

    @property
    def _open(self) -> Folder:
        return self.folders[self._selected]

    def _fetch(self, arguments: list[str], writer: asyncio.StreamWriter) -> None:
        for uid in self._set(arguments[0]):
            kept = self._open.mails[uid]
            at = kept.received
            when = f"{at.day:2}-{MONTHS[at.month - 1]}-{at.year} {at:%H:%M:%S} {at:%z}"
            place = list(self._open.mails).index(uid) + 1
            writer.write(f'* {place} FETCH (UID {uid} INTERNALDATE "{when}"'.encode())
            if most := re.search(r"BODY\.PEEK\[\]<0\.(\d+)>", " ".join(arguments[1:])):
                part = kept.raw[: int(most[1])]
                writer.write(b" BODY[]<0> {%d}\r\n" % len(part) + part)
            writer.write(b")\r\n")

    def _change(self, command: str, uid: int, arguments: list[str]) -> None:
        kept = self._open.mails[uid]
        if command in ("UID MOVE", "UID COPY"):
            if arguments[0] not in self.folders:
                raise No("[TRYCREATE] there is none")
            self.folders[arguments[0]].put(Kept(kept.raw, kept.received, set(kept.flags)))
        if command == "UID STORE":
            kept.flags |= set(arguments[1].strip("()").split())
        if command == "UID MOVE" or (command == "UID EXPUNGE" and "\\Deleted" in kept.flags):
            del self._open.mails[uid]

    def _set(self, text: str) -> list[int]:
        uids = list(self._open.mails)
        chosen = set[int]()
        for part in text.split(","):
            start, _, end = part.partition(":")
            bounds = [max(uids, default=0) if one == "*" else int(one) for one in (start, end or start)]
            chosen |= {uid for uid in uids if min(bounds) <= uid <= max(bounds)}
        return sorted(chosen)

    def _meets(self, uid: int, criteria: list[str]) -> bool:
        met = True
        while criteria:
            met = self._meets_one(uid, criteria) and met
        return met

    def _meets_one(self, uid: int, criteria: list[str]) -> bool:
        kept, asked = self._open.mails[uid], criteria.pop(0).upper()
        match asked:
            case "UNDELETED":
                return "\\Deleted" not in kept.flags
            case "UID":
                return uid in self._set(criteria.pop(0))
            case "SINCE":
                day, month, year = criteria.pop(0).split("-")
                since = datetime(int(year), MONTHS.index(month) + 1, int(day), tzinfo=UTC)
                return kept.received >= since
            case "NOT":
                return not self._meets_one(uid, criteria)
            case "OR":
                first, second = self._meets_one(uid, criteria), self._meets_one(uid, criteria)
                return first or second
            case "HEADER":
                name, wanted = criteria.pop(0), criteria.pop(0)
                return any(wanted.casefold() in value.casefold() for value in kept.headers.get_all(name, []))
            case _:
                raise No(f"[CANNOT] {asked} is not known here")


def _words(line: bytes) -> list[str]:
    """The words of a command; quoted ones without their quotes, lists with their parentheses."""
    text = line.decode("latin-1").rstrip("\r\n")
    pattern = r'"((?:[^"\\]|\\.)*)"|(\([^)]*\))|([^\s"()]+)'
    return [
        re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) if found[0].startswith('"') else found[0]
        for found in re.finditer(pattern, text, re.DOTALL)
    ]


class SmtpServer:
    """EHLO, MAIL, RCPT, DATA, QUIT; AUTH only where `xoauth2` says what is taken."""

    def __init__(self) -> None:
        self.xoauth2: str | None = None
        self.authenticated = False
        self.sent: list[bytes] = []
        self.asked: list[str] = []
        self.before: Callable[[str], str | None] = lambda _: None
        """Called with each command; what it returns is answered instead."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        try:
            while line := await reader.readline():
                command = line.split()[0].decode().upper()
                self.asked.append(f"SMTP {command}")
                if planted := self.before(command):
                    writer.write(f"{planted}\r\n".encode())
                elif command == "EHLO":
                    writer.write(
                        b"250-here\r\n" + (b"250-AUTH XOAUTH2\r\n" if self.xoauth2 else b"") + b"250 8BITMIME\r\n"
                    )
                elif command == "AUTH":
                    said = base64.b64decode(line.split()[2]).decode()
                    self.authenticated = said == self.xoauth2
                    writer.write(b"235 yes\r\n" if self.authenticated else b"535 no\r\n")
                elif self.xoauth2 and not self.authenticated and command == "MAIL":
                    writer.write(b"530 5.7.57 not authenticated\r\n")
                elif command == "DATA":
                    writer.write(b"354 go on\r\n")
                    raw = await reader.readuntil(b"\r\n.\r\n")
                    self.sent.append(re.sub(rb"(?m)^\.", b"", raw[:-3]))
                    writer.write(b"250 taken\r\n")
                elif command == "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                else:
                    writer.write(b"250 ok\r\n")
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def served(*servers: ImapServer | SmtpServer) -> AsyncIterator[list[int]]:
    """The ports at which the servers answer, for the length of a block."""
    running = [await asyncio.start_server(one.serve, "127.0.0.1", 0, limit=1 << 24) for one in servers]
    try:
        yield [one.sockets[0].getsockname()[1] for one in running]
    finally:
        for one in running:
            one.close()
            await one.wait_closed()

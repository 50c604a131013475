"""E-mail: a mailbox whose mails are for the project flow, read over IMAP. Nothing is sent to us.

A mail is a ticket, named for ever by its Message-ID; an answer in its thread is a comment. The thread is known by
References, by In-Reply-To, and at last by the tag in the subject ("[PRJ-7QK2M4XW3A]"), which is the ticket's number.
An answer to what never came here is a ticket itself, named for the root of its thread. Times are the server's
(INTERNALDATE), for a mail's own Date says what its sender likes. Mails of machines (RFC 3834) are kept and do nothing.

A mail is moved to the folder of processed ones by the poll after the one that took it: what the cursor has passed was
committed. Whoever is killed in between takes a mail again that is known by its key, or moves one that is not moved yet.

Where `token_url` is said, no password is sent: api.token is the secret of a client (`client_id`) to whom that address
gives a token for `scope`, as Exchange Online wants it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message
from typing import Self

from chassis.i18n import N_
from chassis.mailbox import FOLDER, MOST_OF_A_MAIL, PROCESSED, Held, Mailbox, day, in_mailbox, quoted
from chassis.oauth import CLIENT_ID, SCOPE, TOKEN_URL
from chassis.options import Option
from chassis.outward import MOST_BYTES
from chassis.partnership import ServiceDesk
from chassis.received import Received, Unreadable, decoded, name_of, received
from contracts.refusal import Refusal
from intake.adapters import markup
from intake.adapters.delivery import Unauthentic
from intake.adapters.e_mail_files import file_in, files_of
from intake.adapters.e_mail_steps import STEPS
from intake.adapters.port import POLLED, Arrived, Changed, Proof, Said, System, Way
from intake.adapters.ticket import LONGEST_DESCRIPTION
from intake.domain.text import a_text, a_title

SMTP = Option(
    name="smtp",
    label=N_("Mail server that answers are sent over"),
    hint=N_(
        "smtps:// is encrypted from the start, smtp:// as soon as the server offers it. Without it nothing is answered."
    ),
    kind="address",
    pattern=r"smtps?://[^/@\s:]+(:\d{1,5})?/?",
    example="smtp://smtp.example.org:587",
)
FROM = Option(
    name="from",
    label=N_("Address that answers come from"),
    hint=N_("If it is not the user's name there."),
    pattern=r"[^@\s]+@[^@\s]+",
    example="projekt@example.org",
)
TAG = Option(
    name="tag",
    label=N_("Beginning of the numbers"),
    hint=N_("With it begins what stands in the subject of an answer, by which the thread is known: [PRJ-7QK2M4XW3A]."),
    usual="PRJ",
    pattern=r"[A-Za-z0-9]+",
    example="PRJ",
)
AT, AGAIN, THREAD, FIRST = "x-mail-received", "x-mail-again", "x-mail-thread", "x-mail-first"
"""What is known of a mail besides what it says: when the server took it in, that another mail had its Message-ID
before, which thread it is found to be of, and that it is the first of its thread to come here."""
TOGETHER = 50
ROOT, ANSWER = 2**41, 2**40
"""Which mail of a thread its ticket is: the root before any answer, and an earlier one before a later. So a mail's
revision is one of these less the seconds at which it came in, and no later mail writes over what was asked for."""
IMPORTANCE = {"high": 2, "normal": 3, "low": 4}


class NotAMail(Refusal):
    """A mail is built so that its parts cannot be told."""

    text = "The mail cannot be read: it is not put together as mails are ({fault})."
    status = 422


class NoMailSentHere(Unauthentic):
    """Mails are fetched; nobody delivers them here."""


def proof(arrived: Arrived, secrets: tuple[str, ...], now: datetime) -> Proof:
    """Nothing that is sent here is authentic."""
    raise NoMailSentHere


def said(arrived: Arrived, desk: ServiceDesk) -> Said:
    """The ticket that a mail is, or the one that it answers."""
    mail = _read(arrived.body)
    own = name_of(mail, again=AGAIN in arrived.headers)
    key = f"mail {own}"
    if by_a_machine(mail):
        return Said(ticket={"external_id": own, "kind": "commented"}, key=key)
    at = arrived.headers.get(AT)
    thread = arrived.headers.get(THREAD) or (mail.references or (None,))[0]
    named = {"external_id": thread or own, "number": tag_of(thread or own, desk), "updated_at": at}
    if thread and FIRST not in arrived.headers:
        return Said(ticket={**named, "kind": "commented"}, key=key, lookup="new")
    rank = ANSWER if thread else ROOT
    try:
        text, html = a_text(text_of(mail.message)), html_of(mail.message)
    except RecursionError as odd:
        raise NotAMail(fault=type(odd).__name__) from None
    return Said(
        ticket={
            **named,
            "kind": "created",
            "flow": desk.flows[0],
            "title": a_title(mail.header("Subject")) or a_title(text.partition("\n")[0]) or _name(mail) or own,
            "description": (html or text)[:LONGEST_DESCRIPTION],
            "description_format": "html" if html else "text",
            "requester": _requester(mail),
            "attachments": files_of(mail, own, read=len(arrived.body)),
            "opened_at": at,
            "priority": priority_of(mail),
            "revision": rank - int(datetime.fromisoformat(at).timestamp()) if at else None,
        },
        key=key,
    )


def _read(raw: bytes) -> Received:
    try:
        return received(raw)
    except Unreadable as odd:
        raise NotAMail(fault=str(odd)) from None


def tag_of(name: str, desk: ServiceDesk) -> str:
    """What people call the ticket that a mail is, and what its thread is known by in a subject."""
    digest = base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()
    return f"{TAG.of(desk.api)}-{digest[:10]}"


def by_a_machine(mail: Received) -> bool:
    """Whether a machine wrote it: an answer to it could be answered by a machine again (RFC 3834)."""
    submitted = mail.written("Auto-Submitted").partition(";")[0].strip().casefold()
    report = mail.message.get_content_type() in ("multipart/report", "message/delivery-status")
    nobody = mail.written("Return-Path").strip() == "<>"
    bulk = mail.written("Precedence").strip().casefold() in ("bulk", "junk")
    return submitted not in ("", "no") or report or nobody or bulk


def priority_of(mail: Received) -> int | None:
    """How urgent the sender thinks it is, where a header says so."""
    counted = re.match(r"\s*([1-5])\b", mail.written("X-Priority"))
    return int(counted[1]) if counted else IMPORTANCE.get(mail.written("Importance").strip().casefold())


def _name(mail: Received) -> str:
    name, address = mail.sender or ("", "")
    return a_title(name)[:200] or address


def _requester(mail: Received) -> dict[str, str] | None:
    """Who says to have written it; an address that can be none is not kept."""
    if mail.sender is None:
        return None
    address = mail.sender[1]
    can_be = len(address) <= 254 and re.fullmatch(r"[^@\s]+@[^@\s]+", address)
    return {"name": _name(mail)[:200], **({"email": address} if can_be else {})}


def text_of(part: Message) -> str:
    """What a mail says: its plain text, and of what is only there as HTML, the text. What is attached stays away."""
    if part.is_multipart():
        said = [text_of(one) for one in part.get_payload() if isinstance(one, Message)]
        if part.get_content_type() != "multipart/alternative":
            return "\n\n".join(one for one in said if one.strip())
        kinds = [one.get_content_type() for one in part.get_payload() if isinstance(one, Message)]
        plain = [one for kind, one in zip(kinds, said, strict=True) if kind == "text/plain" and one.strip()]
        return next((one for one in (*plain, *reversed(said)) if one.strip()), "")
    if not _is_said(part):
        return ""
    text = _read_as_text(part)
    return markup.plain(text) if part.get_content_type() == "text/html" else text


def html_of(mail: Message) -> str:
    """The markup of a mail that says all it says in one piece of HTML, and more than its text does; empty otherwise."""
    said = [one for one in mail.walk() if _is_said(one) and _read_as_text(one).strip()]
    marked_up = [one for one in said if one.get_content_type() == "text/html"]
    if len(marked_up) != 1 or len(said) > 2 or (len(said) == 2 and not _has_alternatives(mail)):
        return ""
    html = _read_as_text(marked_up[0])
    return html if len(html) <= LONGEST_DESCRIPTION and markup.says_more_than_text(markup.clean(html)) else ""


def _has_alternatives(mail: Message) -> bool:
    return any(one.get_content_type() == "multipart/alternative" for one in mail.walk())


def _is_said(part: Message) -> bool:
    """Whether a part is read, rather than a file that hangs on the mail."""
    kind = part.get_content_type()
    return kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment"


def _read_as_text(part: Message) -> str:
    raw = part.get_payload(decode=True)
    return decoded(raw, part.get_content_charset()) if isinstance(raw, bytes) else ""


async def look_up(way: Way, arrived: Arrived) -> Arrived:
    """The answer to what never came here, as the mail its ticket begins with."""
    return Arrived(body=arrived.body, headers={**arrived.headers, FIRST: "1"})


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder was read: mails from uid `start` on are ours, up to `last` they are taken.

    Once the server counts its mails anew (another `validity`), what came in since the moment we began is read again.
    """

    since: datetime
    validity: int = 0
    start: int = 0
    last: int = 0

    @classmethod
    def read(cls, text: str) -> Self:
        """The cursor as it was written, or one that begins at a moment."""
        since, *counts = text.split(" ")
        return cls(datetime.fromisoformat(since), *map(int, counts))

    def __str__(self) -> str:
        return f"{self.since.isoformat()} {self.validity} {self.start} {self.last}"


async def changed(way: Way, cursor: str) -> Changed:
    """The mails that came in since; those that the cursor has passed are moved away."""
    return await in_mailbox(way.outward, way.api, lambda box: _changed(box, way.desk, Cursor.read(cursor)))


async def open_file(way: Way, ref: str) -> bytes:
    """The file that a reference names."""
    return await in_mailbox(way.outward, way.api, lambda box: file_in(box, folders(way.desk), ref))


def _changed(box: Mailbox, desk: ServiceDesk, cursor: Cursor) -> Changed:
    folder, processed = folders(desk)
    box.ensure(processed)
    validity, following = box.state(folder)
    box.open(folder, to_read=False)
    if cursor.validity == validity:
        if cursor.start <= cursor.last:
            box.move(box.search("UNDELETED", "UID", f"{cursor.start}:{cursor.last}"), processed)
    else:
        start = _first_since(box, cursor.since, following)
        cursor = Cursor(cursor.since, validity, start, start - 1)
    # "5:*" means the last mail too, even if that is the fourth.
    waiting = [uid for uid in box.search("UID", f"{cursor.last + 1}:*") if uid > cursor.last]
    held, last = [], cursor.last
    for uid in waiting[: min(TOGETHER, MOST_BYTES // MOST_OF_A_MAIL)]:
        if found := box.fetch(uid):
            held.append(found)
        last = uid
    records = list(_records(box, desk, held))
    return Changed(
        records=tuple(records),
        cursor=str(Cursor(cursor.since, validity, cursor.start, last)),
        more=bool(waiting) and last < waiting[-1],
    )


def folders(desk: ServiceDesk) -> tuple[str, str]:
    """The folder that mails come into, and the one they are moved to."""
    return FOLDER.of(desk.api), PROCESSED.of(desk.api)


def _first_since(box: Mailbox, since: datetime, following: int) -> int:
    """The uid of the first mail that came in at a moment or later; that of the next mail, if there is none.

    The server searches by days of its own zone, so a day more is searched."""
    for uid in box.search("SINCE", day(since - timedelta(days=1))):
        received_at = box.received(uid)
        if received_at and received_at >= since:
            return uid
    return following


def _records(box: Mailbox, desk: ServiceDesk, held: list[Held]) -> Iterator[Arrived]:
    """The mails as they arrived, with what the rest of the mailbox tells of them."""
    for one in held:
        told = {POLLED: "1", AT: one.received.isoformat()}
        # A mail that cannot be read is told of as it is, and parked with a sentence that says so.
        with suppress(Unreadable):
            mail = received(one.raw)
            if _is_there_already(box, desk, mail, one.uid):
                told[AGAIN] = "1"
            if not mail.says_root and (thread := _thread_of(box, desk, mail)):
                told[THREAD] = thread
        yield Arrived(body=one.raw, headers=told)


def _is_there_already(box: Mailbox, desk: ServiceDesk, mail: Received, uid: int) -> bool:
    """Whether another mail that came before has the same Message-ID and says something else."""
    for at, folder in enumerate(folders(desk) if mail.id else ()):
        for other in _with(box, folder, "MESSAGE-ID", f"<{mail.id}>", before=None if at else uid):
            if other.id == mail.id and other.fingerprint != mail.fingerprint:
                return True
    return False


def _thread_of(box: Mailbox, desk: ServiceDesk, mail: Received) -> str | None:
    """The thread of a mail that does not name its root, as far as the mailbox tells of it."""
    at, seen = mail, set[str]()
    while at.references and not at.says_root and at.references[0] not in seen:
        seen.add(at.references[0])
        parent = _named(box, desk, at.references[0])
        if parent is None:
            break
        at = parent
    if at is not mail:
        return at.references[0] if at.references else at.id
    prefix = re.escape(TAG.of(desk.api))
    if tag := re.search(rf"\[({prefix}-[A-Z2-7]{{10}})\]", mail.header("Subject")):
        for folder in folders(desk):
            for other in _with(box, folder, "SUBJECT", tag[1]):
                if other.references and tag_of(other.references[0], desk) == tag[1]:
                    return other.references[0]
    return None


def _named(box: Mailbox, desk: ServiceDesk, name: str) -> Received | None:
    """The mail with this Message-ID, wherever it is."""
    for folder in folders(desk):
        for other in _with(box, folder, "MESSAGE-ID", f"<{name}>"):
            if other.id == name:
                return other
    return None


def _with(box: Mailbox, folder: str, header: str, value: str, *, before: int | None = None) -> Iterator[Received]:
    """The first mails of a folder with something in a header; none that came after uid `before`."""
    box.open(folder)
    for uid in box.search("HEADER", header, quoted(value))[:10]:
        found = box.fetch(uid) if before is None or uid < before else None
        if found:
            with suppress(Unreadable):
                yield received(found.raw)


system = System(
    name="E-mail",
    proof=proof,
    said=said,
    kept=(AT, AGAIN, THREAD, FIRST),
    look_up=look_up,
    changed=changed,
    open_file=open_file,
    options=(SMTP, FROM, FOLDER, PROCESSED, TAG, TOKEN_URL, CLIENT_ID, SCOPE),
    steps=STEPS,
)

"""Mail: how a message is made, and what the two ways out do with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtplib.email import flatten_message

from chassis import i18n
from chassis.i18n.formats import Formats
from chassis.outbox import GiveUp, Retry
from notifications.adapters.letter import write
from notifications.adapters.mail import Smtp, Spool, compose, mailer

i18n.use("notifications")
KEY = "1c9f6a52-0000-5000-8000-000000000001"
AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def a_mail(
    *, name: str = "Hedda Lindqvist-Ås", address: str = "hedda@tallvik.example", title: str = "Bokning\nav hallar"
) -> EmailMessage:
    written = write("project-stopped", {"title": title, "reason": "För stort"}, Formats("sv", "SE", "Europe/Stockholm"))
    return compose(
        written, key=KEY, sender="Flöde <flode@tallvik.example>", name=name, address=address,
        link="https://flode.example/portfolio", at=AT, partnership="Samverkan",
    )  # fmt: skip


def test_the_same_message_is_the_same_to_the_letter_however_often_it_is_made() -> None:
    """P9: a mail server, and the reader, know a repeated message by its id."""
    assert a_mail().as_bytes() == a_mail().as_bytes()
    assert a_mail()["Message-ID"] == f"<{KEY}@tallvik.example>"


def test_a_message_says_that_a_machine_wrote_it_and_in_which_language() -> None:
    mail = message_from_bytes(a_mail().as_bytes(), policy=policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "sv"
    assert mail["To"] == "Hedda Lindqvist-Ås <hedda@tallvik.example>"
    assert mail["Date"].datetime == AT
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "För stort" in plain.get_content()


def test_a_message_is_plain_ascii_on_its_way() -> None:
    assert a_mail().as_bytes().isascii()


@pytest.mark.parametrize("title", ["E-tjänst för bygglov i Åmåls kommun på öarna", "åäö " * 60, "A" * 300, "Bookings"])
def test_a_subject_keeps_its_blanks_wherever_its_line_is_broken(title: str) -> None:
    sent = a_mail(title=title).as_bytes()
    assert max(map(len, sent.partition(b"\r\n\r\n")[0].split(b"\r\n"))) < 320
    assert message_from_bytes(sent, policy=policy.default)["Subject"].endswith(f": {title.strip()}")
    assert message_from_bytes(flatten_message(a_mail(title=title)), policy=policy.default)["Subject"].endswith(
        f": {title.strip()}"
    )


def test_a_line_break_in_a_title_or_a_name_makes_no_header() -> None:
    mail = a_mail(title="Hallar\r\nBcc: everybody@tallvik.example", name="Hedda\r\nBcc: x@y.example")
    assert mail["Bcc"] is None
    assert "\n" not in mail["Subject"]


@pytest.mark.parametrize(
    "address",
    ["", "(erased)", "nobody", "@tallvik.example", "hedda@", "he\ndda@tallvik.example", "åsa@tallvik.example"],
)
def test_where_there_is_no_address_nothing_is_tried_again(address: str) -> None:
    """P14: an erased person has none, and the reason repeats nothing."""
    with pytest.raises(GiveUp, match="no address") as given_up:
        a_mail(address=address)
    assert address == "" or address not in given_up.value.reason


def test_an_address_in_a_domain_of_other_letters_travels_in_the_form_that_servers_know() -> None:
    assert a_mail(address="hedda@åmål.example")["To"].addresses[0].domain.startswith("xn--")


async def test_the_spool_holds_a_message_once_and_whole(tmp_path: Path) -> None:
    spool = mailer(f"spool:{tmp_path / 'mail'}")
    assert isinstance(spool, Spool)
    for _ in range(2):
        await spool.deliver(a_mail())
    (file,) = (tmp_path / "mail").iterdir()
    assert file.name == f"{KEY}.eml"
    assert message_from_bytes(file.read_bytes(), policy=policy.default)["Subject"] == "Stoppat: Bokning av hallar"


class MailServer:
    """A mail server of a few lines, which answers as it is told."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.heard: list[str] = []
        self.received: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode():
            command = line[:4].upper().strip()
            self.heard.append(line.strip())
            writer.write((self.answers.get(command) or self._usual(command)).encode() + b"\r\n")
            if command == "DATA" and command not in self.answers:
                self.received.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write((self.answers.get("body") or "250 taken").encode() + b"\r\n")
            if command == "QUIT":
                break
        writer.close()

    @staticmethod
    def _usual(command: str) -> str:
        return {"DATA": "354 go on", "QUIT": "221 bye", "EHLO": "250 8BITMIME"}.get(command, "250 well")


@pytest.fixture
async def server() -> AsyncIterator[tuple[MailServer, str]]:
    mail = MailServer()
    listening = await asyncio.start_server(mail.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    yield mail, f"smtp://127.0.0.1:{port}"
    listening.close()
    await listening.wait_closed()


async def test_a_mail_server_is_handed_the_message(server: tuple[MailServer, str]) -> None:
    mail, url = server
    await mailer(url).deliver(a_mail())
    assert "RCPT TO:<hedda@tallvik.example>" in " ".join(mail.heard)
    (body,) = mail.received
    assert f"Message-ID: <{KEY}@tallvik.example>".encode() in body


@pytest.mark.parametrize(
    ("answers", "expected", "code"),
    [
        ({"RCPT": "550 5.1.1 <hedda@tallvik.example> unknown"}, GiveUp, "550"),
        ({"RCPT": "450 4.2.1 hedda@tallvik.example greylisted"}, Retry, "450"),
        ({"MAIL": "421 4.3.2 shutting down"}, Retry, "421"),
        ({"body": "554 5.7.1 refused for hedda@tallvik.example"}, GiveUp, "554"),
        ({"body": "452 4.3.1 no room"}, Retry, "452"),
    ],
)
async def test_what_a_server_says_for_good_is_given_up_and_what_passes_is_tried_again(
    server: tuple[MailServer, str], answers: dict[str, str], expected: type[Exception], code: str
) -> None:
    mail, url = server
    mail.answers = answers
    with pytest.raises(expected, match=code) as failed:
        await mailer(url).deliver(a_mail())
    assert "hedda" not in str(failed.value), "a reason is logged and stored, so it names nobody"


async def test_a_server_that_is_away_is_tried_again_later() -> None:
    with pytest.raises(Retry, match="cannot be reached"):
        await mailer("smtp://127.0.0.1:9").deliver(a_mail())


async def test_without_encryption_nothing_is_sent_where_it_is_required(server: tuple[MailServer, str]) -> None:
    mail, url = server
    with pytest.raises((Retry, GiveUp)):
        await mailer(f"{url}?starttls=required").deliver(a_mail())
    assert mail.received == []


def test_the_settings_of_a_mail_server_are_read_from_its_url() -> None:
    assert isinstance(mailer("smtps://flode:p%40ss@mail.tallvik.example"), Smtp)

"""What is read of a mail: letters, threads, urgency, and whom it is from; and which mails are nobody's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.partnership import ServiceDesk
from intake.adapters.delivery import Delivery, Unauthentic
from intake.adapters.e_mail import AGAIN, AT, FIRST, ROOT, THREAD, Cursor, system, tag_of
from intake.adapters.port import POLLED, Arrived, system_of

DESK = ServiceDesk(municipality="ekvik", system="mail", kind="e-mail", secret="is-never-used-0001", flows=("Projekt",))
AT_SERVER = "2026-03-02T08:30:00+00:00"


def a_mail(*headers: str, body: bytes = b"Vi beh\xf6ver en e-tj\xe4nst.", charset: str = "iso-8859-1") -> bytes:
    usual = {
        "Message-ID": "<root@ekvik.example>",
        "From": "Sigrid Ek <sigrid.ek@ekvik.example>",
        "Subject": "Bygglov",
        "Date": "Fri, 01 Jan 2038 00:00:00 +0000",
        "Content-Type": f"text/plain; charset={charset}",
    }
    for header in headers:
        name, _, value = header.partition(": ")
        usual[name] = value
    return "".join(f"{name}: {value}\r\n" for name, value in usual.items() if value).encode("cp1252") + b"\r\n" + body


def delivery(raw: bytes, **known: str) -> Delivery:
    names = {"again": AGAIN, "thread": THREAD, "first": FIRST}
    headers = {names[name]: value for name, value in known.items()}
    return system.read(Arrived(body=raw, headers={POLLED: "1", AT: AT_SERVER, **headers}), DESK)


def read(raw: bytes, **known: str) -> dict[str, Any]:
    given = delivery(raw, **known)
    assert given.fault is None
    assert isinstance(given.content, dict)
    return given.content


def test_the_adapter_is_found_by_its_kind() -> None:
    assert system_of("e-mail") is system


def test_a_mail_is_a_ticket_of_the_project_flow() -> None:
    assert read(a_mail()) == {
        "external_id": "root@ekvik.example",
        "number": tag_of("root@ekvik.example", DESK),
        "kind": "created",
        "flow": "Projekt",
        "title": "Bygglov",
        "description": "Vi behöver en e-tjänst.",
        "description_format": "text",
        "requester": {"name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example"},
        "attachments": [],
        "opened_at": AT_SERVER,
        "updated_at": AT_SERVER,
        "revision": ROOT - 1772440200,
    }


def test_its_own_date_is_not_believed() -> None:
    assert "2038" not in str(read(a_mail()))


def test_nothing_that_is_sent_here_is_authentic() -> None:
    with pytest.raises(Unauthentic):
        system.verify(Arrived(body=a_mail()), DESK.secrets, datetime(2026, 3, 2, tzinfo=UTC))


# --- letters ---


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("utf-8", "Räksmörgås – Ærø".encode()),
        ("iso-8859-1", "Räksmörgås – Ærø".encode("cp1252")),
        ("windows-1252", "Räksmörgås – Ærø".encode("cp1252")),
        ("utf-8", "Räksmörgås – Ærø".encode("cp1252")),
        ("us-ascii", "Räksmörgås – Ærø".encode()),
        ("no-such-charset", "Räksmörgås – Ærø".encode("cp1252")),
        ("punycode", "Räksmörgås – Ærø".encode("cp1252")),
    ],
)
def test_a_text_is_read_in_its_charset_or_as_windows_1252(charset: str, body: bytes) -> None:
    assert read(a_mail(body=body, charset=charset))["description"] == "Räksmörgås – Ærø"


def test_a_quoted_printable_text_in_latin_1_is_not_empty() -> None:
    raw = a_mail("Content-Transfer-Encoding: quoted-printable", body=b"=E4=F6=FC")
    assert read(raw)["description"] == "äöü"


@pytest.mark.parametrize(
    "subject",
    [
        "Räksmörgås Ærø Bodø",
        "=?utf-8?B?UsOka3Ntw7ZyZ8Olcw==?= =?iso-8859-1?Q?_=C6r=F8_Bod=F8?=",
        "=?utf-8?Q?R=C3=A4ksm=C3?=\r\n =?utf-8?Q?=B6rg=C3=A5s_?=\r\n =?utf-8?Q?=C3=86r=C3=B8?= Bodø",
        "=?utf-8?Q?R=E4ksm=F6rg=E5s?= Ærø Bodø",
    ],
)
def test_a_subject_is_read_whichever_way_it_is_written(subject: str) -> None:
    assert read(a_mail(f"Subject: {subject}"))["title"] == "Räksmörgås Ærø Bodø"


def test_an_encoded_word_that_is_broken_is_left_as_it_is() -> None:
    assert read(a_mail("Subject: =?utf-8?B?a?= x"))["title"].endswith("x")


@pytest.mark.parametrize(
    ("subject", "title"), [("", "Vi behöver en e-tjänst."), ("=?utf-8?Q?=00?=", "Vi behöver en e-tjänst.")]
)
def test_a_mail_without_a_subject_is_called_by_its_first_line(subject: str, title: str) -> None:
    assert read(a_mail(f"Subject: {subject}"))["title"] == title


def test_a_mail_without_a_word_is_called_by_its_sender() -> None:
    assert read(a_mail("Subject: ", body=b""))["title"] == "Sigrid Ek"


# --- parts ---


def of_parts(kind: str, *parts: tuple[str, bytes]) -> bytes:
    body = b"".join(b"--edge\r\n" + headers.encode() + b"\r\n\r\n" + said + b"\r\n" for headers, said in parts)
    return a_mail(f"Content-Type: multipart/{kind}; boundary=edge", body=body + b"--edge--\r\n")


HTML = ("Content-Type: text/html; charset=utf-8", "<p>Från HTML</p><script>alert(1)</script>".encode())
A_LIST = ("Content-Type: text/html; charset=utf-8", "<p>Vi vill</p><ul><li>ansöka</li><li>betala</li></ul>".encode())
PLAIN = ("Content-Type: text/plain; charset=utf-8", "Från text".encode())
EMPTY = ("Content-Type: text/plain", b"  ")
FILE = ("Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt", b"bifogat")


def test_of_two_alternatives_the_plain_text_is_read() -> None:
    assert read(of_parts("alternative", PLAIN, HTML))["description"] == "Från text"


@pytest.mark.parametrize("parts", [(HTML,), (EMPTY, HTML)])
def test_of_html_alone_the_text_is_read(parts: tuple[tuple[str, bytes], ...]) -> None:
    assert read(of_parts("alternative", *parts))["description"] == "Från HTML"


@pytest.mark.parametrize("parts", [(A_LIST,), (PLAIN, A_LIST), (EMPTY, A_LIST)])
def test_markup_that_says_more_than_the_text_is_kept(parts: tuple[tuple[str, bytes], ...]) -> None:
    said = read(of_parts("alternative", *parts))
    assert (said["description"], said["description_format"]) == (A_LIST[1].decode(), "html")


def test_markup_beside_other_text_is_read_as_text() -> None:
    said = read(of_parts("mixed", PLAIN, A_LIST))
    assert said["description_format"] == "text"
    assert "Från text" in said["description"]
    assert "betala" in said["description"]


def test_what_is_attached_is_not_what_was_written() -> None:
    assert read(of_parts("mixed", PLAIN, FILE))["description"] == "Från text"


def test_a_mail_that_ends_in_the_middle_is_read_as_far_as_it_goes() -> None:
    whole = of_parts("mixed", PLAIN, FILE)
    assert read(whole[: whole.index(b"bifogat")])["description"] == "Från text"


def test_a_text_that_is_too_long_is_cut_and_not_parked() -> None:
    assert len(read(a_mail(body=b"a" * 60_000))["description"]) == 50_000


@pytest.mark.parametrize(
    "head",
    [b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", b"Content-Type: message/rfc822\r\n\r\n"],
)
def test_a_mail_that_cannot_be_followed_is_parked_with_a_sentence(head: bytes) -> None:
    assert "cannot be read" in str(delivery(head * 3000).fault)


# --- whose it is ---


@pytest.mark.parametrize(
    ("sender", "requester"),
    [
        ("=?iso-8859-1?Q?Ek=2C_Sigrid?= <ek@ekvik.example>", {"name": "Ek, Sigrid", "email": "ek@ekvik.example"}),
        ("Åsa Ö <asa@ekvik.example>", {"name": "Åsa Ö", "email": "asa@ekvik.example"}),
        ("asa@ekvik.example", {"name": "asa@ekvik.example", "email": "asa@ekvik.example"}),
        ("not an address", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_sender_is_who_asks(sender: str, requester: dict[str, str] | None) -> None:
    assert read(a_mail(f"From: {sender}")).get("requester") == requester


@pytest.mark.parametrize(
    ("header", "priority"),
    [
        ("X-Priority: 1 (Highest)", 1),
        ("X-Priority: 5", 5),
        ("Importance: High", 2),
        ("importance: low", 4),
        ("X-Priority: urgent", None),
    ],
)
def test_urgency_is_what_the_headers_say(header: str, priority: int | None) -> None:
    assert read(a_mail(header)).get("priority") == priority


# --- machines ---


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: Auto-Generated; owner-email=x@y.example",
        "Precedence: bulk",
        "Return-Path: <>",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
    ],
)
def test_what_a_machine_wrote_does_nothing(header: str) -> None:
    """RFC 3834"""
    said = delivery(a_mail(header, "References: <other@ekvik.example>"))
    assert said.content == {"external_id": "root@ekvik.example", "kind": "commented"}
    assert said.lookup == "never"


@pytest.mark.parametrize("header", ["Auto-Submitted: no", "Precedence: list", "Return-Path: <a@b.example>"])
def test_what_a_person_wrote_is_not_taken_for_a_machines(header: str) -> None:
    assert read(a_mail(header))["kind"] == "created"


# --- names and threads ---


def test_a_mail_is_known_by_its_message_id() -> None:
    assert delivery(a_mail()).key == "mail root@ekvik.example"


def test_a_mail_without_one_is_known_by_what_it_says() -> None:
    bare = a_mail("Message-ID: ")
    moved = b"Received: from elsewhere.example\r\n" + bare
    assert delivery(bare).key == delivery(moved).key
    assert delivery(bare).key.startswith("mail sha256 ")
    assert delivery(a_mail("Message-ID: ", body=b"annat")).key != delivery(bare).key


def test_of_two_mails_with_one_message_id_the_second_is_a_ticket_of_its_own() -> None:
    assert read(a_mail(), again="1")["external_id"].startswith("root@ekvik.example ")
    assert delivery(a_mail(), again="1").key != delivery(a_mail()).key


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        (["References: <root@ekvik.example> <two@x.example>", "In-Reply-To: <two@x.example>"], {}),
        (["In-Reply-To: Your mail of today <root@ekvik.example>"], {}),
        (["Subject: Sv: Bygglov"], {"thread": "root@ekvik.example"}),
    ],
)
def test_an_answer_is_a_comment_on_the_root(headers: list[str], known: dict[str, str]) -> None:
    said = delivery(a_mail("Message-ID: <answer@ekvik.example>", *headers), **known)
    assert said.content == {
        "external_id": "root@ekvik.example",
        "number": tag_of("root@ekvik.example", DESK),
        "kind": "commented",
        "updated_at": AT_SERVER,
    }
    assert (said.key, said.lookup) == ("mail answer@ekvik.example", "new")


def test_an_answer_to_what_never_came_here_is_a_ticket_named_for_its_root() -> None:
    said = read(a_mail("Message-ID: <b@x.example>", "References: <a@x.example>"), first="1")
    assert (said["kind"], said["external_id"], said["title"]) == ("created", "a@x.example", "Bygglov")


def test_the_root_of_a_thread_is_what_was_asked_for_whichever_comes_first() -> None:
    answer = read(a_mail("Message-ID: <b@x.example>", "References: <root@ekvik.example>"), first="1")
    assert answer["external_id"] == read(a_mail())["external_id"]
    assert answer["revision"] < read(a_mail())["revision"]


def test_a_message_id_that_could_break_a_command_is_none() -> None:
    assert delivery(a_mail('Message-ID: <a" b\tc@x>')).key.startswith("mail sha256 ")


# --- the cursor ---


def test_a_cursor_begins_at_a_moment_and_goes_on_by_uid() -> None:
    begun = Cursor.read(AT_SERVER)
    assert begun == Cursor(datetime(2026, 3, 2, 8, 30, tzinfo=UTC))
    further = Cursor(begun.since, validity=7, start=3, last=12)
    assert Cursor.read(str(further)) == further

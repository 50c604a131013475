"""Answers to mails: in their thread, to whoever wrote first, and known again when they are sent twice."""

from __future__ import annotations

import pytest

from chassis.outbox import GiveUp, Retry
from contracts.values import TicketRef
from intake.adapters.port import system_of
from tests.systems.mail_servers import No, parsed
from tests.systems.peer import OPENED, Story
from tests.systems.peers.e_mail import EMailPeer, a_mail
from tests.systems.test_mailbox import STORY, TICKET, an_answer, at, peer, poll, settings, the_way
from tests.systems.test_writing import REQUEST, URL

__all__ = ["peer"]


async def test_an_answer_stands_in_the_thread_and_says_that_a_machine_wrote_it(peer: EMailPeer) -> None:
    peer.put(a_mail(STORY, References="<0@mail.ekvik.example>"), OPENED)
    await the_way(peer).comment(TICKET, "Hej", key="k-1")
    sent = parsed(peer.smtp.sent[0])
    assert sent["In-Reply-To"] == "<81@mail.ekvik.example>"
    assert sent["References"] == "<0@mail.ekvik.example> <81@mail.ekvik.example>"
    assert sent["Auto-Submitted"] == "auto-replied"
    assert sent["Subject"] == f"Re: {STORY.title} [PRJ-ABCDEFGH23]"
    assert sent["To"].addresses[0].addr_spec == STORY.email


async def test_an_answer_whose_copy_was_lost_has_the_same_message_id(peer: EMailPeer) -> None:
    """P9: nobody can look up what was sent, so the reader's program has to know it again."""
    peer.put(a_mail(STORY), OPENED)

    def before(command: str) -> None:
        if command == "APPEND":
            raise No("[OVERQUOTA] full")

    peer.imap.before = before
    for _ in range(2):
        await the_way(peer).comment(TICKET, "Hej", key="k-1")
    first, second = (parsed(raw) for raw in peer.smtp.sent)
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_note_of_where_the_request_is_found_is_left_once_and_sent_to_nobody(peer: EMailPeer) -> None:
    peer.put(a_mail(STORY), OPENED)
    for _ in range(2):
        await the_way(peer).set_reference(TICKET, REQUEST, URL, key="r-1")
    assert len(peer.processed.mails) == 1
    assert peer.smtp.sent == []


async def test_whoever_takes_a_message_id_that_was_there_gets_no_answer(peer: EMailPeer) -> None:
    peer.put(a_mail(STORY), OPENED)
    await poll(peer, (await poll(peer)).cursor)
    peer.put(a_mail(Story(email="stranger@elsewhere.example")), at(10))
    peer.put(an_answer(7, References="<81@mail.ekvik.example>"), at(11))
    await the_way(peer).comment(TICKET, "Hej", key="k-1")
    assert parsed(peer.smtp.sent[0])["To"].addresses[0].addr_spec == STORY.email


@pytest.mark.parametrize("external_id", ["sha256 x", "82@mail.ekvik.example", "81@mail.ekvik.example 0123456789abcdef"])
async def test_an_answer_to_a_mail_that_is_gone_is_given_up(peer: EMailPeer, external_id: str) -> None:
    peer.put(a_mail(STORY), OPENED)
    with pytest.raises(GiveUp, match="no more"):
        await the_way(peer).comment(TicketRef(system="e-mail", external_id=external_id), "Hej", key="k-1")


async def test_a_mail_without_a_message_id_is_answered_too(peer: EMailPeer) -> None:
    raw = a_mail(STORY).replace(b"Message-ID: <81@mail.ekvik.example>\r\n", b"")
    peer.put(raw, OPENED)
    desk, system = settings(peer), system_of("e-mail")
    assert system
    (one,) = (await poll(peer)).records
    content = system.read(one, desk).content
    assert isinstance(content, dict)
    peer.imap.before = lambda _: None
    ticket = TicketRef(system="e-mail", external_id=content["external_id"])
    await the_way(peer).comment(ticket, "Hej", key="k-1")
    assert parsed(peer.smtp.sent[0])["To"].addresses[0].addr_spec == STORY.email


@pytest.mark.parametrize(("command", "answer", "fault"), [
    ("MAIL", "421 4.3.2 closing", Retry),
    ("RCPT", "450 4.2.0 sigrid is greylisted", Retry),
    ("RCPT", "550 5.1.1 sigrid is unknown", GiveUp),
    ("DATA", "554 5.7.1 spam", GiveUp),
])  # fmt: skip
async def test_what_a_mail_server_answers_below_500_may_pass(
    peer: EMailPeer, command: str, answer: str, fault: type[Retry] | type[GiveUp]
) -> None:
    peer.put(a_mail(STORY), OPENED)
    peer.smtp.before = lambda given: answer if given == command else None
    with pytest.raises(fault, match=answer[:3]) as failed:
        await the_way(peer).comment(TICKET, "Hej", key="k-1")
    assert "sigrid" not in str(failed.value)
    assert peer.smtp.sent == []

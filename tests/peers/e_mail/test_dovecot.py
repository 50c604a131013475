"""A real mail server: what the stand-in answers by the book, Dovecot answers too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from chassis.outward import Outward
from chassis.partnership import ServiceDesk
from contracts.values import TicketRef
from intake.adapters.delivery import Delivery
from intake.adapters.e_mail import system
from intake.adapters.port import Way
from notifications.adapters.e_mail import Mails, tickets
from tests.peers.e_mail.conftest import PASSWORD, USER, RealMailbox
from tests.systems.mail_servers import SmtpServer, parsed, served
from tests.systems.peer import OPENED, Story
from tests.systems.peers.e_mail import a_mail
from tests.systems.test_mailbox import an_answer
from tests.systems.test_writing import REQUEST, URL

pytestmark = pytest.mark.peer

STORY = Story()
PROCESSED = 'Behandlade "ärenden" & mer'
AS_IMAP_WRITES_IT = '"Behandlade \\"&AOQ-renden\\" &- mer"'


@dataclass
class Connected:
    """The desk of a real mailbox, and the server over which its answers go out."""

    desk: ServiceDesk
    smtp: SmtpServer
    cursor: str = (OPENED - timedelta(hours=1)).isoformat()

    @property
    def outward(self) -> Outward:
        return Outward(municipality="ekvik", hosts=("127.0.0.1",), private=True, seconds=10, breakers={})

    async def polls(self) -> list[Delivery]:
        assert self.desk.api is not None
        assert system.changed is not None
        found = await system.changed(Way(desk=self.desk, api=self.desk.api, outward=self.outward), self.cursor)
        self.cursor = found.cursor
        return [system.read(one, self.desk) for one in found.records]

    @property
    def mails(self) -> Mails:
        assert self.desk.api is not None
        return tickets(self.desk, self.desk.api, self.outward)


@pytest.fixture
async def connected(mailbox: RealMailbox) -> AsyncIterator[Connected]:
    smtp = SmtpServer()
    async with served(smtp) as (port,):
        api = {
            "url": f"imap://127.0.0.1:{mailbox.port}", "user": USER, "token": PASSWORD, "private": True,
            "options": {"smtp": f"smtp://127.0.0.1:{port}", "processed": PROCESSED},
        }  # fmt: skip
        given = {
            "municipality": "ekvik",
            "system": "mail",
            "kind": "e-mail",
            "secret": "is-never-used-0001",
            "api": api,
        }
        yield Connected(ServiceDesk.model_validate(given), smtp)


def said(delivery: Delivery) -> dict[str, object]:
    assert delivery.fault is None
    assert isinstance(delivery.content, dict)
    return delivery.content


async def test_mails_are_taken_and_moved_and_those_of_before_stay(connected: Connected, mailbox: RealMailbox) -> None:
    mailbox.put(a_mail(Story(number=1)), OPENED - timedelta(hours=2))
    mailbox.put(a_mail(STORY), OPENED)
    (taken,) = map(said, await connected.polls())
    assert (taken["external_id"], taken["title"]) == ("81@mail.ekvik.example", STORY.title)
    assert taken["opened_at"] == OPENED.isoformat()
    assert (mailbox.count("INBOX"), mailbox.count(AS_IMAP_WRITES_IT)) == (2, 0)
    assert await connected.polls() == []
    assert (mailbox.count("INBOX"), mailbox.count(AS_IMAP_WRITES_IT)) == (1, 1)


async def test_an_answer_is_sent_once_and_what_is_answered_to_it_is_a_comment(
    connected: Connected, mailbox: RealMailbox
) -> None:
    mailbox.put(a_mail(STORY), OPENED)
    (taken,) = map(said, await connected.polls())
    number = str(taken["number"])
    ticket = TicketRef(system="mail", external_id="81@mail.ekvik.example", number=number)
    for _ in range(2):
        await connected.mails.comment(ticket, "Ärendet är ett projekt.", key="k-1")
        await connected.mails.set_reference(ticket, REQUEST, URL, key="r-1")
    (sent,) = map(parsed, connected.smtp.sent)
    mailbox.put(an_answer(1, In_Reply_To=sent["Message-ID"]), OPENED + timedelta(minutes=5))
    mailbox.put(an_answer(2, f"Nytt om [{number}]"), OPENED + timedelta(minutes=6))
    answers = [said(one) for one in await connected.polls()]
    assert [(one["kind"], one["external_id"]) for one in answers] == [("commented", "81@mail.ekvik.example")] * 2
    assert mailbox.count(AS_IMAP_WRITES_IT) == 3


async def test_of_two_mails_with_one_message_id_the_second_has_a_name_of_its_own(
    connected: Connected, mailbox: RealMailbox
) -> None:
    mailbox.put(a_mail(STORY), OPENED)
    await connected.polls()
    mailbox.put(a_mail(STORY.later(title="Annat")), OPENED + timedelta(minutes=5))
    (taken,) = map(said, await connected.polls())
    assert str(taken["external_id"]).startswith("81@mail.ekvik.example ")


async def test_a_mail_without_a_message_id_is_found_again_when_it_is_answered(
    connected: Connected, mailbox: RealMailbox
) -> None:
    mailbox.put(a_mail(STORY).replace(b"Message-ID: <81@mail.ekvik.example>\r\n", b""), OPENED)
    (taken,) = map(said, await connected.polls())
    await connected.mails.comment(TicketRef(system="mail", external_id=str(taken["external_id"])), "Hej", key="k-1")
    assert parsed(connected.smtp.sent[0])["To"].addresses[0].addr_spec == STORY.email

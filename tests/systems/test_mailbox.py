"""What is peculiar to a mailbox: it is read to a cursor, mails are moved behind it, and answers are threads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import cast

import pytest
from aiohttp import web

from chassis.outbox import GiveUp, Retry
from chassis.outward import Outward
from chassis.partnership import ServiceDesk
from chassis.testing import Databases
from contracts.values import TicketRef
from intake.adapters.port import Changed, Way, system_of
from notifications.adapters.port import TicketingSystem, adapter_of
from tests.systems.mail_servers import No, parsed
from tests.systems.peer import OPENED, Story
from tests.systems.peers.e_mail import OURS, EMailPeer, a_mail
from tests.systems.world import Connected, connected

STORY = Story()
TICKET = TicketRef(system="e-mail", external_id="81@mail.ekvik.example", number="PRJ-ABCDEFGH23")
SINCE = (OPENED - timedelta(hours=1)).isoformat()


@pytest.fixture
async def peer() -> AsyncIterator[EMailPeer]:
    async with EMailPeer().running() as running:
        yield running


@pytest.fixture
async def desk(databases: Databases, tmp_path: Path) -> AsyncIterator[Connected]:
    async with connected(EMailPeer(), databases, tmp_path) as opened:
        yield opened


def settings(peer: EMailPeer, **options: str) -> ServiceDesk:
    given = peer.settings()
    given["api"]["options"] |= options
    return ServiceDesk.model_validate(given)


def outward(*hosts: str, private: bool = True) -> Outward:
    return Outward(municipality="ekvik", hosts=hosts or ("127.0.0.1",), private=private, seconds=3, breakers={})


async def poll(peer: EMailPeer, cursor: str = SINCE, **options: str) -> Changed:
    desk, system = settings(peer, **options), system_of("e-mail")
    assert system is not None
    assert system.changed is not None
    assert desk.api is not None
    return await system.changed(Way(desk=desk, api=desk.api, outward=outward()), cursor)


def the_way(peer: EMailPeer, **options: str) -> TicketingSystem:
    desk, adapter = settings(peer, **options), adapter_of("e-mail")
    assert adapter is not None
    assert desk.api is not None
    return adapter(desk, desk.api, outward())


def told(found: Changed) -> list[str | None]:
    return [parsed(one.body)["Message-ID"] for one in found.records]


def an_answer(number: int, subject: str = "Sv: ärendet", **headers: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["Message-ID"], message["From"], message["To"] = f"<{number}@answer.example>", "ask@ekvik.example", OURS
    message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Tack!")
    return message.as_bytes()


def at(minutes: int) -> datetime:
    return OPENED + timedelta(minutes=minutes)


# --- the cursor ---


async def test_mails_from_before_we_began_are_left_where_they_are(peer: EMailPeer) -> None:
    peer.put(a_mail(Story(number=1)), OPENED - timedelta(days=3))
    peer.put(a_mail(Story(number=2)), OPENED - timedelta(hours=2))
    peer.put(a_mail(Story(number=3)), OPENED)
    found = await poll(peer)
    assert told(found) == ["<3@mail.ekvik.example>"]
    await poll(peer, found.cursor)
    assert list(peer.inbox.mails) == [1, 2]


async def test_an_empty_mailbox_is_begun_with_the_next_mail(peer: EMailPeer) -> None:
    found = await poll(peer)
    peer.put(a_mail(STORY), OPENED - timedelta(days=30))
    assert told(await poll(peer, found.cursor)) == ["<81@mail.ekvik.example>"]


async def test_a_mail_is_moved_only_once_the_cursor_has_passed_it(peer: EMailPeer) -> None:
    """Whoever is killed before the cursor is stored finds it where it was."""
    peer.put(a_mail(STORY), OPENED)
    first, again = await poll(peer), await poll(peer)
    assert told(first) == told(again) == ["<81@mail.ekvik.example>"]
    assert list(peer.inbox.mails) == [1]
    assert told(await poll(peer, first.cursor)) == []
    assert (list(peer.inbox.mails), list(peer.processed.mails)) == ([], [1])


async def test_more_mails_than_one_poll_takes_all_come_once(peer: EMailPeer) -> None:
    for number in range(40):
        peer.put(a_mail(Story(number=number)), at(number))
    seen: list[str | None] = []
    cursor, more = SINCE, True
    while more:
        found = await poll(peer, cursor)
        seen, cursor, more = [*seen, *told(found)], found.cursor, found.more
    assert seen == [f"<{number}@mail.ekvik.example>" for number in range(40)]


async def test_a_server_that_counts_anew_loses_nothing(peer: EMailPeer) -> None:
    peer.put(a_mail(Story(number=1)), OPENED - timedelta(days=3))
    peer.put(a_mail(Story(number=2)), OPENED)
    found = await poll(peer)
    peer.inbox.count_anew()
    peer.put(a_mail(Story(number=3)), at(5))
    assert told(await poll(peer, found.cursor)) == ["<2@mail.ekvik.example>", "<3@mail.ekvik.example>"]


async def test_a_server_that_cannot_move_copies_and_deletes_what_is_ours_alone(peer: EMailPeer) -> None:
    peer.imap.can = "IMAP4rev1 UIDPLUS"
    peer.put(a_mail(Story(number=1)), OPENED - timedelta(days=3))
    peer.inbox.mails[1].flags.add("\\Deleted")
    peer.put(a_mail(STORY), OPENED)
    await poll(peer, (await poll(peer)).cursor)
    assert (list(peer.inbox.mails), len(peer.processed.mails)) == ([1], 1)


async def test_a_server_that_can_neither_move_nor_expunge_keeps_it_marked(peer: EMailPeer) -> None:
    peer.imap.can = "IMAP4rev1"
    peer.put(a_mail(STORY), OPENED)
    found = await poll(peer)
    for _ in range(2):
        found = await poll(peer, found.cursor)
    assert peer.inbox.mails[1].flags == {"\\Deleted"}
    assert len(peer.processed.mails) == 1


async def test_folders_are_called_what_the_desk_calls_them(peer: EMailPeer) -> None:
    peer.put(a_mail(STORY), OPENED)
    options = {"processed": 'Behandlade "ärenden"'}
    await poll(peer, (await poll(peer, **options)).cursor, **options)
    assert set(peer.imap.folders) == {"INBOX", 'Behandlade "&AOQ-renden"'}


async def test_a_huge_mail_is_read_as_far_as_its_text_goes(peer: EMailPeer) -> None:
    peer.put(a_mail(STORY) + b"x" * 3_000_000, OPENED)
    (one,) = (await poll(peer)).records
    assert len(one.body) == 1024 * 1024


# --- what the server refuses ---


@pytest.mark.parametrize(
    ("refusal", "fault"),
    [("[UNAVAILABLE] later", Retry), ("[NOPERM] sigrid may not", GiveUp), ("no", Retry), ("", Retry)],
)
async def test_what_a_server_refuses_is_told_by_its_code_alone(
    peer: EMailPeer, refusal: str, fault: type[Retry] | type[GiveUp]
) -> None:
    def before(command: str) -> None:
        if command == "SELECT":
            raise No(refusal) if refusal else OSError("it breaks off")

    peer.imap.before = before
    with pytest.raises(fault) as failed:
        await poll(peer)
    assert "sigrid" not in str(failed.value)


async def test_a_password_that_is_wrong_may_be_right_later(peer: EMailPeer) -> None:
    peer.imap.password = "another"
    with pytest.raises(Retry, match="AUTHENTICATIONFAILED"):
        await poll(peer)


async def test_no_mailbox_is_opened_on_a_host_that_is_not_listed_or_leads_inward(peer: EMailPeer) -> None:
    system = system_of("e-mail")
    for url, way, fault in (
        (peer.url, outward("imap.example"), GiveUp),
        (peer.url.replace("127.0.0.1", "127.0.0.2"), outward("127.0.0.2"), Retry),
    ):
        given = settings(peer)
        assert given.api is not None
        assert system is not None
        assert system.changed is not None
        api = given.api.model_copy(update={"url": url})
        with pytest.raises(fault):
            await system.changed(Way(desk=given, api=api, outward=way), SINCE)
    assert peer.asked == []


async def test_an_answer_is_not_sent_over_a_host_that_is_not_listed(peer: EMailPeer) -> None:
    desk, adapter = settings(peer, smtp="smtp://smtp.example:25"), adapter_of("e-mail")
    assert adapter is not None
    assert desk.api is not None
    with pytest.raises(GiveUp, match=r"smtp\.example is not among the hosts"):
        await adapter(desk, desk.api, outward()).comment(TICKET, "Hej", key="k")


# --- threads, in intake ---


def mailbox(desk: Connected) -> EMailPeer:
    return cast(EMailPeer, desk.peer)


async def test_answers_are_comments_whichever_way_they_name_their_thread(desk: Connected) -> None:
    peer, later = mailbox(desk), STORY.later(20 * 60)
    peer.put(a_mail(later), later.changed)
    await desk.polls()
    ticket = TicketRef(system="e-mail", external_id=TICKET.external_id, number=peer.shown_number(STORY))
    await the_way(peer).comment(ticket, "Ärendet är ett projekt.", key="k-1")
    ours = parsed(peer.smtp.sent[0])
    tag = f"Nytt om [{peer.shown_number(STORY)}]"
    for number, answer in enumerate(
        [
            an_answer(1, References="<81@mail.ekvik.example> <x@y.example>"),
            an_answer(2, In_Reply_To="<81@mail.ekvik.example>"),
            an_answer(3, In_Reply_To="<2@answer.example>"),
            an_answer(4, In_Reply_To="<3@answer.example>"),
            an_answer(5, In_Reply_To=ours["Message-ID"]),
            an_answer(6, tag),
        ]
    ):
        peer.put(answer, later.changed + timedelta(minutes=number))
    await desk.polls()
    await desk.asks()
    assert await desk.world.facts() == ["request-registered"]
    assert sorted(await desk.outcomes()) == ["registered", *["unchanged"] * 6]


async def test_an_answer_to_what_never_came_here_is_a_request_and_the_next_one_its_comment(desk: Connected) -> None:
    peer, when = mailbox(desk), STORY.later(20 * 60).changed
    peer.put(an_answer(1, "Vidarebefordrat", References="<0@mail.ekvik.example>"), when)
    peer.put(an_answer(2, References="<0@mail.ekvik.example> <1@answer.example>"), when + timedelta(minutes=1))
    await desk.polls()
    await desk.asks()
    # Both are asked about at once: whichever is answered first registers it, and the other may add to it.
    assert (await desk.world.facts()).count("request-registered") == 1
    root = Story(number=0, title="Det som det började med")
    assert (await desk.request(root))["title"] == "Vidarebefordrat"
    peer.put(a_mail(root), when + timedelta(minutes=2))
    await desk.polls()
    assert (await desk.request(root))["title"] == root.title


async def test_two_mails_with_one_message_id_are_two_requests_and_a_mail_that_came_twice_is_one(
    desk: Connected,
) -> None:
    peer, later = mailbox(desk), STORY.later(20 * 60)
    for raw in (a_mail(later), b"Received: by another way\r\n" + a_mail(later), a_mail(later.later(title="Annat"))):
        peer.put(raw, later.changed)
    await desk.polls()
    peer.inbox.count_anew()
    await desk.polls()
    assert await desk.world.facts() == ["request-registered"] * 2
    assert (await desk.request(STORY))["title"] == STORY.title


async def test_an_automatic_answer_is_kept_and_does_nothing(desk: Connected) -> None:
    peer, when = mailbox(desk), STORY.later(20 * 60).changed
    peer.put(an_answer(1, Auto_Submitted="auto-replied"), when)
    await desk.polls()
    assert (await desk.world.facts(), await desk.outcomes()) == ([], ["not_for_us"])


async def test_a_mail_that_cannot_be_read_is_kept_and_does_not_stop_the_others(desk: Connected) -> None:
    peer, later = mailbox(desk), STORY.later(20 * 60)
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(3000))
    peer.put(deep, later.changed)
    peer.put(b"Content-Type: message/rfc822\r\n\r\n" * 3000, later.changed)
    peer.put(a_mail(later), later.changed)
    await desk.polls()
    assert sorted(await desk.outcomes()) == ["parked", "parked", "registered"]


# --- a mailbox that takes tokens and no passwords ---


@asynccontextmanager
async def giving_tokens(token: str) -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """An endpoint that gives a client a token for its secret, and what it was asked."""
    asked: list[dict[str, str]] = []

    async def give(request: web.Request) -> web.Response:
        asked.append({name: str(value) for name, value in (await request.post()).items()})
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    app = web.Application()
    app.router.add_post("/ekvik/oauth2/v2.0/token", give)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/ekvik/oauth2/v2.0/token", asked
    finally:
        await runner.cleanup()


async def test_a_mailbox_that_takes_no_password_is_read_and_answered_with_a_token(peer: EMailPeer) -> None:
    """As Exchange Online does: a client's secret becomes a token, which IMAP and SMTP take by XOAUTH2."""
    peer.tickets[81] = STORY
    peer.imap.password, peer.imap.bearer = "no password opens it", "eyJ.t0ken"
    peer.smtp.xoauth2 = "user=flode\1auth=Bearer eyJ.t0ken\1\1"
    async with giving_tokens("eyJ.t0ken") as (url, asked):
        options = {"token_url": url, "client_id": "flode-client", "scope": "https://mail.example/.default"}
        assert told(await poll(peer, **options)) == ["<81@mail.ekvik.example>"]
        await the_way(peer, **options).comment(TICKET, "Hej", key="k1")
    assert len(peer.smtp.sent) == 1
    assert peer.smtp.authenticated
    assert asked[0] == {
        "grant_type": "client_credentials", "client_id": "flode-client", "client_secret": peer.token,
        "scope": "https://mail.example/.default",
    }  # fmt: skip
    assert "IMAP LOGIN" not in peer.asked


async def test_a_token_that_the_mailbox_does_not_take_is_tried_again_later(peer: EMailPeer) -> None:
    peer.tickets[81] = STORY
    peer.imap.bearer = "another"
    async with giving_tokens("eyJ.t0ken") as (url, _):
        with pytest.raises(Retry, match="AUTHENTICATIONFAILED"):
            await poll(peer, token_url=url, client_id="flode-client", scope="s")

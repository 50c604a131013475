"""Deliveries larger than what is kept: their senders would send them again for ever if they were refused, so they are
written down without their ends, and their tickets are asked for.
"""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.testing import Databases
from intake.adapters.beginnings import named_in
from intake.api import reading
from tests.systems.peer import Peer, Sent, Story, all_peers
from tests.systems.world import Connected, connected

PEERS = all_peers()
LARGE = {kind: peer for kind, peer in PEERS.items() if peer.sends and not peer.thin}
STORY = Story()
MIB = 1024 * 1024
FILLING = "En lång historia om bygglov. " * (2 * MIB // 29)

KINDS = pytest.mark.parametrize("kind", LARGE)


@pytest.fixture
async def desk(kind: str, databases: Databases, tmp_path: Path) -> AsyncIterator[Connected]:
    async with connected(PEERS[kind](), databases, tmp_path) as opened:
        yield opened


def too_large(desk: Connected) -> Sent:
    """What the system sends of a ticket that is short by now."""
    desk.peer.tickets[STORY.number] = STORY.later(20 * 60)
    sent = desk.make(Story(text=FILLING, title=FILLING, unit=FILLING), "created")
    assert len(sent.body) > MIB
    return sent


async def faults(desk: Connected) -> list[str]:
    async with desk.world.here.db.work() as connection:
        rows = await connection.fetch("SELECT faults::text FROM deliveries ORDER BY received_at, id")
    return [fault[0] for row in rows for fault in json.loads(row["faults"])]


@KINDS
async def test_one_too_large_to_be_kept_is_answered_and_its_ticket_is_asked_for(desk: Connected, kind: str) -> None:
    """P1, P3"""
    sent = too_large(desk)
    answer, again = await desk.send(sent), await desk.send(sent)
    assert answer.status_code == again.status_code == 202, answer.text
    assert answer.text == again.text
    await desk.asks()
    if answer.json()["outcome"] == "parked":  # the beginning does not name the ticket: the next poll finds it
        assert kind == "request-tracker", "its fields are in the order of the alphabet"
        await desk.polls()
    assert (await desk.request(STORY))["title"] == STORY.title
    assert await desk.world.facts() == ["request-registered"]


@KINDS
async def test_whoever_cannot_prove_themselves_is_told_so_however_much_they_send(desk: Connected) -> None:
    """IT-02"""
    sent = too_large(desk)
    forged = desk.make(Story(text=FILLING, title=FILLING, unit=FILLING), "created", secret="not-the-secret-of-ekvik")
    tampered = Sent(sent.body[:-1] + b" ", sent.headers)
    wrong = [forged, desk.peer.unproven(sent)] + ([] if "authorization" in sent.headers else [tampered])
    assert {(await desk.send(one)).status_code for one in wrong} == {401}
    assert await desk.outcomes() == []


@KINDS
async def test_above_the_ceiling_it_is_refused(desk: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = too_large(desk)
    headers = sent.raw_headers | {b"content-length": str(reading.CEILING + 1).encode()}
    answer = await desk.world.client.post(desk.hook(), content=sent.body, headers=headers)
    assert answer.status_code == 413
    assert await desk.outcomes() == []


@KINDS
async def test_a_system_that_cannot_be_asked_about_it_leaves_a_notice(desk: Connected) -> None:
    sent = too_large(desk)
    desk.peer.fails = [(503, {})] * 60
    assert (await desk.send(sent)).status_code == 202
    for _ in range(14):
        await desk.asks()
        await desk.waits_no_more()
    assert await desk.outcomes() == ["parked"]
    (said,) = [text for text in await faults(desk) if "kB" in text]
    assert "could not be asked" in said or "the next poll finds" in said
    page = await desk.world.client.get("/intake/deliveries", headers=desk.world.pm)
    assert f"{-(-len(sent.body) // 1024)} kB" in page.text


# --- whatever the system is ---


@pytest.fixture
async def zammad(databases: Databases, tmp_path: Path) -> AsyncIterator[Connected]:
    async with connected(PEERS["zammad"](), databases, tmp_path) as opened:
        yield opened


def renamed(desk: Connected, sent: Sent) -> Sent:
    """The same, of which nothing says which ticket it is about."""
    body = sent.body.replace(b'{"ticket": {"id": 81', b'{"ticket": {"nummer": 81')
    peer = desk.peer
    return Sent(body, {**sent.headers, "x-hub-signature": _sha1(peer, body)})


def _sha1(peer: Peer, body: bytes) -> str:
    import hmac

    return "sha1=" + hmac.digest(peer.secret.encode(), body, "sha1").hex()


async def test_one_that_does_not_name_its_ticket_is_shown_and_the_next_poll_comes_at_once(zammad: Connected) -> None:
    sent = renamed(zammad, too_large(zammad))
    answer = await zammad.send(sent)
    assert (answer.status_code, answer.json()["outcome"]) == (202, "parked")
    assert "lägg detta åt sidan" in answer.json()["errors"][-1]["detail"]
    assert "Nytt ärende" in answer.json()["errors"][0]["detail"]
    due = "SELECT count(*) FROM effects WHERE channel = 'poll' AND state = 'due' AND due_at <= clock_timestamp()"
    async with zammad.world.here.db.work() as connection:
        assert await connection.fetchval(due) == 1


async def test_twenty_megabytes_are_read_without_being_kept(zammad: Connected) -> None:
    zammad.peer.tickets[STORY.number] = STORY
    size, filling = 20 * MIB, b"x" * 65536
    head, tail = b'{"ticket": {"id": 81, "title": "', b'"}}'

    def pieces() -> list[bytes]:
        return [head, *[filling] * (size // len(filling)), tail]

    import hmac

    made = hmac.new(zammad.peer.secret.encode(), digestmod="sha1")
    for piece in pieces():
        made.update(piece)

    async def streamed() -> AsyncIterator[bytes]:
        for piece in pieces():
            yield piece

    headers = {"x-hub-signature": f"sha1={made.hexdigest()}", "x-zammad-delivery": "large"}
    await zammad.send(zammad.make(Story(number=7), "created"))  # whatever is loaded once is loaded
    tracemalloc.start()
    try:
        answer = await zammad.world.client.post(zammad.hook(), content=streamed(), headers=headers)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.json()["outcome"] == "held", answer.text
    assert peak < 12 * MIB, f"{peak / MIB:.1f} MiB"
    await zammad.asks()
    assert (await zammad.request(STORY))["title"] == STORY.title


@pytest.mark.parametrize(
    ("part", "named"),
    [
        (b'{"ticket":{"id":81,"title":"abc', "81"),
        ('{"ticket":{"id":"8a","title":"å'.encode()[:-1], "8a"),
        (b'{"ticket":{"id":81', None),  # may be the half of 812
        (b'{"ticket":{"id":"../users/1","x":"', None),
        (b'{"ticket":{"id":true,"x":"', None),
        (b'{"article":{"id":81,"x":"', None),
        (b"[[[[", None),
        (b"no json", None),
    ],
)
def test_only_an_id_that_is_whole_and_plain_is_asked_for(part: bytes, named: str | None) -> None:
    assert named_in(part, ("ticket.id",)) == named

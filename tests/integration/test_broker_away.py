"""The broker is away: work goes on in the store up to a limit, which is said in plain words; nothing is lost (P17)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError
from click.testing import CliRunner

import chassis.pressure
from chassis.cli.log import lag
from chassis.flow.gather import BROKER, BROKER_SECONDS, ask_broker, hear_broker
from chassis.flow.hearing import Heard, Hearing
from chassis.kafka import CLOSING_SECONDS, connected
from chassis.log import LogReader, Record
from chassis.pressure import Pressure, waiting
from chassis.relay import Relay
from chassis.testing import Databases
from chassis.topics import create_topics
from chassis.web import create_app
from contracts.topics import REQUEST
from intake.main import service
from tests.integration.flow import IDEMPOTENT, everything_in, running, until
from tests.integration.intake_world import ORIGIN, World, a_ticket, a_world

MOST = 5


@pytest.fixture
async def world(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Intake, in whose store five events may wait for the broker."""
    monkeypatch.setattr(chassis.pressure, "ASK_SECONDS", 0.0)
    async with a_world(databases, tmp_path) as opened:
        here = replace(opened.here, pressure=Pressure(opened.here.db, "intake", MOST))
        transport = httpx.ASGITransport(app=create_app("intake", "intake", service.http, here))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            client.headers["accept-language"] = "en"
            opened.client = client
            yield opened


async def deliver(world: World, number: int) -> httpx.Response:
    return await world.deliver(a_ticket(external_id=f"{number}"), key=f"msg-{number}")


async def test_intake_goes_on_to_its_limit_and_then_says_when_to_come_again(world: World) -> None:
    """P17, P2: what is refused leaves nothing, and whatever is only read is answered as ever."""
    with pytest.raises(KafkaConnectionError):
        await Relay(world.here.store, "127.0.0.1:1", (REQUEST,), idempotent=IDEMPOTENT).run()
    answers = [await deliver(world, number) for number in range(MOST + 2)]
    assert [answer.status_code for answer in answers] == [201] * MOST + [503] * 2
    refused = answers[-1]
    assert (refused.headers["content-type"], refused.headers["retry-after"]) == ("application/problem+json", "60")
    assert refused.json()["detail"].startswith("Nothing can be registered or changed at the moment")
    assert await world.facts() == ["request-registered"] * MOST
    path = f"/intake/api/requests/{answers[0].json()['id']}"
    assert (await world.get(path, world.pm)).status_code == 200
    swedish = {**world.pm, "accept-language": "sv"}
    answer = await world.post(f"{path}/classification", swedish, {})
    assert (answer.status_code, answer.json()["detail"].split()[0]) == (503, "Ingenting")
    page = await world.client.post(f"/intake/requests/{answers[0].json()['id']}", data={}, headers=world.pm)
    assert (page.status_code, page.headers["retry-after"]) == (503, "60")
    assert "Nothing was done" in page.text


async def test_operations_are_told_what_waits_while_no_broker_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P17: that is when somebody wants to know."""
    for number in range(MOST):
        await deliver(world, number)
    url = world.here.db._urls["worker"][0]
    settings = SimpleNamespace(database=url, database_api=url, kafka="127.0.0.1:1", backlog=MOST)
    monkeypatch.setattr("chassis.cli.log.find_services", lambda: (service,))
    monkeypatch.setattr("chassis.cli.log.settings_of", lambda _: settings)
    told = await asyncio.to_thread(CliRunner().invoke, lag)
    assert told.exit_code == 0, told.output
    assert "0 of 5 produced; writes are refused, because 5 or more wait" in told.output
    assert "the broker does not answer" in told.output


async def test_when_the_broker_is_back_all_that_waited_reaches_it_and_writing_goes_on(world: World, kafka: str) -> None:
    """P17, P1, P5: nothing is lost, and who was refused delivers again with the same key."""
    await create_topics(kafka)
    accepted = [await deliver(world, number) for number in range(MOST)]
    assert (await deliver(world, MOST)).status_code == 503
    async with running(Relay(world.here.store, kafka, (REQUEST,), idempotent=IDEMPOTENT).run):
        await until(lambda: _nothing_waits(world))
        again = await deliver(world, MOST)
        assert again.status_code == 201
        expected = {each.json()["id"] for each in (*accepted, again)}
        await until(lambda: _holds(kafka, expected))


async def test_topics_that_are_filled_again_keep_nobody_from_writing(world: World, kafka: str) -> None:
    """P17: what has been there before does not wait, however much of it must be sent again."""
    await create_topics(kafka)
    for number in range(MOST):
        await deliver(world, number)
    async with running(Relay(world.here.store, kafka, (REQUEST,), idempotent=IDEMPOTENT).run):
        await until(lambda: _nothing_waits(world))
    await world.here.db.worker.execute("UPDATE relay_places SET done_to = 0")  # as it stands when topics were lost
    assert (await deliver(world, MOST)).status_code == 201


async def _nothing_waits(world: World) -> bool:
    return await waiting(world.here.db.worker) == 0


async def _holds(kafka: str, subjects: set[str]) -> bool:
    return subjects <= {str(record.subject) for record in await everything_in(kafka)}


async def silent(**_: object) -> dict[TopicPartition, list[Record]]:
    await asyncio.sleep(0.05)
    return {}


async def test_a_broker_that_says_nothing_has_lost_nothing(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what it says itself proves that a record is gone: silence is not taken for a topic that began anew."""
    await create_topics(kafka)
    place = TopicPartition(REQUEST.name, 0)
    async with (
        connected(AIOKafkaProducer(bootstrap_servers=kafka)) as producer,
        LogReader(kafka, client_id="test") as reader,
    ):
        lies_at = (await producer.send_and_wait(REQUEST.name, b"hello", partition=0)).offset
        found = await reader.one(place, lies_at)
        assert found is not None
        assert found.message == b"hello"
        assert await reader.one(place, lies_at + 1) is None, "it ends there"
        assert await reader.one(place, lies_at + 100) is None
        monkeypatch.setattr(reader, "batch", silent)
        with pytest.raises(TimeoutError, match="tells nothing"):
            await reader.one(place, lies_at, seconds=0.1)


async def test_who_asks_how_a_service_is_does_not_wait_for_a_broker_that_takes_connections_and_says_nothing() -> None:
    connections: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: connections.append(writer), "127.0.0.1", 0)
    host, port = silent.sockets[0].getsockname()
    hearing = Hearing()
    async with asyncio.timeout(CLOSING_SECONDS):  # others wait a second; to close what hangs takes this long
        told = await hear_broker(hearing, ask_broker(f"{host}:{port}", (REQUEST,), ()))
    assert told == (Heard.SLOW, None), "one that is late once is not yet silent"
    assert hearing.in_vain(BROKER) >= BROKER_SECONDS
    for connection in connections:
        connection.close()
    silent.close()
    for asking in list(hearing._asking):
        await asyncio.wait({asking}, timeout=30)


async def test_a_broker_that_is_not_there_is_told_of_at_once() -> None:
    assert await hear_broker(Hearing(), ask_broker("127.0.0.1:1", (REQUEST,), ())) == (Heard.GONE, None)


class Telling:
    """A consumer of the client library on a clock of its own: an answer without records wakes nobody who waits."""

    def __init__(self, answers_after_ms: int) -> None:
        self.now, self._answers = 0, answers_after_ms

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 3)

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[Record]]:
        self.now += timeout_ms
        await asyncio.sleep(0)
        return {}

    def assign(self, _: list[TopicPartition]) -> None: ...

    def seek(self, *_: object) -> None: ...

    def highwater(self, _: TopicPartition) -> int | None:
        return 5 if self.now >= self._answers else None


async def test_where_topics_end_is_known_as_soon_as_the_broker_has_said_it() -> None:
    reader, telling = LogReader.__new__(LogReader), Telling(answers_after_ms=7)
    reader._consumer = telling
    place = TopicPartition(REQUEST.name, 0)
    assert await reader.ends_now([place]) == {place: 5}
    assert telling.now <= 10, "milliseconds; an idle topic was once waited for as long as it might have said something"

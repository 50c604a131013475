"""What a system's API answers, recorded once from its stand-in and told again with something changed: the questions of
`changed` and `look_up` get the answers in their order, whatever they ask, without a network or a loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Protocol, TypeVar

from chassis.outbox import GiveUp, Retry
from chassis.outward import Answer, Outward
from chassis.partnership import ServiceDesk
from intake.adapters.port import Arrived, Changed, Way, systems
from intake.adapters.records import understood
from tests.systems.peer import OPENED, Story, all_peers

T = TypeVar("T")

HOSTS = ("127.0.0.1",)
MOST_QUESTIONS = 3000
"""More than a system may be asked within one poll, whatever it answers."""
LONG_AGO = (OPENED - timedelta(days=1)).isoformat()


class Sending(Protocol):
    """A delivery."""

    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder(Outward):
    """Remembers what was answered."""

    heard: list[Answer] = field(default_factory=list)

    async def _ask(self, method: str, url: str, host: str, headers: dict[str, str], data: Any) -> Answer:
        answer = await Outward._ask(self, method, url, host, headers, data)
        self.heard.append(answer)
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller(Outward):
    """Gives the answers it was given, one after the other, and the last again and again."""

    answers: Sequence[Answer] = ()
    asked: list[str] = field(default_factory=list)

    async def _ask(self, method: str, url: str, host: str, headers: dict[str, str], data: Any) -> Answer:
        self.asked.append(url)
        assert len(self.asked) < MOST_QUESTIONS, "it asks again and again"
        if not self.answers:
            raise Retry("there is no answer")
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said between us and a stand-in: of what changed, and of the tickets of deliveries."""

    desk: ServiceDesk
    records: tuple[Arrived, ...]
    listed: tuple[bytes, ...]
    asked: tuple[tuple[Arrived, bytes], ...]


@cache
def _talk_of(kind: str, sent: tuple[Arrived, ...] = ()) -> Talk:
    return asyncio.run(_talked(kind, sent))


async def _talked(kind: str, sent: Iterable[Arrived]) -> Talk:
    peer, system = all_peers()[kind](), systems()[kind]
    stories = [Story(), Story(number=82, title="En till").later(), Story(number=83, closed=True).later()]
    if "merged" in peer.polled:
        stories.append(Story(number=84, into=82).later())
    peer.tickets = {story.number: story for story in stories}
    records: list[Arrived] = []
    listed: list[bytes] = []
    asked: list[tuple[Arrived, bytes]] = []
    async with peer.running():
        desk = ServiceDesk.model_validate(peer.settings())
        if system.changed is not None:
            way = _way(desk, heard := Recorder(municipality="ekvik", hosts=HOSTS, private=True))
            records += (await system.changed(way, LONG_AGO)).records
            listed.append(as_body(heard.heard))
        for one in sent if system.look_up is not None else ():
            way = _way(desk, heard := Recorder(municipality="ekvik", hosts=HOSTS, private=True))
            try:
                assert system.look_up is not None
                records.append(await system.look_up(way, one))
            except (Retry, GiveUp):
                continue
            asked.append((one, as_body(heard.heard)))
    return Talk(desk, tuple(records), tuple(listed), tuple(asked))


def _way(desk: ServiceDesk, outward: Outward) -> Way:
    assert desk.api is not None
    return Way(desk=desk, api=desk.api, outward=outward)


def polled_of(kind: str) -> tuple[Arrived, ...]:
    """The records that are made of what the stand-in lists."""
    return _talk_of(kind).records


def talks_of(kind: str) -> tuple[bytes, ...]:
    """What the stand-in answers when it is asked what changed."""
    return _talk_of(kind).listed


def looked_up_of(kind: str, sent: Sequence[Sending]) -> tuple[tuple[Arrived, bytes], ...]:
    """What it answers when it is asked about the tickets of these deliveries."""
    return _talk_of(kind, tuple(Hashable(body=one.body, headers=dict(one.headers)) for one in sent)).asked


class Hashable(Arrived):
    """What arrived, known by its body alone."""

    def __hash__(self) -> int:
        return hash(self.body)


def as_body(answers: Iterable[Answer]) -> bytes:
    """Answers as one text; a body that is JSON stays JSON, so that values of it can be changed."""
    told = [
        [one.status, {name: one.headers[name] for name in ("Date", "ETag") if name in one.headers}, _said(one.body)]
        for one in answers
    ]
    return json.dumps(told).encode()


def _said(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return {"raw": body.decode("utf-8", "replace")}


def answers_in(body: bytes) -> list[Answer]:
    """The answers that a text names, as far as they are some; what is none is one answer itself."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return [Answer(200, {}, body)] * 3
    answers: list[Answer] = []
    for one in told if isinstance(told, list) else [[200, {}, told]]:
        match one:
            case [int(status), dict(headers), said]:
                texts = {str(name): str(value) for name, value in headers.items()}
                answers.append(Answer(status, texts, json.dumps(said).encode()))
            case _:
                answers.append(Answer(200, {}, json.dumps(one).encode()))
    return answers


def talk(kind: str, body: bytes, about: Arrived | None) -> tuple[Arrived, ...]:
    """What comes of asking a system that answers so: records, and nothing else but reasons to ask again or to give up.
    Where a poll goes on, it goes on: its cursor is understood."""
    system, desk, answers = systems()[kind], _talk_of(kind).desk, answers_in(body)

    def way() -> Way:
        return _way(desk, Teller(municipality="ekvik", hosts=HOSTS, private=True, answers=answers, breakers={}))

    try:
        if about is not None:
            assert system.look_up is not None
            return (_done(understood(system.look_up(way(), about))),)
        assert system.changed is not None
        found = _done(understood(system.changed(way(), LONG_AGO)))
        again: Changed = _done(understood(system.changed(way(), found.cursor)))
    except (Retry, GiveUp):
        return ()
    return (*found.records, *again.records)


def _done(asking: Coroutine[Any, Any, T]) -> T:
    """The result of what waits for nothing."""
    try:
        asking.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    asking.close()
    raise AssertionError("it waits for something")

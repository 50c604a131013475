"""A rebuild reads recorded histories another way than live readers do, and makes the same rows of them (P7, P8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import msgspec
import pytest

from chassis.log import headers
from chassis.rebuild.bulk import Reading
from chassis.rebuild.fold import Folded
from chassis.views import Row, View
from contracts.envelope import Envelope
from contracts.portfolio import StatusReported
from contracts.topics import REQUEST
from tests.histories.history import Recorded, histories, name_of, rows_of, views

HISTORIES = histories()
VIEWS = {name_of(service, view): view for service, view in views()}


@dataclass(frozen=True)
class Message:
    """A record as librdkafka hands it over."""

    record: Recorded
    place: int
    after: int
    sequence: int

    def error(self) -> None:
        return None

    def topic(self) -> str:
        return self.record.topic

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.place

    def timestamp(self) -> tuple[int, int]:
        return 1, 0

    def key(self) -> bytes:
        return str(self.record.event().subject).encode()

    def value(self) -> bytes:
        return self.record.message

    def headers(self) -> list[tuple[str, bytes]]:
        kind = self.record.message.split(b'"type":"')[1].partition(b'"')[0].decode()
        return headers(self.record.source, self.sequence, kind, self.after)


def messages_of(records: Iterable[Recorded]) -> list[Message]:
    """The records as they would lie in one partition of each topic."""
    made: list[Message] = []
    last: defaultdict[tuple[str, str], int] = defaultdict(int)
    places: defaultdict[str, int] = defaultdict(int)
    for record in records:
        before = last[record.topic, record.source]
        made.append(Message(record, places[record.topic], before, before + 1))
        last[record.topic, record.source] = before + 1
        places[record.topic] += 1
    return made


def read_fast(view: View[Any], messages: list[Message]) -> Folded:
    folded = Folded(view)
    Reading([folded], {(message.topic(), 0): len(messages) + 1 for message in messages}, None).take(messages)
    return folded


@pytest.mark.parametrize("name", HISTORIES)
def test_every_view_comes_out_of_a_rebuild_as_it_is_folded_live(name: str) -> None:
    messages = messages_of(HISTORIES[name])
    for told, view in VIEWS.items():
        folded = read_fast(view, messages)
        assert not folded.parked, told
        key = view.columns[0].name
        rows = {getattr(row, key): row for row in folded.rows.values() if row is not None}
        assert rows == rows_of(view, HISTORIES[name]), told


class Seen(Row, frozen=True):
    """What a test's fold saw."""

    request_id: UUID
    municipality: str
    seen: tuple[Any, ...] = ()


def everything(row: Seen | None, event: Envelope[StatusReported]) -> Seen:
    """A fold that looks at events in all the ways there are."""
    fact = event.data
    seen = (
        event.id, event.source, event.type, event.version, event.time, event.actor, event.actor_name, event.correlation,
        event.causation, event.cause, event.traceparent, fact.type, fact.subject, fact.progress, fact.spent,
        getattr(fact, "forecast", "nothing"), repr(fact), asdict(fact), msgspec.to_builtins(fact), event.sequence,
    )  # fmt: skip
    return Seen(
        request_id=event.subject, municipality=event.municipality, seen=(*(row.seen if row else ()), seen)
    )  # fmt: skip


def partly(row: Seen | None, event: Envelope[StatusReported]) -> Seen:
    """A fold that once looks at one thing, and then at another."""
    fact = event.data
    seen = fact.summary if row else fact.number
    return Seen(
        request_id=event.subject, municipality=event.municipality, seen=(*(row.seen if row else ()), seen)
    )  # fmt: skip


@pytest.mark.parametrize("evolve", [everything, partly])
def test_a_fold_finds_in_an_event_whatever_it_looks_for(evolve: Any) -> None:
    """Only what was looked at before is decoded, and the rest when it is asked for: nothing is missing, or None."""
    view = View(evolve.__name__, version=1, row=Seen, facts=StatusReported, topics=(REQUEST,), evolve=evolve)
    messages = messages_of(HISTORIES["whole-flow"])
    folded = read_fast(view, messages)
    records = [Recorded(one.topic(), one.record.source, one.sequence, one.value()) for one in messages]
    assert not folded.parked
    assert {row.request_id: row for row in folded.rows.values()} == rows_of(view, records)
    assert any(len(row.seen) > 1 for row in folded.rows.values())

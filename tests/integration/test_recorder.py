"""Our store passes the test cases that the eventsourcing library has for its own recorders.

Two of them cannot apply. `AggregateRecorderTestCase` is for recorders that keep no log across aggregates: it wants
`insert_events` to return None, where one that keeps a log returns the positions (the library's own application
recorders do not run it either). `InfrastructureFactoryTestCase` is about factories that make recorders, ciphers and
compressors from environment variables: ours are opened by a service, and what is stored is never the library's to
encrypt or compress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Thread
from typing import TYPE_CHECKING
from unittest import TestCase
from uuid import uuid4

import pytest
from eventsourcing.persistence import (
    IntegrityError,
    InterfaceError,
    Notification,
    ProgrammingError,
    StoredEvent,
    Tracking,
)
from eventsourcing.tests import persistence as library

from chassis.db import Database
from chassis.decode import decode
from chassis.store import Store
from chassis.store.recorder import Recorder
from chassis.testing import a_context, a_database
from contracts.intake import RequestRegistered
from tests.integration.flow import registered

if TYPE_CHECKING:
    from embedded.testing import Databases

URLS = tuple[str, str]


@pytest.fixture
def urls(databases: Databases) -> URLS:
    return a_database(databases, "intake")


@pytest.fixture
def recorder(urls: URLS) -> Iterator[Recorder]:
    opened = a_recorder(urls)
    yield opened
    opened.close()


def a_recorder(urls: URLS) -> Recorder:
    return Recorder(Database(*urls), "intake", municipality="tallvik")


class OnOurStore(TestCase):
    """Gives the library's test cases a recorder on a database of their own."""

    @pytest.fixture(autouse=True)
    def _prepared(self, databases: Databases) -> None:
        self._urls = a_database(databases, "intake")

    def create_recorder(self) -> Recorder:
        recorder = a_recorder(self._urls)
        self.addCleanup(recorder.close)
        return recorder


class TestAsAnApplicationRecorder(OnOurStore, library.ApplicationRecorderTestCase[Recorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestAsATrackingRecorder(OnOurStore, library.TrackingRecorderTestCase):
    pass


class TestAsAProcessRecorder(OnOurStore, library.ProcessRecorderTestCase):
    pass


class TestPositionsOfOneCommitAreTogether(OnOurStore, library.NonInterleavingNotificationIDsBaseCase):
    pass


def an_event(version: int = 1, *, of: object = None, topic: str = "topic") -> StoredEvent:
    return StoredEvent(of or uuid4(), version, topic, b"state")  # type: ignore[arg-type]  # some of our tests give text


def test_events_of_several_originators_are_recorded_together_or_not_at_all(recorder: Recorder) -> None:
    one, other = uuid4(), uuid4()
    assert recorder.insert_events([an_event(of=one), an_event(of=other), an_event(2, of=one)]) == [1, 3, 2]
    with pytest.raises(IntegrityError, match="conflict at version 1"):
        recorder.insert_events([an_event(3, of=one), an_event(3, of=other)])
    assert [event.originator_version for event in recorder.select_events(one)] == [1, 2]
    assert recorder.insert_events([an_event(3, of=one)]) == [4], "what was refused left no gap behind"


def test_events_are_not_recorded_when_the_tracking_is_not_ahead(recorder: Recorder) -> None:
    recorder.insert_tracking(Tracking("upstream", 7))
    with pytest.raises(IntegrityError):
        recorder.insert_events([an_event()], tracking=Tracking("upstream", 7))
    assert recorder.max_notification_id() is None


@pytest.mark.parametrize("first", [0, 1])
def test_a_history_begins_at_version_zero_or_one(recorder: Recorder, first: int) -> None:
    """The library's applications and its test cases do not agree on which."""
    subject = uuid4()
    recorder.insert_events([an_event(first, of=subject)])
    with pytest.raises(IntegrityError):
        recorder.insert_events([an_event(first, of=subject)])
    recorder.insert_events([an_event(first + 1, of=subject)])
    assert [event.originator_version for event in recorder.select_events(subject, gt=first)] == [first + 1]


@pytest.mark.parametrize("versions", [(2,), (1, 3), (1, 1), (-1, 0)])
def test_a_history_has_no_gaps(recorder: Recorder, versions: tuple[int, ...]) -> None:
    """P4. The library's own recorders take any version that is new."""
    subject = uuid4()
    with pytest.raises(IntegrityError):
        recorder.insert_events([an_event(version, of=subject) for version in versions])
    assert recorder.select_events(subject) == []


def test_an_originator_is_named_by_a_uuid_and_nothing_is_guessed(recorder: Recorder) -> None:
    subject = uuid4()
    recorder.insert_events([an_event(of=str(subject))])
    assert len(recorder.select_events(subject)) == 1
    with pytest.raises(ValueError, match="badly formed"):
        recorder.insert_events([an_event(of="dog-1")])
    with pytest.raises(ProgrammingError):
        recorder.insert_events([an_event()], ahead=True)


def test_what_a_closed_recorder_is_asked_is_refused(recorder: Recorder) -> None:
    recorder.close()
    recorder.close()
    with pytest.raises(InterfaceError, match="closed"):
        recorder.max_notification_id()


async def test_what_a_service_appended_is_read_as_stored_events(urls: URLS) -> None:
    request = uuid4()
    async with Database(*urls) as db, Store(db, "intake") as store:
        await store.append([registered(request, "Åmål")], context=a_context(), expected=0)
    recorder = a_recorder(urls)
    try:
        [event] = recorder.select_events(request)
        assert event.topic == RequestRegistered.type
        assert decode(event.state).data == registered(request, "Åmål")
        [notification] = recorder.select_notifications(1, 10, topics=[RequestRegistered.type])
        assert (notification.id, notification.originator_id, notification.state) == (1, request, event.state)
    finally:
        recorder.close()


def test_a_subscription_hears_of_what_another_process_recorded(urls: URLS, recorder: Recorder) -> None:
    """It polls as well as it is woken."""
    heard: list[Notification] = []
    subscription = recorder.subscribe(gt=0, topics=["told"])
    listener = Thread(target=lambda: heard.extend(_first_of(subscription.__next__, 2)))
    listener.start()
    other = a_recorder(urls)
    other.insert_events([an_event(topic="told"), an_event(topic="not told")])
    recorder.insert_events([an_event(topic="told")])
    other.close()
    listener.join(10)
    assert [notification.id for notification in heard] == [1, 3]


def _first_of(following: Callable[[], Notification], many: int) -> list[Notification]:
    return [following() for _ in range(many)]

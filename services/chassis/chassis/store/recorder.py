"""The store behind the recorder interface of the `eventsourcing` library, and the only module that knows the library.

Whatever speaks that interface (the library's applications, projections, followers and its own test cases) can read
what our services wrote and write beside it: a stored event's topic is the fact's travelling name and its state is the
message. The interface is synchronous and the store is not, so a recorder keeps an event loop in a thread of its own.
Any number of threads may use one; what they write at the same time is committed together.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar
from uuid import UUID, uuid4

import asyncpg
from eventsourcing.persistence import (
    ApplicationRecorder,
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    Notification,
    OperationalError,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Subscription,
    Tracking,
)

from chassis.db import Connection, Database
from chassis.store.command import Command, Outcome, append_together
from chassis.store.store import Store

T = TypeVar("T")

POLL_SECONDS = 0.1
"""How long a commit of another process may go unnoticed by a subscription."""

TRACK = (
    "INSERT INTO tracking AS t (application, notification) VALUES ($1, $2) ON CONFLICT (application) "
    "DO UPDATE SET notification = excluded.notification WHERE t.notification < excluded.notification RETURNING 1"
)


class Recorder(ProcessRecorder):
    """Records stored events, and how far other applications were followed, in a service's database.

    db: not opened yet; the recorder opens it, and closes it in `close`. municipality: the tenant of what it writes.
    An event's notification id is its position in the log: dense, and in the order of commits.
    """

    def __init__(self, db: Database, service: str, *, municipality: str) -> None:
        self._db = db
        self._municipality = municipality
        self._store = Store(db, service)
        self._moved = threading.Condition()
        self._store.on_commit(self._wake)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"{service}-recorder", daemon=True)
        self._thread.start()
        try:
            self._run(self._open)
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """Finish what is being written and give back every connection. A closed recorder cannot be used."""
        if not self._loop.is_closed():
            self._run(self._close)
            self._end()

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Append events, all or none, with the `tracking` given; returns their notification ids.

        The events of one originator follow one another without gaps. Raises IntegrityError when somebody was faster,
        a version is missing, or the tracking is not ahead of what was recorded.
        """
        tracking: Tracking | None = kwargs.pop("tracking", None)
        if kwargs:
            raise ProgrammingError(f"nothing is known of {', '.join(kwargs)}")
        commands = self._commands(stored_events)
        if tracking is None and len(commands) == 1:
            outcomes = [self._run(lambda: self._store.writer.put(commands[0]))]
            if outcomes[0].outcome != "appended":
                _refuse(commands[0], outcomes[0])
        elif tracking is not None or commands:
            outcomes = self._run(lambda: self._insert(commands, tracking))
        else:
            outcomes = []
        ids = {
            command.subject: iter(range(outcome.first_position or 0, 2**63))
            for command, outcome in zip(commands, outcomes, strict=True)
        }
        return [next(ids[_subject(event)]) for event in stored_events]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """An originator's events with `gt` < version <= `lte`, in order of versions (or in the opposite)."""
        order = "DESC" if desc else "ASC"
        query = (
            "SELECT version, type, envelope FROM events WHERE subject = $1 AND ($2::int IS NULL OR version > $2) "  # noqa: S608
            f"AND ($3::int IS NULL OR version <= $3) ORDER BY version {order} LIMIT $4"
        )
        rows = self._fetch(query, UUID(str(originator_id)), gt, lte, limit)
        return [StoredEvent(originator_id, row["version"], row["type"], row["envelope"]) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The log from `start` to `stop`, at most `limit` of it, of all topics or of those named."""
        first = 0 if start is None else start if inclusive_of_start else start + 1
        rows = self._fetch(
            "SELECT position, subject, version, type, envelope FROM events WHERE position >= $1 "
            "AND ($2::bigint IS NULL OR position <= $2) AND (cardinality($3::text[]) = 0 OR type = ANY ($3)) "
            "ORDER BY position LIMIT $4",
            first, stop, list(topics), limit,
        )  # fmt: skip
        return [
            Notification(row["subject"], row["version"], row["type"], row["envelope"], row["position"]) for row in rows
        ]

    def max_notification_id(self) -> int | None:
        """The position of the last event; None while the log is empty."""
        return self._run(self._store.head) or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """Everything after `gt`, and then whatever is committed, as it is committed."""
        return Following(self, gt, topics)

    def insert_tracking(self, tracking: Tracking) -> None:
        """Record how far an application was followed. Raises IntegrityError when that was recorded before."""
        self.insert_events([], tracking=tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """How far an application was followed; None when it never was."""
        rows = self._fetch("SELECT notification FROM tracking WHERE application = $1", application_name)
        return rows[0]["notification"] if rows else None

    def wait_for_more(self, seconds: float) -> None:
        """Until something is committed through this recorder, or the seconds are over."""
        with self._moved:
            self._moved.wait(seconds)

    def _commands(self, events: Sequence[StoredEvent]) -> list[Command]:
        by_subject: dict[UUID, list[StoredEvent]] = {}
        for event in events:
            by_subject.setdefault(_subject(event), []).append(event)
        for subject, its in by_subject.items():
            first = its[0].originator_version
            if [event.originator_version for event in its] != list(range(first, first + len(its))):
                raise IntegrityError(f"the versions given of {subject} do not follow one another")
        return [
            Command(
                id=uuid4(),
                subject=subject,
                expected=its[0].originator_version - 1,
                municipality=self._municipality,
                types=[event.topic for event in its],
                messages=[event.state for event in its],
            )
            for subject, its in by_subject.items()
        ]

    async def _insert(self, commands: list[Command], tracking: Tracking | None) -> list[Outcome]:
        async with self._db.work() as connection:
            if tracking is not None:
                await _track(connection, tracking)
            outcomes = await append_together(connection, commands) if commands else []
            for command, outcome in zip(commands, outcomes, strict=True):
                if outcome.outcome != "appended":
                    _refuse(command, outcome)
        self._store.committed()
        return outcomes

    def _fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        return self._run(lambda: self._db.worker.fetch(query, *arguments))

    def _run(self, work: Callable[[], Awaitable[T]]) -> T:
        if self._loop.is_closed():
            raise InterfaceError("the recorder is closed")

        async def do() -> T:
            return await work()

        with _errors_of_the_library():
            return asyncio.run_coroutine_threadsafe(do(), self._loop).result()

    async def _open(self) -> None:
        await self._db.open()
        await self._store.__aenter__()

    async def _close(self) -> None:
        await self._store.__aexit__()
        await self._db.close()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wake(self) -> None:
        with self._moved:
            self._moved.notify_all()


class Following(Subscription[Recorder]):
    """A subscription: reads on when something was committed here, and looks every so often in any case."""

    def __init__(self, recorder: Recorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._read: deque[Notification] = deque()

    def __next__(self) -> Notification:
        """The next notification, waited for; ends when the subscription is stopped."""
        while not self._has_been_stopped and not self._read:
            place = self._last_notification_id or 0
            self._read.extend(
                self._recorder.select_notifications(place, 500, topics=self._topics, inclusive_of_start=False)
            )
            if not self._read:
                self._recorder.wait_for_more(POLL_SECONDS)
        if self._has_been_stopped:
            raise StopIteration
        self._last_notification_id = self._read[0].id
        return self._read.popleft()


def _subject(event: StoredEvent) -> UUID:
    return UUID(str(event.originator_id))


async def _track(connection: Connection, tracking: Tracking) -> None:
    if not await connection.fetchval(TRACK, tracking.application_name, tracking.notification_id):
        raise IntegrityError(f"{tracking.application_name} was followed to {tracking.notification_id} before")


def _refuse(command: Command, outcome: Outcome) -> NoReturn:
    raise IntegrityError(f"{command.subject}: {outcome.outcome} at version {outcome.version}")


@contextmanager
def _errors_of_the_library() -> Iterator[None]:
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        raise IntegrityError(str(error)) from error
    except asyncpg.DataError as error:
        raise DataError(str(error)) from error
    except asyncpg.PostgresConnectionError as error:
        raise OperationalError(str(error)) from error
    except asyncpg.InterfaceError as error:
        raise InterfaceError(str(error)) from error
    except asyncpg.PostgresError as error:
        raise DatabaseError(str(error)) from error
    except OSError as error:
        raise OperationalError(str(error)) from error

"""How fast a view is made anew from the log, against merely consuming it and against the library's projections; and
how much memory that takes. Each rebuild is a process of its own, so that its memory is its own."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any
from uuid import UUID

from confluent_kafka import Consumer, TopicPartition
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic

from chassis.db import Database
from chassis.rebuild.build import rebuild
from chassis.views import View, tables
from contracts.topics import REQUEST
from embedded.postgres import Postgres
from portfolio.views import projects
from tests.benchmarks import story
from tests.benchmarks.report import Chapter, Line, middle, rate
from tests.benchmarks.servers import a_broker, a_database_on, a_server, fill

ROUNDS = 3
LIBRARY_EVENTS = 3000


def consume(bootstrap: str, events: int) -> float:
    """Events per second that librdkafka hands over, doing nothing with them."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False,
         "auto.offset.reset": "earliest", "fetch.queue.backoff.ms": 5, "queued.max.messages.kbytes": 8192,
         "queued.min.messages": 20000, "check.crcs": False}
    )  # fmt: skip
    consumer.assign([TopicPartition(REQUEST.name, number, 0) for number in range(REQUEST.partitions)])
    began, seen = time.perf_counter(), 0
    while seen < events:
        seen += len(consumer.consume(5000, timeout=1))
    took = time.perf_counter() - began
    consumer.close()
    return events / took


def view_named(name: str, version: int) -> View[Any]:
    """One of the views that are rebuilt: the lean one of the story, or portfolio's own."""
    if name == "lines":
        return story.portfolio(version)
    return View(**{**vars_of(projects.view), "version": version})


def vars_of(view: View[Any]) -> dict[str, Any]:
    """What a view was declared with."""
    names = ("name", "row", "facts", "topics", "evolve", "key", "indexes")
    return {name: getattr(view, name) for name in names}


async def rebuild_once(name: str, urls: tuple[str, str], bootstrap: str) -> dict[str, float]:
    """Rebuild a raised version from the whole log; then that version once more, verified against itself."""
    async with Database(*urls) as db:
        async with db.work() as connection:
            live = await tables.ensure_live(connection, view_named(name, 1))
        raised = view_named(name, live.version + 1)
        before = time.perf_counter()
        made = await rebuild(db, urls[0], raised, bootstrap)
        seconds = time.perf_counter() - before
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        before = time.perf_counter()
        again = await rebuild(db, urls[0], raised, bootstrap)
        assert again.compared
        assert again.differing == 0
        verified = time.perf_counter() - before
    return {
        "events": made.events, "rows": made.rows, "rate": made.events / seconds, "verified": made.events / verified,
        "megabytes": memory,
    }  # fmt: skip


def in_a_process(name: str, urls: tuple[str, str], bootstrap: str) -> dict[str, float]:
    """`rebuild_once` in a process that does nothing else."""
    command = [sys.executable, "-m", "tests.benchmarks.rebuild", name, *urls, bootstrap]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


class Project(Aggregate):
    """The same story as the library tells it: an aggregate whose events are Python classes."""

    @event("Entered")
    def __init__(self, title: str) -> None:
        self.title = title
        self.progress = 0

    @event("Reported")
    def report(self, progress: int, spent: str) -> None:
        """How it goes."""
        self.progress = progress


class Lines(PostgresTrackingRecorder):
    """Where the library's projection keeps its rows, with the tracking in the same transaction as it asks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sql_create_statements.append(
            _sql("CREATE TABLE IF NOT EXISTS lines (id uuid PRIMARY KEY, title text, progress int, spent text)")
        )

    def put(self, statement: str, values: Iterable[Any], tracking: Any) -> None:
        """Change a row."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(_sql(statement), tuple(values), prepare=True)


def _sql(statement: str) -> Any:
    from psycopg.sql import SQL

    return SQL(statement)


class LinesProjection(Projection[Lines]):
    """Rows from the library's events, one transaction each, as its projections work."""

    name = "lines"
    topics = (get_topic(Project.Entered), get_topic(Project.Reported))  # type: ignore[attr-defined]  # made by @event

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Any) -> None:
        """Dispatch by kind."""
        raise AssertionError(domain_event)

    @process_event.register
    def entered(self, domain_event: Project.Entered, tracking: Any) -> None:  # type: ignore[name-defined]  # as above
        self.view.put(
            "INSERT INTO lines VALUES (%s, %s, 0, '0')", (domain_event.originator_id, domain_event.title), tracking
        )

    @process_event.register
    def reported(self, domain_event: Project.Reported, tracking: Any) -> None:  # type: ignore[name-defined]  # as above
        self.view.put(
            "UPDATE lines SET progress = %s, spent = %s WHERE id = %s",
            (domain_event.progress, domain_event.spent, domain_event.originator_id),
            tracking,
        )


def the_librarys(server: Postgres) -> float:
    """Events per second of a ProjectionRunner over a sample of the same shape: ten events of each subject."""
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_DBNAME": "postgres", "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": str(server.port), "POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": server.password,
    }  # fmt: skip
    last = 0
    with Application[UUID](env=environment) as app:
        for _ in range(LIBRARY_EVENTS // story.EVENTS_EACH):
            project = Project("Ny e-tjänst för bygglov")
            for number in range(1, story.EVENTS_EACH):
                project.report(number * 10, str(90_000 * number))
            last = app.save(project)[-1].notification.id
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Application[UUID], projection_class=LinesProjection, view_class=Lines, env=environment
    ) as runner:
        runner.wait(last, timeout=300)
    return LIBRARY_EVENTS / (time.perf_counter() - began)


async def run(subjects: int, *, names: tuple[str, ...] = ("lines", "projects"), rounds: int = ROUNDS) -> Chapter:
    """All of it, in rounds."""
    chapter = Chapter(
        "Rebuild",
        f"{subjects * story.EVENTS_EACH:,} events of {subjects:,} projects, ten facts of eight kinds each, 582 to "
        "1,010 bytes, in 12 partitions of the embedded broker. A rebuild reads the log from its beginning, folds, "
        "copies, indexes and switches, in one process; `lines` is a view of 18 columns, `projects` is portfolio's own.",
    )
    with ExitStack() as stack:
        server, bootstrap = stack.enter_context(a_server()), stack.enter_context(a_broker())
        urls = await a_database_on(server, "portfolio")
        events = await asyncio.to_thread(asyncio.run, fill(bootstrap, subjects))
        consumed: list[float] = []
        rebuilt: dict[str, list[dict[str, float]]] = {name: [] for name in names}
        for _ in range(rounds):
            consumed.append(await asyncio.to_thread(consume, bootstrap, events))
            for name in names:
                rebuilt[name].append(await asyncio.to_thread(in_a_process, name, urls, bootstrap))
        library = await asyncio.to_thread(the_librarys, server)
    merely = middle(consumed)
    chapter.add(Line("merely consuming with librdkafka", rate(merely)))
    for name, found in rebuilt.items():
        assert all(one["events"] == events and one["rows"] == subjects for one in found)
        speed = middle([one["rate"] for one in found])
        verified = middle([one["verified"] for one in found])
        memory = max(one["megabytes"] for one in found)
        goal = 0.5 if name == "lines" else None
        chapter.add(
            Line(f"`{name}` rebuilt", rate(speed), speed / merely, "merely consuming", goal),
            Line(f"`{name}` rebuilt and verified row by row", rate(verified), verified / merely, "merely consuming"),
            Line(f"`{name}` rebuilt", rate(speed), speed / library, "ProjectionRunner", 300 if goal else None),
            Line(f"peak memory of that process, `{name}`", f"{memory:,.0f} MB", memory, "", 256, below=True),
        )
    chapter.add(
        Line(f"eventsourcing's ProjectionRunner, on {LIBRARY_EVENTS:,} of them", rate(library), library / merely,
             "merely consuming")
    )  # fmt: skip
    chapter.remarks.append(
        "Merely consuming costs a processor about 2 µs an event. A rebuild adds decoding into the contract's own class "
        "with its whole envelope (1.4 µs, where a hand-chosen selection of fields took 0.6), the headers by which "
        "repeated events are known (1 µs) and the fold (1 µs or more; `projects` also computes which reports are due). "
        "It reads in one process; by partition in two it could come nearer."
    )
    return chapter


if __name__ == "__main__":
    print(json.dumps(asyncio.run(rebuild_once(sys.argv[1], (sys.argv[2], sys.argv[3]), sys.argv[4]))))

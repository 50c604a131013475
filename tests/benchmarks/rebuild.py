"""How fast a view is made anew from the log, against merely consuming it and against the library's projections; and
how much memory that takes. Each rebuild is a process of its own, so that its memory is its own."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
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
from chassis.rebuild.bulk import FETCHING
from chassis.views import View, tables
from contracts.topics import REQUEST
from embedded.postgres import Postgres
from portfolio.views import projects
from tests.benchmarks import story
from tests.benchmarks.report import Chapter, Line, middle, rate
from tests.benchmarks.servers import a_broker, a_database_on, a_lasting_broker, a_server, fill

ROUNDS = 3
LIBRARY_EVENTS = 3000


def consume(bootstrap: str, events: int) -> tuple[float, float]:
    """Events per second that librdkafka hands over, doing nothing with them; and µs of processor an event."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "bench", **FETCHING, "auto.offset.reset": "earliest"}
    )
    consumer.assign([TopicPartition(REQUEST.name, number, 0) for number in range(REQUEST.partitions)])
    began, cpu, seen = time.perf_counter(), time.process_time(), 0
    while seen < events:
        seen += len(consumer.consume(min(500, events - seen), timeout=1))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    consumer.close()
    return events / took, cpu / events * 1e6


def view_named(name: str, version: int) -> View[Any]:
    """One of the views that are rebuilt: the lean one of the story, or portfolio's own."""
    if name == "lines":
        return story.portfolio(version)
    return View(**{**vars_of(projects.view), "version": version})


def vars_of(view: View[Any]) -> dict[str, Any]:
    """What a view was declared with."""
    names = ("name", "row", "facts", "topics", "evolve", "key", "indexes")
    return {name: getattr(view, name) for name in names}


async def rebuild_once(
    name: str, urls: tuple[str, str], bootstrap: str, processes: int, *, verify: bool
) -> dict[str, float]:
    """Rebuild a raised version from the whole log; then, to `verify`, that version once more, compared with itself.

    Seconds are those of the rebuild, with the start of a second process but not of this one; `cpu` is what this and
    the processes that help take of the processors meanwhile, in microseconds an event.
    """
    async with Database(*urls) as db:
        async with db.work() as connection:
            live = await tables.ensure_live(connection, view_named(name, 1))
        raised = view_named(name, live.version + 1)
        before, cpu = time.perf_counter(), processor_seconds()
        made = await rebuild(db, urls[0], raised, bootstrap, processes=processes)
        seconds, cpu = time.perf_counter() - before, processor_seconds() - cpu
        memory = max(peak_kilobytes(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        found = {
            "events": made.events, "rows": made.rows, "rate": made.events / seconds, "cpu": cpu / made.events * 1e6,
            "megabytes": memory / 1024,
        }  # fmt: skip
        if verify:
            before = time.perf_counter()
            again = await rebuild(db, urls[0], raised, bootstrap, processes=processes)
            assert again.compared
            assert again.differing == 0
            found["verified"] = again.events / (time.perf_counter() - before)
    return found


def peak_kilobytes() -> int:
    """The most memory this process ever had. getrusage would begin with what the process had that started it."""
    (peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1])


def processor_seconds() -> float:
    """What this process and those that helped it and have ended took of the processors so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def in_a_process(
    name: str, urls: tuple[str, str], bootstrap: str, processes: int, *, verify: bool = False
) -> dict[str, float]:
    """`rebuild_once` in a process that does nothing else."""
    command = [sys.executable, "-m", "tests.benchmarks.rebuild", name, *urls, bootstrap, str(processes), str(verify)]
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


async def run(subjects: int) -> Chapter:
    """Views rebuilt from the embedded broker, against all that they are measured against."""
    return await _run(subjects, "Rebuild", "the embedded broker", a_broker, ("lines", "projects"), ROUNDS)


async def run_large(subjects: int) -> Chapter:
    """The same once, for one view, from more than the embedded broker's memory is for: how much memory it takes us."""
    return await _run(
        subjects, "Rebuild from a long log", "one broker of Apache Kafka", a_lasting_broker, ("lines",), 1
    )


async def _run(
    subjects: int,
    title: str,
    where: str,
    broker: Callable[[], AbstractContextManager[str]],
    names: tuple[str, ...],
    rounds: int,
) -> Chapter:
    chapter = Chapter(
        title,
        f"{subjects * story.EVENTS_EACH:,} events of {subjects:,} projects, ten facts of eight kinds each, 582 to "
        f"1,010 bytes, in 12 partitions of {where}. A rebuild reads the log from its beginning, folds, "
        "copies, indexes and switches; `lines` is a view of 18 columns, `projects` is portfolio's own.",
    )
    runs = [(name, processes) for name in names for processes in (1, 2)]
    found: dict[tuple[str, int], list[dict[str, float]]] = {run: [] for run in runs}
    consumed: list[tuple[float, float]] = []
    with ExitStack() as stack:
        server, bootstrap = stack.enter_context(a_server()), stack.enter_context(broker())
        urls = await a_database_on(server, "portfolio")
        events = await asyncio.to_thread(asyncio.run, fill(bootstrap, subjects))
        for number in range(rounds):
            for name, processes in runs:
                if name == names[0]:  # beside both of which the ratio is of
                    consumed.append(await asyncio.to_thread(consume, bootstrap, events))
                elif number:
                    continue  # its own view takes long, and no goal depends on it
                verify = not number and processes == 1
                made = await asyncio.to_thread(in_a_process, name, urls, bootstrap, processes, verify=verify)
                assert (made["events"], made["rows"]) == (events, subjects)
                found[name, processes].append(made)
        library = await asyncio.to_thread(the_librarys, server)
    merely = middle([speed for speed, _ in consumed])
    cheaply = middle([cpu for _, cpu in consumed])
    chapter.add(Line(f"merely consuming with librdkafka, {cheaply:.1f} µs of processor an event", rate(merely)))
    for (name, processes), made_so in found.items():
        chapter.add(*lines_of(name, processes, made_so, merely, library, goals=len(names) > 1 and name == names[0]))
    chapter.add(
        Line(f"eventsourcing's ProjectionRunner, on {LIBRARY_EVENTS:,} of them", rate(library), library / merely,
             "merely consuming")
    )  # fmt: skip
    if len(names) > 1:
        chapter.remarks.append(COSTS)
    return chapter


def lines_of(
    name: str, processes: int, made: list[dict[str, float]], merely: float, library: float, *, goals: bool
) -> list[Line]:
    """The rows of the table about one view, rebuilt by so many processes."""
    speed, cpu = middle([one["rate"] for one in made]), middle([one["cpu"] for one in made])
    memory = max(one["megabytes"] for one in made)
    told = f"`{name}` rebuilt in {'one process' if processes == 1 else 'two'}"
    goal = {1: 0.5, 2: 0.6}[processes] if goals else None
    lines = [
        Line(f"{told}, {cpu:.1f} µs of processor an event", rate(speed), speed / merely, "merely consuming", goal),
        Line(told, rate(speed), speed / library, "ProjectionRunner", 300 if goals and processes == 1 else None),
        Line(f"{told}: peak memory of a process", f"{memory:,.0f} MB", memory, "", 256, below=True),
    ]
    lines += [
        Line(f"{told} and verified row by row", rate(one["verified"]), one["verified"] / merely, "merely consuming")
        for one in made
        if "verified" in one
    ]
    return lines


COSTS = (
    "What a rebuild costs a processor for each event of `lines`, beside what merely consuming costs: the headers by "
    "which repeated events are known, about 0.3 µs; passing over 800 bytes of JSON, 0.7 µs, and decoding the fields "
    "that the fold reads, 0.4 µs; the fold, 0.8 µs; copying, indexing, switching, 0.4 µs. So one process needs three "
    "to four times the processor of merely consuming, and comes near half its rate only where the broker is what "
    "consuming waits for. `projects` also computes which reports are due and keeps nested values, which is Python of "
    "its own. A second process takes a second to start, which is in its figure. Processor time moves less with what "
    "else the machine does than rates do."
)


if __name__ == "__main__":
    asked, worker, api, kafka, many, verified = sys.argv[1:]
    print(json.dumps(asyncio.run(rebuild_once(asked, (worker, api), kafka, int(many), verify=verified == "True"))))

"""`flode topics`, `flode lag`, `flode replay`: the log itself, how far behind readers are, one request's history."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from uuid import UUID

import click
from aiokafka.errors import KafkaError

from chassis.cli.common import kafka, settings_of, show_table
from chassis.cli.tell import tell
from chassis.db import Database
from chassis.flow.gather import followed
from chassis.flow.gather import lag as lag_of
from chassis.log import LogReader, all_partitions
from chassis.pressure import waiting
from chassis.rebuild import history_of
from chassis.rebuild.bulk import LogEndsEarly
from chassis.service import Service, find_services
from chassis.topics import create_topics
from contracts.topics import REQUEST, TOPICS


@click.command()
@click.option("--create", is_flag=True, help="Create the declared topics that are missing.")
def topics(create: bool) -> None:
    """The declared topics, and how much the broker holds of each."""
    bootstrap = kafka()

    async def work() -> list[list[object]]:
        if create:
            made = await create_topics(bootstrap, replication=int(os.environ.get("FLODE_KAFKA_REPLICATION") or 1))
            click.echo(f"created: {', '.join(made) or 'nothing, all were there'}")
        async with LogReader(bootstrap, client_id="flode-topics") as reader:
            ends = await reader.ends(all_partitions(TOPICS))
        return [
            [
                topic.name,
                topic.partitions,
                sum(end for partition, end in ends.items() if partition.topic == topic.name),
                topic.meaning,
            ]
            for topic in TOPICS
        ]

    show_table(["topic", "partitions", "records", "what it holds"], asyncio.run(work()))


@click.command()
def lag() -> None:
    """How far each reader is behind its topics, and what each relay has still to produce.

    When the broker is away, what waits for it is told all the same.
    """

    async def work() -> list[list[object]]:
        found: list[list[object]] = []
        for service in find_services():
            settings = settings_of(service.name)
            async with Database(settings.database, settings.database_api, readers=1, workers=2) as db:
                found.append([service.name, *await _relay(db, settings.backlog)])
                try:
                    async with LogReader(settings.kafka, client_id="flode-lag") as reader:
                        found += [[service.name, *row] for row in await _readers(service, db, reader)]
                except KafkaError as away:
                    found.append([service.name, "readers", "?", f"the broker does not answer: {type(away).__name__}"])
        return found

    show_table(["service", "reader", "events behind", ""], asyncio.run(work()))


async def _relay(db: Database, most: int) -> list[object]:
    head = await db.worker.fetchval("SELECT position FROM log_head")
    done = await db.worker.fetchval("SELECT coalesce(min(done_to), 0) FROM relay_places")
    full = f"; writes are refused, because {most} or more wait" if await waiting(db.worker) >= most else ""
    return ["relay", max(0, head - done), f"{done} of {head} produced{full}"]


async def _readers(service: Service, db: Database, reader: LogReader) -> list[list[object]]:
    found: list[list[object]] = []
    for one in await followed(service, db):
        behind = lag_of(one.places, await reader.ends(all_partitions(one.topics)))
        found.append([one.name, behind, "level" if not behind else "behind"])
    return found


@click.command()
@click.argument("request", type=click.UUID)
@click.option("--as-of", "moment", help="Only what had been decided by then: 2026-03-02T12:00, UTC unless it says.")
def replay(request: UUID, moment: str | None) -> None:
    """The history of REQUEST as a person would tell it, and its state after each event."""
    until = _moment(moment)

    async def work() -> list[str]:
        lines: list[str] = []
        state: dict[str, str] = {}
        for position, event in await history_of(kafka(), REQUEST, request):
            if until is None or event.time <= until:
                lines += tell(position, event, state)
        return lines

    try:
        lines = asyncio.run(work())
    except LogEndsEarly as early:
        raise click.ClickException(str(early)) from None
    if not lines:
        raise click.ClickException(f"nothing is known of the request {request}" + (" by then" if until else ""))
    click.echo("\n".join(lines))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text} is no moment; write 2026-03-02 or 2026-03-02T12:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

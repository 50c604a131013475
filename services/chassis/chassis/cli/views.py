"""`flode views` and `flode rebuild`: which tables views have, and making them anew beside the live one."""

from __future__ import annotations

import asyncio
from concurrent.futures.process import BrokenProcessPool

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from chassis.cli.common import service_of_view, settings_of, show_table
from chassis.db import Database
from chassis.rebuild import NotEqual, Progress, drop_previous
from chassis.rebuild import rebuild as rebuild_view
from chassis.rebuild import rollback as go_back
from chassis.rebuild.build import AlreadyRebuilding, NothingToGoBackTo
from chassis.rebuild.bulk import LogEndsEarly
from chassis.service import find_services

STATE = (
    "SELECT v.view, v.version, v.build, v.state, v.started_at::timestamptz(0)::text AS made, "
    "coalesce(sum(c.applied), 0) AS applied, coalesce(sum(c.duplicates), 0) AS duplicates, "
    "(SELECT count(*) FROM parked p WHERE p.reader = v.table_name AND p.state = 'waiting') AS parked "
    "FROM view_tables v LEFT JOIN checkpoints c ON c.reader = v.table_name "
    "GROUP BY v.view, v.version, v.build, v.state, v.started_at, v.table_name ORDER BY v.view, v.build DESC"
)


@click.command()
def views() -> None:
    """The tables of every view: version, state, events applied, repeated and parked."""

    async def look() -> list[list[object]]:
        found: list[list[object]] = []
        for service in find_services():
            settings = settings_of(service.name)
            async with Database(settings.database, settings.database_api, readers=1, workers=1) as db:
                found += [[service.name, *row] for row in await db.worker.fetch(STATE)]
        return found

    headings = ["service", "view", "version", "build", "state", "made", "applied", "repeated", "parked"]
    show_table(headings, asyncio.run(look()))


@click.command()
@click.argument("view")
@click.option("--rollback", is_flag=True, help="Go back to the table that was live before.")
@click.option("--drop", is_flag=True, help="Drop the tables that are not live.")
@click.option("--accept", is_flag=True, help="Switch even if rows differ from the live view.")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64), help="How many read the log.")
def rebuild(view: str, rollback: bool, drop: bool, accept: bool, processes: int) -> None:
    """Build VIEW anew from the log beside the live one, verify by digest and switch."""
    service, declared = service_of_view(view)
    settings = settings_of(service.name)

    async def work() -> str:
        async with Database(settings.database, settings.database_api, readers=2, workers=4) as db:
            if drop:
                return f"{await drop_previous(db, settings.database, view)} tables of {view} were dropped"
            if rollback:
                return f"{view} is {await go_back(db, settings.database, declared, settings.kafka)} again"
            with _bar() as bar:
                task = bar.add_task("starting", total=None, rate="", view=view)

                def told(progress: Progress) -> None:
                    rate = f"{progress.rate:,.0f} events/s" if progress.done else ""
                    bar.update(
                        task, description=progress.phase, completed=progress.done, total=progress.total, rate=rate
                    )

                done = await rebuild_view(
                    db, settings.database, declared, settings.kafka, told=told, accept=accept, processes=processes
                )
        verdict = (
            "equal to the live view"
            if done.compared and not done.differing
            else (f"{done.differing} rows differ, accepted" if done.compared else "a new version, not compared")
        )
        return (
            f"{view}: {done.events:,} events, {done.rows:,} rows, {done.parked} parked in {done.seconds:.1f} s; "
            f"{verdict}; {done.table} is live, and `flode rebuild {view} --rollback` goes back"
        )

    try:
        click.echo(asyncio.run(work()))
    except NotEqual as differs:
        raise click.ClickException(
            f"{differs}. The live view was kept. If the difference is meant, say --accept; see what is parked with "
            "`flode parked`."
        ) from None
    except (AlreadyRebuilding, NothingToGoBackTo, LogEndsEarly, BrokenProcessPool) as cannot:
        raise click.ClickException(str(cannot)) from None


def _bar() -> Bar:
    return Bar(
        TextColumn("{task.fields[view]}: {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )

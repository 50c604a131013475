"""`flode parked`: what could not be handled, why, and handling it again."""

from __future__ import annotations

import asyncio
import getpass
from pathlib import Path

import click
import msgspec

from chassis.cli.common import settings_of, show_table
from chassis.db import Database
from chassis.flow.audit import By
from chassis.flow.operate import NotLive
from chassis.flow.operate import replay as handle_again
from chassis.replay import ParkedEvent, StillParked, parked_events
from chassis.replay import mend as mend_event
from chassis.serve import opened
from chassis.service import Service, find_service, find_services


@click.group(invoke_without_command=True)
@click.pass_context
def parked(context: click.Context) -> None:
    """Events that wait because they could not be handled: list them, look, mend, replay."""
    if context.invoked_subcommand is None:
        rows = [
            [
                service.name,
                one.id,
                one.reader,
                one.subject,
                one.type,
                one.parked_at.isoformat(timespec="seconds"),
                one.reason,
            ]
            for service, one in asyncio.run(_all())
        ]
        if not rows:
            click.echo("Nothing is parked.")
            return
        show_table(["service", "id", "reader", "subject", "type", "since", "reason"], rows)


@parked.command()
@click.argument("service")
@click.argument("number", type=int)
def show(service: str, number: int) -> None:
    """The parked event NUMBER of SERVICE, as it came; personal data stays sealed."""
    one = asyncio.run(_one(service, number))
    click.echo(f"{one.reader}: {one.reason}")
    click.echo(msgspec.json.format(one.message, indent=2).decode())


@parked.command()
@click.argument("service")
@click.argument("number", type=int)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", default="", help="Why; it is kept with who did it.")
def mend(service: str, number: int, file: Path, reason: str) -> None:
    """Have FILE (a whole event) handled in the place of a parked one, by this reader alone."""
    settings = settings_of(service)

    async def work() -> None:
        async with Database(settings.database, settings.database_api, readers=1, workers=1) as db:
            await mend_event(db, number, file.read_bytes(), by=By(getpass.getuser(), reason))

    try:
        asyncio.run(work())
    except ValueError as wrong:
        raise click.ClickException(f"this cannot be handled in its place: {wrong}") from None
    click.echo(f"{number} is mended; now `flode parked replay {service} {number}`")


@parked.command()
@click.argument("service")
@click.argument("number", type=int)
@click.option("--reason", default="", help="Why; it is kept with who did it.")
def replay(service: str, number: int, reason: str) -> None:
    """Handle the parked events of NUMBER's subject again, in order."""

    async def work() -> int:
        one = await _one(service, number)
        declared = find_service(service)
        async with opened(declared, settings_of(service)) as here:
            return await handle_again(declared, here, one, by=By(getpass.getuser(), reason))

    try:
        click.echo(f"{asyncio.run(work())} events were handled")
    except StillParked as still:
        raise click.ClickException(f"it still cannot be handled: {still}") from None
    except NotLive as gone:
        raise click.ClickException(str(gone)) from None


async def _all() -> list[tuple[Service, ParkedEvent]]:
    found: list[tuple[Service, ParkedEvent]] = []
    for service in find_services():
        settings = settings_of(service.name)
        async with Database(settings.database, settings.database_api, readers=1, workers=1) as db:
            found += [(service, one) for one in await parked_events(db)]
    return found


async def _one(service: str, number: int) -> ParkedEvent:
    settings = settings_of(service)
    async with Database(settings.database, settings.database_api, readers=1, workers=1) as db:
        for one in await parked_events(db, number=number):
            return one
    raise click.ClickException(f"nothing is parked under {number} at {service}")

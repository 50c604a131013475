"""`flode serve` and `flode prepare`: a process of a service, and its database before the first one."""

from __future__ import annotations

import asyncio
import os
import sys

import click

from chassis.cli.common import settings_of
from chassis.logging import get_logger
from chassis.prepare import prepare as prepare_database
from chassis.serve import serve as serve_forever
from chassis.service import NoSuchService, find_service
from chassis.vault import prepare_vault


@click.command()
@click.argument("service")
def serve(service: str) -> None:
    """Run a process of SERVICE with the roles of FLODE_ROLES, until SIGTERM."""
    settings = settings_of(service)
    try:
        declared = find_service(service)
    except NoSuchService as unknown:
        raise click.ClickException(str(unknown)) from None
    try:
        asyncio.run(serve_forever(declared, settings))
    except Exception as fatal:  # noqa: BLE001  whatever it is, the process ends, says why, and is started again
        get_logger(__name__).error("process.ends", exc_info=fatal)
        sys.exit(1)


@click.command()
@click.argument("service")
def prepare(service: str) -> None:
    """Make the databases of SERVICE and of the vault ready; needs FLODE_ADMIN_DATABASE."""
    settings = settings_of(service)
    if settings.admin_database is None:
        raise click.ClickException("FLODE_ADMIN_DATABASE is missing: set it to the URL of a role that makes databases")
    try:
        declared = find_service(service)
    except NoSuchService as unknown:
        raise click.ClickException(str(unknown)) from None
    admin = settings.admin_database

    async def make() -> None:
        await prepare_vault(admin, settings.vault_database)
        await prepare_database(admin, service, settings.database, settings.database_api, declared.tables)

    asyncio.run(make())
    click.echo(f"{service}: the database is ready (as process {os.getpid()})")

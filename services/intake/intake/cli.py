"""`flode connect`: walks an administrator through connecting a municipality's ticketing system, and waits until a
ticket has come and has been answered.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec

from chassis.clock import SystemClock
from chassis.db import Database
from chassis.i18n import translate
from chassis.partnership import Partnership, PartnershipWrong, ServiceDesk
from chassis.settings import Settings
from intake.adapters import desks
from intake.adapters.port import Step, System, systems

LOOK_SECONDS = 1.0
LOOK_BACK = timedelta(minutes=10)
"""A delivery that came so short a time before the command was given counts as the one it waits for."""


@click.command()
@click.argument("system", metavar="SYSTEM", required=False)
@click.option("--municipality", "-m", help="Whose system it is.")
@click.option("--name", help="What the system is called here, if not as its kind; its tickets keep it for ever.")
@click.option("--api-url", help="Where its API is, for what is looked up, polled for and written back.")
@click.option("--write", is_flag=True, help="Add the desk to the partnership's file, if it is not there.")
@click.option("--wait", default=600, show_default=True, help="Seconds to wait for a delivery; 0 for none.")
def connect(
    system: str | None, municipality: str | None, name: str | None, api_url: str | None, write: bool, wait: int
) -> None:
    """Connect a ticketing SYSTEM to a municipality: what to set here and there, then a test of both directions.

    Without SYSTEM: those there are.
    """
    if system is None:
        for kind, known in systems().items():
            click.echo(f"{kind:<18} {known.name}")
        return
    adapter = systems().get(system)
    if adapter is None:
        raise click.ClickException(f"there is no adapter for {system}; there are {', '.join(systems())}")
    settings = _settings("intake")
    partnership = _partnership(settings.partnership)
    if municipality not in partnership.ids:
        raise click.ClickException(f"say --municipality with one of {', '.join(sorted(partnership.ids))}")
    assert municipality is not None
    desk = partnership.desk(municipality, name or system)
    if desk is None:
        _not_there(settings.partnership, adapter, system, municipality, name or system, api_url, write=write)
        return
    if desk.kind != system:
        raise click.ClickException(f"{desk.id} is a desk of the kind {desk.kind}; say --name with another name")
    show_steps(adapter, desk, settings.public_url)
    if wait:
        asyncio.run(_until_both_ways_work(settings, desk, wait))


def _settings(service: str) -> Settings:
    from chassis.cli.common import settings_of  # the command line loads us while it is being loaded itself

    return settings_of(service)


def _partnership(file: Path) -> Partnership:
    try:
        partnership = Partnership.read(file)
        if faults := desks.faults(partnership):
            raise PartnershipWrong(file, faults)
    except PartnershipWrong as wrong:
        raise click.ClickException(str(wrong)) from None
    return partnership


def show_steps(adapter: System, desk: ServiceDesk, public_url: str) -> None:
    """What is to be done in the ticketing system, with what is to be pasted there."""
    click.echo(f"{adapter.name} of {desk.municipality}, in that system:\n")
    for number, step in enumerate(adapter.steps, 1):
        filled = fill(step, desk, public_url)
        click.echo(f"{number}. {filled.do}")
        if filled.paste:
            click.echo("\n" + "\n".join(f"       {line}" for line in filled.paste.splitlines()) + "\n")


def fill(step: Step, desk: ServiceDesk, public_url: str) -> Step:
    """A step with the address, the secret and the flow's name of a desk."""
    values = {
        "{url}": f"{public_url}/intake/hooks/{desk.kind}/{desk.id}",
        "{secret}": desk.secret,
        "{flow}": desk.flows[0],
    }

    def filled(text: str) -> str:
        for place, value in values.items():
            text = text.replace(place, value)
        return text

    return Step(do=filled(step.do), paste=filled(step.paste))


def _not_there(
    file: Path, adapter: System, kind: str, municipality: str, name: str, api_url: str | None, *, write: bool
) -> None:
    """Say, or write, what the partnership's file needs."""
    text = as_toml(adapter, kind, municipality, name, api_url)
    host = urlsplit(api_url).hostname if api_url else None
    if write and (fault := adapter.secret(_a_secret())):
        raise click.ClickException(
            f"{adapter.name} makes the secret; add this by hand, for as it is {fault}:\n\n{text}"
        )
    if write:
        before = file.read_text("utf-8")
        changed = before.rstrip() + "\n\n" + text
        if host and host not in _partnership(file)[municipality].hosts:
            changed = with_host(changed, municipality, host)
        try:
            Partnership.parse(_toml(changed), file)
        except PartnershipWrong as wrong:
            raise click.ClickException(f"nothing was written, because afterwards {wrong}") from None
        file.write_text(changed, "utf-8")
        click.echo(f"Written to {file}:\n\n{text}")
    else:
        click.echo(f"Add this to {file}, or say --write and it is done for you:\n\n{text}")
        if host:
            click.echo(f'and to [municipalities.{municipality}]:\n\nhosts = ["{host}"]\n')
    click.echo("Then start the services again, and give this command once more: it goes on from there.")


def as_toml(adapter: System, kind: str, municipality: str, name: str, api_url: str | None) -> str:
    """The desk, as the partnership's file says it."""
    secret = _a_secret()
    lines = [
        f"# {adapter.name}",
        "[[service_desks]]",
        f'municipality = "{municipality}"',
        f'system = "{name}"',
        f'kind = "{kind}"',
        f'secret = "{secret}"' + ("  # to be replaced by what is made there" if adapter.secret(secret) else ""),
        'flows = ["Projekt"]  # what the project flow is called there',
    ]
    if api_url:
        lines += [
            "",
            "[service_desks.api]",
            f'url = "{api_url}"',
            'user = "flode"',
            'token = "to be filled in"  # or "env:NAME"',
        ]
    return "\n".join(lines) + "\n"


def _a_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def with_host(text: str, municipality: str, host: str) -> str:
    """The partnership's file with a host that may be called for a municipality."""
    head = f"[municipalities.{municipality}]\n"
    before, found, after = text.partition(head)
    table, mark, rest = after.partition("\n[")
    lines = table.split("\n")
    place = next((at for at, line in enumerate(lines) if line.replace(" ", "").startswith("hosts=[")), None)
    if not found:
        return text
    if place is None:
        lines.insert(0, f'hosts = ["{host}"]')
    else:
        lines[place] = lines[place].replace("[", f'["{host}", ', 1)
    return before + found + "\n".join(lines) + mark + rest


def _toml(text: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text)


# --- both directions, watched ---


@dataclass(frozen=True, slots=True)
class _Came:
    """A delivery that came, and what came of it."""

    outcome: str
    request_id: str | None
    said: tuple[str, ...]


async def _until_both_ways_work(settings: Settings, desk: ServiceDesk, wait: int) -> None:
    began = SystemClock().now() - LOOK_BACK
    click.echo("\nNow make a ticket of the project flow there, or change one. Waiting for it; Ctrl-C ends this.")
    try:
        async with asyncio.timeout(wait):
            came = await _delivery(settings, desk, began)
            click.echo(f"A delivery came: {came.outcome}.")
            for sentence in came.said:
                click.echo(f"  {sentence}")
            if came.request_id is None or came.outcome != "registered":
                raise click.ClickException("mend what is said there, and give this command again")
            if desk.api is None and desk.write_back is None:
                click.echo("Nothing is written back, because the desk has neither api nor write_back.")
                return
            click.echo("Waiting until it has been answered …")
            state, reason = await _answer(desk, came.request_id, began)
    except TimeoutError:
        raise click.ClickException(f"nothing came within {wait} s; is the address reachable from there?") from None
    except OSError as gone:
        raise click.ClickException(f"the installation's database does not answer: {gone}") from None
    if state != "sent":
        raise click.ClickException(f"the ticket could not be written into: {reason}")
    click.echo("The ticket has been answered. Both directions work.")


async def _delivery(settings: Settings, desk: ServiceDesk, since: datetime) -> _Came:
    query = (
        "SELECT outcome, request_id::text, faults FROM deliveries WHERE municipality = $1 AND system = $2 "
        "AND received_at >= $3 AND outcome <> 'held' ORDER BY received_at DESC LIMIT 1"
    )
    async with _database(settings) as db:
        while True:
            async with db.work() as connection:
                row = await connection.fetchrow(query, desk.municipality, desk.system, since)
            if row is not None:
                faults = msgspec.json.decode(row["faults"])
                said = tuple(
                    (f"{field}: " if field else "") + translate(text, "en", **params) for text, params, field in faults
                )
                return _Came(row["outcome"], row["request_id"], said)
            await asyncio.sleep(LOOK_SECONDS)


async def _answer(desk: ServiceDesk, request_id: str, since: datetime) -> tuple[str, str | None]:
    """How the first thing that is written into the ticket goes; a try that failed is told, and the next awaited."""
    query = (
        "SELECT state, reason FROM effects WHERE channel = 'ticket' AND municipality = $1 "
        "AND payload->>'about' = $2 AND created_at >= $3 ORDER BY id LIMIT 1"
    )
    told: str | None = None
    async with _database(_settings("notifications")) as db:
        while True:
            async with db.work() as connection:
                row = await connection.fetchrow(query, desk.municipality, request_id, since)
            if row is not None and row["state"] != "due":
                return row["state"], row["reason"]
            if row is not None and row["reason"] not in (None, told):
                told = row["reason"]
                click.echo(f"  not yet: {told}")
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    async with Database(settings.database, settings.database_api, name="flode-connect", workers=1, readers=1) as db:
        yield db

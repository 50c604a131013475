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
from chassis.outbox import GiveUp, Retry
from chassis.partnership import Partnership, PartnershipWrong, ServiceDesk
from chassis.settings import Settings
from intake.adapters import desks
from intake.adapters.port import Step, System, systems
from intake.adapters.records import understood
from intake.commands.asking import way_to
from intake.commands.taking import SAID
from intake.views.deliveries import Outcome

LOOK_SECONDS = 1.0
LOOK_BACK = timedelta(minutes=10)
"""A ticket that was registered so short a time before the command was given counts as the one it waits for."""
UNFILLED = "to be filled in"
FIELDS = {
    "api_url": "api.url", "api_user": "api.user", "api_token": "api.token", "desk_url": "url", "flows": "flows",
    "states": "states", "timezone": "timezone",
}  # fmt: skip
"""The fields that steps speak of, as the partnership's file calls them."""
AGAIN = "Then start the services again (flode down, flode up), and give this command once more: it goes on from there."


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
    if desk.api is not None and desk.api.token == UNFILLED:
        raise click.ClickException(f"fill in the token of {desk.id} in {settings.partnership} first. {AGAIN}")
    if wait:
        asyncio.run(_until_both_ways_work(settings, partnership, desk, wait))


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
        filled = fill(step, adapter, desk, public_url)
        click.echo(f"{number}. {filled.do}")
        if filled.paste:
            click.echo("\n" + "\n".join(f"       {line}" for line in filled.paste.splitlines()) + "\n")
    if adapter.options:
        click.echo("\nOf its own it can be told, in api.options:\n")
    for option in adapter.options:
        usual = f' ("{option.usual}" unless said otherwise)' if option.usual else ""
        click.echo(f"  {option.name}{usual}: {option.label}. {option.hint}")


def fill(step: Step, adapter: System, desk: ServiceDesk, public_url: str) -> Step:
    """A step with the address, the secret and the flow's name of a desk, and fields called as the file calls them."""
    values = {
        **FIELDS,
        **{f"option_{option.name}": f"api.options.{option.name}" for option in adapter.options},
        "url": f"{public_url}/intake/hooks/{desk.kind}/{desk.id}",
        "secret": desk.secret,
        "flow": desk.flows[0],
    }
    return step.told_in("en", values)


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
        listed = ""
        if host and host not in _partnership(file)[municipality].hosts:
            changed = with_host(changed, municipality, host)
            listed = f"and among the hosts of {municipality}: {host}\n"
        try:
            Partnership.parse(_toml(changed), file)
        except PartnershipWrong as wrong:
            raise click.ClickException(f"nothing was written, because afterwards {wrong}") from None
        file.write_text(changed, "utf-8")
        click.echo(f"Written to {file}:\n\n{text}\n{listed}".rstrip() + "\n")
    else:
        click.echo(f"Add this to {file}, or say --write and it is done for you:\n\n{text}")
        if host:
            click.echo(f'and to [municipalities.{municipality}]:\n\nhosts = ["{host}"]\n')
    if api_url is None:
        click.echo(
            "Without --api-url nothing is asked of the system and nothing is written back into it: what its deliveries "
            "do not say, or did not tell of, stays unknown.\n"
        )
    else:
        click.echo(f"Fill in the token there (the steps say where {adapter.name} gives it), and what flows are called.")
    click.echo(AGAIN)


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
            f'token = "{UNFILLED}"  # or "env:NAME"',
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

    id: str
    outcome: Outcome
    request_id: str | None
    said: tuple[str, ...]
    early: bool
    """It came before the command was given."""


async def _until_both_ways_work(settings: Settings, partnership: Partnership, desk: ServiceDesk, wait: int) -> None:
    began, came = SystemClock().now(), None
    try:
        async with asyncio.timeout(wait):
            await _ask(partnership, desk)
            click.echo("\nNow make a ticket of the project flow there. Waiting for it; Ctrl-C ends this.")
            async for came in _deliveries(settings, desk, began):
                if came.early and came.outcome != "registered":
                    continue
                click.echo(f"A delivery came. {SAID.get(came.outcome, came.outcome)}")
                for sentence in came.said:
                    click.echo(f"  {sentence}")
                if came.outcome == "not_for_us":
                    click.echo(f"  The file calls the project flow {' or '.join(desk.flows)}.")
                if came.outcome == "registered" and came.request_id:
                    break
                click.echo("Still waiting for a ticket that becomes a request.")
            assert came is not None
            click.echo(f"It is request {came.request_id}: {settings.public_url}/intake/requests/{came.request_id}")
            if desk.api is None and desk.write_back is None:
                click.echo("Nothing is written back, because the desk has neither api nor write_back.")
                return
            click.echo("Waiting until it has been answered …")
            state, reason = await _answer(desk, str(came.request_id), began - LOOK_BACK)
    except TimeoutError:
        raise click.ClickException(_too_late(came, wait)) from None
    except OSError as gone:
        raise click.ClickException(f"the installation's database does not answer: {gone}") from None
    if state != "sent":
        raise click.ClickException(f"the ticket could not be written into: {reason}")
    click.echo("The ticket has been answered. Both directions work.")


def _too_late(came: _Came | None, wait: int) -> str:
    if came is None:
        return (
            f"nothing came within {wait} s. Is the address reachable from there, is the secret the same, and were the "
            "services started again since the desk was written into the file?"
        )
    if came.outcome == "registered":
        return f"the ticket was not answered within {wait} s; the page “Messages” says why, and goes on trying"
    return f"no ticket became a request within {wait} s"


async def _ask(partnership: Partnership, desk: ServiceDesk) -> None:
    """Say whether the system's API answers us, before anybody makes a ticket."""
    adapter = systems()[desk.kind]
    if desk.api is None or adapter.changed is None:
        return
    try:
        await understood(adapter.changed(way_to(desk, desk.api, partnership), SystemClock().now().isoformat()))
    except (GiveUp, Retry) as failed:
        click.echo(f"\nIts API at {desk.api.url} does not answer as it should: {failed.reason}.")
    else:
        click.echo(f"\nIts API at {desk.api.url} answers.")


async def _deliveries(settings: Settings, desk: ServiceDesk, began: datetime) -> AsyncIterator[_Came]:
    """What arrives, each once as it stands; and what was registered a moment ago."""
    query = (
        "SELECT id::text, outcome, request_id::text, faults, received_at < $4 AS early FROM deliveries "
        "WHERE municipality = $1 AND system = $2 AND received_at >= $3 ORDER BY received_at"
    )
    told: set[tuple[str, str]] = set()
    async with _database(settings) as db:
        while True:
            async with db.work() as connection:
                rows = await connection.fetch(query, desk.municipality, desk.system, began - LOOK_BACK, began)
            for row in rows:
                faults = msgspec.json.decode(row["faults"])
                said = tuple(
                    (f"{field}: " if field else "") + translate(text, "en", **params) for text, params, field in faults
                )
                if (row["id"], row["outcome"]) not in told:
                    told.add((row["id"], row["outcome"]))
                    yield _Came(row["id"], row["outcome"], row["request_id"], said, row["early"])
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

"""`flode up`, `status`, `down` and `demo`: everything on this machine.

FLODE_DATA names the data folder (.flode-data unless told), FLODE_PORT the port (8400).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from typing import Any

import aiohttp
import click
from aiohttp import web

from embedded.home import AlreadyRunning, Home
from embedded.issuer import Issuer
from embedded.logs import tail
from embedded.supervisor import FLODE, StartFailed, Supervisor
from embedded.telling import Telling
from embedded.towns import Towns

READY, NOT_READY, STOPPED = 0, 1, 3
"""Exit codes of `flode status`."""


@click.command()
@click.option("--detach", is_flag=True, help="Come back when everything is ready, and leave it running.")
@click.option("--demo", "with_demo", is_flag=True, help="Then play a year of invented requests.")
@click.option("--apart", is_flag=True, hidden=True)  # how --detach starts the process that stays
def up(detach: bool, with_demo: bool, apart: bool) -> None:
    """Run everything on this machine until Ctrl-C; the address to open is printed last."""
    home, port = Home.from_env().open(), _port()
    if with_demo:
        os.environ["FLODE_DEMO"] = "on"  # our services are told it, as they are told all we are told
    try:
        if detach:
            _start_apart(home)
            if with_demo and subprocess.run([*FLODE, "demo"], check=False).returncode:
                raise StartFailed("Everything runs, but the demo could not be played")
            _welcome(home, f"http://127.0.0.1:{port}")
        else:
            _run(home, port, with_demo=with_demo, welcome=not apart)
    except (AlreadyRunning, StartFailed) as problem:
        raise click.ClickException(str(problem)) from None


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Whether Flöde runs on this data, and its processes. Exit code 0 when ready, 1 when not, 3 when stopped."""
    home = Home.from_env()
    state = home.told()
    if state is None:
        click.echo(json.dumps({"status": "stopped"}) if as_json else f"Flöde does not run on {home.root}")
        sys.exit(STOPPED)
    state["status"] = asyncio.run(_health(state["url"]))
    if as_json:
        click.echo(json.dumps(state, indent=2))
    else:
        click.echo(f"Flöde is {state['status']} at {state['url']}/ on {state['data']}")
        for name, process in state["processes"].items():
            again = f", started again {process['restarts']} times" if process["restarts"] else ""
            click.echo(f"  {name:<14} {process['state']:<9} process {process['pid']}, port {process['port']}{again}")
    sys.exit(READY if state["status"] == "ready" else NOT_READY)


@click.command()
def down() -> None:
    """Stop what `flode up` started on this data. The data stays."""
    home = Home.from_env()
    supervisor = home.supervisor()
    if supervisor is not None and supervisor.end(patience=40):
        click.echo("Flöde has stopped")
    else:
        click.echo(f"Flöde does not run on {home.root}")
    # A supervisor that was killed could not do this itself.
    for name, forgotten in home.register.read().items():
        if forgotten.end():
            click.echo(f"Ended {name}, forgotten by an earlier run")


@click.command()
def demo() -> None:
    """Play a year of invented requests from the three municipalities into the installation that runs here."""
    from embedded.demo import play

    play(Home.from_env())


def front(home: Home, public_url: str) -> web.Application:
    """What is behind the door besides the services."""
    issuer = Issuer(home, public_url)
    issuer.towns = Towns(issuer.pages, issuer.signer, public_url)
    app = issuer.app()
    Telling(issuer.people, issuer.signer, public_url).add_to(app)
    return app


def _run(home: Home, port: int, *, with_demo: bool, welcome: bool) -> None:
    players: list[subprocess.Popen[bytes]] = []

    def ready() -> None:
        if with_demo:
            players.append(subprocess.Popen([*FLODE, "demo"]))
        if welcome:
            click.echo("\nCtrl-C stops it; a second start goes on where it was.")
        if welcome and not with_demo:  # the demo makes its own accounts, and ends with the address
            _welcome(home, supervisor.public_url)

    supervisor = Supervisor(home, port=port, front=front, say=_say(), ready=ready)
    try:
        asyncio.run(supervisor.run())
    except OSError as taken:
        raise click.ClickException(
            f"port {port} cannot be used ({taken.strerror}); set FLODE_PORT to another"
        ) from None
    finally:
        for player in players:
            player.terminate()
    click.echo("Flöde has stopped")


def _start_apart(home: Home) -> None:
    """Start `flode up` as a process of its own, and wait until it has started everything."""
    if (running := home.supervisor()) is not None:
        raise AlreadyRunning(f"Flöde already runs on {home.root}, as process {running.pid}")
    log = home.logs / "flode.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*FLODE, "up", "--apart"], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    while not _all_run(home):
        if process.poll() is not None:
            raise StartFailed(tail(log))
        time.sleep(0.1)


def _all_run(home: Home) -> bool:
    state = home.told()
    return state is not None and all(one["state"] == "running" for one in state["processes"].values())


def _say() -> Any:
    began = time.monotonic()
    return lambda text: click.echo(f"{time.monotonic() - began:6.1f} s  {text}")


def _welcome(home: Home, url: str) -> None:
    click.echo(f"Flöde runs on this machine; its data is in {home.root}")
    click.echo(f"The Service Desks' secrets stand in {home.partnership}")
    link = Issuer(home, url).first_link()
    if link is not None:
        click.echo(f"There is no account yet. Make the first one, with a link that works once:\n\n  {link}\n")
    click.echo(f"Open {url}/")


def _port() -> int:
    text = os.environ.get("FLODE_PORT") or "8400"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise click.ClickException(f"FLODE_PORT is {text!r}; it must be a port, such as 8400")
    return int(text)


async def _health(url: str) -> str:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as client,
            client.get(f"{url}/health") as answer,
        ):
            return str((await answer.json())["status"])
    except (aiohttp.ClientError, TimeoutError, KeyError):
        return "starting"

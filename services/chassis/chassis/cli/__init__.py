"""The command `flode`: running services, making them ready, and what operations teams need to see and do."""

from __future__ import annotations

from importlib.metadata import entry_points

import click

from chassis.cli.case import verify
from chassis.cli.log import lag, replay, topics
from chassis.cli.parked import parked
from chassis.cli.run import prepare, serve
from chassis.cli.vault import vault
from chassis.cli.views import rebuild, views


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Flöde: from a ticket to a ranked, assigned, reported project."""


for command in (serve, prepare, topics, rebuild, views, parked, lag, replay, vault, verify):
    main.add_command(command)
for plugin in entry_points(group="flode.commands"):
    main.add_command(plugin.load(), plugin.name)

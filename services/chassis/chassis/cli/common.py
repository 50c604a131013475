"""What the commands share: settings from the environment, tables on a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from chassis.service import Service, find_services
from chassis.settings import Settings, SettingsWrong
from chassis.views import View


def environment_of(service: str) -> Mapping[str, str]:
    """The environment of a service's processes: ours or, where ours says nothing, that of an installation on this
    machine, which a plugin knows (entry points of the group flode.environment).

    A container for operations works on all services: what each alone is told stands in `<service>.env` of the folder
    that FLODE_SECRETS names.
    """
    if folder := os.environ.get("FLODE_SECRETS"):
        lines = (Path(folder) / f"{service}.env").read_text("utf-8").splitlines()
        return os.environ | dict(line.split("=", 1) for line in lines if "=" in line)
    if "FLODE_KAFKA" not in os.environ:
        for plugin in entry_points(group="flode.environment"):
            if (known := plugin.load()(service)) is not None:
                return dict(known)
    return os.environ


def settings_of(service: str) -> Settings:
    """The settings of a service; what is wrong with them is told and ends the command."""
    try:
        return Settings.from_env(service, environment_of(service))
    except SettingsWrong as wrong:
        raise click.ClickException(str(wrong)) from None


def kafka() -> str:
    """The brokers of the environment, for commands that need nothing else."""
    bootstrap = environment_of("intake").get("FLODE_KAFKA", "")
    if not bootstrap:
        raise click.ClickException("FLODE_KAFKA is missing: set it to the brokers, host:port,host:port")
    return bootstrap


def service_of_view(name: str) -> tuple[Service, View[Any]]:
    """The service that has a view, and the view. What every service has is told apart by a service's name before it
    ("intake.agreed"). Raises ClickException with the views there are."""
    known: list[str] = []
    for service in find_services():
        for view in service.followed:
            if name in (view.name, f"{service.name}.{view.name}") and (view in service.views or "." in name):
                return service, view
            known.append(view.name if view in service.views else f"{service.name}.{view.name}")
    raise click.ClickException(f"there is no view {name}; there are {', '.join(sorted(known))}")


def show_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[number]) for line in [list(headings), *texts]) for number in range(len(headings))]
    for line in [list(headings), *texts]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())

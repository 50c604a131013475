"""Plays a year of invented requests into a running installation, through its public addresses alone."""

from __future__ import annotations

import click

from embedded.home import Home


def play(home: Home) -> None:
    """Play the year. Raises ClickException when nothing runs here."""
    if home.told() is None:
        raise click.ClickException(f"Flöde does not run on {home.root}; start it with flode up")
    raise click.ClickException("The year has not been written yet")

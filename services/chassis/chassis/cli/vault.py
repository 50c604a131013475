"""`flode vault`: erasing a person by the decision of two people, and changing the key that wraps all keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click

from chassis.cli.common import settings_of
from chassis.clock import SystemClock
from chassis.vault import CannotOpen, NoSuchDisposal, TwoPeopleNeeded, Vault

T = TypeVar("T")


def _with_vault(work: Callable[[Vault], Awaitable[T]]) -> T:
    """Do something with the vault that all services share."""

    async def run() -> T:
        async with await Vault.connect(settings_of("intake")) as vault:
            return await work(vault)

    try:
        return asyncio.run(run())
    except CannotOpen as wrong:
        raise click.ClickException(f"the vault does not open: {wrong}") from None


@click.group()
def vault() -> None:
    """Personal data: erase a person, change the key that wraps all keys."""


@vault.command()
@click.argument("municipality")
@click.argument("email")
@click.option("--reason", required=True, help="The records-disposal decision this carries out.")
@click.option("--by", "who", required=True, help="Who proposes it.")
def propose(municipality: str, email: str, reason: str, who: str) -> None:
    """Propose to erase the person whose address in MUNICIPALITY is EMAIL. Nothing happens yet."""

    async def work(here: Vault) -> UUID:
        person = here.person_id(municipality, email)
        return await here.propose_disposal(
            person, municipality=municipality, reason=reason, proposed_by=who, at=SystemClock().now()
        )

    disposal = _with_vault(work)
    click.echo(f"proposed; somebody else carries it out with: flode vault erase {disposal} --by …")


@vault.command()
@click.argument("disposal", type=click.UUID)
@click.option("--by", "who", required=True, help="Who confirms it; not the one who proposed it.")
def erase(disposal: UUID, who: str) -> None:
    """Carry out a proposed DISPOSAL: destroy the person's key. It cannot be undone."""
    try:
        _with_vault(lambda here: here.destroy(disposal, confirmed_by=who, at=SystemClock().now()))
    except TwoPeopleNeeded:
        raise click.ClickException("nobody erases a person alone: somebody else than who proposed it must") from None
    except NoSuchDisposal:
        raise click.ClickException(f"{disposal} was never proposed, or is done") from None
    click.echo("the key is destroyed; what was sealed with it reads “(erased)” wherever it stands")


@vault.command()
def rewrap() -> None:
    """Wrap all keys by FLODE_VAULT_KEY that FLODE_VAULT_PREVIOUS_KEY still wraps."""
    click.echo(f"{_with_vault(Vault.rewrap)} keys were wrapped anew; the previous key is needed no more")

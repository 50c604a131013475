"""Views of the portfolio that a person has named, to find them again. Nobody else sees them; no fact tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

from chassis.i18n import N_
from chassis.identity import Identity
from chassis.plain import Misfilled
from chassis.web import Deps
from contracts.refusal import Refusal

MOST, LONGEST_NAME = 30, 60


class TooManySaved(Refusal):
    """A list that is to be looked through quickly has an end."""

    text = "You have {most} saved views already. Remove one first."
    status = 409


@dataclass(frozen=True, slots=True)
class Saved:
    """A named view. `name` is sealed; `address` is the page's query without its question mark."""

    id: UUID
    name: str
    address: str


async def save(here: Deps, caller: Identity, name: str, address: str) -> None:
    """Name an address; one that has a name already gets the new one. Raises Misfilled, TooManySaved."""
    name = " ".join(name.split())
    if not name:
        raise Misfilled(N_("This is needed."), "name")
    if len(name) > LONGEST_NAME:
        raise Misfilled(N_("A name has at most {most} characters."), "name", most=LONGEST_NAME)
    sealed = await here.vault.seal(caller.id, name)
    async with here.db.work((caller.home,)) as connection:
        # Two at once would both find room for the last one; the second waits here until the first is done.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", f"saved views of {caller.id}")
        others = "SELECT count(*) FROM saved_views WHERE person = $1 AND address <> $2"
        if await connection.fetchval(others, caller.id, address) >= MOST:
            raise TooManySaved(field="name", most=MOST)
        await connection.execute(
            "INSERT INTO saved_views (id, municipality, person, name, address, saved_at) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (person, address) DO UPDATE SET name = excluded.name",
            uuid5(caller.id, address), caller.home, caller.id, sealed, address, here.clock.now(),
        )  # fmt: skip


async def remove(here: Deps, caller: Identity, saved: UUID) -> None:
    """Forget a named view of the caller's; one that is not theirs, or not there, stays as it is."""
    async with here.db.work((caller.home,)) as connection:
        await connection.execute("DELETE FROM saved_views WHERE id = $1 AND person = $2", saved, caller.id)


async def saved_by(here: Deps, caller: Identity) -> list[Saved]:
    """What the caller has named, oldest first."""
    async with here.db.scoped((caller.home,)) as connection:
        found = await connection.fetch(
            "SELECT id, name, address FROM saved_views WHERE person = $1 ORDER BY saved_at, id", caller.id
        )
    return [Saved(row["id"], row["name"], row["address"]) for row in found]

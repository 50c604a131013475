"""A file that hangs on a ticket is fetched from its system when somebody opens it, and never kept."""

from __future__ import annotations

from chassis.outbox import GiveUp, Retry
from contracts.refusal import NotFound, Refusal
from intake.adapters.port import System, system_of
from intake.adapters.records import understood
from intake.commands import Means
from intake.commands.asking import way_to


class NotFetched(Refusal):
    """The ticketing system did not give us the file."""

    text = "The file could not be fetched from {system}: {reason}. Open it in the ticket itself."
    status = 502


def opens(here: Means, municipality: str, system: str) -> System | None:
    """The system of a desk, if files can be fetched from it; None where they are opened in the ticket alone."""
    desk = here.partnership.desk(municipality, system)
    found = system_of(desk.kind) if desk and desk.api else None
    return found if found and found.open_file else None


async def open_file(here: Means, municipality: str, system: str, reference: str) -> bytes:
    """The bytes of a file. Raises NotFound and NotFetched."""
    desk, found = here.partnership.desk(municipality, system), opens(here, municipality, system)
    if desk is None or desk.api is None or found is None or found.open_file is None:
        raise NotFound
    try:
        return await understood(found.open_file(way_to(desk, desk.api, here.partnership), reference))
    except (Retry, GiveUp) as failed:
        raise NotFetched(system=found.name, reason=failed.reason) from None

"""Building views anew from a page: as a task of this process, which goes on when whoever began it has gone.

Two cannot build the same view, wherever they run (the lock is in the database), and how far one has come can be read by
every process. When this process ends, the work ends with it, and the next rebuild takes away what was left.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import structlog

from chassis.flow.audit import By, note
from chassis.i18n import N_
from chassis.parking import reason_of
from chassis.rebuild import NotEqual, drop_previous, rebuild, rollback
from chassis.rebuild.build import AlreadyRebuilding
from chassis.views import View
from chassis.web.deps import Deps

log = structlog.get_logger(__name__)

Work = Literal["rebuild", "verify", "rollback", "drop"]
WORKS: tuple[Work, ...] = ("rebuild", "verify", "rollback", "drop")
AT_ONCE_SECONDS = 1.0
"""What is done, or refused, within this time is answered at once."""

BEGUN = N_("Begun.")
SWITCHED = N_("{rows} rows of {events} events in {seconds} s, equal to the earlier ones; the new table is live.")
RENEWED = N_("{rows} rows of {events} events in {seconds} s, in another shape; the new table is live.")
ACCEPTED = N_("{rows} rows of {events} events in {seconds} s; {differing} differ, as accepted; the new table is live.")
EQUAL = N_("The view equals the log: {rows} rows of {events} events, compared in {seconds} s.")
DIFFERS = N_("The view differs from the log in {differing} rows, for instance {examples}. Nothing was changed.")
NOT_COMPARED = N_("The live table is of another version and cannot be compared; build the view anew.")
WENT_BACK = N_("{table} is live again, brought up to date.")
DROPPED = N_("{many} tables were dropped.")
FAILED = N_("It was broken off, and the live table was kept: {failure}")

_at_work: set[asyncio.Task[None]] = set()
"""Kept here, because asyncio itself would let go of a task that nobody waits for."""


async def begin(here: Deps, view: View[Any], work: Work, by: By, *, accept: bool = False) -> None:
    """Begin a piece of work on a view; what comes of it is noted under the name of who began it.

    Raises AlreadyRebuilding when the view is being built, here or elsewhere.
    """
    task = asyncio.create_task(_do(here, view, work, by, accept), name=f"{work} {view.name}")
    _at_work.add(task)
    task.add_done_callback(_at_work.discard)
    done, _ = await asyncio.wait({task}, timeout=AT_ONCE_SECONDS)
    if done:
        task.result()


async def _do(here: Deps, view: View[Any], work: Work, by: By, accept: bool) -> None:
    db = here.db
    await note(db.worker, work, view.name, by, BEGUN)
    try:
        text, params = await _result(here, view, work, accept)
    except asyncio.CancelledError:
        raise
    except NotEqual as differs:
        examples = ", ".join(differs.examples)
        await note(db.worker, work, view.name, by, DIFFERS, differing=differs.differing, examples=examples)
    except Exception as failure:
        log.warning("flow.work-failed", work=work, view=view.name, failure=type(failure).__name__)
        await note(db.worker, work, view.name, by, FAILED, failure=reason_of(failure))
        if isinstance(failure, AlreadyRebuilding):
            raise
    else:
        await note(db.worker, work, view.name, by, text, **params)


async def _result(here: Deps, view: View[Any], work: Work, accept: bool) -> tuple[str, dict[str, Any]]:
    db, url, kafka = here.db, here.settings.database, here.settings.kafka
    if work == "drop":
        return DROPPED, {"many": await drop_previous(db, url, view.name)}
    if work == "rollback":
        return WENT_BACK, {"table": await rollback(db, url, view, kafka)}
    done = await rebuild(db, url, view, kafka, accept=accept, switch=work == "rebuild")
    said: dict[str, Any] = {
        "rows": done.rows,
        "events": done.events,
        "seconds": round(done.seconds, 1),
        "differing": done.differing,
        "examples": ", ".join(done.examples),
    }
    if work == "verify":
        return (NOT_COMPARED if not done.compared else DIFFERS if done.differing else EQUAL), said
    return (RENEWED if not done.compared else ACCEPTED if done.differing else SWITCHED), said

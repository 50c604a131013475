"""Records a history, and the digests of what today's code makes of all of them.

    python -m tests.histories record NAME    play the whole flow in a new installation, and keep it as NAME.jsonl
    python -m tests.histories digests        add the digests that are missing: of a new history, of a view's new version

A digest that is there already is never changed: what a released version of a view shows of a history stays what it is.
Only of a version that was never released may the line be deleted from digests.json and added anew.
Record a new history when facts came that none holds yet; the old ones stay, because such events lie in stores for ever.
"""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime

from embedded.processes import free_port
from embedded.testing import temporary_folder
from tests.e2e.flow import cab, directive, ranks, tickets, work
from tests.e2e.installation import Installation, until
from tests.e2e.kept import topics
from tests.histories.history import DIGESTS, FOLDER, Recorded, digest_of, digests, histories, name_of, rows_of, views


def record(name: str) -> None:
    """Play the whole flow and keep what the topics held of it."""
    folder = temporary_folder("history")
    here = Installation(folder / "data", free_port())
    try:
        here.up()
        here.people()
        now = datetime.now(UTC)
        story = tickets.tickets_arrive(here)
        tickets.the_pm_judges(story)
        directive.the_requester_fills_in(story, now.date())
        directive.both_agree(story)
        ranks.the_managers_rank(story, now)
        work.it_is_assigned_and_planned(story, now.date())
        work.the_leader_reports(story)
        cab.the_cab_decides(story, now)
        cab.it_is_completed(story)
        here.levelled()
        until(lambda: here.get("pm", "/notifications/api/messages?state=due") == [], what="all that is due was sent")
        found = sorted(topics(here), key=lambda each: (each.topic, each.partition, each.offset))
    finally:
        here.command("down")
        shutil.rmtree(folder)
    lines = [Recorded(each.topic, each.source, each.sequence, each.message).line() for each in found]
    (FOLDER / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{name}: {len(lines)} events")


def add_digests() -> None:
    """Write down the digests that are missing."""
    known = digests() if DIGESTS.exists() else {}
    for name, history in histories().items():
        for service, view in views():
            known.setdefault(name, {}).setdefault(name_of(service, view), digest_of(rows_of(view, history)))
    DIGESTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["record", name]:
            record(name)
            add_digests()
        case ["digests"]:
            add_digests()
        case _:
            sys.exit(__doc__)

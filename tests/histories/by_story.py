"""Records the history of `story`, which takes every turn that a single way through the flow leaves out.

    python -m tests.histories.by_story NAME      tell it to all services, keep it as NAME.jsonl, and add its digests

One of its status reports is kept as the first release wrote it, so that an old version is really read.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from chassis.service import find_services
from embedded.postgres import Postgres
from embedded.testing import Databases, temporary_folder
from tests.histories.__main__ import add_digests
from tests.histories.history import FOLDER, Recorded
from tests.histories.story import tell
from tests.integration.flow_world import a_flow_world

NEW, OLD = "portfolio.status-reported.v2", "portfolio.status-reported.v1"


def as_the_first_release_wrote_it(report: Recorded) -> Recorded:
    """A status report with one health for all three goals."""
    message = json.loads(report.message)
    message |= {"type": OLD, "dataschema": f"urn:flode:schema:{OLD}"}
    message["data"]["health"] = message["data"].pop("cost")
    del message["data"]["time"], message["data"]["result"]
    return replace(report, message=json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())


async def play(databases: Databases, folder: Path) -> list[Recorded]:
    """The story, told to all services: what their shared log holds after it, causes before what came of them."""
    async with a_flow_world(databases, folder, find_services()) as world:
        await tell(world)
        assert await world.parked() == []
        log = [each.record for each in world.log]
    told = [Recorded(each.topic, each.source, each.sequence, each.message) for each in log]
    first = next(at for at, each in enumerate(log) if each.type == NEW)
    return [*told[:first], as_the_first_release_wrote_it(told[first]), *told[first + 1 :]]


def record(name: str) -> None:
    """Play on a database server of its own."""
    folder = temporary_folder("history")
    server = Postgres(folder / "data", durable=False)
    server.start()
    try:
        told = asyncio.run(play(Databases(server), folder))
    finally:
        server.stop()
        shutil.rmtree(folder)
    (FOLDER / f"{name}.jsonl").write_text("\n".join(each.line() for each in told) + "\n", "utf-8")


if __name__ == "__main__":
    record(sys.argv[1])
    add_digests()

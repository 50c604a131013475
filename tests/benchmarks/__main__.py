"""`make bench`: measures side by side and writes the table.

python -m tests.benchmarks [--only append,http,intake,rebuild,large,pages] [--events 1000000] [--keep FOLDER]
    [--output FILE]
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from tests.benchmarks import append, flood, http, pages, rebuild, report, story

CHAPTERS = ("append", "http", "intake", "rebuild", "large", "pages")


async def measure(only: list[str], events: int, keep: Path | None) -> list[report.Chapter]:
    """The chapters asked for, one after the other, so that none disturbs another."""
    chapters: list[report.Chapter] = []
    if "append" in only:
        chapters.append(await append.run())
    if "http" in only:
        chapters += await http.run()
    if "intake" in only:
        chapters.append(await flood.run())
    if "rebuild" in only:
        chapters.append(await rebuild.run(events // story.EVENTS_EACH))
    if "large" in only:
        chapters.append(await rebuild.run_large(10 * events // story.EVENTS_EACH))
    if "pages" in only:
        chapters.append(await pages.run(events // 100, keep))
    return chapters


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure, and write a table.")
    parser.add_argument("--only", default=",".join(CHAPTERS), help="which of " + ", ".join(CHAPTERS))
    parser.add_argument(
        "--events", type=int, default=1_000_000, help="of the log that is rebuilt from; large: ten times"
    )
    parser.add_argument("--keep", type=Path, help="a folder for the world of the pages, which is used again")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "RESULTS.md")
    given = parser.parse_args()
    chapters = asyncio.run(measure(given.only.split(","), given.events, given.keep))
    print(report.write(given.output, chapters))


if __name__ == "__main__":
    main()

"""Fuzz one system, in a process of its own: python -m tests.systems.fuzz_one KIND SECONDS (see `make fuzz`).

The fuzzer sees what the code of intake does, because it is there when that code is loaded. Half of what it makes up has
values of the JSON changed, which it would seldom come upon by changing bytes.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["intake", "chassis.received", "chassis.plain"]):
    from intake.adapters.port import Arrived, systems
    from tests.systems.fuzz import SEEDS, mutated, take

    systems()

MEGABYTES = 1024
"""More memory than a parser may ever ask for; the fuzzer ends a process that does."""
HANGS_AFTER = 10
"""Seconds after which a parser counts as one that hangs."""


def main(kind: str, seconds: int) -> None:
    """Fuzz; the process ends with it, and with a status that says whether anything was found."""
    seeds = SEEDS(kind)

    def once(data: bytes) -> None:
        place = data[0] if data else 0
        take(kind, Arrived(body=data[1:], headers=seeds[place % len(seeds)].headers))

    def mutate(data: bytes, most: int, chance: int) -> bytes:
        drawn = random.Random(chance)
        if not data or drawn.random() < 0.5:
            return bytes(atheris.Mutate(data, most))
        return (data[:1] + mutated(data[1:], drawn))[:most]

    corpus = Path(tempfile.mkdtemp(prefix="flode-fuzz-"))
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(bytes([number]) + seed.body)
    limits = [f"-max_total_time={seconds}", f"-timeout={HANGS_AFTER}", f"-rss_limit_mb={MEGABYTES}", "-max_len=65536"]
    atheris.Setup(
        [sys.argv[0], *limits, "-verbosity=0", "-print_final_stats=1", str(corpus)], once, custom_mutator=mutate
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

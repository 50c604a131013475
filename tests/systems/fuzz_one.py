"""Fuzz one system, in a process of its own: python -m tests.systems.fuzz_one KIND SECONDS (see `make fuzz`).

The fuzzer sees what the code of intake does, because it is there when that code is loaded. Half of what it makes up has
values of the JSON changed, which it would seldom come upon by changing bytes.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris
import structlog

with atheris.instrument_imports(include=["intake", "chassis.received", "chassis.plain", "chassis.outward"]):
    from intake.adapters.port import POLLED, Arrived, systems
    from tests.systems.fuzz import SEEDS, mutated, tried
    from tests.systems.fuzz_wrapped import unwrapped, wrapped

    systems()

MEGABYTES = 1024
"""More memory than a parser may ever ask for; the fuzzer ends a process that does."""
HANGS_AFTER = 10
"""Seconds after which a parser counts as one that hangs."""
HEADERS = b"\n\n"
"""What divides the headers from the body, as in HTTP."""


def main(kind: str, seconds: int) -> None:
    """Fuzz; the process ends with it, and with a status that says whether anything was found."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    seeds = SEEDS(kind)
    whole = seeds[:250]

    def once(data: bytes) -> None:
        seed = whole[(data[0] if data else 0) % len(whole)]
        told, divided, body = data[1:].partition(HEADERS)
        # What was asked for has the headers that we ourselves gave it.
        polled = POLLED in seed.headers
        headers = seed.headers if polled else _headers(told) if divided else {}
        within = wrapped(kind, body, polled=polled)
        tried(kind, seed.how, Arrived(body=within, headers=headers, query=headers))

    def mutate(data: bytes, most: int, chance: int) -> bytes:
        drawn = random.Random(chance)
        if not data or drawn.random() < 0.4:
            return bytes(atheris.Mutate(data, most))
        told, divided, body = data[1:].partition(HEADERS)
        if divided and drawn.random() < 0.1:
            told = bytes(atheris.Mutate(told, 400)).replace(HEADERS, b"")
        return (data[:1] + told + divided + mutated(body, drawn))[:most]

    corpus = Path(tempfile.mkdtemp(prefix="flode-fuzz-"))
    for number, seed in enumerate(whole):
        told = "\n".join(f"{name}: {value}" for name, value in {**seed.headers, "crc_token": "0"}.items())
        body = unwrapped(kind, seed.body) if seed.how == "sent" and POLLED not in seed.headers else seed.body
        (corpus / str(number)).write_bytes(bytes([number]) + told.encode("latin-1") + HEADERS + body)
    words = sorted({word for seed in whole for word in _words(seed.body)})
    dictionary = corpus.with_suffix(".dict")
    dictionary.write_text("".join(f'"{word}"\n' for word in words[:500]), "ascii")
    limits = [f"-max_total_time={seconds}", f"-timeout={HANGS_AFTER}", f"-rss_limit_mb={MEGABYTES}", "-max_len=65536"]
    options = [*limits, *([f"-dict={dictionary}"] if words else []), "-verbosity=0", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], once, custom_mutator=mutate)
    atheris.Fuzz()


def _headers(told: bytes) -> dict[str, str]:
    lines = (line.partition(": ") for line in told.decode("latin-1").split("\n"))
    return {name.lower(): value for name, _, value in lines if name and name != POLLED}


def _words(body: bytes) -> set[str]:
    """The names of fields, for the fuzzer to put in where it likes."""
    found: set[str] = set()

    def look(said: object) -> None:
        if isinstance(said, dict):
            found.update(name for name in said if re.fullmatch(r"[\w:. -]+", name, re.ASCII))
        for one in said.values() if isinstance(said, dict) else said if isinstance(said, list) else ():
            look(one)

    with suppress(ValueError):
        look(json.loads(body))
    return found


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

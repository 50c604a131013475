"""`make fuzz`: bytes made up by a fuzzer that sees which code they reach, for every parser of what arrives.

python -m tests.systems.fuzz [--seconds 600]      all systems in turn, each in a process of its own
python -m tests.systems.fuzz KIND --seconds 50    one of them

Anything but a ticket or a refusal ends it with the bytes that did it, which belong into a test.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from chassis.partnership import ServiceDesk
from chassis.testing import NOON
from contracts.refusal import Refusal
from intake.adapters import ticket
from intake.adapters.port import POLLED, Arrived, systems
from tests.systems.peer import Story, all_peers

MEGABYTES = 1024
"""More memory than a parser may ever ask for; libFuzzer ends a process that does."""
HANGS_AFTER = 10
"""Seconds after which a parser counts as one that hangs."""


def take(kind: str, arrived: Arrived) -> None:
    """Read what arrived as far as it is read before anything is decided. Raises only what is a fault of ours."""
    delivery = systems()[kind].read(arrived, A_DESK(kind))
    assert len(delivery.hash) == 32
    if delivery.fault is None and delivery.lookup != "always":
        try:
            said = ticket.read(delivery.content, envelope_type=delivery.type, envelope_time=delivery.time)
        except Refusal:
            return
        _ = said.plain_description


@cache
def A_DESK(kind: str) -> ServiceDesk:  # noqa: N802  it stands for a constant, made when first asked for
    """A desk of this kind."""
    peer = all_peers()[kind]()
    peer.url = "http://127.0.0.1:1"
    return ServiceDesk.model_validate(peer.settings())


@dataclass(frozen=True, slots=True)
class Seed:
    """A delivery that is one, from which others are made."""

    body: bytes
    headers: Mapping[str, str]


@cache
def SEEDS(kind: str) -> tuple[Seed, ...]:  # noqa: N802  as above
    """What the stand-in sends of each event, or what is polled of a system that sends nothing."""
    peer = all_peers()[kind]()
    stories = {
        event: Story(closed=event == "closed", into=82 if event == "merged" else None, comments=("Tack!",))
        for event in sorted(peer.sends)
    }
    sent = [peer.deliver(story, event, name="seed", secret=peer.secret, at=NOON) for event, story in stories.items()]
    found = [Seed(body, {POLLED: "1"}) for body in peer.polled_as(Story())]
    return (*(Seed(one.body, one.headers) for one in sent), *found)


def mutated(body: bytes, drawn: random.Random) -> bytes:
    """The same with something changed somewhere: a value of the JSON replaced, left out or nested; or bytes."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if said is None or drawn.random() < 0.2:
        return _bytes_changed(body, drawn)
    for _ in range(drawn.randint(1, 3)):
        said = _value_changed(said, drawn)
    return json.dumps(said, ensure_ascii=drawn.random() < 0.5).encode("utf-8", "replace")


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**70, 1.5, "", " ", "x" * 3000, "åäö\u0000", "\u202e", "2026-13-45", "2026-03-29 02:30:00",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", [], {}, [[]], {"name": None}, {"id": {}},
)  # fmt: skip


def _value_changed(said: Any, drawn: random.Random) -> Any:
    if isinstance(said, dict) and said and drawn.random() < 0.85:
        name = drawn.choice(sorted(said))
        if drawn.random() < 0.15:
            return {key: value for key, value in said.items() if key != name}
        return {**said, name: _value_changed(said[name], drawn)}
    if isinstance(said, list) and said and drawn.random() < 0.85:
        place = drawn.randrange(len(said))
        return [*said[:place], _value_changed(said[place], drawn), *said[place + 1 :]]
    return drawn.choice(ODD)


def _bytes_changed(body: bytes, drawn: random.Random) -> bytes:
    place = drawn.randrange(len(body) + 1)
    return body[:place] + drawn.randbytes(drawn.randint(0, 4)) + body[place + drawn.randint(0, 4) :]


def fuzz(kind: str, seconds: int) -> None:
    """Fuzz one system; the process ends with it."""
    import atheris

    atheris.instrument_all()
    peer_headers = [dict(seed.headers) for seed in SEEDS(kind)]

    def once(data: bytes) -> None:
        place = data[0] if data else 0
        take(kind, Arrived(body=data[1:], headers=peer_headers[place % len(peer_headers)]))

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS(kind)):
            with open(f"{corpus}/{number}", "wb") as file:  # noqa: PTH123  libFuzzer wants a plain folder
                file.write(bytes([number]) + seed.body)
        limits = [f"-max_total_time={seconds}", f"-timeout={HANGS_AFTER}", f"-rss_limit_mb={MEGABYTES}"]
        atheris.Setup([sys.argv[0], *limits, "-max_len=65536", "-print_final_stats=1", corpus], once)
        atheris.Fuzz()


def main() -> None:
    """Fuzz all, or one."""
    parser = argparse.ArgumentParser(prog="python -m tests.systems.fuzz", description=__doc__)
    parser.add_argument("kind", nargs="?", choices=sorted(systems()))
    parser.add_argument("--seconds", type=int, default=600)
    chosen = parser.parse_args()
    if chosen.kind:
        fuzz(chosen.kind, chosen.seconds)
        return
    for kind in systems():
        each = max(5, chosen.seconds // len(systems()))
        print(f"== {kind}, {each} s", flush=True)
        done = subprocess.run([sys.executable, "-m", "tests.systems.fuzz", kind, "--seconds", str(each)], check=False)
        if done.returncode:
            sys.exit(f"{kind}: the bytes above are neither a ticket nor refused")
    print("nothing found")


if __name__ == "__main__":
    main()

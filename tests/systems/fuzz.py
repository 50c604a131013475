"""`make fuzz`: bytes made up by a fuzzer that sees which code they reach, for every parser of what arrives.

Anything but a ticket or a refusal ends it with the bytes that did it, which belong into a test.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
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


def main() -> None:
    """Fuzz all in turn."""
    parser = argparse.ArgumentParser(prog="python -m tests.systems.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    each = max(5, parser.parse_args().seconds // len(systems()))
    for kind in systems():
        print(f"== {kind}, {each} s", flush=True)
        done = subprocess.run([sys.executable, "-m", "tests.systems.fuzz_one", kind, str(each)], check=False)
        if done.returncode:
            sys.exit(f"{kind}: the bytes above are neither a ticket nor refused")
    print("nothing found")


if __name__ == "__main__":
    main()

"""`make fuzz`: bytes made up by a fuzzer that sees which code they reach, for every parser of what arrives, and of what
the ticketing systems' APIs answer.

Anything but a ticket, a refusal or a reason to ask again ends it with the bytes that did it, which belong into a test.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

from chassis.i18n import translate
from chassis.partnership import ServiceDesk
from chassis.testing import NOON
from contracts.refusal import Refusal
from intake.adapters import cloudevents, standard_webhooks, ticket
from intake.adapters.delivery import Delivery, Unauthentic
from intake.adapters.packing import packed, unpacked
from intake.adapters.port import POLLED, Arrived, NotUnderstood, system_of, systems
from intake.views.deliveries import faults_of
from tests.systems.fuzz_talks import looked_up_of, polled_of, talk, talks_of
from tests.systems.peer import Peer, Story, all_peers

OPEN = ("standard-webhooks", "cloudevents")
"""What any system may send that has no adapter of its own."""
HOOKS = {"cloudevents": "bearer"}
How = Literal["sent", "listed", "asked"]
"""How bytes come to us: to a hook, as answers to what changed, or as answers about one ticket."""


def kinds() -> tuple[str, ...]:
    """Whatever is fuzzed."""
    return (*systems(), *OPEN)


def take(kind: str, arrived: Arrived) -> None:
    """Read what arrived as far as it is read before anything is decided. Raises only what is a fault of ours."""
    desk = A_DESK(kind)
    for delivery in _read(kind, arrived, desk):
        _keeps(delivery, kind, desk)
        fault = delivery.fault
        if fault is None and delivery.lookup != "always":
            try:
                said = ticket.read(delivery.content, envelope_type=delivery.type, envelope_time=delivery.time)
                _ = said.plain_description
                said.model_dump_json()
                assert "\0" not in said.external_id
            except Refusal as refusal:
                fault = refusal
        if fault is not None:
            if isinstance(fault, NotUnderstood) and not arrived.odd:
                systems()[kind].said(arrived, desk)  # which raises what was caught
                raise AssertionError(fault)
            _is_told(fault)


def _read(kind: str, arrived: Arrived, desk: ServiceDesk) -> Sequence[Delivery]:
    if kind == "standard-webhooks":
        return (standard_webhooks.read({"webhook-id": "d-1", **arrived.headers}, arrived.body),)
    if kind == "cloudevents":
        cloudevents.handshake(arrived.headers)
        try:
            return cloudevents.read(arrived.headers, arrived.body)
        except Refusal as refusal:
            _is_told(refusal)
            return ()
    system = systems()[kind]
    with suppress(Unauthentic):
        system.verify(arrived, desk.secrets, NOON)
    try:
        system.callback(arrived, desk)
    except Refusal as refusal:
        _is_told(refusal)
    system.challenge(arrived, desk)
    return (system.read(arrived, desk),)


def _keeps(delivery: Delivery, kind: str, desk: ServiceDesk) -> None:
    """It can be written down, and is the same when it is taken out again."""
    assert len(delivery.hash) == 32
    assert delivery.key.isprintable(), "no key can be stored that holds a NUL"
    json.dumps(delivery.content).encode()
    raw = packed(delivery)
    raw.encode()
    if kind in OPEN or system_of(kind) is not None:
        again = unpacked(kind, raw, desk)
        assert (again.key, again.hash) == (delivery.key, delivery.hash)


def _is_told(refusal: Refusal) -> None:
    """It can be said in words, and kept."""
    for fault in faults_of(refusal):
        json.dumps(asdict(fault), ensure_ascii=False).encode()
        assert translate(fault.text, "sv", **fault.params)


@cache
def A_DESK(kind: str) -> ServiceDesk:  # noqa: N802  it stands for a constant, made when first asked for
    """A desk of this kind."""
    if kind in OPEN:
        secret = "whsec_dGhlIHNlY3JldCBvZiBFa3Zpaw=="
        return ServiceDesk(municipality="ekvik", system="desk", kind=HOOKS.get(kind, kind), secret=secret)
    peer = all_peers()[kind]()
    peer.url = "http://127.0.0.1:1"
    return ServiceDesk.model_validate(peer.settings())


@dataclass(frozen=True, slots=True)
class Seed:
    """Something that is understood, from which others are made: of answers, `body` is a list of statuses, headers and
    bodies."""

    body: bytes
    headers: Mapping[str, str]
    how: How = "sent"


@cache
def SEEDS(kind: str) -> tuple[Seed, ...]:  # noqa: N802  as above
    """What the stand-in sends of each event, what is polled of it, and what it answers when it is asked."""
    if kind in OPEN:
        return tuple(_open_seeds(kind))
    peer = all_peers()[kind]()
    sent = tuple(_sent(peer))
    if kind == "e-mail":  # it is asked in another language than HTTP's
        return tuple(Seed(body, {POLLED: "1", "x-mail-received": NOON.isoformat()}) for body in peer.polled_as(Story()))
    records = tuple(Seed(one.body, one.headers) for one in polled_of(kind))
    listed = tuple(Seed(body, {}, "listed") for body in talks_of(kind))
    asked = tuple(Seed(body, arrived.headers, "asked") for arrived, body in looked_up_of(kind, sent[:2]))
    return (*sent, *records, *listed, *asked)


def _sent(peer: Peer) -> Iterator[Seed]:
    for event in sorted(peer.sends):
        story = Story(closed=event == "closed", into=82 if event == "merged" else None, comments=("Tack!",))
        one = peer.deliver(story, event, name="seed", secret=peer.secret, at=NOON)
        yield Seed(one.body, {name.lower(): value.encode().decode("latin-1") for name, value in one.headers.items()})


def _open_seeds(kind: str) -> Iterator[Seed]:
    said = {
        "external_id": "81", "number": "10081", "url": "https://desk.ekvik.example/81", "kind": "created",
        "flow": "projekt", "title": "E-tjänst för bygglov", "description": "<p>Vi behöver …</p>",
        "requester": {"name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example", "language": "sv"},
        "opened_at": "2026-03-02T09:30:00+01:00", "updated_at": "2026-03-02T09:30:00+01:00", "revision": 3,
        "priority": 3, "serves": ["ekvik", "nordvik"], "origin": "business", "into": {"external_id": "82"},
    }  # fmt: skip
    if kind == "standard-webhooks":
        envelope = {"type": "ticket.created", "timestamp": "2026-03-02T09:30:00Z", "data": said}
        for one in (said, envelope):
            yield Seed(
                json.dumps(one).encode(), {"webhook-id": "d-1", "webhook-timestamp": "1", "webhook-signature": ""}
            )
        return
    event = {
        "specversion": "1.0", "id": "1", "source": "desk", "type": "ticket.created", "time": "2026-03-02T09:30:00Z",
    }  # fmt: skip
    whole = {**event, "data": said}
    yield Seed(json.dumps(whole).encode(), {"content-type": cloudevents.STRUCTURED})
    yield Seed(json.dumps([whole, whole]).encode(), {"content-type": cloudevents.BATCH})
    yield Seed(
        json.dumps(said).encode(),
        {"content-type": "application/json", **{f"ce-{name}": value for name, value in event.items()}},
    )


def tried(kind: str, how: How, arrived: Arrived) -> None:
    """Take what arrived, or talk with a system that answers so."""
    if how == "sent":
        take(kind, arrived)
        return
    about = next((Arrived(body=seed.body, headers=seed.headers) for seed in SEEDS(kind)), None)
    for one in talk(kind, arrived.body, about if how == "asked" else None):
        take(kind, one)


def mutated(body: bytes, drawn: random.Random) -> bytes:
    """The same with something changed somewhere: a value of the JSON replaced, left out or nested; or bytes."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if said is None or drawn.random() < 0.2:
        return _bytes_changed(body, drawn)
    for _ in range(drawn.randint(1, 3)):
        said = _value_changed(said, drawn)
    return json.dumps(said, ensure_ascii=drawn.random() < 0.5).encode("utf-8", "replace")


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**70, 1.5, "", " ", "x" * 3000, "åäö\u0000", "\u202e", "2026-13-45", "2026-03-29 02:30:00",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", [], {}, [[]], {"name": None}, {"id": {}},
    "<div>" * 50, "-", "\ud800", "1" * 5000, float("nan"), float("inf"), "Projekt", "merged", "82", 82, 5, "closed",
)  # fmt: skip


def _value_changed(said: Any, drawn: random.Random) -> Any:
    if isinstance(said, dict) and said and drawn.random() < 0.85:
        name = drawn.choice(sorted(said))
        if drawn.random() < 0.15:
            return {key: value for key, value in said.items() if key != name}
        return {**said, name: _value_changed(said[name], drawn)}
    if isinstance(said, list) and said and drawn.random() < 0.85:
        place = drawn.randrange(len(said))
        if drawn.random() < 0.1:
            return [*said[:place], *[said[place]] * drawn.choice((0, 2, 60)), *said[place + 1 :]]
        return [*said[:place], _value_changed(said[place], drawn), *said[place + 1 :]]
    if isinstance(said, str) and said and drawn.random() < 0.3:
        return _text_changed(said, drawn)
    return drawn.choice(ODD)


def _text_changed(said: str, drawn: random.Random) -> str:
    place = drawn.randrange(len(said))
    return said[:place] + drawn.choice(("", "\n", "9", "😀", "<b>", "%", "/", "-", said)) + said[place + 1 :]


def _bytes_changed(body: bytes, drawn: random.Random) -> bytes:
    place = drawn.randrange(len(body) + 1)
    return body[:place] + drawn.randbytes(drawn.randint(0, 4)) + body[place + drawn.randint(0, 4) :]


def _fuzz(kind: str, seconds: int) -> tuple[str, int, str]:
    with tempfile.TemporaryFile() as told:
        command = [sys.executable, "-m", "tests.systems.fuzz_one", kind, str(seconds)]
        # A process that no longer listens to its own limits is ended.
        try:
            status = subprocess.run(command, stdout=told, stderr=told, check=False, timeout=seconds + 240).returncode
        except subprocess.TimeoutExpired:
            status = -1
        told.seek(0)
        return kind, status, told.read().decode("utf-8", "replace")


def main() -> None:
    """Fuzz all, two at a time, so that all of it takes as long as is said."""
    parser = argparse.ArgumentParser(prog="python -m tests.systems.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    if importlib.util.find_spec("atheris") is None:
        sys.exit("nothing was fuzzed, for atheris is not here: there is one for CPython below 3.14 on Linux on x86_64")
    at_once = min(2, os.cpu_count() or 1)
    each = max(5, parser.parse_args().seconds * at_once // len(kinds()))
    with ThreadPoolExecutor(at_once) as pool:
        for kind, status, told in pool.map(lambda kind: _fuzz(kind, each), kinds()):
            counted = [line for line in told.splitlines() if line.startswith("stat::number_of_executed_units")]
            print(f"== {kind}, {each} s, {counted[0].split()[-1] if counted else '?'} times", flush=True)
            if status:
                sys.exit(f"{told[-20000:]}\n{kind}: what stands above is a fault of ours (status {status})")
    print("nothing found")


if __name__ == "__main__":
    main()

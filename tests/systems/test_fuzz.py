"""Whatever bytes arrive, they are a ticket, or a delivery with what is wrong with it: never a fault of ours, and never
more work than there are bytes. Seconds here; `make fuzz` goes on for longer, guided by what the code does.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from intake.adapters.delivery import Unauthentic
from intake.adapters.port import Arrived, systems
from tests.systems.fuzz import A_DESK, SEEDS, mutated, take

FAST = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("kind", systems())
def test_any_bytes_are_read_or_kept_with_what_is_wrong(kind: str) -> None:
    @FAST
    @given(st.binary(max_size=400))
    @example(b"")
    @example(b"[" * 100_000)
    @example(b'{"a":' * 5_000)
    @example(b'{"x": "\\ud800"}')
    @example(b"\xef\xbb\xbf{}")
    @example(b"1e999999")
    def holds(body: bytes) -> None:
        take(kind, Arrived(body=body))
        take(kind, Arrived(body=body, headers={"flode-polled": "1"}))

    holds()


@pytest.mark.parametrize("kind", systems())
def test_any_json_is_read_or_kept_with_what_is_wrong(kind: str) -> None:
    @FAST
    @given(JSON)
    def holds(said: Any) -> None:
        take(kind, Arrived(body=json.dumps(said).encode()))

    holds()


@pytest.mark.parametrize("kind", systems())
def test_a_payload_with_something_changed_somewhere_is_read_or_kept_with_what_is_wrong(kind: str) -> None:
    seeds = SEEDS(kind)

    @FAST
    @given(st.integers(min_value=0), st.integers(min_value=0, max_value=len(seeds) - 1))
    def holds(chance: int, which: int) -> None:
        drawn = random.Random(chance)
        seed = seeds[which]
        take(kind, Arrived(body=mutated(seed.body, drawn), headers=seed.headers))

    holds()


@pytest.mark.parametrize("kind", systems())
def test_any_proof_but_the_right_one_is_refused_in_one_way(kind: str) -> None:
    names = sorted({name for seed in SEEDS(kind) for name in seed.headers} | {"authorization"})

    @FAST
    @given(st.dictionaries(st.sampled_from(names), st.text(st.characters(max_codepoint=255), max_size=80)), st.binary())
    def holds(headers: dict[str, str], body: bytes) -> None:
        from chassis.testing import NOON

        with pytest.raises(Unauthentic):
            systems()[kind].verify(Arrived(body=body, headers=headers), A_DESK(kind).secrets, NOON)
        with pytest.raises(Unauthentic):
            systems()[kind].verify(Arrived(body=body, headers=headers), (), NOON)

    holds()

"""The whole flow in any order, by anybody, against a model: P2, P3, P4, P7, P10 and the rules of who does what when.

`HYPOTHESIS_PROFILE=long` plays many more and longer examples than a run of all tests has time for, others each time,
and makes what fails as short as it can.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import governance.main
import intake.main
import portfolio.main
from chassis.testing import Databases
from tests.integration.flow_cab import WholeFlow
from tests.integration.flow_world import World, a_flow_world

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SERVICES = (intake.main.service, governance.main.service, portfolio.main.service)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as opened:
        yield opened


@pytest.fixture
def world(databases: Databases, tmp_path: Path, runner: asyncio.Runner) -> Iterator[World]:
    opened = a_flow_world(databases, tmp_path, SERVICES)
    yield runner.run(opened.__aenter__())
    runner.run(opened.__aexit__(None, None, None))


def test_whoever_does_whatever_in_whichever_order_the_flow_keeps_its_rules(
    world: World, runner: asyncio.Runner
) -> None:
    """IT-02, IT-05, IT-06, IT-07, IT-10, IT-12, IT-13, IT-16, IT-18, IT-19, IT-20, IT-21, TY-01, TY-04, TY-06, TY-23:
    what the model refuses is refused and leaves nothing; what is done again has been done once; views are folds."""

    class Machine(WholeFlow):
        pass

    Machine.world, Machine.runner = world, runner
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=400 if LONG else 9,
            stateful_step_count=80 if LONG else 70,
            deadline=None,
            database=None,
            derandomize=not LONG,
            phases=(Phase.generate, Phase.shrink) if LONG else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
            print_blob=LONG,
        ),
    )

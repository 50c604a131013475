"""The supervisor keeps everything running, and leaves nothing behind."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
from aiohttp import web

from embedded import environment, supervisor
from embedded.home import AlreadyRunning, Home
from embedded.preparation import Preparation
from embedded.processes import Register, Started, free_port
from embedded.supervisor import StartFailed, Supervisor
from embedded.testing import temporary_folder

STUB = (sys.executable, str(Path(__file__).parent / "stub_flode.py"))


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    folder = temporary_folder("home")
    monkeypatch.setenv("FLODE_STUB_LOG", str(folder / "asked"))
    monkeypatch.delenv("FLODE_KAFKA", raising=False)
    yield Home(folder)
    shutil.rmtree(folder)


def front(home: Home, public_url: str) -> web.Application:
    return web.Application()


class NotedPreparation(Preparation):
    """Prepares nothing, and writes down what was asked."""

    def __init__(self, home: Home, *, fails: str = "") -> None:
        self._asked, self._fails = home.root / "asked", fails
        self.on_topics: Callable[[], object] = lambda: None

    async def databases(self, environments: Mapping[str, Mapping[str, str]]) -> None:
        if self._fails:
            raise OSError(self._fails)
        self._note("databases of " + " ".join(environments))

    async def topics(self, bootstrap: str, *, replication: int) -> None:
        self._note("topics" if replication == 1 else f"topics, each kept {replication} times")
        self.on_topics()

    def _note(self, asked: str) -> None:
        with self._asked.open("a") as file:
            file.write(asked + "\n")


def a_supervisor(home: Home, *, fails: str = "") -> Supervisor:
    return Supervisor(
        home,
        port=free_port(),
        front=front,
        services=("intake", "portfolio"),
        flode=STUB,
        preparation=NotedPreparation(home, fails=fails),
        say=lambda _: None,
    )


async def eventually(happened: Callable[[], Any], seconds: float = 60) -> Any:
    async with asyncio.timeout(seconds):
        while not (result := happened()):
            await asyncio.sleep(0.05)
    return result


def pid_of(home: Home, name: str) -> int | None:
    state = home.told()
    return state["processes"][name]["pid"] if state else None


def all_run(home: Home) -> Any:
    state = home.told()
    return state and all(one["state"] == "running" for one in state["processes"].values())


def a_stray_process() -> int:
    """One that is not our child any more."""
    return int(subprocess.check_output(["sh", "-c", "sleep 600 >/dev/null & echo $!"]))


async def runs(run: asyncio.Task[None], home: Home) -> None:
    await eventually(lambda: run.done() or all_run(home))
    if run.done():
        run.result()


@pytest.fixture
async def running(home: Home) -> AsyncIterator[Supervisor]:
    supervisor = a_supervisor(home)
    run = asyncio.create_task(supervisor.run())
    await runs(run, home)
    yield supervisor
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(60):
        await run


async def test_databases_and_topics_are_prepared_before_anything_serves(running: Supervisor, home: Home) -> None:
    asked = (home.root / "asked").read_text().splitlines()
    assert asked[:2] == ["databases of intake portfolio", "topics"]
    assert set(asked[2:]) == {"serve intake", "serve portfolio"}


@pytest.fixture
def brokers_of_somebody_else(home: Home, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FLODE_KAFKA", "kafka.example:9092")
    monkeypatch.setenv("FLODE_KAFKA_REPLICATION", "3")
    monkeypatch.setenv("FLODE_DATA", str(home.root))
    return "kafka.example:9092"


async def test_brokers_of_somebody_else_are_used_and_none_is_started(
    brokers_of_somebody_else: str, running: Supervisor, home: Home
) -> None:
    told = home.told()
    assert told
    assert set(told["processes"]) == {"postgres", "intake", "portfolio"}
    for environ in (running._environment(running.services[0]), environment.here("intake")):
        assert environ
        assert environ["FLODE_KAFKA"] == brokers_of_somebody_else
        assert environ["FLODE_KAFKA_REPLICATION"] == "3"
        assert "FLODE_KAFKA_IDEMPOTENCE" not in environ
    assert "topics, each kept 3 times" in (home.root / "asked").read_text()


async def test_services_answer_behind_one_door(running: Supervisor) -> None:
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{running.public_url}/intake/health") as answer:
            assert answer.status == 200
        async with client.get(f"{running.public_url}/health") as answer:
            assert (await answer.json())["status"] == "ready"


@pytest.fixture
def portfolio_stands_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STANDS_BACK", {"portfolio": 10})


@pytest.mark.usefixtures("portfolio_stands_back")
async def test_what_nobody_waits_for_lets_the_others_go_first(home: Home, running: Supervisor) -> None:
    intake, portfolio = (psutil.Process(pid_of(home, one)).nice() for one in ("intake", "portfolio"))
    assert portfolio - intake == 10


async def test_a_service_that_dies_is_started_again_at_the_same_address(running: Supervisor, home: Home) -> None:
    killed = pid_of(home, "intake")
    assert killed
    os.kill(killed, signal.SIGKILL)
    await eventually(lambda: not psutil.pid_exists(killed))
    async with aiohttp.ClientSession() as client, client.get(f"{running.public_url}/portfolio/health") as answer:
        assert answer.status == 200, "the others go on"
    await eventually(lambda: pid_of(home, "intake") not in (None, killed) and all_run(home))
    async with aiohttp.ClientSession() as client, client.get(f"{running.public_url}/intake/health") as answer:
        assert int(await answer.text()) == pid_of(home, "intake")


async def test_after_the_broker_dies_nobody_reaches_the_next_before_its_topics_are_there(
    running: Supervisor, home: Home
) -> None:
    names = ("broker", "intake", "portfolio")
    before = {name: pid for name in names if (pid := pid_of(home, name))}
    states: list[str] = []
    preparation = running.preparation
    assert isinstance(preparation, NotedPreparation)
    preparation.on_topics = lambda: states.extend(psutil.Process(before[name]).status() for name in names[1:])
    os.kill(before["broker"], signal.SIGKILL)
    await eventually(lambda: pid_of(home, "broker") not in (None, before["broker"]) and all_run(home))
    assert states == [psutil.STATUS_STOPPED] * 2
    assert [pid_of(home, name) for name in names[1:]] == [before[name] for name in names[1:]]
    async with aiohttp.ClientSession() as client, client.get(f"{running.public_url}/health") as answer:
        assert answer.status == 200, "they go on afterwards"


async def test_postgres_that_dies_is_started_again_and_the_services_stay(running: Supervisor, home: Home) -> None:
    killed, intake = pid_of(home, "postgres"), pid_of(home, "intake")
    assert killed
    os.kill(killed, signal.SIGKILL)
    await eventually(lambda: pid_of(home, "postgres") not in (None, killed))
    assert pid_of(home, "intake") == intake


async def test_nothing_is_left_after_a_stop(home: Home) -> None:
    supervisor = a_supervisor(home)
    run = asyncio.create_task(supervisor.run())
    await runs(run, home)
    pids = [pid_of(home, name) for name in ("postgres", "broker", "intake", "portfolio")]
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait_for(run, timeout=60)
    assert all(pids)
    assert not [pid for pid in pids if pid and psutil.pid_exists(pid)]
    assert home.told() is None
    assert home.supervisor() is None


async def test_one_folder_has_one_supervisor(running: Supervisor, home: Home) -> None:
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        await a_supervisor(home).run()


async def test_what_cannot_be_prepared_stops_the_start_with_the_reason(home: Home) -> None:
    with pytest.raises(StartFailed, match="the disk is full"):
        await a_supervisor(home, fails="the disk is full").run()
    assert home.supervisor() is None


async def test_a_process_that_an_earlier_run_forgot_is_ended(home: Home) -> None:
    home.open()
    forgotten = a_stray_process()
    home.register.write({"intake": Started.of(forgotten)})
    supervisor = a_supervisor(home)
    run = asyncio.create_task(supervisor.run())
    await runs(run, home)
    assert not psutil.pid_exists(forgotten) or psutil.Process(forgotten).status() == psutil.STATUS_ZOMBIE
    os.kill(os.getpid(), signal.SIGTERM)
    await run


def test_a_stranger_who_got_the_number_of_a_process_is_left_alone(tmp_path: Path) -> None:
    register = Register(tmp_path / "processes.json")
    register.write({"intake": Started(os.getpid(), Started.of(os.getpid()).at - 100)})
    assert not register.read()["intake"].end()


async def test_children_follow_a_supervisor_that_is_killed(home: Home) -> None:
    program = f"""
import asyncio
from pathlib import Path
from unittest.mock import AsyncMock
from aiohttp import web
from embedded.home import Home
from embedded.supervisor import Supervisor
supervisor = Supervisor(Home(Path({str(home.root)!r})), port={free_port()}, front=lambda home, url: web.Application(),
                        services=("intake",), flode={STUB!r}, preparation=AsyncMock(), say=lambda _: None)
asyncio.run(supervisor.run())
"""
    supervisor = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    try:
        await eventually(lambda: all_run(home))
        pids = [pid_of(home, name) for name in ("postgres", "broker", "intake")]
    finally:
        supervisor.kill()
        await supervisor.wait()
    await eventually(lambda: not [pid for pid in pids if pid and psutil.pid_exists(pid)])

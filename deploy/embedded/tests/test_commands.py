"""The commands that scripts use: they tell the truth by their exit codes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chassis.cli.common import settings_of
from embedded.commands import down, status, up
from embedded.home import Home
from embedded.logs import turn_over
from embedded.processes import Started, free_port
from embedded.testing import temporary_folder

STUB = (sys.executable, str(Path(__file__).parent / "stub_flode.py"))
PROGRAM = """
import asyncio, sys
from unittest.mock import AsyncMock
from embedded.commands import front
from embedded.home import Home
from embedded.logs import turn_over
from embedded.supervisor import Supervisor
port, *stub = sys.argv[1:]
home = Home.from_env()
supervisor = Supervisor(
    home, port=int(port), front=front, services=("intake",), flode=stub, preparation=AsyncMock()
)
asyncio.run(supervisor.run())
"""


@contextmanager
def a_home() -> Iterator[Home]:
    folder = temporary_folder("commands")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLODE_DATA", str(folder))
        patch.setenv("FLODE_STUB_LOG", str(folder / "asked"))
        yield Home(folder)
    shutil.rmtree(folder)


@contextmanager
def a_supervisor() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(free_port()), *STUB])
    try:
        until = time.monotonic() + 120
        while run(status).exit_code != 0:
            assert process.poll() is None, "it ended before it was ready"
            assert time.monotonic() < until, "it is not ready after two minutes"
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def home() -> Iterator[Home]:
    with a_home() as home:
        yield home


@pytest.fixture
def supervisor(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    with a_supervisor() as process:
        yield process


@pytest.fixture(scope="module")
def running() -> Iterator[subprocess.Popen[bytes]]:
    """One installation for the tests that ask and leave it as it is. They come first in this file."""
    with a_home(), a_supervisor() as process:
        yield process


def run(command: object, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)  # type: ignore[arg-type]  # click's stubs want a Command by name


def test_a_running_installation_is_ready_and_says_where(running: subprocess.Popen[bytes]) -> None:
    told = json.loads(run(status, "--json").output)
    assert told["status"] == "ready"
    assert told["pid"] == running.pid
    assert set(told["processes"]) == {"postgres", "broker", "intake"}
    assert "intake" in run(status).output


def test_commands_of_operations_find_the_installation_that_runs_here(
    running: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLODE_KAFKA", raising=False)
    ports = json.loads(run(status, "--json").output)["processes"]
    settings = settings_of("intake")
    assert settings.kafka == f"127.0.0.1:{ports['broker']['port']}"
    assert settings.http_port == ports["intake"]["port"]
    assert f":{ports['postgres']['port']}/flode_intake" in settings.database


def test_a_second_up_on_the_same_data_says_who_has_it(running: subprocess.Popen[bytes]) -> None:
    for result in (run(up), run(up, "--detach")):
        assert result.exit_code == 1
        assert str(running.pid) in result.output


def test_down_stops_it_and_says_so_once(supervisor: subprocess.Popen[bytes], home: Home) -> None:
    assert "has stopped" in run(down).output
    assert supervisor.wait(60) == 0
    assert run(status).exit_code == 3
    assert "does not run" in run(down).output


def test_down_ends_what_a_killed_supervisor_left(supervisor: subprocess.Popen[bytes], home: Home) -> None:
    stray = subprocess.Popen(["sleep", "600"])
    left = home.register.read()
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    home.register.write(left | {"intake": Started.of(stray.pid)})
    assert "Ended intake" in run(down).output
    assert stray.poll() is not None


def test_what_a_killed_supervisor_told_is_not_taken_for_its_successors_word(
    supervisor: subprocess.Popen[bytes], home: Home
) -> None:
    """Or `flode up --detach` would come back before anything runs."""
    told = home.told()
    assert told is not None
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    with home.locked():
        assert home.told() is None
        home.tell(told)
        assert home.told() is None
        home.tell({**told, "pid": os.getpid()})
        assert home.told() is not None
    run(down)


def test_nothing_runs_where_nothing_was_started(home: Home) -> None:
    assert run(status).exit_code == 3
    assert json.loads(run(status, "--json").output) == {"status": "stopped"}


def test_a_port_that_is_taken_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("FLODE_PORT", port)
        result = run(up)
    assert result.exit_code == 1
    assert port in result.output
    assert "FLODE_PORT" in result.output


@pytest.mark.parametrize("wrong", ["x", "0", "70000"])
def test_a_port_that_is_none_is_refused(wrong: str, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODE_PORT", wrong)
    assert "it must be a port" in run(up).output


def test_secrets_are_made_once_and_belong_to_their_owner(home: Home) -> None:
    home.open()
    assert home.key("vault-key") == Home(home.root).key("vault-key")
    assert home.secret("database-a") != home.secret("database-b")
    for file in (home.root / "secrets").iterdir():
        assert file.stat().st_mode & 0o077 == 0
    assert (home.root / "secrets").stat().st_mode & 0o077 == 0


def test_each_installation_has_its_own_service_desk_secrets(home: Home, tmp_path: Path) -> None:
    first, second = home.open(), Home(tmp_path).open()
    assert "{secret}" not in first.partnership.read_text("utf-8")
    assert first.partnership.read_text("utf-8") != second.partnership.read_text("utf-8")


def test_a_port_is_kept_unless_somebody_else_has_it(home: Home) -> None:
    home.open()
    port = home.port("intake")
    assert home.port("intake") == port
    assert home.port("portfolio") != port
    with socket.create_server(("127.0.0.1", port)):
        assert home.port("intake") != port


def test_a_full_log_is_put_aside_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "intake.log"
    with log.open("ab", buffering=0) as writer:
        for number in range(5):
            writer.write(b"%d" % number * 100)
            turn_over(tmp_path, largest=50, kept=3)
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert [Path(f"{log}.{number}").read_bytes()[:1] for number in (1, 2, 3)] == [b"4", b"3", b"2"]
    assert not Path(f"{log}.4").exists()

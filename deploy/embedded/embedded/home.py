"""The folder where one installation keeps everything: databases, secrets, people, logs, mail and its own settings.

    postgres/  secrets/  logs/  mail/  people.sqlite  partnership.toml  run/ (what runs now)

Two installations are two folders and two ports. One folder has one supervisor, held by a lock that dies with it.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from embedded.processes import Register, Started, free_port


class AlreadyRunning(Exception):
    """Another supervisor runs on this folder."""


class Home:
    """One installation's folder. Nothing is made before `open`."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.postgres = self.root / "postgres"
        self.broker = self.root / "broker"
        self.logs = self.root / "logs"
        self.mail = self.root / "mail"
        self.people = self.root / "people.sqlite"
        self.partnership = self.root / "partnership.toml"
        self._secrets = self.root / "secrets"
        self._run = self.root / "run"
        self._lock = self._run / "lock"
        self.register = Register(self._run / "processes.json")
        self._state = self._run / "state.json"

    @classmethod
    def from_env(cls) -> Home:
        """The folder that FLODE_DATA names, or .flode-data where the command is given."""
        return cls(Path(os.environ.get("FLODE_DATA") or ".flode-data"))

    def open(self) -> Home:
        """Make the folders that are missing. The root can be passed through, its secrets can not."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o711)
        for folder in (self._secrets, self._run, self.logs, self.mail):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
        if not self.partnership.exists():
            self._write(
                self.partnership, _with_secrets(files("embedded").joinpath("partnership.toml").read_text("utf-8"))
            )
        return self

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
        """A secret of this installation: made once, and the same ever after. Read by the owner of the folder alone."""
        path = self.secret_file(name)
        if not path.exists():
            self._write(path, make())
        return path.read_text()

    def secret_file(self, name: str) -> Path:
        """Where a secret is kept."""
        return self._secrets / name

    def key(self, name: str) -> str:
        """A secret of 32 random bytes, in base64."""
        return self.secret(name, lambda: base64.b64encode(secrets.token_bytes(32)).decode())

    def port(self, name: str) -> int:
        """A free port for `name`: the one it had before, where that is still free."""
        path = self._run / "ports.json"
        ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        taken = {port for other, port in ports.items() if other != name}
        while (port := free_port(ports.get(name))) in taken:
            ports.pop(name, None)
        self._write(path, json.dumps(ports | {name: port}, indent=1))
        return port

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only supervisor here, for the length of a block. Raises AlreadyRunning when there is one."""
        with self._lock.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise AlreadyRunning(
                    f"Flöde already runs on {self.root}, as process {lock.read().split(' ')[0]}"
                ) from None
            me = Started.of(os.getpid())
            lock.truncate(0)
            lock.write(f"{me.pid} {me.at}")
            lock.flush()
            self.tell(None)  # what one that was killed told last is true no more
            yield
            lock.truncate(0)

    def supervisor(self) -> Started | None:
        """The supervisor that runs here now, if one does."""
        try:
            with self._lock.open("r+") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pid, at = lock.read().split(" ")
                    return Started(int(pid), float(at))
        except (FileNotFoundError, ValueError):
            pass
        return None

    def tell(self, state: dict[str, Any] | None) -> None:
        """Let others know what runs here; None when nothing does any more."""
        if state is None:
            self._state.unlink(missing_ok=True)
        else:
            self._write(self._state, json.dumps(state, indent=1))

    def told(self) -> dict[str, Any] | None:
        """What the supervisor told last, while it runs; None when there is none."""
        try:
            state: dict[str, Any] = json.loads(self._state.read_text())
        except (FileNotFoundError, ValueError):
            return None
        now = self.supervisor()
        return state if now is not None and state["pid"] == now.pid else None

    def _write(self, path: Path, text: str) -> None:
        fresh = path.with_name(path.name + ".new")
        fresh.touch(mode=0o600)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)


def _with_secrets(template: str) -> str:
    """The partnership we come with, each "{secret}" in it replaced by one of its own (Standard Webhooks' format)."""
    while "{secret}" in template:
        made = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        template = template.replace("{secret}", made, 1)
    return template

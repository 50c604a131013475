"""Redmine as Debian 12 packages it (`redmine redmine-sqlite ruby-webrick`), run beside what is installed:
with a database, a configuration and a port of its own, which go when the test goes.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

RAILS = Path("/usr/share/redmine")
PACKAGES = "redmine redmine-sqlite ruby-webrick"
PREPARING = 300.0
"""Seconds that making the database may take; it takes about forty on an idle machine."""
STARTING = 300.0

DATABASE = """
production:
  adapter: sqlite3
  database: {folder}/redmine.sqlite
  timeout: 10000
"""
GEMFILE = """
eval_gemfile "{rails}/Gemfile"
gem "sqlite3" unless @dependencies.any? {{ |one| one.name == "sqlite3" }}
gem "webrick"
"""

SERVER = """
require "rack/handler/webrick"
Rack::Handler::WEBrick.run(Rails.application, Host: "127.0.0.1", Port: ARGV.last.to_i)
"""


@dataclass(frozen=True)
class RealRedmine:
    """A running Redmine: where it is, and the keys of Flöde's user and of somebody who opens issues."""

    url: str
    key: str
    opener: str

    def ask(self, method: str, path: str, said: object = None, *, key: str = "") -> Any:
        """Ask its API; None for an answer without a body."""
        body = None if said is None else json.dumps(said).encode()
        headers = {"X-Redmine-API-Key": key or self.key, "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else None

    def opens(self, subject: str, description: str) -> int:
        """Somebody opens an issue in the project; its id."""
        issue = {"project_id": "projekt", "subject": subject, "description": description}
        return int(self.ask("POST", "/issues.json", {"issue": issue}, key=self.opener)["issue"]["id"])

    def notes(self, issue: int) -> list[str]:
        """The notes of an issue that everybody sees who sees the issue."""
        history = self.ask("GET", f"/issues/{issue}.json?include=journals", key=self.opener)["issue"]["journals"]
        return [entry["notes"] for entry in history if entry["notes"]]


@pytest.fixture(scope="session")
def redmine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRedmine]:
    """Redmine, running."""
    if not (RAILS / "bin" / "rails").exists() or shutil.which("ruby") is None:
        pytest.fail(f"Redmine is not installed here: apt-get install --no-install-recommends {PACKAGES}")
    folder = tmp_path_factory.mktemp("redmine")
    environment = _instance(folder)
    _run(environment, "bin/rake", "db:migrate")
    printed = _run(environment, "bin/rails", "runner", str(Path(__file__).with_name("world.rb")))
    keys = json.loads(printed.splitlines()[-1])
    port = _free_port()
    with (folder / "server.log").open("wb") as log:
        # `rails server` writes into the folder of the package; this does not.
        server = subprocess.Popen(
            ["ruby", "bin/rails", "runner", SERVER, str(port)],
            cwd=RAILS, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            _await(server, url, folder / "server.log")
            yield RealRedmine(url, keys["flode"], keys["sigrid"])
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(20)


def _instance(folder: Path) -> dict[str, str]:
    """An instance, as Debian has several, in a folder of ours; returns the environment that leads to it."""
    for name in ("config", "tmp", "log", "files"):
        (folder / name).mkdir()
    (folder / "config" / "database.yml").write_text(DATABASE.format(folder=folder))
    (folder / "config" / "secret_key.txt").write_text(os.urandom(32).hex())
    # The server is not among the gems that Redmine asks for, and bundler lets only those be loaded that are asked for.
    (folder / "Gemfile").write_text(GEMFILE.format(rails=RAILS))
    # Instances are looked for by name in a folder of the machine's. A way up to the root and down again is a name as
    # well, and leads to the same place whether or not the link that the folder is behind is followed first.
    name = "../../../.." + str(folder.resolve())
    return {
        "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "RAILS_ENV": "production",
        "REDMINE_INSTANCE": name, "BUNDLE_GEMFILE": str(folder / "Gemfile"), "TMPDIR": str(folder / "tmp"),
    }  # fmt: skip


def _run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        ["ruby", *command], cwd=RAILS, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=PREPARING, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.fail(f"{' '.join(command)} failed:\n{done.stderr[:4000]}")
    return done.stdout.strip()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _await(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + STARTING
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/login", timeout=30):
                return
        except urllib.error.HTTPError as answered:
            pytest.fail(f"Redmine answers {answered.code}:\n{log.read_text()[-4000:]}")
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"Redmine did not start:\n{log.read_text()[-4000:]}")

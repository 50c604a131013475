"""Dovecot as Debian 12 packages it (`dovecot-imapd`), run beside what is installed: with a configuration, a mailbox and
a port of its own, which go when the test goes. It changes users, so only root can start it."""

from __future__ import annotations

import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

STARTING = 30.0
USER, PASSWORD = "projekt@ekvik.example", 'lösen "ord" 1'

SETTINGS = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
first_valid_uid = 1
mail_location = maildir:{folder}/mail
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


@dataclass(frozen=True)
class RealMailbox:
    """A running Dovecot, and what somebody with another mail program does in its mailbox."""

    port: int

    def client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
        return client

    def put(self, raw: bytes, received: datetime) -> None:
        """A mail comes in."""
        with self.client() as client:
            client.append("INBOX", "", imaplib.Time2Internaldate(received), raw)

    def count(self, folder: str) -> int:
        with self.client() as client:
            kind, said = client.select(folder, readonly=True)
            return int(said[0] or 0) if kind == "OK" else 0


@pytest.fixture
def mailbox() -> Iterator[RealMailbox]:
    dovecot = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert dovecot is not None, "apt-get install dovecot-imapd"
    assert os.geteuid() == 0, "dovecot changes users, and has to be started by root"
    # The sockets in it have names that may not be long.
    folder = Path(tempfile.mkdtemp(prefix="flode-"))
    folder.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "conf").write_text(SETTINGS.format(folder=folder, port=port), "utf-8")
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", "utf-8")
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "mail", "mail")
    running = subprocess.Popen([dovecot, "-F", "-c", str(folder / "conf")])
    try:
        found, until = RealMailbox(port), time.monotonic() + STARTING
        while True:
            with suppress(OSError, imaplib.IMAP4.error), found.client():
                break
            log = folder / "log"
            assert time.monotonic() < until, log.read_text("utf-8") if log.exists() else "it does not start"
            time.sleep(0.2)
        yield found
    finally:
        running.terminate()
        running.wait(timeout=20)
        shutil.rmtree(folder)

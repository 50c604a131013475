"""Request Tracker as Debian packages it, fresh in a folder of its own: its database, its settings, our scrip as an
administrator pastes it, and its server on the loopback address.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from chassis.outward import basic
from intake.adapters.request_tracker import RIGHTS, system

SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP = "rt-setup-database-5"
INSTALL = (
    "Request Tracker is not installed: apt-get install --no-install-recommends "
    "request-tracker5 rt5-db-sqlite rt5-standalone msmtp-mta"
)
OLDEST_SECONDS = 900
"""The server ends by itself after so long, whatever becomes of the test."""
READY_SECONDS = 60.0
DATABASE = "rt.sqlite"
USER, PASSWORD = "flode", "the-password-of-flode"
AGENT, AGENTS_PASSWORD = "stig.falk", "the-password-of-stig"

SETTINGS = """
Set($rtname, 'rt.ekvik.example');
Set($Organization, 'ekvik.example');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($Timezone, 'Europe/Stockholm');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/{database}');
Set($MailCommand, 'testfile');
Set($LogToSyslog, undef);
Set($LogToFile, 'warning');
Set($LogDir, '{folder}');
Set($LogToFileNamed, 'rt.log');
Set($MasonDataDir, '{folder}/mason');
Set($MasonSessionDir, '{folder}/session');
1;
"""
CONTENTS = """
use utf8;
@Queues = ({{ Name => 'Projekt' }}, {{ Name => 'Support' }});
@Users = (
    {{ Name => '{user}', RealName => 'Flöde', Password => '{password}', Privileged => 1 }},
    {{ Name => '{agent}', RealName => 'Stig Falk', Password => '{agents_password}', Privileged => 1 }},
    {{ Name => 'sigrid.ek@ekvik.example', EmailAddress => 'sigrid.ek@ekvik.example', RealName => 'Sigrid Ek',
       Organization => 'Samhällsbyggnad', Privileged => 0 }},
);
@ACL = (
    (map {{ {{ UserId => '{user}', Queue => 'Projekt', Right => $_ }} }} qw({rights})),
    (map {{ {{ UserId => '{user}', Queue => 'Support', Right => $_ }} }} qw(SeeQueue ShowTicket)),
    {{ UserId => '{agent}', Right => 'SuperUser' }},
);
@Scrips = ({{
    Description => 'Flöde', Queue => 0, ScripCondition => 'On Transaction', ScripAction => 'User Defined',
    Template => 'Blank', Stage => 'TransactionCreate', CustomPrepareCode => 'return 1;',
    CustomCommitCode => <<'END_OF_THE_SCRIP',
{scrip}
END_OF_THE_SCRIP
}});
1;
"""


@dataclass(frozen=True, slots=True)
class RequestTracker:
    """A server that runs, and the Service Desk's agent who works in it."""

    url: str
    log: Path
    agent: httpx.AsyncClient

    async def create(self, **fields: str) -> int:
        """The agent creates a ticket for Sigrid Ek; its number."""
        given = {"Queue": "Projekt", "Requestor": "sigrid.ek@ekvik.example", "ContentType": "text/html", **fields}
        answer = await self.agent.post("/ticket", json=given)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def change(self, number: int, **fields: object) -> None:
        """The agent changes a ticket."""
        answer = await self.agent.put(f"/ticket/{number}", json=fields)
        assert answer.status_code == 200, answer.text

    async def status(self, number: int) -> str:
        """What state a ticket is in."""
        return str((await self.agent.get(f"/ticket/{number}")).json()["Status"])

    async def history(self, number: int, kind: str) -> list[dict[str, Any]]:
        """What of one kind happened to a ticket: "Correspond", "Comment", "Status"."""
        asked = {"fields": "Type,Creator,NewValue", "per_page": "100"}
        items = (await self.agent.get(f"/ticket/{number}/history", params=asked)).json()["items"]
        return [item for item in items if item["Type"] == kind]

    async def messages(self, number: int, kind: str, *, of: str) -> list[str]:
        """What somebody wrote into a ticket, message for message, without the mails that were sent of it."""
        found = []
        for item in await self.history(number, kind):
            if item["Creator"]["id"] == of:
                asked = {"fields": "Content", "per_page": "100"}
                answer = await self.agent.get(f"/transaction/{item['id']}/attachments", params=asked)
                found.append("".join(one.get("Content") or "" for one in answer.json()["items"]))
        return found

    async def texts(self, number: int) -> list[str]:
        """All that was written in a ticket."""
        asked = {"fields": "Content", "per_page": "100"}
        items = (await self.agent.get(f"/ticket/{number}/attachments", params=asked)).json()["items"]
        return [item.get("Content") or "" for item in items]


def prepare(folder: Path) -> Path:
    """A new database, in which our scrip stands as it is pasted. Takes a dozen seconds."""
    assert SERVER.exists(), INSTALL
    scrip = next(step.paste for step in system.steps if "hmac_sha256" in step.paste)
    contents = CONTENTS.format(
        user=USER, password=PASSWORD, agent=AGENT, agents_password=AGENTS_PASSWORD,
        rights=RIGHTS.replace(",", ""), scrip=scrip,
    )  # fmt: skip
    environment, data = _settings(folder, port=80), folder / "contents"
    data.write_text(contents)
    for arguments in (["init"], ["insert", "--datafile", str(data)]):
        command = [SETUP, "--skip-create", "--action", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=OLDEST_SECONDS, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return folder / DATABASE


def _settings(folder: Path, *, port: int) -> dict[str, str]:
    """Write the settings of an installation in this folder; the environment in which they are read, and no others."""
    settings, more = folder / "RT_SiteConfig.pm", folder / "RT_SiteConfig.d"
    for name in (more.name, "mason", "session"):
        (folder / name).mkdir()
    settings.write_text(SETTINGS.format(port=port, folder=folder, database=DATABASE))
    return {**os.environ, "RT_SITE_CONFIG": str(settings), "RT_SITE_CONFIG_DIR": str(more)}


@asynccontextmanager
async def request_tracker(
    folder: Path, port: int, database: Path, *, hook: str, secret: str
) -> AsyncIterator[RequestTracker]:
    """A server with a copy of a database, whose scrip tells `hook`; gone at the end of the block."""
    environment = _settings(folder, port=port)
    shutil.copy(database, folder / DATABASE)
    _fill_in(folder / DATABASE, {"{url}": hook, "{secret}": secret})
    command = [str(SERVER), "--host", "127.0.0.1", "--port", str(port), "--max-workers", "3"]
    with (folder / "server.out").open("wb") as out:
        server = await asyncio.create_subprocess_exec(
            "timeout", "--kill-after=5", str(OLDEST_SECONDS), *command, env=environment, stdout=out, stderr=out
        )
    url, who = f"http://127.0.0.1:{port}", basic(AGENT, AGENTS_PASSWORD)
    try:
        async with httpx.AsyncClient(base_url=f"{url}/REST/2.0", headers=who, timeout=30) as agent:
            await _ready(agent)
            yield RequestTracker(url, folder / "rt.log", agent)
    finally:
        with suppress(ProcessLookupError):
            server.terminate()
        await server.wait()


def _fill_in(database: Path, blanks: dict[str, str]) -> None:
    """Fill the blanks of our scrip in, as an administrator does before pasting it."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for blank, filled in blanks.items():
            change = "UPDATE Scrips SET CustomCommitCode = replace(CustomCommitCode, ?, ?)"
            connection.execute(change, (blank, filled))


async def _ready(agent: httpx.AsyncClient) -> None:
    until = asyncio.get_running_loop().time() + READY_SECONDS
    while asyncio.get_running_loop().time() < until:
        with suppress(httpx.TransportError):
            if (await agent.get("/rt")).status_code == 200:
                return
        await asyncio.sleep(0.2)
    raise AssertionError("Request Tracker does not answer")

"""People and connections in a whole installation: what an operator does on the pages is in the log and in force, with
governance killed in between and nothing started again.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html import unescape

import pytest

from embedded.people import People
from embedded.processes import free_port
from embedded.testing import temporary_folder
from tests.e2e.cast import CAST
from tests.e2e.deliveries import signed
from tests.e2e.installation import Installation, until

PEOPLE, CONNECTIONS = "/governance/settings/people", "/governance/settings/connections"
HOOK = "/intake/hooks/standard-webhooks/lindmala.nyadesken"


@pytest.fixture
def here() -> Iterator[Installation]:
    folder = temporary_folder("settings")
    installation = Installation(folder / "data", free_port())
    try:
        installation.up()
        yield installation
    finally:
        installation.command("down")
        installation.http.close()
    shutil.rmtree(folder)


def page(here: Installation, who: str, path: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", here.ask(who, "GET", path).text))


def send(here: Installation, path: str, fields: dict[str, str]) -> str:
    headers = {"Authorization": f"Bearer {here.tokens['operator']}", "Origin": here.url}
    answer = here.http.post(path, data=fields, headers=headers)
    assert answer.status_code in (200, 303), answer.text
    return answer.text


def test_people_and_desks_are_settled_from_the_pages(here: Installation) -> None:
    before = here.strike("governance")  # what happens to accounts meanwhile is told when it is there again
    here.people(["auditor", "pm"])
    here.back("governance", before)
    people = People(here.home.people)
    until(lambda: not people.untold(), what="everything was told")
    assert people.refused() == []
    told = until(lambda: found if "Maja Ek" in (found := page(here, "auditor", PEOPLE)) else None)
    assert CAST["operator"].name in told

    def history_of_the_pm() -> list[dict[str, str]] | None:
        rows = here.get("auditor", "/governance/api/settings/accounts")
        pm = next(row for row in rows if row["person"]["name"] == "Maja Ek")
        known: list[dict[str, str]] = pm["history"]
        return known if len(known) == 3 else None

    history = until(history_of_the_pm, what="all that happened to the PM's account")
    assert [each["what"] for each in history] == ["added", "link", "password"]
    assert history[0]["by_name"] == CAST["operator"].name

    shown = send(here, CONNECTIONS, {
        "municipality": "lindmala", "kind": "standard-webhooks", "system": "nyadesken", "flows": "Projekt",
        "timezone": "Europe/Stockholm", "poll_seconds:number": "300", "unheard_hours:number": "24",
        "reason": "Ny ärendehantering",
    })  # fmt: skip
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", shown)
    assert secret
    ticket = {
        "external_id": "1", "kind": "created", "flow": "projekt", "title": "Bokning av hallar",
        "description": "Föreningar bokar i tre kalendrar.", "opened_at": "2026-11-02T08:30:00+01:00",
        "requester": {"name": "Sigrid Almlöf", "email": "sigrid.almlof@lindmala.example"},
    }  # fmt: skip

    def delivered() -> int:
        body, proof = signed(ticket, secret[0], "msg_1")
        return here.http.post(HOOK, content=body, headers=proof).status_code

    until(lambda: delivered() in (200, 201), what="the new connection holds in intake")
    assert "nyadesken" in page(here, "operator", "/intake/connections")
    for path in (CONNECTIONS, f"{CONNECTIONS}/lindmala/nyadesken", "/intake/connections/lindmala/nyadesken"):
        assert secret[0] not in here.ask("operator", "GET", path).text
    send(here, f"{CONNECTIONS}/lindmala/nyadesken", {"action": "end", "reason": "Fel system"})
    until(lambda: delivered() == 401, what="what it delivers is refused")
    logs = "".join(file.read_text("utf-8", "replace") for file in here.home.logs.iterdir())
    assert "delivery.no-such-connection" in logs
    assert secret[0] not in logs

"""A project from an issue that Redmine is asked for, while our processes are killed at the worst of moments: nothing is
lost, and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from intake.domain.ticket import request_of
from tests.e2e.cast import HOST
from tests.peers.redmine.conftest import RealRedmine
from tests.peers.whole import Whole, whole

pytestmark = pytest.mark.peer

TITLE = "Räksmörgås Ærø Bodø"
TEXT = "Vi behöver en e-tjänst för <Ærø> & Bodø."
STATES = {"project": "In Progress", "completed": "Closed"}


@pytest.fixture
def us(redmine: RealRedmine) -> Iterator[Whole]:
    desk = {"flows": ["Projekt"], "states": STATES, "api": {"token": redmine.key}}
    with whole("redmine", redmine.url, ("pm",), **desk) as us:
        yield us


def opened(us: Whole, redmine: RealRedmine, title: str) -> tuple[int, UUID]:
    """Somebody opens an issue, of which nothing is known until the road is open again."""
    us.theirs.open = False
    number = redmine.opens(title, TEXT)
    return number, request_of(HOST, "redmine", str(number))


def history(redmine: RealRedmine, number: int) -> list[dict[str, Any]]:
    """All that was done in an issue, what only the Service Desk sees included."""
    entries: list[dict[str, Any]] = redmine.ask("GET", f"/issues/{number}.json?include=journals")["issue"]["journals"]
    return entries


async def test_an_issue_becomes_a_project_and_hears_of_it_whatever_is_killed_meanwhile(
    us: Whole, redmine: RealRedmine
) -> None:
    """IT-02, IT-03, P1, P3, P9"""
    # Dead when Redmine has shown the issue; then dead again when the first note stands there.
    number, request = opened(us, redmine, TITLE)
    path = f"/issues/{number}.json"
    intake_back = us.dies("intake", us.theirs, "GET", path)
    sender_back = us.dies("notifications", us.theirs, "PUT", path, b'"notes"')
    us.theirs.open = True
    await us.recovered(intake_back, "intake")
    row = us.request(request, what="the issue that was asked for")
    assert (row["title"], row["requester_email"]) == (TITLE, "sigrid.ek@ekvik.example")
    await us.recovered(sender_back, "notifications")
    us.written(request, "request-received")

    # The power fails when the state is set, between the note and our knowing of it.
    power_back = us.loses_power(us.theirs, "PUT", path, b'"status_id"')
    us.judge(request)
    await us.recovered(power_back, "notifications")
    us.written(request, "request-received", "request-is-project", "directive-awaited")
    issue = redmine.ask("GET", path)["issue"]
    assert (issue["status"]["name"], issue["subject"]) == ("In Progress", TITLE)

    # Changed while nobody is there, and while everybody is.
    struck = us.here.strike("intake")
    redmine.ask("PUT", path, {"issue": {"subject": f"{TITLE}, ändrad"}})
    us.here.back("intake", struck)
    await us.a_minute_later("intake")
    row = us.request(request, lambda row: row["title"] != TITLE, what="the change")
    assert (row["title"], row["judgement"]["title"], row["state"]) == (f"{TITLE}, ändrad", TITLE, "project")
    redmine.ask("PUT", path, {"issue": {"subject": "Till sist"}})
    us.request(request, lambda row: row["title"] == "Till sist", what="the second change")

    # Each exactly once, here and there.
    entries = history(redmine, number)
    texts = [entry["notes"] or "" for entry in entries]
    notes = await us.notes(request)
    templates = ("request-received", "request-is-project", "directive-awaited")
    assert {name: sum(mark in text for text in texts) for mark, name in notes.items()} == dict.fromkeys(templates, 1)
    assert sum(str(request) in text for text in texts) == 1, "the reference"
    assert len([text for text in texts if text]) == len(templates) + 1
    states = [one for entry in entries for one in entry["details"] if one["name"] == "status_id"]
    assert [one["new_value"] for one in states] == ["2"]
    facts = ["request-registered", "classified-as-project", "request-changed", "request-changed"]
    assert await us.facts("intake", request) == facts
    outcomes = await us.outcomes(request)
    assert outcomes.count("registered") == 1
    assert set(outcomes) <= {"registered", "changed", "unchanged", "stale"}
    assert us.theirs.deaths == []

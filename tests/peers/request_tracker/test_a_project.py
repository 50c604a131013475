"""A project from a ticket in Request Tracker to its end, told there, while our processes are killed at the worst of
moments: nothing is lost, and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from embedded.processes import free_port
from intake.domain.ticket import request_of
from tests.e2e.cast import HOST
from tests.peers import course
from tests.peers.request_tracker.installed import PASSWORD, USER, RequestTracker, request_tracker
from tests.peers.whole import REQUESTER, SECRET, Whole, whole

pytestmark = pytest.mark.peer

KIND = "request-tracker"
TITLE = "Räksmörgås Ærø Bodø"
HTML = "<p>Vi behöver en e-tjänst för <b>bygglov</b> på Ærø &amp; Bodø.</p>"
STATES = {"project": "stalled", "started": "open", "completed": "resolved"}


@dataclass
class Both:
    """The product and Request Tracker, each as they are."""

    us: Whole
    rt: RequestTracker

    async def create(self, title: str) -> tuple[int, UUID]:
        """The agent creates a ticket; its number, and its request here."""
        number = await self.rt.create(Subject=title, Content=HTML, Requestor=REQUESTER)
        return number, request_of(HOST, KIND, str(number))


@pytest.fixture
async def both(database: Path, tmp_path: Path) -> AsyncIterator[Both]:
    port = free_port()
    desk = {"flows": ["Projekt"], "states": STATES, "api": {"user": USER, "token": PASSWORD}}
    with whole(KIND, f"http://127.0.0.1:{port}", course.PEOPLE, **desk) as us:
        async with request_tracker(tmp_path, port, database, hook=us.hook, secret=SECRET) as rt:
            yield Both(us, rt)


async def test_a_ticket_becomes_a_project_and_hears_of_it_whatever_is_killed_meanwhile(both: Both) -> None:
    """IT-02, IT-03, P1, P3, P9"""
    us, rt, here = both.us, both.rt, both.us.here

    # Written down, and dead before Request Tracker is told; then dead again when the first answer stands in the ticket.
    intake_back = us.dies("intake", us.ours, "POST", "/intake/hooks/")
    sender_back = us.dies("notifications", us.theirs, "POST", "/correspond")
    number, request = await both.create(TITLE)
    intake_back()
    row = us.request(request, what="the ticket whose delivery was not answered")
    assert (row["title"], row["ticket"]["number"]) == (TITLE, str(number))
    assert us.ours.lost >= 1
    await us.recovered(sender_back, "notifications")
    us.written(request, "request-received")

    # Dead when the state is set, which is between the comment and its note.
    sender_back = us.dies("notifications", us.theirs, "PUT", f"/ticket/{number}")
    us.judge(request)
    await us.recovered(sender_back, "notifications")
    us.written(request, "request-received", "request-is-project", "directive-awaited")
    assert await rt.status(number) == "stalled"

    # Nobody is there: a ticket is created and another is changed, of which the scrip cannot tell.
    us.ours.open, struck = False, here.strike("intake")
    other, others = await both.create("Samma sak")
    await rt.change(number, Subject=f"{TITLE}, ändrad")
    assert await us.outcomes(others) == []
    us.ours.open = True
    here.back("intake", struck)
    await us.a_minute_later("intake")
    row = us.request(request, lambda row: row["title"] != TITLE, what="the change that nobody told of")
    assert (row["title"], row["judgement"]["title"], row["state"]) == (f"{TITLE}, ändrad", TITLE, "project")
    us.request(others, what="the ticket that nobody told of")
    us.written(others, "request-received")

    # The project takes its course. When it is assigned the power fails, with the answer in the ticket and not noted.
    course.the_directive_is_agreed(here, request)
    course.it_is_ranked(here, request)
    before = [
        "request-received",
        "request-is-project",
        "directive-awaited",
        "directive-approved",
        "project-prioritised",
    ]
    us.written(request, *before)
    power_back = us.loses_power(us.theirs, "POST", "/correspond")
    course.it_is_assigned(here, request)
    await us.recovered(power_back, "notifications")
    us.written(request, *before, "project-assigned")
    course.the_work_begins(here, request)
    us.written(request, *before, "project-assigned", "work-started")
    assert await rt.status(number) == "open"

    # Merged and changed while everything listens.
    await rt.change(other, MergeInto=number)
    row = us.request(others, lambda row: row["state"] == "merged", what="the merge")
    assert row["merged_into"] == str(request)
    await rt.change(number, Subject="Till sist")
    us.request(request, lambda row: row["title"] == "Till sist", what="the change")
    course.it_is_completed(here, request)
    us.written(request, *before, "project-assigned", "work-started", "project-completed")

    # Each exactly once, here and there.
    answers = await rt.messages(number, "Correspond", of=USER)
    notes, others_notes = await us.notes(request), await us.notes(others)
    assert sorted(notes.values()) == sorted([*before, "project-assigned", "work-started", "project-completed"])
    marks = [*notes, *others_notes]
    assert {mark: sum(mark in text for text in answers) for mark in marks} == dict.fromkeys(marks, 1)
    assert len(answers) == len(marks), "those of the ticket that is part of it now included"
    references = await rt.messages(number, "Comment", of=USER)
    assert sorted(text.split("\n")[0].strip() for text in references) == sorted(map(str, (request, others)))
    states = [one["NewValue"] for one in await rt.history(number, "Status") if one["Creator"]["id"] == USER]
    assert states == ["stalled", "open", "resolved"]
    assert await us.facts("intake", request) == [
        "request-registered", "classified-as-project", "request-changed", "request-changed",
    ]  # fmt: skip
    assert await us.facts("intake", others) == ["request-registered", "request-merged"]
    for one in (request, others):
        assert (await us.outcomes(one)).count("registered") == 1
        assert not {"parked", "refused", "held"} & set(await us.outcomes(one))
    assert us.ours.deaths == us.theirs.deaths == []

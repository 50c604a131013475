"""The inbox and what is known of each request, folded from facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from chassis.views.row import columns_of
from contracts.envelope import Envelope
from contracts.intake import (
    SOURCE,
    ClassificationWithdrawn,
    ClassifiedAsChange,
    ClassifiedAsProject,
    IntakeFact,
    RequestChanged,
    RequestMerged,
    RequestRegistered,
    RequestReopened,
    RequestWithdrawn,
)
from intake.views import inbox, requests
from intake.views.inbox import InboxRow
from intake.views.requests import RequestRow

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def events(facts: Sequence[IntakeFact]) -> list[Envelope[IntakeFact]]:
    """Facts of one request, an hour between each."""
    return [
        Envelope(
            id=uuid5(facts[0].request_id, str(version)),
            source=SOURCE,
            subject=fact.request_id,
            version=version,
            time=MORNING + timedelta(hours=version),
            municipality="ekvik",
            actor="pm/5b5f3f0e-0f7e-4b8a-9a51-2c1f7f1d0a11",
            actor_name="sealed:v1:5b5f3f0e-0f7e-4b8a-9a51-2c1f7f1d0a11:cG0",
            correlation="c",
            data=fact,
            sequence=version,
        )
        for version, fact in enumerate(facts, start=1)
    ]


def in_the_inbox(*facts: IntakeFact) -> InboxRow:
    row: InboxRow | None = None
    for event in events(facts):
        row = inbox.evolve(row, event)
    assert row is not None
    return row


def known(*facts: IntakeFact) -> RequestRow:
    row: RequestRow | None = None
    for event in events(facts):
        row = requests.evolve(row, event)
    assert row is not None
    return row


def changed(request_id: UUID, title: str, **more: Any) -> RequestChanged:
    return RequestChanged(request_id=request_id, title=title, changed_at=MORNING, **more)


def test_a_registered_request_waits_in_the_inbox_with_its_ticket(registered: RequestRegistered) -> None:
    """IT-03, IT-05"""
    row = in_the_inbox(registered)
    assert (row.waits, row.number, row.title, row.municipality) == (True, "10081", registered.title, "ekvik")
    assert row.opened_at == registered.opened_at


def test_what_is_judged_withdrawn_or_merged_waits_no_more(
    registered: RequestRegistered,
    judged_a_project: ClassifiedAsProject,
    judged_a_change: ClassifiedAsChange,
    closed: RequestWithdrawn,
    merged: RequestMerged,
) -> None:
    """IT-06"""
    for fact in (judged_a_project, judged_a_change, closed, merged):
        assert not in_the_inbox(registered, fact).waits


def test_a_judgement_taken_back_or_a_reopened_ticket_waits_again(
    registered: RequestRegistered,
    judged_a_project: ClassifiedAsProject,
    judgement_taken_back: ClassificationWithdrawn,
    closed: RequestWithdrawn,
    reopened: RequestReopened,
) -> None:
    assert in_the_inbox(registered, judged_a_project, judgement_taken_back).waits
    assert in_the_inbox(registered, closed, reopened).waits


def test_the_inbox_shows_the_text_as_it_is_now(registered: RequestRegistered) -> None:
    row = in_the_inbox(registered, changed(registered.request_id, "Ny rubrik", priority=1))
    assert (row.title, row.priority, row.waits) == ("Ny rubrik", 1, True)


def test_a_judgement_says_who_when_why_and_by_what_criteria(
    registered: RequestRegistered, judged_a_project: ClassifiedAsProject
) -> None:
    """IT-05, IT-06"""
    row = known(registered, judged_a_project)
    assert row.state == "project"
    assert row.judgement is not None
    assert row.judgement.by.startswith("pm/")
    assert row.judgement.at == MORNING + timedelta(hours=2)
    assert row.judgement.reason == judged_a_project.reason
    assert [(one.key, one.met, one.note) for one in row.judgement.criteria] == [
        ("hours", True, "about 300"),
        ("units", False, ""),
    ]


def test_the_text_that_was_judged_stays_while_the_ticket_changes(
    registered: RequestRegistered, judged_a_project: ClassifiedAsProject
) -> None:
    """IT-06: nothing is judged anew by itself; the PM sees the difference."""
    assert not known(registered, judged_a_project).differs_from_what_was_judged
    row = known(registered, judged_a_project, changed(registered.request_id, "Något mycket större"))
    assert row.judgement is not None
    assert (row.judgement.title, row.title) == (registered.title, "Något mycket större")
    assert row.judgement.description == registered.description
    assert row.description is None
    assert row.differs_from_what_was_judged
    assert (row.state, row.edits, row.version) == ("project", 1, 3)


def test_the_ticket_stays_through_everything(
    registered: RequestRegistered,
    closed: RequestWithdrawn,
    reopened: RequestReopened,
    judged_a_change: ClassifiedAsChange,
) -> None:
    """IT-03"""
    row = known(registered, closed, reopened, judged_a_change)
    assert (row.state, row.withdrawn, row.ticket.number) == ("change", None, "10081")


def test_a_withdrawn_request_says_why(registered: RequestRegistered, left_the_flow: RequestWithdrawn) -> None:
    row = known(registered, left_the_flow)
    assert (row.state, row.withdrawn) == ("withdrawn", "left_flow")


def test_a_merged_request_names_the_one_that_survives(registered: RequestRegistered, merged: RequestMerged) -> None:
    row = known(registered, merged)
    assert row.state == "merged"
    assert row.merged_into == merged.into
    assert row.merged_into_ticket is not None
    assert row.merged_into_ticket.shown == "10077"


def test_a_judgement_taken_back_leaves_no_judgement(
    registered: RequestRegistered, judged_a_project: ClassifiedAsProject, judgement_taken_back: ClassificationWithdrawn
) -> None:
    row = known(registered, judged_a_project, judgement_taken_back)
    assert (row.state, row.judgement) == ("waiting", None)


def test_rows_survive_the_way_through_the_table(
    registered: RequestRegistered, judged_a_project: ClassifiedAsProject, merged: RequestMerged
) -> None:
    import msgspec

    for row in (known(registered, judged_a_project, merged), in_the_inbox(registered)):
        decoder = msgspec.json.Decoder(type(row))
        assert decoder.decode(msgspec.json.encode(row)) == row
        assert columns_of(type(row))[0].name == "request_id"

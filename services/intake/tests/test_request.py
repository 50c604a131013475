"""What a report of the source comes to, given what happened before. Cases are numbered as in the intake rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from uuid import UUID, uuid5

import pytest

from contracts.intake import (
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
from contracts.personal import token
from contracts.values import Attachment
from intake.domain.request import (
    AlreadyRegistered,
    MergedInACircle,
    NoNumber,
    Request,
    evolve,
    follow,
    register,
    wrong_with_a_reference,
)
from intake.domain.ticket import PHONE, Known, Report, Survivor, command_of, is_project_flow, request_of

Say = Callable[..., Report]
PERSON = UUID("5b5f3f0e-0f7e-4b8a-9a51-2c1f7f1d0a11")


def given(*facts: IntakeFact) -> Request | None:
    return reduce(evolve, facts, None)


def kinds(facts: object) -> list[type]:
    return [type(fact) for fact in facts]  # type: ignore[attr-defined]  # any facts, in order


def test_a_ticket_of_the_project_flow_becomes_a_request_with_its_reference(
    request_id: UUID, report: Say, registered: RequestRegistered
) -> None:
    """IT-03, IT-04: the reference stays with the request, and is never changed by a later fact."""
    assert follow(request_id, None, report()) == (registered,)
    later = given(registered, RequestChanged(request_id=request_id, title="Ny", changed_at=registered.opened_at))
    assert later is not None
    assert later.ticket == registered.ticket


@pytest.mark.parametrize("kind", ["created", "changed", "moved", "reopened"])
@pytest.mark.parametrize("in_flow", [False, None])
def test_a_ticket_of_another_flow_is_not_for_us(request_id: UUID, report: Say, kind: str, in_flow: bool | None) -> None:
    """IT-04: the flow "projekt" is what hands a ticket over to the PM."""
    assert follow(request_id, None, report(kind, in_flow=in_flow)) == ()


def test_a_flow_is_known_whatever_its_capitals() -> None:
    """IT-04"""
    assert is_project_flow(" Projekt ", frozenset({"projekt"}))
    assert not is_project_flow("incident", frozenset({"projekt"}))


def test_a_ticket_delivered_again_gives_nothing(request_id: UUID, report: Say, registered: RequestRegistered) -> None:
    assert follow(request_id, given(registered), report()) == ()


def test_a_ticket_of_a_system_has_its_number_there_and_only_one_by_phone_has_none() -> None:
    """IT-03"""
    (refusal,) = wrong_with_a_reference("zammad", None)
    assert (type(refusal), refusal.field, refusal.params) == (NoNumber, "ticket.number", {"system": "zammad"})
    assert [*wrong_with_a_reference("zammad", "10099"), *wrong_with_a_reference(PHONE, None)] == []


def test_an_update_that_overtakes_its_ticket_makes_the_request(request_id: UUID, report: Say) -> None:
    assert kinds(follow(request_id, None, report("changed"))) == [RequestRegistered]


@pytest.mark.parametrize("kind", ["closed", "withdrawn", "deleted", "merged"])
def test_the_end_of_a_ticket_nobody_handed_over_is_no_fact(
    request_id: UUID, report: Say, kind: str, survivor: Survivor
) -> None:
    assert follow(request_id, None, report(kind, into=survivor)) == ()


def test_an_edit_at_the_source_is_a_fact_of_its_own(
    request_id: UUID, report: Say, registered: RequestRegistered
) -> None:
    facts = follow(request_id, given(registered), report("changed", title="E-tjänst för bygglov och marklov"))
    assert facts == (
        RequestChanged(
            request_id=request_id,
            title="E-tjänst för bygglov och marklov",
            description=registered.description,
            priority=3,
            changed_at=registered.opened_at,
        ),
    )


def test_an_edit_after_the_judgement_is_a_fact_and_judges_nothing_anew(
    request_id: UUID, report: Say, registered: RequestRegistered, judged_a_project: ClassifiedAsProject
) -> None:
    """IT-06: only the PM's explicit act changes a judgement."""
    before = given(registered, judged_a_project)
    facts = follow(request_id, before, report("changed", title="Något mycket större"))
    assert kinds(facts) == [RequestChanged]
    after = reduce(evolve, facts, before)
    assert after is not None
    assert after.judged == "project"


def a_file(name: str) -> Attachment:
    key = uuid5(PERSON, name)
    return Attachment(key=key, name=token(PERSON, name), reference=token(PERSON, f"ref-{name}"), size=12)


def test_a_file_that_is_hung_on_the_ticket_or_taken_off_is_a_change(
    request_id: UUID, report: Say, registered: RequestRegistered
) -> None:
    files = (a_file("skiss"), a_file("karta"))
    (hung,) = follow(request_id, given(registered), report("changed", attachments=files))
    assert isinstance(hung, RequestChanged)
    assert hung.attachments == files
    known = given(registered, hung)
    assert follow(request_id, known, report("changed", attachments=files[::-1])) == ()
    (taken_off,) = follow(request_id, known, report("changed", attachments=files[:1]))
    assert isinstance(taken_off, RequestChanged)
    assert taken_off.attachments == files[:1]


def test_a_ticket_that_is_called_otherwise_after_a_move_is_still_the_same_request(
    request_id: UUID, report: Say, registered: RequestRegistered
) -> None:
    """IT-03: the id stays for ever, and what people call the ticket is as it is now."""
    moved = replace(registered.ticket, number="SUP-7", url="https://desk.ekvik.example/browse/SUP-7")
    (called,) = follow(request_id, given(registered), report("changed", ticket=moved))
    assert isinstance(called, RequestChanged)
    assert called.ticket == moved
    known = given(registered, called)
    assert known is not None
    assert known.ticket == moved
    assert follow(request_id, known, report("changed", ticket=moved)) == ()
    bare = replace(registered.ticket, number=None)
    assert follow(request_id, known, report("changed", ticket=bare)) == ()


def test_an_older_snapshot_never_overwrites_a_newer_one(
    request_id: UUID, report: Say, registered: RequestRegistered
) -> None:
    old = report("changed", title="Äldre rubrik", revision=4, at=registered.opened_at)
    assert follow(request_id, given(registered), old, Known(revision=5)) == ()
    assert follow(request_id, given(registered), old, Known(at=registered.opened_at + timedelta(seconds=1))) == ()
    assert follow(request_id, None, old, Known(revision=5)) == ()


def test_the_sources_count_is_asked_before_its_clock(
    request_id: UUID, report: Say, registered: RequestRegistered
) -> None:
    newer = report("changed", title="Nyare rubrik", revision=6, at=registered.opened_at - timedelta(hours=1))
    known = Known(revision=5, at=registered.opened_at)
    assert kinds(follow(request_id, given(registered), newer, known)) == [RequestChanged]


def test_of_two_reports_in_one_second_the_later_to_arrive_is_right(
    request_id: UUID, report: Say, registered: RequestRegistered
) -> None:
    again = report("changed", title="Rättad rubrik", at=registered.opened_at)
    assert kinds(follow(request_id, given(registered), again, Known(at=registered.opened_at))) == [RequestChanged]


def test_a_report_that_lay_parked_does_not_overwrite_what_was_followed_meanwhile(
    request_id: UUID, report: Say, registered: RequestRegistered
) -> None:
    later = registered.opened_at + timedelta(hours=1)
    parked = report("changed", title="Äldre rubrik", late_since=registered.opened_at)
    assert follow(request_id, given(registered), parked, Known(received=later)) == ()
    fresh = report("changed", title="Ny rubrik")
    assert kinds(follow(request_id, given(registered), fresh, Known(received=later))) == [RequestChanged]


def test_a_deletion_wins_over_whatever_arrives_after_it(
    request_id: UUID, report: Say, registered: RequestRegistered, deleted: RequestWithdrawn
) -> None:
    late = report("created", revision=9)
    assert follow(request_id, None, late, Known(deleted=True)) == ()
    assert follow(request_id, given(registered, deleted), replace(late, kind="reopened"), Known(deleted=True)) == ()


def test_a_deletion_is_followed_even_when_it_looks_old(
    request_id: UUID, report: Say, registered: RequestRegistered
) -> None:
    facts = follow(request_id, given(registered), report("deleted", revision=1), Known(revision=5))
    assert facts == (RequestWithdrawn(request_id=request_id, reason="deleted"),)


@pytest.mark.parametrize("kind", ["closed", "withdrawn", "deleted"])
def test_a_ticket_that_ends_at_its_source_withdraws_a_waiting_request(
    request_id: UUID, report: Say, registered: RequestRegistered, kind: str
) -> None:
    facts = follow(request_id, given(registered), report(kind, note="Löst på annat sätt"))
    assert facts == (RequestWithdrawn(request_id=request_id, reason=kind, note="Löst på annat sätt"),)  # type: ignore[arg-type]  # the kinds are reasons
    assert follow(request_id, reduce(evolve, facts, given(registered)), report(kind)) == ()


def test_a_ticket_closed_because_it_became_a_project_leaves_the_project_alone(
    request_id: UUID, report: Say, registered: RequestRegistered, judged_a_project: ClassifiedAsProject
) -> None:
    project = given(registered, judged_a_project)
    assert follow(request_id, project, report("closed")) == ()
    assert follow(request_id, project, report("reopened")) == ()
    assert kinds(follow(request_id, project, report("withdrawn"))) == [RequestWithdrawn]


def test_a_ticket_moved_out_of_the_flow_is_withdrawn_and_moved_back_is_reopened(
    request_id: UUID, report: Say, registered: RequestRegistered
) -> None:
    """IT-04"""
    gone = follow(request_id, given(registered), report("moved", in_flow=False))
    assert gone == (RequestWithdrawn(request_id=request_id, reason="left_flow"),)
    outside = reduce(evolve, gone, given(registered))
    assert follow(request_id, outside, report("changed", in_flow=False)) == ()
    assert kinds(follow(request_id, outside, report("moved"))) == [RequestReopened]


def test_a_reopened_ticket_waits_for_the_pm_again_with_its_new_text(
    request_id: UUID, report: Say, registered: RequestRegistered, closed: RequestWithdrawn
) -> None:
    facts = follow(request_id, given(registered, closed), report("reopened", title="Nu med pengar"))
    assert kinds(facts) == [RequestReopened, RequestChanged]
    back = reduce(evolve, facts, given(registered, closed))
    assert back is not None
    assert back.waits


def test_only_a_reopening_brings_a_closed_ticket_back(
    request_id: UUID, report: Say, registered: RequestRegistered, closed: RequestWithdrawn
) -> None:
    assert follow(request_id, given(registered, closed), report("changed")) == ()


def test_a_change_sent_back_is_followed_no_more_until_it_is_reopened(
    request_id: UUID, report: Say, registered: RequestRegistered, judged_a_change: ClassifiedAsChange
) -> None:
    """IT-06: a change goes back to the Service Desk and ends here."""
    change = given(registered, judged_a_change)
    for kind in ("changed", "closed", "withdrawn", "deleted"):
        assert follow(request_id, change, report(kind, title="Ny rubrik")) == ()
    assert follow(request_id, change, report("moved", in_flow=False)) == ()
    reopened = follow(request_id, change, report("reopened"))
    assert kinds(reopened) == [RequestReopened]
    again = reduce(evolve, reopened, change)
    assert again is not None
    assert again.waits


def test_a_merged_ticket_leads_to_the_surviving_request(
    request_id: UUID, report: Say, registered: RequestRegistered, merged: RequestMerged, survivor: Survivor
) -> None:
    assert follow(request_id, given(registered), report("merged", into=survivor)) == (merged,)
    gone = given(registered, merged)
    assert follow(request_id, gone, report("merged", into=survivor)) == ()
    assert follow(request_id, gone, report("changed", title="Ny rubrik")) == ()
    assert follow(request_id, gone, report("deleted")) == ()
    assert kinds(follow(request_id, gone, report("reopened"))) == [RequestReopened]


def test_a_ticket_that_left_the_flow_and_was_merged_then_comes_back_only_when_it_is_reopened(
    request_id: UUID, report: Say, registered: RequestRegistered, merged: RequestMerged, survivor: Survivor
) -> None:
    """IT-03, IT-04: in the flow again, its text concerns the surviving request; the request itself ended by merging."""
    left = RequestWithdrawn(request_id=request_id, reason="left_flow")
    assert follow(request_id, given(registered, left), report("merged", into=survivor)) == (merged,)
    gone = given(registered, left, merged)
    for kind in ("created", "changed", "moved"):
        assert follow(request_id, gone, report(kind, title="Ny rubrik", in_flow=True)) == ()
    reopened = follow(request_id, gone, report("reopened"))
    assert kinds(reopened) == [RequestReopened]
    again = reduce(evolve, reopened, gone)
    assert again is not None
    assert again.waits


def test_tickets_merged_into_each_other_are_a_question_for_a_person(
    request_id: UUID, report: Say, registered: RequestRegistered, survivor: Survivor
) -> None:
    circle = replace(survivor, leads_to=(request_id,))
    with pytest.raises(MergedInACircle, match="10081 was merged into 10077"):
        follow(request_id, given(registered), report("merged", into=circle))
    itself = Survivor(ticket=registered.ticket, request_id=request_id)
    with pytest.raises(MergedInACircle):
        follow(request_id, given(registered), report("merged", into=itself))


def test_a_ticket_typed_in_twice_is_refused_with_its_number(
    request_id: UUID, report: Say, registered: RequestRegistered
) -> None:
    """IT-03"""
    with pytest.raises(AlreadyRegistered, match="Ticket 10081 is already registered"):
        register(request_id, given(registered), report())


def test_identity_follows_from_the_ticket_and_the_command_from_the_delivery() -> None:
    """P3, and tenants never share a request: the municipality is in the name (P11)."""
    assert request_of("ekvik", "zammad", "81") == request_of("ekvik", "zammad", "81")
    assert request_of("ekvik", "zammad", "81") != request_of("nordvik", "zammad", "81")
    assert command_of("ekvik", "zammad", "d1", "aa") == command_of("ekvik", "zammad", "d1", "aa")
    assert command_of("ekvik", "zammad", "d1", "aa") != command_of("ekvik", "zammad", "d1", "bb")


def test_a_judgement_taken_back_leaves_the_request_waiting(
    registered: RequestRegistered,
    judged_a_project: ClassifiedAsProject,
    judgement_taken_back: ClassificationWithdrawn,
) -> None:
    request = given(registered, judged_a_project, judgement_taken_back)
    assert request is not None
    assert request.waits

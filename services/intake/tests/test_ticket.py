"""The generic ticket: what any system may send, and what is said to one that sends something else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts.refusal import Refusals
from intake.adapters.markup import is_html, plain
from intake.adapters.ticket import Ticket, read

CREATED = {"external_id": "81", "kind": "created", "flow": "projekt", "title": "E-tjänst för bygglov"}


def test_the_smallest_ticket_is_its_id_kind_flow_and_title() -> None:
    """IT-04"""
    ticket = read(CREATED)
    assert (ticket.external_id, ticket.kind, ticket.flow, ticket.title) == tuple(CREATED.values())


def test_a_flow_that_is_empty_is_one_and_not_missing() -> None:
    """IT-04"""
    assert read(CREATED | {"flow": " "}).flow == ""


def test_an_id_that_is_a_number_is_the_same_id_as_its_digits() -> None:
    assert read(CREATED | {"external_id": 81}).external_id == "81"


@pytest.mark.parametrize("envelope", ["changed", "ticket.changed", "se.ekvik.ticket.changed.v1"])
def test_kind_and_time_may_stand_in_the_envelope(envelope: str) -> None:
    bare = {name: value for name, value in CREATED.items() if name != "kind"}
    ticket = read(bare, envelope_type=envelope, envelope_time="2026-03-02T09:30:00+01:00")
    assert ticket.kind == "changed"
    assert ticket.updated_at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert read(CREATED, envelope_type=envelope, envelope_time="yesterday").kind == "created"


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ({}, {"external_id", "kind"}),
        (CREATED | {"title": " \x00"}, {"title"}),
        (CREATED | {"flow": None}, {"flow"}),
        (CREATED | {"kind": "exploded"}, {"kind"}),
        (CREATED | {"opened_at": "2026-03-02T09:30:00"}, {"opened_at"}),
        (CREATED | {"requester": {"email": "sigrid"}}, {"requester.name", "requester.email"}),
        (CREATED | {"url": "javascript:alert(1)"}, {"url"}),
        (CREATED | {"priority": 9}, {"priority"}),
        (CREATED | {"serves": ["Not a municipality"]}, {"serves.0"}),
        ({"external_id": "81", "kind": "merged"}, {"into"}),
        ([], {None}),
        ("ticket", {None}),
    ],
)
def test_what_cannot_be_read_is_told_field_by_field(content: object, fields: set[str | None]) -> None:
    with pytest.raises(Refusals) as refused:
        read(content)
    assert {refusal.field for refusal in refused.value.refusals} == fields


@pytest.mark.parametrize("content", [{"external_id": "81"}, CREATED | {"kind": "exploded"}])
def test_one_that_does_not_say_what_happened_is_told_the_words(content: dict[str, str]) -> None:
    with pytest.raises(Refusals) as refused:
        read(content, envelope_type="com.example.event")
    assert str(refused.value.refusals[0]).startswith("Say what happened to the ticket, in one of these words: created,")


def test_of_a_ticket_that_ends_its_id_is_enough() -> None:
    assert read({"external_id": "81", "kind": "deleted"}).title is None


def test_what_is_not_known_here_is_passed_over() -> None:
    assert isinstance(read(CREATED | {"colour": "blue"}), Ticket)


def test_a_description_is_text_whatever_it_was() -> None:
    html = read(CREATED | {"description": "<p>Hej <b>alla</b></p><script>alert(1)</script><img src=x onerror=y>"})
    assert html.plain_description == "Hej alla"
    text = read(CREATED | {"description": "om a < b och c > d\r\n\x07Räksmörgås"})
    assert text.plain_description == "om a < b och c > d\nRäksmörgås"
    kept = read(CREATED | {"description": "<b>fet</b>", "description_format": "text"})
    assert kept.plain_description == "<b>fet</b>"
    assert read(CREATED).plain_description is None
    assert read(CREATED | {"description": ""}).plain_description == ""


def test_lines_lists_and_links_survive_the_cleaning() -> None:
    html = (
        '<div>Vi vill:</div><ul><li>ett</li><li>två &amp; tre</li></ul><p>Se <a href="https://ekvik.example/a">här</a>'
        ' <a href="javascript:alert(1)">inte här</a><br>Hälsningar</p><style>p{}</style>'
    )
    assert plain(html) == "Vi vill:\n\n- ett\n- två & tre\n\nSe här (https://ekvik.example/a) inte här\nHälsningar"


def test_only_what_looks_like_html_is_taken_for_it() -> None:
    assert is_html("hej<br>då")
    assert not is_html("a < b, x<y>z, <sigrid@ekvik.example>")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1066-10-14T09:00:00Z"])
def test_a_moment_of_another_age_is_none_that_a_ticket_can_have(moment: str) -> None:
    """P13: at the ends of the calendar a moment does not exist in every zone."""
    with pytest.raises(Refusals) as refused:
        read({**CREATED, "updated_at": moment})
    assert [one.field for one in refused.value.refusals] == ["updated_at"]

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


def test_the_cells_of_a_table_stand_apart_in_a_line() -> None:
    table = "<table><thead><tr><th>Enhet</th><th>Antal</th></tr></thead><tr><td>Bygg</td><td>12</td></tr></table>"
    assert plain(table) == "Enhet | Antal\nBygg | 12"


def test_markup_is_kept_where_it_says_more_than_lines() -> None:
    html = read(CREATED | {"description": "<h2>Mål</h2><p>Vi <b>vill</b></p><table><tr><td>1</td></tr></table>"})
    assert html.html_description == (
        "<p><strong>Mål</strong></p><p>Vi <b>vill</b></p><table><tbody><tr><td>1</td></tr></tbody></table>"
    )
    assert read(CREATED | {"description": "<p>Vi vill</p><br>"}).html_description is None
    assert read(CREATED | {"description": "<b>fet</b>", "description_format": "text"}).html_description is None


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src='https://t.example/1.gif' onerror='alert(1)'>",
        "<a href='javascript:alert(1)'>här</a>",
        "<b style='background:url(https://t.example)' onclick='alert(1)' id='judge' class='skip'>fet</b>",
        "<form action='https://t.example'><input name='x'><button>Judge</button></form>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    ],
)
def test_markup_that_is_kept_fetches_nothing_runs_nothing_and_looks_like_no_part_of_the_page(evil: str) -> None:
    kept = read(CREATED | {"description": f"<b>Vi vill</b>{evil}", "description_format": "html"}).html_description
    assert kept is not None
    assert kept.startswith("<b>Vi vill</b>")
    bad = ("alert", "t.example", "<img", "<form", "<input", "<button", "style=", "class=", "id=", "<svg", "<iframe")
    assert not any(word in kept for word in bad)


def test_files_are_said_whole_or_not_at_all() -> None:
    assert read(CREATED).attachments is None
    one = {"name": " skiss\u00ad.pdf", "ref": "https://desk.ekvik.example/f/12"}
    (file,) = read(CREATED | {"attachments": [one]}).attachments or ()
    assert (file.name, file.type, file.size) == ("skiss.pdf", None, None)
    with pytest.raises(Refusals) as refused:
        read(CREATED | {"attachments": [one | {"size": -1, "type": "<b>"}]})
    assert {refusal.field for refusal in refused.value.refusals} == {"attachments.0.size", "attachments.0.type"}


def test_only_what_looks_like_html_is_taken_for_it() -> None:
    assert is_html("hej<br>då")
    assert not is_html("a < b, x<y>z, <sigrid@ekvik.example>")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1066-10-14T09:00:00Z"])
def test_a_moment_of_another_age_is_none_that_a_ticket_can_have(moment: str) -> None:
    """P13: at the ends of the calendar a moment does not exist in every zone."""
    with pytest.raises(Refusals) as refused:
        read({**CREATED, "updated_at": moment})
    assert [one.field for one in refused.value.refusals] == ["updated_at"]

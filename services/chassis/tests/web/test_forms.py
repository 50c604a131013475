"""Flat fields of a form become the value its command asks for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chassis.i18n.formats import Formats
from chassis.web import filled, nested
from contracts.refusal import Refusals
from contracts.values import Financing

SWEDEN = Formats("sv", "SE")


def test_dotted_names_become_rows_and_numbers_are_read_as_in_the_country() -> None:
    fields = [
        ("financing.lines.0.purpose", " Workshops "),
        ("financing.lines.0.hours:number", "500"),
        ("financing.lines.0.rate:number", "1 200,50"),
        ("financing.lines.1.purpose", ""),
        ("financing.lines.2.purpose", "Support\r\nand more"),
        ("serves:list", "almby"),
        ("serves:list", "birkelund"),
        ("agreed:flag", "1"),
    ]
    assert nested(fields, SWEDEN) == {
        "financing": {
            "lines": [
                {"purpose": "Workshops", "hours": Decimal(500), "rate": Decimal("1200.50")},
                {"purpose": "Support\nand more"},
            ]
        },
        "serves": ["almby", "birkelund"],
        "agreed": True,
    }


def test_a_form_becomes_a_value_of_the_contracts() -> None:
    fields = [
        ("lines.0.kind", "external_consultant"),
        ("lines.0.purpose", "Workshops"),
        ("lines.0.hours:number", "500"),
        ("lines.0.rate:number", "1 200"),
        ("spent_as_of", "2027-09-11"),
    ]
    assert filled(Financing, nested(fields, SWEDEN)).planned == 600_000


def test_what_was_typed_wrongly_is_told_beside_its_field() -> None:
    with pytest.raises(Refusals) as refused:
        filled(Financing, nested([("lines.0.hours:number", "many"), ("spent:number", "1.200")], SWEDEN))
    said = {each.field: str(each) for each in refused.value.refusals}
    assert said["lines.0.hours"] == "Write a number here."
    assert said["lines.0.kind"] == "This is needed."


@pytest.mark.parametrize(
    "fields",
    [
        [("a.b.c.d.e.f.g.h.i.j", "x")],
        [("rows.99999.x", "x")],
        [("rows.-1.x", "x")],
        [("__class__.__init__", "")],
        [("a", "1"), ("a.b", "2")],
        [("", "x"), (".", "x"), ("a..b", "x")],
    ],
)
def test_names_that_no_form_of_ours_has_do_no_harm(fields: list[tuple[str, str]]) -> None:
    assert nested(fields, SWEDEN) in ({}, {"a": "1"})

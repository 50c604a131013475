"""What people write in a form, as values."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest

from contracts.refusal import Refusal
from governance.domain import reading


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("600 000", "600000"),
        ("600\N{NO-BREAK SPACE}000 kr", "600000"),
        ("1 250,50", "1250.50"),
        ("1.250.000,50 kr.", "1250000.50"),
        ("1,250,000.5", "1250000.50"),
        ("1.200", "1200"),
        ("3 mkr", "3000000"),
        ("1,5 mio. kr.", "1500000"),
        ("250 tkr", "250000"),
        ("1200 SEK", "1200"),
        ("600 000 mkr", "600000"),  # a slip of the unit, see TY-13
        ("490:-", "490"),
    ],
)
def test_amounts_are_read_as_four_countries_write_them(written: str, value: str) -> None:
    """TY-13"""
    read = reading.amount(written, "cost.cap")
    assert read is not None
    assert read.value == Decimal(value)


@pytest.mark.parametrize(
    "written", ["much", "-5", "1.2.3", "12 euros", "1e9", "9 000 000 000 mkr", "9" * 30, ".", "1,2345"]
)
def test_what_is_no_amount_is_refused_with_what_was_written(written: str) -> None:
    with pytest.raises(reading.NoAmount) as refusal:
        reading.amount(written, "cost.cap")
    assert refusal.value.field == "cost.cap"
    assert written in str(refusal.value)


@pytest.mark.parametrize(
    ("written", "on", "precision"),
    [
        ("2013-12-31", date(2013, 12, 31), "day"),
        ("2013-12", date(2013, 12, 31), "month"),
        ("december 2013", date(2013, 12, 31), "month"),
        ("Desember  2013", date(2013, 12, 31), "month"),
        ("februari 2028", date(2028, 2, 29), "month"),
        ("maj 2027", date(2027, 5, 31), "month"),
    ],
)
def test_a_time_goal_is_a_day_or_a_month_and_a_month_lasts_to_its_end(written: str, on: date, precision: str) -> None:
    """TY-12"""
    read = reading.day_or_month(written, "results.0.due")
    assert read is not None
    assert (read.on, read.precision) == (on, precision)


@pytest.mark.parametrize("written", ["2013-13", "2013-02-30", "spring 2013", "2013", "20131231", "0000-01"])
def test_what_is_neither_day_nor_month_is_refused(written: str) -> None:
    """TY-12"""
    with pytest.raises(reading.NoDayOrMonth):
        reading.day_or_month(written, "results.0.due")


@pytest.mark.parametrize(("written", "told"), [("09:30", time(9, 30)), ("9.30", time(9, 30)), ("23:59", time(23, 59))])
def test_times_of_the_day_are_read_with_colon_or_point(written: str, told: time) -> None:
    assert reading.time_of_day(written, "time") == told


@pytest.mark.parametrize("written", ["", "noon", "24:00", "9", "9:5"])
def test_what_is_no_time_of_the_day_is_refused(written: str) -> None:
    with pytest.raises(reading.NoTime):
        reading.time_of_day(written, "time")


def test_numbers_days_and_requests_are_read_or_refused() -> None:
    assert reading.number("7,5", "h") == Decimal("7.5")
    assert reading.whole("14", "d") == 14
    assert reading.day(" 2026-03-02 ", "d") == date(2026, 3, 2)
    assert [read("", "field") for read in (reading.whole, reading.day, reading.request)] == [None, None, None]
    for read, written in [
        (reading.number, "x"),
        (reading.whole, "7,5"),
        (reading.day, "2/3 2026"),
        (reading.day, "2026-W10-1"),
        (reading.request, "project 7"),
    ]:
        with pytest.raises(Refusal):
            read(written, "field")

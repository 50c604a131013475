"""Where a poll goes on: a ticket may come twice, and none is passed over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from intake.adapters.places import OVERLAP, Place

NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_page_begins_with_the_last_second_of_the_one_before() -> None:
    place = Place.at(NINE.isoformat())
    assert place.after([NINE, NINE + SECOND, NINE + 2 * SECOND], full=True) == Place(NINE + 2 * SECOND)
    assert place.after([], full=False) == place


def test_a_second_that_fills_pages_is_read_on_with_an_overlap() -> None:
    place = Place(NINE).after([NINE] * 50, full=True)
    assert place == Place(NINE, 50 - OVERLAP)
    assert place.after([NINE] * 50, full=True) == Place(NINE, 2 * (50 - OVERLAP))


def test_a_page_that_is_not_full_goes_back_to_the_beginning_of_its_last_second() -> None:
    assert Place(NINE, 40).after([NINE] * 3, full=False) == Place(NINE)
    assert Place(NINE, 40).after([], full=False) == Place(NINE)


def test_a_cursor_says_the_place_in_whole_seconds_of_utc() -> None:
    assert Place.at("2026-03-01T10:00:00.750000+01:00") == Place(NINE)
    for place in (Place(NINE), Place(NINE, 40)):
        assert Place.at(str(place)) == place


def test_everyone_is_read_however_many_changed_in_one_second() -> None:
    changed = [NINE - SECOND] * 3 + [NINE] * 130 + [NINE + SECOND] * 4
    place, read = Place(NINE - SECOND), set[int]()
    for _ in range(9):
        later = [number for number, at in enumerate(changed) if at >= place.moment][place.offset :][:50]
        read |= set(later)
        if len(later) < 50:
            break
        place = place.after([changed[number] for number in later], full=True)
    assert read == set(range(len(changed)))

"""A reader takes each event once, in its place, however often and however early it comes."""

from __future__ import annotations

import pytest

from chassis.checkpoints import Checkpoint, Gap
from chassis.log import Record

INTAKE, PORTFOLIO = "/flode/intake", "/flode/portfolio"


def record(offset: int, sequence: int, after: int | None, source: str = INTAKE) -> Record:
    return Record(
        topic="flode.request", partition=3, offset=offset, timestamp=0, source=source, sequence=sequence, after=after,
        key=b"6f1d3a52-5d0e-5b0b-9c57-2f6c2f7f5a10", message=b"{}",
    )  # fmt: skip


def taken(place: Checkpoint, *records: Record) -> tuple[list[int], Checkpoint]:
    fresh = place.sift(records)
    return [each.sequence for each in fresh], place.after(list(records), fresh=len(fresh), parked=0)


def test_what_comes_again_is_passed_over() -> None:
    sequences, place = taken(Checkpoint(), record(0, 4, 0), record(1, 9, 4), record(2, 4, 0), record(3, 9, 4))
    assert sequences == [4, 9]
    assert (place.next_offset, place.applied, place.duplicates) == (4, 2, 2)
    assert place.sources == {INTAKE: 9}


def test_what_comes_before_its_predecessor_is_passed_over_until_it_comes_again() -> None:
    """A record that was on its way while its topic was emptied; then the topic is filled again (P5)."""
    sequences, place = taken(Checkpoint(), record(0, 9, 4))
    assert sequences == []
    assert place.sources == {}
    sequences, place = taken(place, record(1, 4, 0), record(2, 9, 4))
    assert sequences == [4, 9]
    assert (place.applied, place.duplicates) == (2, 1)


def test_a_reader_that_was_level_goes_on_with_what_new_readers_must_wait_for() -> None:
    sequences, _ = taken(Checkpoint(sources={INTAKE: 4}), record(0, 9, 4))
    assert sequences == [9]


def test_each_source_has_a_row_of_its_own() -> None:
    sequences, place = taken(Checkpoint(), record(0, 7, 0), record(1, 2, 0, PORTFOLIO), record(2, 8, 7))
    assert sequences == [7, 2, 8]
    assert place.sources == {INTAKE: 8, PORTFOLIO: 2}


def test_a_record_that_does_not_say_is_judged_by_its_sequence() -> None:
    sequences, _ = taken(Checkpoint(sources={INTAKE: 4}), record(0, 4, None), record(1, 6, None))
    assert sequences == [6]


def test_a_batch_that_begins_beyond_the_place_is_refused() -> None:
    with pytest.raises(Gap):
        Checkpoint(next_offset=3).sift([record(4, 9, 4)])

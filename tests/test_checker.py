"""The checker itself: a good run has no fault, and every bug planted in it is found under the promise it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid5

import pytest

from tests.checker import Fold, Glimpse, Operation, Reading, Run, Sent, Stored, broken

SOURCE = "/flode/toy"
BRIDGE, PLAYGROUND, LIBRARY = (UUID(int=n) for n in (1, 2, 3))
HISTORY = (BRIDGE, PLAYGROUND, BRIDGE, LIBRARY, BRIDGE, PLAYGROUND)  # whose event stands at positions 1, 2, 3 …

BEFORE = {1: 0, 2: 0, 3: 1, 4: 3, 5: 4, 6: 2}  # the position before each one in its partition, of which there are two


def command(position: int) -> UUID:
    return uuid5(BRIDGE, str(position))


def count(row: int | None, event: Sent) -> int:
    """The simplest view: how many events a subject has had."""
    return (row or 0) + 1


def a_good_run() -> Run:
    """Six events of three subjects; the relay sent the fourth twice; a reader was shown both."""
    store = tuple(
        Stored(
            source=SOURCE,
            position=position,
            subject=subject,
            version=HISTORY[:position].count(subject),
            command=command(position),
            raw=f"event {position}".encode(),
        )
        for position, subject in enumerate(HISTORY, start=1)
    )
    topics = tuple(
        Sent(
            topic="toys",
            partition=event.subject.int % 2,
            offset=offset,
            subject=event.subject,
            source=event.source,
            sequence=event.position,
            after=BEFORE[event.position],
            raw=event.raw,
        )
        for offset, event in enumerate([*store[:4], store[3], *store[4:]])
    )
    operations = tuple(Operation(each.command, "done", each.subject, each.version) for each in store[:5])
    places = tuple(each.place for each in store)
    return Run(
        store=store,
        topics=topics,
        operations=(
            *operations,
            Operation(command(6), "unknown", PLAYGROUND),
            Operation(command(7), "unknown", LIBRARY),
            Operation(command(8), "refused", LIBRARY),
        ),
        readings=(Reading("counts", consumed=7, applied=places, duplicates=1, parked=(), claimed=places),),
        folds=(Fold("counts", {BRIDGE: 3, PLAYGROUND: 2, LIBRARY: 1}, count),),
        glimpses={"counts": (Glimpse(1, 1), Glimpse(4, 3), Glimpse(4, 3), Glimpse(6, 3))},
    )


def a_run_with_a_parked_subject() -> Run:
    """The bridge's second event could not be handled: it and the third wait, everything else went on."""
    run = a_good_run()
    waits = (run.store[2].place, run.store[4].place)
    (reading,) = run.readings
    applied = tuple(place for place in reading.applied if place not in waits)
    return replace(run, readings=(replace(reading, applied=applied, parked=waits),), folds=(), glimpses={})


def test_a_good_run_has_no_fault() -> None:
    assert broken(a_good_run()) == []


def test_a_parked_subject_that_waits_is_no_fault() -> None:
    assert broken(a_run_with_a_parked_subject()) == []


def test_a_run_in_which_nothing_happened_has_no_fault() -> None:
    assert broken(Run(store=(), topics=())) == []


def test_an_unmended_event_replayed_in_its_subjects_order_is_no_fault() -> None:
    run = a_run_with_a_parked_subject()
    (reading,) = run.readings
    mended = replace(reading, applied=(*reading.applied, *reading.parked), parked=())
    assert broken(replace(run, readings=(mended,))) == []


def test_an_event_that_came_too_early_and_again_in_its_place_is_no_fault() -> None:
    """As when a topic is emptied while the relay's fifth event is on its way."""
    run = a_good_run()
    early = replace(run.topics[5], offset=-1)
    (reading,) = run.readings
    passed_over = replace(reading, consumed=reading.consumed + 1, duplicates=reading.duplicates + 1)
    assert early.sequence == 5
    assert broken(replace(run, topics=(early, *run.topics), readings=(passed_over,))) == []


Bug = Callable[[Run], Run]


def stored(at: int, /, **changes: object) -> Bug:
    """One event of the store is not what it was."""
    return lambda run: replace(
        run,
        store=tuple(replace(e, **changes) if e.position == at else e for e in run.store),  # type: ignore[arg-type]  # the names are this file's own
    )


def sent(at: int, /, **changes: object) -> Bug:
    """One record of the topic is not what it was."""
    return lambda run: replace(
        run,
        topics=tuple(replace(e, **changes) if e.offset == at else e for e in run.topics),  # type: ignore[arg-type]  # the names are this file's own
    )


def read(change: Callable[[Reading], Reading]) -> Bug:
    """The reader tells another story."""
    return lambda run: replace(run, readings=tuple(change(each) for each in run.readings))


def rows(**changes: int | None) -> Bug:
    """The view shows another count for a subject, or no row."""

    def plant(run: Run) -> Run:
        (fold,) = run.folds
        named = {"bridge": BRIDGE, "library": LIBRARY, "nobody": UUID(int=9)}
        shown = {**fold.rows, **{named[name]: value for name, value in changes.items()}}
        kept = {key: value for key, value in shown.items() if value is not None}
        return replace(run, folds=(replace(fold, rows=kept),))

    return plant


def unfoldable(run: Run) -> Run:
    """The view's fold raises."""

    def evolve(row: int | None, event: Sent) -> int:
        raise ValueError(event.raw)

    return replace(run, folds=tuple(replace(fold, evolve=evolve) for fold in run.folds))


def glimpsed(*seen: Glimpse) -> Bug:
    return lambda run: replace(run, glimpses={"counts": seen})


PLANTED: dict[str, tuple[str, str, Bug]] = {
    "an acknowledged event is gone from the store": ("P1", "is not there", lambda r: replace(r, store=r.store[1:])),
    "an acknowledged event is another command's": ("P1", "is not there", stored(2, command=command(99))),
    "an acknowledged event is of another subject": ("P1", "is not there", stored(4, subject=BRIDGE)),
    "an answer promised a later version": (
        "P1",
        "as version 9",
        lambda r: replace(r, operations=(replace(r.operations[0], version=9), *r.operations[1:])),
    ),
    "a refused command left an event": (
        "P2",
        "was refused",
        lambda r: replace(r, operations=(replace(r.operations[0], outcome="refused"), *r.operations[1:])),
    ),
    "a retried command had its effect twice": ("P3", "left 2 events", stored(3, command=command(1))),
    "half a command was stored": (
        "P3",
        "one execution leaves 2",
        lambda r: replace(r, operations=(replace(r.operations[0], facts=2), *r.operations[1:])),
    ),
    "a retried command of unknown end had its effect twice": ("P3", "left 2 events", stored(5, command=command(6))),
    "a position is missing": (
        "P4",
        "4 stands where 3 should",
        lambda r: replace(r, store=(*r.store[:2], *r.store[3:])),
    ),
    "a position is taken twice": ("P4", "2 stands where 3 should", stored(3, position=2)),
    "a version is taken twice": ("P4", "2 stands where 3 should", stored(5, version=2)),
    "a version is skipped": ("P4", "3 stands where 2 should", stored(6, version=3)),
    "versions run against positions": (
        "P4",
        "2 stands where 1 should",
        lambda r: stored(1, version=2)(stored(3, version=1)(r)),
    ),
    "an event never reached its topic": ("P5", "never arrived", lambda r: replace(r, topics=r.topics[:-1])),
    "an event was sent with other bytes": ("P5", "no store holds", sent(0, raw=b"nearly event 1")),
    "an event was sent under another key": ("P5", "no store holds", sent(3, subject=PLAYGROUND)),
    "an event was sent that was never stored": ("P5", "no store holds", sent(0, sequence=77)),
    "a subject's first event was only sent after its others": ("P5", "never arrived in its place", sent(0, offset=50)),
    "an event does not name the one before it": ("P5", "names 1 as the one before it, and it is 3", sent(3, after=1)),
    "a subject moved to another partition": ("P5", "two partitions", sent(2, partition=0)),
    "an event changed the view twice": (
        "P6",
        "2 times",
        read(lambda r: replace(r, applied=(*r.applied, r.applied[-1]), consumed=r.consumed + 1)),
    ),
    "a subject's events were applied out of order": (
        "P6",
        "out of order",
        read(lambda r: replace(r, applied=(r.applied[2], r.applied[1], r.applied[0], *r.applied[3:]))),
    ),
    "the checkpoint was saved and the row was not": (
        "P6",
        "without having applied",
        read(lambda r: replace(r, applied=r.applied[:-1], consumed=r.consumed - 1)),
    ),
    "the row was saved and the checkpoint was not": (
        "P6",
        "does not stand behind",
        read(lambda r: replace(r, claimed=r.claimed[:-1])),  # type: ignore[index]  # a tuple in this file
    ),
    "a row of the view is off by one": ("P7", "shows 4", rows(bridge=4)),
    "a row of the view is missing": ("P7", "shows None", rows(library=None)),
    "a fold cannot take an event": ("P4", "cannot fold", unfoldable),
    "the view has a row of nobody": ("P7", "the log says None", rows(nobody=1)),
    "a reader saw an empty view": ("P8", "was empty", glimpsed(Glimpse(1, 1), Glimpse(4, 0), Glimpse(6, 3))),
    "a reader saw half a view": ("P8", "from 3 rows to 2", glimpsed(Glimpse(4, 3), Glimpse(4, 2), Glimpse(6, 3))),
    "a reader was taken back": ("P8", "from position 4 to 3", glimpsed(Glimpse(4, 3), Glimpse(3, 3))),
    "an event was consumed and neither applied nor parked": (
        "P10",
        "accounts for 7",
        read(lambda r: replace(r, consumed=r.consumed + 1)),
    ),
    "an event was never consumed": (
        "P10",
        "dropped",
        read(lambda r: replace(r, applied=r.applied[:-1], claimed=r.applied[:-1], consumed=r.consumed - 1)),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    promise, words, plant = PLANTED[name]
    found = broken(plant(a_good_run()))
    assert any(fault.promise == promise and words in fault.what for fault in found), found


def test_an_event_that_overtakes_a_parked_one_is_found() -> None:
    run = a_run_with_a_parked_subject()
    (reading,) = run.readings
    overtaking = replace(reading, applied=(*reading.applied, reading.parked[1]), parked=reading.parked[:1])
    (fault,) = broken(replace(run, readings=(overtaking,)))
    assert fault.promise == "P10"
    assert "earlier event of its subject is parked" in fault.what


def test_every_promise_that_the_checker_judges_has_a_planted_bug() -> None:
    assert {promise for promise, _, _ in PLANTED.values()} == {"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P10"}

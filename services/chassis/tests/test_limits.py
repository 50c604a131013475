"""Who asks without end waits; nobody else does."""

from __future__ import annotations

import pytest
from fastapi import Request

from chassis.limits import MOST_KEYS, Buckets, Limits, TooOften, costs_much
from chassis.links import LinkDoesNotOpen


class Clock:
    """A clock that is set by hand, in seconds."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def a_request(path: str, query: str = "") -> Request:
    return Request({"type": "http", "path": path, "query_string": query.encode(), "headers": [], "client": ("::1", 1)})


def test_so_many_at_once_and_then_one_after_the_other() -> None:
    clock = Clock()
    buckets = Buckets(3, 10.0, now=clock)
    for _ in range(3):
        buckets.take("Alva")
    with pytest.raises(TooOften) as refused:
        buckets.take("Alva")
    assert refused.value.params == {"seconds": 10}
    buckets.take("Bo")
    clock.seconds += 10
    buckets.take("Alva")
    with pytest.raises(TooOften):
        buckets.take("Alva")


def test_what_is_remembered_stays_small() -> None:
    clock = Clock()
    buckets = Buckets(2, 1.0, now=clock)
    for number in range(MOST_KEYS + 5):
        buckets.take(number)
    assert len(buckets._full_at) == MOST_KEYS
    clock.seconds += 2
    buckets.take("Alva")
    assert len(buckets._full_at) == 1


@pytest.mark.parametrize(
    ("path", "query", "much"),
    [
        ("/portfolio/audit/projects", "as_of=2026-03-02", True),
        ("/portfolio/audit/", "q=bygglov", True),
        ("/portfolio/audit/projects/1/case.json", "", True),
        ("/portfolio/api/views/projects", "as_of=2026-03-02", True),
        ("/governance/meetings/1/minutes.pdf", "", True),
        ("/portfolio/audit/projects", "", False),
        ("/portfolio/api/views/projects", "", False),
        ("/portfolio/", "q=bygglov", False),
    ],
)
def test_the_past_searches_of_every_view_and_exports_cost_much(path: str, query: str, much: bool) -> None:
    assert costs_much(a_request(path, query)) is much


def test_only_links_that_do_not_open_are_counted() -> None:
    limits = Limits()
    for _ in range(100):
        with limits.judging_a_link(a_request("/x")):
            pass
    for _ in range(20):
        with pytest.raises(LinkDoesNotOpen), limits.judging_a_link(a_request("/x")):
            raise LinkDoesNotOpen
    with pytest.raises(TooOften), limits.judging_a_link(a_request("/x")):
        raise LinkDoesNotOpen

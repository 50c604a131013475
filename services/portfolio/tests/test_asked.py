"""What stands in the portfolio's address, and what its links change of it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest

from portfolio.pages.asked import Asked, asked
from portfolio.pages.forms import which_page
from portfolio.views.found import SORTS, Wanted, order_of
from portfolio.views.projects import IN_ORDER

MAJ = UUID(int=9)


def reread(address: str) -> Asked:
    return asked(dict(parse_qsl(urlsplit(address).query)))


def test_an_address_says_all_that_was_asked_and_is_read_the_same_again() -> None:
    meant = Asked(
        state="under_way", serves="ekvik", text="Å & ö=%", overdue=True, mine=True, sort="-budget", way="board", page=3
    )
    assert reread(meant.address(page=3)) == meant


def test_what_is_as_usual_is_not_in_the_address() -> None:
    assert Asked().address() == "/portfolio/"
    assert Asked(way="board").address(way="table") == "/portfolio/"


def test_another_way_to_look_at_it_keeps_the_filters_and_the_order() -> None:
    there = reread(Asked(health="red", sort="title", page=4).address(way="timeline"))
    assert (there.health, there.sort, there.way, there.page) == ("red", "title", "timeline", 1)


def test_a_filter_is_taken_away_alone_and_all_are_cleared_together() -> None:
    both = Asked(health="red", mine=True, way="board", sort="title")
    assert reread(both.address(health="")).filters == ("mine",)
    assert reread(both.cleared()) == Asked(way="board", sort="title")


def test_a_column_that_orders_the_list_already_turns_it_round() -> None:
    assert reread(Asked().sorted_by("title")).sort == "title"
    assert reread(Asked(sort="title").sorted_by("title")).sort == "-title"


@pytest.mark.parametrize(
    "nonsense", [{"page": "-1"}, {"page": "x"}, {"page": "²"}, {"as": "pie"}, {"sort": "1; DROP"}, {"after": "8"}]
)
def test_what_cannot_be_meant_is_passed_over(nonsense: dict[str, str]) -> None:
    assert asked(nonsense) == Asked()


def test_a_text_holds_no_character_the_database_refuses_and_no_wildcard() -> None:
    assert asked({"q": " 50\0% "}).text == "50%"
    assert Wanted(text="50%_\\").narrowed()[1] == ["%50\\%\\_\\\\%"]


def test_mine_are_those_the_reader_leads() -> None:
    assert asked({"mine": "1"}).wanted(MAJ).leader == MAJ
    assert asked({}).wanted(MAJ).leader is None


def test_every_order_ends_in_that_of_the_queue() -> None:
    assert order_of("") == order_of("nonsense") == IN_ORDER
    assert all(order_of(name).endswith(IN_ORDER) for name in SORTS)
    assert "budget DESC NULLS LAST" in order_of("-budget")


def test_a_page_after_the_last_is_the_last() -> None:
    assert which_page(9, 81, 40) == (3, 3)
    assert which_page(1, 0, 40) == (1, 1)

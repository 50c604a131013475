"""Of many people those are found whose name or address is typed, a page at a time."""

from uuid import UUID

import pytest
from multidict import MultiDict

from embedded.listed import ON_A_PAGE, listed
from embedded.people import Person

EVERYONE = [
    Person(UUID(int=at), f"Nr {at:02}", f"nr{at:02}@lindmala.example", "sv", {}, ready=True)
    for at in range(2 * ON_A_PAGE + 1)
]
ASA = Person(UUID(int=99), "Åsa Öberg", "asa.oberg@fjellvaag.example", "sv", {}, ready=True)


def ask(**said: str) -> list[str]:
    return [each.name for each in listed([*EVERYONE, ASA], MultiDict(said)).people]


@pytest.mark.parametrize("words", ["åsa", "ÖBERG", "oberg@fjell", "  åsa   fjellvaag "])
def test_somebody_is_found_by_a_part_of_the_name_or_of_the_address(words: str) -> None:
    assert ask(q=words) == ["Åsa Öberg"]


def test_all_words_have_to_be_there() -> None:
    assert ask(q="åsa lindmala") == []


@pytest.mark.parametrize(
    ("page", "first"), [("", 0), ("2", ON_A_PAGE), ("3", 2 * ON_A_PAGE), ("99", 2 * ON_A_PAGE), ("0", 0), ("²", 0)]
)
def test_a_page_that_there_is_not_is_the_nearest(page: str, first: int) -> None:
    found = listed(EVERYONE, MultiDict(page=page))
    assert (found.people[0].name, found.last, found.total) == (f"Nr {first:02}", 3, len(EVERYONE))

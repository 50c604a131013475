"""A requester's link opens theirs and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from chassis.identity import Role
from chassis.links import Link, LinkDoesNotOpen, LinkExpired, Links

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
LINKS = Links(bytes(range(32)))
LINK = Link(
    purpose="directive",
    municipality="almby",
    request_id=UUID(int=1),
    person=UUID(int=2),
    until=NOW + timedelta(days=30),
)


def test_a_link_opens_what_it_was_made_for() -> None:
    assert LINKS.read(LINKS.make(LINK), purpose="directive", now=NOW) == LINK


def test_who_holds_a_link_is_a_requester_in_one_municipality() -> None:
    holder = LINK.identity("sv")
    assert holder.roles == {"almby": {Role.REQUESTER}}
    assert holder.scope == frozenset()
    assert holder.actor("almby") == f"requester/{LINK.person}"


def test_no_character_of_a_link_can_be_changed() -> None:
    text = LINKS.make(LINK)
    for at in range(len(text)):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        with pytest.raises(LinkDoesNotOpen):
            LINKS.read(changed, purpose="directive", now=NOW)


@pytest.mark.parametrize("text", ["", "A", "é", "AAAA" * 12, "../../etc"])
def test_what_is_no_link_opens_nothing(text: str) -> None:
    with pytest.raises(LinkDoesNotOpen):
        LINKS.read(text, purpose="directive", now=NOW)


def test_a_link_opens_for_its_own_purpose_and_with_its_own_key() -> None:
    with pytest.raises(LinkDoesNotOpen):
        LINKS.read(LINKS.make(LINK), purpose="plan", now=NOW)
    with pytest.raises(LinkDoesNotOpen):
        Links(bytes(32)).read(LINKS.make(LINK), purpose="directive", now=NOW)


def test_a_link_is_good_until_its_day() -> None:
    LINKS.read(LINKS.make(LINK), purpose="directive", now=LINK.until)
    with pytest.raises(LinkExpired) as refused:
        LINKS.read(LINKS.make(LINK), purpose="directive", now=LINK.until + timedelta(seconds=1))
    assert "2027-03-31" in str(refused.value)

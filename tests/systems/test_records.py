"""Records of a system's API, each understood or not for itself."""

from __future__ import annotations

import pytest

from chassis.outbox import GiveUp, Retry
from intake.adapters import request_tracker
from intake.adapters.port import POLLED, Arrived, NotUnderstood, polled, system_of
from intake.adapters.records import Listing, understood
from tests.systems.fuzz import A_DESK


def number(item: dict[str, str]) -> int:
    return int(item["id"])


async def same(one: int) -> Arrived:
    return polled({"id": one})


async def test_what_is_odd_is_a_record_that_says_where() -> None:
    listed = Listing.of([{"id": "1"}, {"number": "81"}, {"id": "Sigrid"}, None], number, 50)
    assert listed.found == (1,)
    assert [one.odd for one in listed.odd] == ["id", "ValueError", "TypeError"]
    assert [one.odd for one in await listed.records(same)] == ["id", "ValueError", "TypeError", None]


def test_a_page_of_which_nothing_is_understood_leads_nowhere_and_says_so() -> None:
    with pytest.raises(Retry, match="of 2 tickets that the system lists none is understood: id"):
        Listing.of([{}, {}], number, 2)
    with pytest.raises(Retry, match="no list"):
        Listing.of({"error": 1}, number, 2)


async def test_a_ticket_that_is_not_shown_to_us_holds_up_no_other_and_is_not_lost() -> None:
    async def shown_but_for_82(one: int) -> Arrived:
        if one == 82:
            raise GiveUp("the system answered 403")
        return polled({"id": one})

    listed = Listing.of([{"id": "81"}, {"id": "82"}], number, 50)
    assert [one.odd for one in await listed.records(shown_but_for_82)] == [None, "the system answered 403"]
    with pytest.raises(GiveUp, match="403"):
        await Listing.of([{"id": "82"}], number, 50).records(shown_but_for_82)


async def test_whatever_an_answer_raises_is_a_reason_to_ask_again_without_what_it_said() -> None:
    async def asking() -> int:
        return number({"id": "Sigrid Ek"})

    with pytest.raises(Retry, match=r"not understood: ValueError$"):
        await understood(asking())


def test_a_record_with_half_a_letter_is_parked_and_stops_nothing() -> None:
    """JSON may hold it, and no text can."""
    system = system_of("zammad")
    assert system
    assert system.read(polled({"ticket": {"title": "\ud800"}}), A_DESK("zammad")).fault is not None


def test_an_odd_record_is_called_by_what_people_know_it_by() -> None:
    system = system_of("servicenow")
    assert system
    odd = Arrived(body=b'{"number": {"value": "INC0000081"}}', headers={POLLED: "sys_updated_on"})
    fault = system.read(odd, A_DESK("servicenow")).fault
    assert isinstance(fault, NotUnderstood)
    assert (fault.params["ticket"], fault.params["odd"]) == ("INC0000081", "sys_updated_on")


async def test_a_search_that_never_ends_ends() -> None:
    """Found by the fuzzer: each page said that there was one more."""
    with pytest.raises(Retry, match="more than"):
        await request_tracker._search(None, "", request_tracker.MOST_PAGES + 1)  # type: ignore[arg-type]  # nobody is asked

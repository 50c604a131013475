"""What Znuny sends, as its own source describes it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.outbox import GiveUp, Retry
from chassis.partnership import ServiceDesk
from chassis.testing import Canned
from contracts.refusal import Refusals
from intake.adapters import znuny_api
from intake.adapters.delivery import Unauthentic
from intake.adapters.port import Arrived, Way
from intake.adapters.znuny import FIELD, reply, said, system
from intake.adapters.znuny_api import survivor_in
from intake.adapters.zones import certain, moment, wall_time

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
SECRET = "a-secret-of-ekvik-0001"
URL = "https://desk.ekvik.example/znuny/nph-genericinterface.pl/Webservice/Flode"
API = {"url": URL, "user": "flode", "token": "password"}
TICKET: dict[str, Any] = {
    "TicketID": "123",
    "TicketNumber": "2026030112000017",
    "Title": "E-tjänst för bygglov",
    "Queue": "Projekt",
    "State": "new",
    "StateType": "new",
    "Priority": "3 normal",
    "Type": "RfC",
    "Created": "2026-03-01 08:00:00",
    "Changed": "2026-03-01 08:00:05",
    "CustomerID": "ekvik",
    "CustomerUserID": "sigrid",
    "CustomerUser": {"UserFirstname": "Sigrid", "UserLastname": "Ek", "UserEmail": "sigrid.ek@ekvik.example"},
    "CustomerCompany": {"CustomerCompanyName": "Samhällsbyggnad"},
    "Articles": [
        {
            "ArticleID": "456",
            "From": '"Sigrid Ek" <sigrid.ek@ekvik.example>',
            "Body": "Vi behöver en e-tjänst.",
            "ContentType": "text/plain; charset=utf-8",
            "SenderType": "customer",
            "IsVisibleForCustomer": "1",
        }
    ],
}


def desk(timezone: str = "Europe/Stockholm", **options: str) -> ServiceDesk:
    given: dict[str, Any] = {"municipality": "ekvik", "system": "znuny", "kind": "znuny", "secret": SECRET}
    return ServiceDesk.model_validate({**given, "timezone": timezone, "api": {**API, "options": options}})


def delivery(event: str = "TicketCreate", told: dict[str, str] | None = None, **changes: Any) -> Arrived:
    body = {"Ticket": {**TICKET, **changes}, "Event": {"Event": event, "TicketID": "123", **(told or {})}}
    return Arrived(body=json.dumps(body, ensure_ascii=False).encode())


def told_of(arrived: Arrived, by: ServiceDesk | None = None) -> dict[str, Any]:
    return dict(said(arrived, by or desk()).ticket)


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_the_secret_comes_as_a_token_or_as_a_password(scheme: str) -> None:
    """IT-02"""
    given = SECRET if scheme == "Bearer" else base64.b64encode(f"flode:{SECRET}".encode()).decode()
    system.verify(Arrived(body=b"{}", headers={"authorization": f"{scheme} {given}"}), (SECRET,), NOW)
    with pytest.raises(Unauthentic):
        system.verify(Arrived(body=b"{}", headers={"authorization": f"{scheme} {given}x"}), (SECRET,), NOW)


def test_a_ticket_says_what_is_asked_for_and_by_whom() -> None:
    """IT-03"""
    told = told_of(delivery())
    assert (told["external_id"], told["number"], told["kind"]) == ("123", "2026030112000017", "changed")
    assert told["url"] == "https://desk.ekvik.example/znuny/index.pl?Action=AgentTicketZoom;TicketID=123"
    assert told["requester"] == {"name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example"}
    assert (told["organisation"], told["priority"], told["open"]) == ("Samhällsbyggnad", 3, True)
    assert told["description"] == "Vi behöver en e-tjänst."


@pytest.mark.parametrize(("zone", "hour"), [("UTC", 8), ("Europe/Stockholm", 7)])
def test_times_are_in_the_zone_of_the_desk(zone: str, hour: int) -> None:
    """P13"""
    told = told_of(delivery(), desk(zone))
    assert told["opened_at"] == datetime(2026, 3, 1, hour, tzinfo=UTC)
    assert told["updated_at"] == datetime(2026, 3, 1, hour, 0, 5, tzinfo=UTC)


def test_a_change_in_the_hour_that_comes_twice_has_no_time_and_is_followed_as_it_comes() -> None:
    """P13"""
    told = told_of(delivery(Changed="2026-10-25 02:10:00"))
    assert told["updated_at"] is None
    assert told_of(delivery(Changed="2026-10-25 02:10:00"), desk("UTC"))["updated_at"] is not None
    assert told_of(delivery(Changed="2026-10-25 03:00:00"))["updated_at"] == datetime(2026, 10, 25, 2, tzinfo=UTC)


def test_a_time_is_asked_for_so_that_nothing_is_missed_when_the_clock_goes_back() -> None:
    zone = "Europe/Stockholm"
    assert wall_time(datetime(2026, 3, 1, 8, 0, 0, 900_000, tzinfo=UTC), zone) == "2026-03-01 09:00:00"
    for hour in (0, 1):
        assert wall_time(datetime(2026, 10, 25, hour, 30, tzinfo=UTC), zone) == "2026-10-25 01:30:00"
    assert wall_time(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), zone) == "2026-03-29 03:30:00"
    left_out = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - without a zone is what it is about
    assert certain(left_out, zone) == moment(left_out, zone)


def test_only_an_article_the_requester_sees_is_what_was_asked_for() -> None:
    note = {**TICKET["Articles"][0], "Body": "Ring först.", "IsVisibleForCustomer": "0"}
    answer = {**TICKET["Articles"][0], "Body": "Tack!"}
    told = told_of(delivery("ArticleCreate", Articles=[note, *TICKET["Articles"], answer]))
    assert told["description"] == "Vi behöver en e-tjänst."


def test_a_ticket_whose_articles_are_omitted_is_looked_up_while_it_is_new() -> None:
    bare = said(delivery(Articles=[]), desk())
    assert bare.lookup == "new"
    assert "description" not in bare.ticket


@pytest.mark.parametrize("nobody", [{}, "", None])
def test_somebody_whom_znuny_does_not_know_is_known_by_their_mail(nobody: object) -> None:
    told = told_of(delivery(CustomerUser=nobody, CustomerCompany=nobody, CustomerUserID=nobody))
    assert told["requester"] == {"name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example"}
    assert told["organisation"] == "ekvik"


def test_a_ticket_of_nobody_has_no_requester() -> None:
    phoned = [{**TICKET["Articles"][0], "From": "Helpdesk", "SenderType": "agent"}]
    assert told_of(delivery(CustomerUser={}, CustomerUserID="", Articles=phoned))["requester"] is None


@pytest.mark.parametrize(
    ("called", "urgency"), [("1 very low", 5), ("3 normal", 3), ("5 very high", 1), ("brådskande", None), ("", None)]
)
def test_priorities_are_counted_from_the_most_urgent(called: str, urgency: int | None) -> None:
    assert told_of(delivery(Priority=called))["priority"] == urgency


@pytest.mark.parametrize("ends", [{"State": "Överlämnad", "StateType": "closed"}, {"StateType": "removed"}])
def test_a_state_is_closed_by_its_type_whatever_it_is_called(ends: dict[str, str]) -> None:
    told = told_of(delivery("TicketStateUpdate", **dict[str, Any](ends)))
    assert (told["kind"], told["open"]) == ("closed", False)


def test_the_desk_may_call_more_states_closed() -> None:
    closed = desk().model_copy(update={"closed": ("Väntar på projekt",)})
    assert told_of(delivery(State="väntar på projekt", StateType="pending reminder"), closed)["kind"] == "closed"


def test_another_field_than_the_queue_may_tell_the_flow() -> None:
    """IT-04"""
    assert told_of(delivery())["flow"] == "Projekt"
    assert told_of(delivery(), desk(flow_field="Type"))["flow"] == "RfC"
    by_field = desk(flow_field="DynamicField_Flow")
    assert told_of(delivery(DynamicField_Flow="projekt"), by_field)["flow"] == "projekt"
    assert told_of(delivery(DynamicField_Flow=None), by_field)["flow"] == ""
    assert told_of(delivery(), by_field)["flow"] is None
    assert told_of(delivery(ServiceID=""), desk(flow_field="Service"))["flow"] == ""


def test_a_merge_says_which_ticket_survives() -> None:
    merged = said(delivery("TicketMerge", {"MainTicketID": "124"}, StateType="merged"), desk())
    assert merged.lookup == "never"
    assert merged.ticket["into"] == {"external_id": "124", "number": None}


@pytest.mark.parametrize("event", [{}, {"MainTicketID": "123"}])
def test_a_merged_ticket_that_does_not_say_into_which_is_looked_up(event: dict[str, str]) -> None:
    merged = said(delivery("TicketStateUpdate", event, State="merged", StateType="merged"), desk())
    assert (merged.lookup, merged.ticket["into"]) == ("always", None)


def test_the_surviving_ticket_of_a_merge_is_told_the_same_as_ever() -> None:
    assert told_of(delivery("TicketMerge", {"MainTicketID": "123"}))["kind"] == "changed"


@pytest.mark.parametrize("line", ["Merged Ticket (10081/81) to (10082/82)", "%%10081%%81%%10082%%82"])
def test_the_history_says_into_which_ticket_one_was_merged(line: str) -> None:
    assert survivor_in(line) == ("10082", "82")
    assert survivor_in("%%") is None


def test_a_deleted_ticket_is_empty_and_known_by_its_event() -> None:
    body = {"Ticket": {}, "Event": {"Event": "TicketDelete", "TicketID": 123}}
    assert told_of(Arrived(body=json.dumps(body).encode())) == {"external_id": "123", "kind": "deleted"}


def test_a_delivery_is_known_by_its_event_whenever_it_is_sent() -> None:
    """P3"""
    assert said(delivery(), desk()).key == said(delivery(), desk()).key == "TicketCreate 123 - 2026-03-01 08:00:05"
    other = said(delivery("ArticleCreate", {"ArticleID": "457"}), desk())
    assert other.key == "ArticleCreate 123 457 2026-03-01 08:00:05"


def test_what_a_mapping_made_something_else_of_is_told_field_by_field() -> None:
    with pytest.raises(Refusals) as refused:
        said(Arrived(body=b'{"Ticket": {"TicketID": "123", "Title": "x"}, "Event": {}}'), desk())
    assert {one.field for one in refused.value.refusals} >= {"Ticket.Queue", "Ticket.Changed", "Event.TicketID"}
    with pytest.raises(Refusals) as refused:
        said(Arrived(body=b'{"Ticket": {}, "Event": {"TicketID": "123"}}'), desk())
    assert [one.field for one in refused.value.refusals] == ["Ticket"]


def test_the_answer_makes_znuny_note_the_request_and_nothing_else() -> None:
    """IT-03"""
    answer = {"outcome": "registered", "id": "2f1d6b1a", "detail": "OTRS_TicketStateSet"}
    assert reply(answer) == {**answer, f"OTRS_TicketDynamicFieldSet_{FIELD}": "2f1d6b1a"}


@pytest.mark.parametrize("outcome", ["withdrawn", "stale", "unchanged", "not_for_us", "parked", "held"])
def test_znuny_is_asked_for_nothing_where_the_ticket_may_be_gone(outcome: str) -> None:
    assert reply({"outcome": outcome, "id": "2f1d6b1a"}) == {"outcome": outcome, "id": "2f1d6b1a"}


def test_the_file_of_the_web_service_has_a_route_for_all_that_is_asked() -> None:
    (file,) = (step.paste for step in system.steps if "Provider" in step.paste)
    for wanted in ("Route: /Ticket/Search", "Route: /Ticket/Get", "Route: /Ticket/History", "Route: /Ticket/:TicketID"):
        assert wanted in file
    assert "BasicAuthPassword: '{secret}'" in file
    assert "Event: TicketMerge" in file


# --- what is asked ---

AT = "/znuny/nph-genericinterface.pl/Webservice/Flode"
SEARCH, GET, HISTORY = (f"POST {AT}/Ticket/{what}" for what in ("Search", "Get", "History"))
FLAT = {name: value for name, value in TICKET.items() if name not in ("CustomerUser", "CustomerCompany", "Articles")}
FOUND = {**FLAT, "Article": TICKET["Articles"], "DynamicField": [{"Name": "Flow", "Value": "projekt"}]}
MERGED = {**FOUND, "State": "merged", "StateType": "merged"}
LINES = [{"HistoryType": "NewTicket", "Name": "%%"}, {"HistoryType": "Merged", "Name": "%%10123%%123%%10124%%124"}]


def way(says: dict[str, Any]) -> tuple[Way, Canned]:
    by, outward = desk(flow_field="DynamicField_Flow"), Canned(says=says)
    assert by.api
    return Way(desk=by, api=by.api, outward=outward), outward


async def test_what_changed_is_asked_for_in_znunys_own_time_and_read_like_a_delivery() -> None:
    to, outward = way({SEARCH: {"TicketID": ["123"]}, GET: {"Ticket": [FOUND]}})
    found = await znuny_api.changed(to, "2026-03-01T06:59:00+00:00")
    told = told_of(found.records[0], to.desk)
    assert (told["flow"], told["description"]) == ("projekt", "Vi behöver en e-tjänst.")
    assert told["requester"] == {"name": "Sigrid Ek", "email": "sigrid.ek@ekvik.example"}
    assert said(found.records[0], to.desk).key == "polled 123 2026-03-01 08:00:05"
    assert (found.cursor, found.more) == ("2026-03-01T07:00:05+00:00", False)
    _, query, body, _ = outward.asked[0]
    assert (query, body["TicketLastChangeTimeNewerDate"], body["Limit"]) == ({}, "2026-03-01 07:59:00", 50)
    assert (body["UserLogin"], body["Password"]) == ("flode", "password")


async def test_nothing_that_changed_is_an_empty_object() -> None:
    to, _ = way({SEARCH: {}})
    found = await znuny_api.changed(to, "2026-03-01T06:59:00+00:00")
    assert (found.records, found.cursor, found.more) == ((), "2026-03-01T06:59:00+00:00", False)


async def test_a_merged_ticket_is_asked_for_its_history() -> None:
    to, _ = way({GET: {"Ticket": [MERGED]}, HISTORY: {"TicketHistory": [{"TicketID": "123", "History": LINES}]}})
    merged = said(await znuny_api.one(to, "123"), to.desk)
    assert merged.lookup == "never"
    assert (merged.ticket["kind"], merged.ticket["into"]) == ("merged", {"external_id": "124", "number": "10124"})


async def test_a_history_that_may_not_be_read_loses_no_merge() -> None:
    to, _ = way({GET: {"Ticket": [MERGED]}, HISTORY: {"Error": {"ErrorCode": "TicketHistoryGet.AccessDenied"}}})
    merged = said(await znuny_api.one(to, "123"), to.desk)
    assert (merged.lookup, merged.ticket["kind"], merged.ticket["into"]) == ("never", "merged", None)


@pytest.mark.parametrize(
    ("says", "failed"),
    [
        ({"Error": {"ErrorCode": "TicketGet.AuthFail"}}, GiveUp),
        ({"Error": {"ErrorCode": "TicketGet.NotTicketData"}}, Retry),
        ({"Ticket": []}, GiveUp),
        ([], Retry),
    ],
)
async def test_an_error_with_the_status_200_is_an_error(says: Any, failed: type[Exception]) -> None:
    to, _ = way({GET: says})
    with pytest.raises(failed):
        await znuny_api.one(to, "123")

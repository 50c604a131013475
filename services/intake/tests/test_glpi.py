"""What GLPI sends and answers, as its own source describes it."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.outbox import GiveUp
from chassis.partnership import ServiceDesk
from chassis.testing import Canned
from contracts.refusal import Refusals
from intake.adapters import glpi_api
from intake.adapters.delivery import Unauthentic
from intake.adapters.glpi import challenge, said, system
from intake.adapters.port import Arrived, Way

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
SECRET, NEXT = "a-secret-of-ekvik-0001", "a-secret-of-ekvik-0002"
ITEM: dict[str, Any] = {
    "id": 42,
    "name": "Nytt bokningssystem",
    "content": "<p>Vi behöver…</p>",
    "is_deleted": False,
    "category": {"id": 3, "name": "Projekt"},
    "priority": 3,
    "type": 2,
    "status": {"id": 1, "name": "New"},
    "entity": {"id": 2, "name": "Åmål", "completename": "Root entity > Åmål"},
    "date_creation": "2026-03-01T09:00:00+01:00",
    "date": "2026-03-01T09:00:00+01:00",
    "date_mod": "2026-03-01T09:05:00+01:00",
    "team": [
        {"role": "requester", "name": "Bygg", "href": "/front/group.form.php?id=7"},
        {
            "role": "requester", "name": "anna", "realname": "Berg", "firstname": "Anna",
            "href": "/front/user.form.php?id=7",
        },
    ],
}  # fmt: skip
ANNA = {"username": "anna", "realname": "Berg", "firstname": "Anna", "emails": [{"email": "anna.berg@amal.example"}]}


def desk(**options: str) -> ServiceDesk:
    api = {"url": "https://glpi.ekvik.example/", "user": "flode", "token": "password", "options": options}
    return ServiceDesk.model_validate(
        {
            "municipality": "ekvik", "system": "glpi", "kind": "glpi", "secret": SECRET, "next_secret": NEXT,
            "timezone": "Europe/Stockholm", "api": api,
        }
    )  # fmt: skip


def delivery(event: str = "new", **changes: Any) -> Arrived:
    return Arrived(body=json.dumps({"item": {**ITEM, **changes}, "event": event}, indent=4).encode())


def told_of(arrived: Arrived, by: ServiceDesk | None = None) -> dict[str, Any]:
    return dict(said(arrived, by or desk()).ticket)


def signed(body: bytes, signature: str, timestamp: str) -> Arrived:
    return Arrived(body=body, headers={"x-glpi-signature": signature, "x-glpi-timestamp": timestamp})


# --- who sends it ---

BODY = '{"ticket":{"id":81,"title":"Åmål"}}'.encode()
SIGNATURE = "f24b61b048e2b58f21a34d5df43b54cf226a1d4cd39679e7026f2c77d267dff0"


def test_body_and_timestamp_are_signed_together() -> None:
    """IT-02"""
    system.verify(signed(BODY, SIGNATURE, "1764000000"), ("another-secret-000", "topsecret"), NOW)
    for wrong in (signed(BODY, SIGNATURE, "1764000001"), signed(BODY + b" ", SIGNATURE, "1764000000")):
        with pytest.raises(Unauthentic):
            system.verify(wrong, ("topsecret",), NOW)


def test_a_delivery_is_known_by_its_signature_however_late_it_comes() -> None:
    """P3"""
    late = signed(BODY, SIGNATURE, "1764000000")
    system.verify(late, ("topsecret",), NOW + timedelta(days=300))
    assert system.key(late) == SIGNATURE


@pytest.mark.parametrize("secret", [SECRET, NEXT])
def test_a_challenge_made_with_a_secret_of_ours_is_answered_with_the_same(secret: str) -> None:
    token = hmac.digest(secret.encode(), b"validate_cra_challenge", "sha256").hex()
    answer = hmac.digest(secret.encode(), token.encode(), "sha256").hex()
    assert challenge(Arrived(body=b"", query={"crc_token": token}), desk()) == answer


@pytest.mark.parametrize("token", ["", "deadbeef" * 8, "Å", '{"item":{},"event":"new"}1764000000'])
def test_nobody_has_anything_signed_by_calling_it_a_challenge(token: str) -> None:
    """IT-02"""
    assert challenge(Arrived(body=b"", query={"crc_token": token}), desk()) is None
    assert challenge(Arrived(body=b""), desk()) is None


# --- what it says ---


def test_a_ticket_says_what_is_asked_for_and_by_whom() -> None:
    """IT-03"""
    told = told_of(delivery())
    assert (told["external_id"], told["number"], told["kind"], told["open"]) == ("42", "42", "changed", True)
    assert told["url"] == "https://glpi.ekvik.example/front/ticket.form.php?id=42"
    assert told["updated_at"] == datetime(2026, 3, 1, 8, 5, tzinfo=UTC)
    assert (told["flow"], told["organisation"], told["priority"]) == ("Projekt", "Åmål", 3)
    assert told["requester"] == {"name": "Anna Berg"}


def test_the_address_of_who_asks_is_looked_up_while_the_ticket_is_new() -> None:
    assert said(delivery(), desk()).lookup == "new"
    assert said(delivery(team=[]), desk()).lookup == "never"
    assert said(delivery(team=ITEM["team"][:1]), desk()).lookup == "never"
    assert told_of(delivery(team=ITEM["team"][:1]))["requester"] == {"name": "Bygg"}
    assert told_of(delivery(team=[]))["requester"] is None


def test_the_default_address_is_the_one() -> None:
    emails = [{"email": "no address"}, {"email": "a@old.example"}, {"email": "a@new.example", "is_default": True}]
    body = {"item": ITEM, "event": "update", "requester": {**ANNA, "emails": emails}}
    known = said(Arrived(body=json.dumps(body).encode()), desk())
    assert known.ticket["requester"] == {"name": "Anna Berg", "email": "a@new.example"}
    assert known.lookup == "never"


@pytest.mark.parametrize(("status", "closed"), [(1, False), (2, False), (4, False), (5, True), (6, True), (11, False)])
def test_solved_and_closed_are_closed_in_whatever_language(status: int, closed: bool) -> None:
    told = told_of(delivery("update", status={"id": status, "name": "Okänt"}))
    assert (told["kind"] == "closed", told["open"]) == (closed, not closed)


@pytest.mark.parametrize(("priority", "urgency"), [(1, 5), (2, 4), (5, 1), (6, 1), (None, None), (0, None)])
def test_priorities_are_counted_from_the_most_urgent(priority: int | None, urgency: int | None) -> None:
    assert told_of(delivery(priority=priority))["priority"] == urgency


@pytest.mark.parametrize(("field", "flow"), [("category", "Projekt"), ("entity", "Åmål"), ("type", "request")])
def test_the_desk_says_what_tells_the_flow(field: str, flow: str) -> None:
    """IT-04"""
    assert told_of(delivery(), desk(flow_field=field))["flow"] == flow


def test_a_ticket_without_a_category_is_of_no_flow() -> None:
    """IT-04"""
    assert told_of(delivery(category=None))["flow"] == ""


def test_a_ticket_in_the_trash_is_deleted() -> None:
    assert told_of(delivery("delete"))["kind"] == "deleted"
    assert told_of(delivery("update", is_deleted=True))["kind"] == "deleted"


def test_a_follow_up_is_a_comment_on_the_ticket_it_stands_in() -> None:
    comment = {"id": 9, "itemtype": "Ticket", "items_id": 42, "content": "<p>Tack!</p>"}
    body = {"item": comment, "event": "new", "parent_item": ITEM}
    assert told_of(Arrived(body=json.dumps(body).encode())) == {"external_id": "42", "kind": "commented"}


def test_a_change_or_a_problem_is_not_taken_for_the_ticket_with_its_number() -> None:
    problem = {name: value for name, value in ITEM.items() if name != "type"}
    with pytest.raises(Refusals) as refused:
        said(Arrived(body=json.dumps({"item": problem, "event": "new"}).encode()), desk())
    assert [one.field for one in refused.value.refusals] == ["item.type"]


def test_a_custom_payload_is_told_by_the_name_of_its_webhook() -> None:
    body = json.dumps({"text": "Nytt ärende 42"}).encode()
    delivered = system.read(Arrived(body=body, headers={"x-webhook-name": "Nya Ã¤renden"}), desk())
    assert isinstance(delivered.fault, Refusals)
    assert "Nya ärenden" in str(delivered.fault.refusals[0])
    assert {one.field for one in delivered.fault.refusals[1:]} == {"event", "item"}


# --- what is asked ---

TOKEN = {"POST /api.php/token": {"access_token": "t"}}


def way(says: dict[str, Any], **options: str) -> tuple[Way, Canned]:
    by, outward = desk(**options), Canned(says=says)
    assert by.api
    return Way(desk=by, api=by.api, outward=outward), outward


def item(number: int, date_mod: str) -> dict[str, Any]:
    return {**ITEM, "id": number, "date_mod": date_mod}


async def test_a_user_that_may_not_be_seen_loses_no_ticket() -> None:
    to, _ = way({**TOKEN, "GET /api.php/Assistance/Ticket/42": ITEM})
    assert told_of(await glpi_api.one(to, "42"))["requester"] == {"name": "Anna Berg"}


async def test_each_user_is_asked_for_once() -> None:
    items = [item(number, f"2026-03-01T09:0{number}:00+01:00") for number in (1, 2, 3)]
    says = {**TOKEN, "GET /api.php/Assistance/Ticket": items, "GET /api.php/Administration/User/7": ANNA}
    to, outward = way(says)
    found = await glpi_api.changed(to, "2026-03-01T08:00:00+00:00")
    assert [what for what, *_ in outward.asked].count("GET /api.php/Administration/User/7") == 1
    assert told_of(found.records[2])["requester"]["email"] == "anna.berg@amal.example"
    assert (found.cursor, found.more) == ("2026-03-01T08:03:00+00:00", False)
    asked = next(query for what, query, *_ in outward.asked if what == "GET /api.php/Assistance/Ticket")
    assert asked["filter"] == "date_mod=ge='2026-03-01 09:00:00'"
    assert (asked["sort"], asked["limit"]) == ("date_mod:asc,id:asc", "50")


async def test_of_a_hundred_tickets_changed_at_once_none_is_skipped() -> None:
    at_once = [item(number, "2026-03-01T09:00:00+01:00") for number in range(100)]
    later = [item(number, "2026-03-01T10:00:00+01:00") for number in range(100, 120)]

    def search(query: dict[str, str], _: Any) -> list[Any]:
        return [*at_once, *later][: int(query["limit"])]

    to, _ = way({**TOKEN, "GET /api.php/Assistance/Ticket": search})
    found = await glpi_api.changed(to, "2026-03-01T08:00:00+00:00")
    assert len(found.records) == 120
    assert (found.cursor, found.more) == ("2026-03-01T09:00:00+00:00", False)


async def test_a_full_page_goes_on_from_its_last_ticket() -> None:
    items = [item(number, f"2026-03-01T09:{number:02}:00+01:00") for number in range(50)]
    to, _ = way({**TOKEN, "GET /api.php/Assistance/Ticket": items})
    found = await glpi_api.changed(to, "2026-03-01T08:00:00+00:00")
    assert (found.cursor, found.more) == ("2026-03-01T08:49:00+00:00", True)


async def test_a_client_that_is_not_known_is_given_no_token() -> None:
    to, _ = way({"POST /api.php/token": {"error": "invalid_client"}})
    with pytest.raises(GiveUp, match="no token"):
        await glpi_api.changed(to, "2026-03-01T08:00:00+00:00")


# --- the older API ---

FLAT = {
    "id": 42, "name": "Bygglov &#38; mark", "content": "&#60;p&#62;Vi behöver…&#60;/p&#62;", "status": 5, "type": 1,
    "priority": 5, "itilcategories_id": "IT &#62; Projekt", "entities_id": "Root entity > Ekvik > Samhällsbyggnad",
    "locations_id": 0, "date": "2026-03-01 09:00:00", "date_creation": "2026-03-01 09:00:00",
    "date_mod": "2026-03-01 09:05:00", "is_deleted": 0,
}  # fmt: skip
ASKED_BY = "GET /apirest.php/Ticket/42/Ticket_User"
LEGACY: dict[str, Any] = {
    "GET /apirest.php/initSession": {"session_token": "s"},
    "GET /apirest.php/killSession": None,
    "GET /apirest.php/search/Ticket": {"totalcount": 1, "data": [{"2": 42, "19": "2026-03-01 09:05:00"}]},
    "GET /apirest.php/Ticket/42": FLAT,
    ASKED_BY: [{"users_id": 3, "type": 2}, {"users_id": 7, "type": "1"}],
    "GET /apirest.php/User/7": {"name": "anna", "realname": "Berg", "firstname": "Anna"},
    "GET /apirest.php/User/7/UserEmail": [{"email": "anna.berg@amal.example", "is_default": 1}],
}


async def test_a_ticket_of_the_older_api_is_the_same_ticket() -> None:
    to, outward = way(LEGACY, api="legacy", app_token="app")
    found = await glpi_api.changed(to, "2026-03-01T08:00:00+00:00")
    told = told_of(found.records[0])
    assert (told["title"], told["description"]) == ("Bygglov & mark", "<p>Vi behöver…</p>")
    assert (told["kind"], told["flow"], told["organisation"], told["priority"]) == (
        "closed", "Projekt", "Samhällsbyggnad", 1,
    )  # fmt: skip
    assert told["updated_at"] == datetime(2026, 3, 1, 8, 5, tzinfo=UTC)
    assert told["requester"] == {"name": "Anna Berg", "email": "anna.berg@amal.example"}
    assert said(found.records[0], desk()).key == "polled 42 2026-03-01T09:05:00"
    assert (found.cursor, found.more) == ("2026-03-01T08:05:00+00:00", False)
    assert [what for what, *_ in outward.asked][-1] == "GET /apirest.php/killSession"
    first, then = outward.asked[0][3], outward.asked[1][3]
    assert (first["Authorization"], first["App-Token"], then["Session-Token"]) == ("user_token password", "app", "s")
    assert outward.asked[1][1]["criteria[0][value]"] == "2026-03-01 08:59:59"


async def test_somebody_with_nothing_but_an_address_may_ask() -> None:
    only = [{"users_id": 0, "type": 1, "alternative_email": "bror@ekvik.example"}]
    to, _ = way({**LEGACY, ASKED_BY: only}, api="legacy")
    told = told_of(await glpi_api.one(to, "42"))
    assert told["requester"] == {"name": "bror@ekvik.example", "email": "bror@ekvik.example"}


async def test_the_older_api_may_have_nothing_to_tell() -> None:
    to, _ = way({**LEGACY, "GET /apirest.php/search/Ticket": {"totalcount": 0, "count": 0}}, api="legacy")
    found = await glpi_api.changed(to, "2026-03-01T08:00:00+00:00")
    assert (found.records, found.cursor, found.more) == ((), "2026-03-01T08:00:00+00:00", False)


async def test_a_user_who_is_gone_is_nobody() -> None:
    to, _ = way({**LEGACY, "GET /apirest.php/User/7": GiveUp("404")}, api="legacy")
    assert told_of(await glpi_api.one(to, "42"))["requester"] is None

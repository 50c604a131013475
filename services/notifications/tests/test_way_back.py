"""The ways back into tickets that no stand-in has: GLPI's older API, and what Znuny says with the status 200."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from chassis.outbox import GiveUp, Retry
from chassis.partnership import ServiceDesk
from chassis.testing import Canned
from contracts.values import TicketRef
from notifications.adapters.port import TicketingSystem, adapter_of, mark

TICKET = TicketRef(system="glpi", external_id="42", number="42")
REQUEST = UUID("2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11")
SESSION = {"GET /apirest.php/initSession": {"session_token": "s"}}
FOLLOW_UPS = "GET /apirest.php/Ticket/42/ITILFollowup"
TOKEN = {"POST /api.php/token": {"access_token": "t"}}
PATCH = "PATCH /api.php/Assistance/Ticket/42"


def the_way(kind: str, says: dict[str, Any], **options: str) -> tuple[TicketingSystem, Canned]:
    desk = ServiceDesk.model_validate(
        {
            "municipality": "ekvik", "system": kind, "kind": kind, "secret": "a-secret-of-ekvik-0001",
            "states": {"project": "2", "started": "pågår"},
            "api": {"url": "https://desk.ekvik.example", "user": "flode", "token": "password", "options": options},
        }
    )  # fmt: skip
    adapter, outward = adapter_of(kind), Canned(says=says)
    assert adapter
    assert desk.api
    return adapter(desk, desk.api, outward), outward


def asked(outward: Canned) -> list[str]:
    return [what for what, *_ in outward.asked]


async def test_a_follow_up_is_added_over_the_older_api() -> None:
    system, outward = the_way(
        "glpi", {**SESSION, FOLLOW_UPS: [], "POST /apirest.php/ITILFollowup": {"id": 1}}, api="legacy"
    )
    await system.comment(TICKET, "Åtgärd <1> & 2", key="k-1")
    said = next(body for what, _, body, _ in outward.asked if what.startswith("POST"))["input"]
    assert (said["itemtype"], said["items_id"], said["is_private"]) == ("Ticket", 42, 0)
    assert "Åtgärd &lt;1&gt; &amp; 2" in said["content"]
    assert mark("k-1") in said["content"]
    assert asked(outward)[-1] == "GET /apirest.php/killSession"


async def test_a_note_that_is_there_is_not_added_again() -> None:
    system, outward = the_way("glpi", {**SESSION, FOLLOW_UPS: [{"content": f"<p>{mark('k-1')}</p>"}]}, api="legacy")
    await system.set_reference(TICKET, REQUEST, "https://flode.example", key="k-1")
    assert not any(what.startswith("POST") for what in asked(outward))


async def test_a_state_is_set_over_the_older_api() -> None:
    put = "PUT /apirest.php/Ticket/42"
    system, outward = the_way("glpi", {**SESSION, put: [{"42": True, "message": ""}]}, api="legacy")
    await system.set_state(TICKET, "project", key="s-1")
    assert next(body for what, _, body, _ in outward.asked if what == put) == {"input": {"status": 2}}


async def test_a_state_is_told_as_the_version_of_glpi_takes_it() -> None:
    def takes_a_bare_number(_: Any, body: Any) -> Any:
        return {"id": 42, "status": {"id": body["status"] if isinstance(body["status"], int) else 1}}

    system, outward = the_way("glpi", {**TOKEN, PATCH: takes_a_bare_number})
    await system.set_state(TICKET, "project", key="s-1")
    assert [body for what, _, body, _ in outward.asked if what == PATCH] == [{"status": {"id": 2}}, {"status": 2}]


async def test_a_state_that_is_not_taken_is_given_up() -> None:
    system, _ = the_way("glpi", {**TOKEN, PATCH: {"id": 42, "status": {"id": 1}}})
    with pytest.raises(GiveUp, match="did not take"):
        await system.set_state(TICKET, "project", key="s-1")
    with pytest.raises(GiveUp, match="pågår"):
        await system.set_state(TICKET, "started", key="s-2")


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        ("TicketUpdate.AuthFail", GiveUp),
        ("TicketUpdate.AccessDenied", GiveUp),
        ("TicketUpdate.InvalidParameter", GiveUp),
        ("TicketGet.NotTicketData", Retry),
    ],
)
async def test_an_error_with_the_status_200_is_an_error(code: str, failed: type[Exception]) -> None:
    error = {"Error": {"ErrorCode": code, "ErrorMessage": "it did not work"}}
    system, _ = the_way("znuny", {"PATCH /Ticket/42": error, "POST /Ticket/Get": error})
    with pytest.raises(failed, match=code):
        await system.set_state(TICKET, "project", key="s-1")
    with pytest.raises(failed, match=code):
        await system.comment(TICKET, "Hej", key="k-1")


async def test_the_password_stands_in_no_address() -> None:
    system, outward = the_way("znuny", {"POST /Ticket/Get": {"Ticket": []}, "PATCH /Ticket/42": {"TicketID": "42"}})
    await system.comment(TICKET, "Hej", key="k-1")
    assert all(not query and body["Password"] == "password" for _, query, body, _ in outward.asked)

"""A ticket that others change while we write into it."""

from __future__ import annotations

import json as json_format
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from chassis.outbox import GiveUp, Retry
from chassis.outward import Answer, Outward
from chassis.partnership import ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.request_tracker import RequestTracker, tickets

TICKET = TicketRef(system="rt", external_id="20", number="20")
TOKEN = "1-14-0123456789abcdef"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing(Outward):
    """A ticket that somebody else changes after each of the first so many times that it is looked at."""

    municipality: str = "ekvik"
    hosts: Collection[str] = ("rt.ekvik.example",)
    changes: list[str]
    takes: bool = True
    there: dict[str, str] = field(default_factory=lambda: {"Status": "new", "ETag": '"1"'})
    written: list[object] = field(default_factory=list)

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        del url, body, form
        assert headers
        assert headers["Authorization"] == f"token {TOKEN}"
        if method == "GET":
            seen = dict(self.there)
            if self.changes:
                self.there.update(Status=self.changes.pop(0), ETag=f'"{seen["ETag"]}+"')
            return Answer(200, {"ETag": seen["ETag"]}, json_format.dumps({"Status": seen["Status"]}).encode())
        assert 412 in expected
        if headers["If-Match"] != self.there["ETag"]:
            return Answer(412, {}, b'{"message": "Precondition Failed"}')
        assert isinstance(json, dict)
        self.written.append(json)
        if self.takes:
            self.there.update(json)
        return Answer(200, {}, '["Otillåten status"]'.encode())


def the_tickets(outward: Outward) -> RequestTracker:
    desk = ServiceDesk.model_validate(
        {
            "municipality": "ekvik", "system": "rt", "kind": "request-tracker", "secret": "a-secret-of-ekvik",
            "api": {"url": "https://rt.ekvik.example", "token": TOKEN}, "states": {"project": "open"},
        }
    )  # fmt: skip
    assert desk.api
    return tickets(desk, desk.api, outward)


async def test_a_ticket_that_was_changed_meanwhile_is_looked_at_again_before_its_state_is_set() -> None:
    rt = Changing(changes=["stalled", "new"])
    await the_tickets(rt).set_state(TICKET, "project", key="s-1")
    assert rt.written == [{"Status": "open"}]


async def test_a_state_that_somebody_else_has_set_meanwhile_is_not_set_again() -> None:
    rt = Changing(changes=["open"])
    await the_tickets(rt).set_state(TICKET, "project", key="s-1")
    assert rt.written == []


async def test_a_ticket_that_changes_again_and_again_is_left_for_later() -> None:
    rt = Changing(changes=["stalled", "new"] * 4)
    with pytest.raises(Retry):
        await the_tickets(rt).set_state(TICKET, "project", key="s-1")


async def test_a_state_that_was_not_set_though_the_answer_was_200_is_given_up_with_what_was_said() -> None:
    with pytest.raises(GiveUp, match="Otillåten status"):
        await the_tickets(Changing(changes=[], takes=False)).set_state(TICKET, "project", key="s-1")

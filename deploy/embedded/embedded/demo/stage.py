"""How the year is played: over HTTP, as ticketing systems and people do it, each thing under a key of its own.

A service that is away for a moment is asked again; so is one that has yet to hear what another was just told.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
from standardwebhooks.webhooks import Webhook

from chassis.clock import SystemClock
from chassis.partnership import Partnership, ServiceDesk
from chassis.web.deps import KEY_HEADER
from chassis.web.told import AT_HEADER
from contracts.catalogue import SERVICES
from embedded.demo.tales import SEED

PATIENCE = 30.0
"""Seconds until something that does not come right is said to have gone wrong."""
AT_ONCE = 6
AWAY = frozenset({429, 502, 503, 504})
NOT_YET = frozenset({404, 409})
"""What a service answers that has not heard of something yet. What is wrong for good is so after PATIENCE too."""


class OutOfTheStory(Exception):
    """Something in the year was not answered as it should be."""


class KeepsItsOwnTime(Exception):
    """The installation was not started for the demo: it lets nobody say when it is."""


class Stage:
    """The installation the year is played on. `token` gives the token of somebody with an address."""

    def __init__(self, url: str, partnership: Partnership, token: Callable[[str], str]) -> None:
        self.url, self.partnership, self._token = url, partnership, token
        self.now = SystemClock().now()
        self.done = 0
        """How many things were done."""
        self._few = asyncio.Semaphore(AT_ONCE)
        self._tokens: dict[str, str] = {}

    async def __aenter__(self) -> Stage:
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def tell(self, moment: datetime) -> None:
        """Say to every service that it is this moment. Raises KeepsItsOwnTime."""
        self.now = moment
        await asyncio.gather(*(self._set_clock(service) for service in SERVICES))

    async def _set_clock(self, service: str) -> None:
        answered, _, headers = await self._send("GET", f"/{service}/health", {}, None, patient=False)
        if answered == 200 and AT_HEADER not in headers:
            raise KeepsItsOwnTime

    async def deliver(self, municipality: str, system: str, ticket: Mapping[str, Any], key: str) -> dict[str, Any]:
        """A ticketing system hands over a ticket as it is now: signed as Standard Webhooks, or as a CloudEvent."""
        desk = self.partnership.desk(municipality, system)
        assert desk is not None, f"{municipality} has no {system}"
        sent = _signed if desk.kind == "standard-webhooks" else _cloudevent
        hook, headers, body = sent(desk, ticket, f"{SEED}/{key}", self.now)
        answer: dict[str, Any] = await self._ask("POST", f"/intake/hooks/{hook}/{desk.id}", headers, body)
        return answer

    async def ask(
        self, email: str, method: str, path: str, said: Mapping[str, Any] | None = None, *, key: str = ""
    ) -> Any:
        """Somebody asks for something, or does it when there is a key. Returns the answer's JSON."""
        if email not in self._tokens:
            self._tokens[email] = self._token(email)
        headers = {"Authorization": f"Bearer {self._tokens[email]}"}
        if key:
            headers[KEY_HEADER] = f"{SEED}/{key}"
        body = None
        if said is not None:
            headers["Content-Type"], body = "application/json", json.dumps(said, default=str).encode()
        return await self._ask(method, path, headers, body)

    async def until(self, email: str, path: str, so: Callable[[Any], bool]) -> Any:
        """Ask until it is so. Raises OutOfTheStory when it never is."""
        began = time.monotonic()
        while not so(answer := await self.ask(email, "GET", path)):
            if time.monotonic() - began > PATIENCE:
                raise OutOfTheStory(f"{path} at {self.now} is still {answer}")
            await asyncio.sleep(0.05)
        return answer

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        status, answer, _ = await self._send(method, path, headers, body, patient=True)
        if status >= 400:
            raise OutOfTheStory(f"{method} {path} at {self.now}: {status} {answer}")
        self.done += method != "GET"
        return answer

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, *, patient: bool
    ) -> tuple[int, Any, Mapping[str, str]]:
        at = {AT_HEADER: self.now.isoformat()}
        began, pause = time.monotonic(), 0.02
        while True:
            try:
                async with (
                    self._few,
                    self._client.request(method, self.url + path, headers={**headers, **at}, data=body) as answer,
                ):
                    status, told = answer.status, await answer.read()
                    again = status in AWAY or (patient and status in NOT_YET)
                    if not again or time.monotonic() - began > PATIENCE:
                        return status, json.loads(told) if told else None, answer.headers
            except (aiohttp.ClientError, TimeoutError):
                if time.monotonic() - began > PATIENCE:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)


def _signed(desk: ServiceDesk, ticket: Mapping[str, Any], key: str, at: datetime) -> tuple[str, dict[str, str], bytes]:
    body = json.dumps(ticket, ensure_ascii=False)
    return "standard-webhooks", {
        "Content-Type": "application/json",
        "webhook-id": key,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(desk.secret).sign(msg_id=key, timestamp=at.astimezone(UTC), data=body),
    }, body.encode()  # fmt: skip


def _cloudevent(
    desk: ServiceDesk, ticket: Mapping[str, Any], key: str, at: datetime
) -> tuple[str, dict[str, str], bytes]:
    event = {
        "specversion": "1.0", "id": key, "source": f"https://{desk.system}.{desk.municipality}.example",
        "type": f"ticket.{ticket['kind']}", "time": at.isoformat(), "data": ticket,
    }  # fmt: skip
    headers = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {desk.secret}"}
    return "cloudevents", headers, json.dumps(event, ensure_ascii=False).encode()

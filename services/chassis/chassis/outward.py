"""Calls to other people's systems: guarded, bounded, and told in the outbox's words.

An address is a municipality's own choice, so it is guarded: only hosts that the municipality lists, no redirects, and
no way into our own machine, judged at the address that is connected to; into a private network only where it is said
that the system stands in one. A system that fails again and again is left alone for a while.
"""

from __future__ import annotations

import base64
import ipaddress
import json as json_format
import socket
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from chassis.outbox import GiveUp, Retry

SECONDS = 20.0
"""How long a system may take to answer."""
MOST_BYTES = 16 * 1024 * 1024
"""The longest answer that is read."""
LONGEST_WAIT = 3600.0
"""Seconds a system may ask us to wait, at the most."""
PASSING = frozenset({408, 409, 412, 423, 425, 429})
"""The answers below 500 that may be another when asked again."""
OURSELVES = frozenset({"localhost", "127.0.0.1", "::1"})
"""This machine by a name that can mean nothing else; who lists it among the hosts means it."""
FAILURES, REST_SECONDS = 5, 60.0
"""After so many failures in a row a system is left alone for so long."""


class NotThere(OSError):
    """The name leads to an address that may not be connected to."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system answered, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def date(self) -> datetime | None:
        """When it was answered, by the system's own clock; None where it does not say."""
        try:
            said = parsedate_to_datetime(self.headers["Date"])
        except (KeyError, ValueError):
            return None
        return said if said.tzinfo else said.replace(tzinfo=UTC)

    def json(self) -> Any:
        """The body as JSON. Raises Retry for what is none: a system that is down often answers with a page."""
        try:
            return json_format.loads(self.body)
        except (ValueError, RecursionError):
            raise Retry(f"the system answered {self.status} with something that is not JSON") from None


@dataclass(slots=True)
class Breaker:
    """Whether a target is left alone: open after FAILURES failures in a row, tried again after REST_SECONDS."""

    failures: int = 0
    until: float = 0.0

    def pass_or_wait(self) -> None:
        """Raises Retry while the target is left alone."""
        left = self.until - time.monotonic()
        if left > 0:
            raise Retry("the system failed again and again and is left alone for a while", left)

    def note(self, *, failed: bool) -> None:
        """Count a failure, or forget all."""
        self.failures = self.failures + 1 if failed else 0
        if self.failures >= FAILURES:
            self.until = time.monotonic() + REST_SECONDS


_BREAKERS: dict[tuple[str, str], Breaker] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outward:
    """The way to the systems of one municipality.

    hosts    those that may be called, and no others
    private  whether the system may stand in a private network
    """

    municipality: str
    hosts: Collection[str]
    private: bool = False
    seconds: float = SECONDS
    breakers: dict[tuple[str, str], Breaker] = field(default_factory=lambda: _BREAKERS, repr=False)

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
        """Ask, and return what was answered with a status of 2xx, or one of `expected`.

        Raises Retry for what may pass, with the wait that the system asks for, and GiveUp for what will not.
        """
        breaker, host = self.admitted(url), urlsplit(url).hostname or ""
        given = dict(headers or {})
        if json is not None:
            body = json_format.dumps(json, ensure_ascii=False).encode()
            given.setdefault("Content-Type", "application/json")
        try:
            answer = await self._ask(method, url, host, given, dict(form) if form is not None else body)
        except Retry:
            breaker.note(failed=True)
            raise
        breaker.note(failed=answer.status >= 500)
        if 200 <= answer.status < 300 or answer.status in expected:
            return answer
        if answer.status < 500 and answer.status not in PASSING:
            raise GiveUp(f"the system answered {answer.status}")
        raise Retry(f"the system answered {answer.status}", wait_of(answer.headers.get("Retry-After")))

    def admitted(self, url: str) -> Breaker:
        """Where failures of an address are counted, if it may be called: GiveUp for a host that is not listed, Retry
        while it is left alone."""
        host = urlsplit(url).hostname or ""
        if host not in self.hosts:
            raise GiveUp(f"{host or 'an address without a host'} is not among the hosts of {self.municipality}")
        breaker = self.breakers.setdefault((self.municipality, urlsplit(url).netloc), Breaker())
        breaker.pass_or_wait()
        return breaker

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection for what is not HTTP, once `admitted`. It waits: to be called in a thread. Raises OSError."""
        failure = OSError("the name leads nowhere")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            made = socket.socket(family, kind, protocol)
            try:
                self.refuse_inward(host, str(address[0]))
                made.settimeout(self.seconds)
                made.connect(address)
            except OSError as failed:
                made.close()
                failure = failed
            else:
                return made
        raise failure

    async def _ask(self, method: str, url: str, host: str, headers: dict[str, str], data: Any) -> Answer:
        def outward(found: Any) -> socket.socket:
            family, kind, protocol, _, address = found
            self.refuse_inward(host, address[0])
            return socket.socket(family, kind, protocol)

        connector, nobody = aiohttp.TCPConnector(socket_factory=outward), aiohttp.DummyCookieJar()
        limit = aiohttp.ClientTimeout(total=self.seconds)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=limit, cookie_jar=nobody) as session,
                session.request(method, url, headers=headers, data=data, allow_redirects=False) as answer,
            ):
                read = bytearray()
                async for piece in answer.content.iter_chunked(1 << 16):
                    read += piece
                    if len(read) > MOST_BYTES:
                        raise GiveUp(f"the system answered with more than {MOST_BYTES} bytes")
                return Answer(answer.status, answer.headers.copy(), bytes(read))
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            raise Retry(f"the system cannot be reached: {type(failure).__name__}") from None

    def refuse_inward(self, host: str, address: str) -> None:
        """Raises NotThere for an address that `host` may not lead to."""
        if host not in OURSELVES:
            refuse_inward(address, private=self.private)


@dataclass(frozen=True, slots=True)
class Remote:
    """One system's API: where it is, and what every question to it carries (who asks)."""

    outward: Outward
    base: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def get(self, path: str, expected: Collection[int] = (), /, **query: str) -> Answer:
        """Ask for something. Raises what `Outward.ask` raises."""
        asked = f"?{urlencode(query)}" if query else ""
        return await self.send("GET", path + asked, expected=expected)

    async def send(
        self,
        method: str,
        path: str,
        json: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        """Have something done. Raises what `Outward.ask` raises."""
        given = {"Accept": "application/json", **self.headers, **(headers or {})}
        return await self.outward.ask(method, self.base.rstrip("/") + path, json=json, headers=given, expected=expected)


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic (RFC 7617), in UTF-8."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def refuse_inward(address: str, *, private: bool) -> None:
    """Raises NotThere for an address of this machine or its neighbourhood; private networks only where it is said."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        raise NotThere("the system's name leads to this machine")
    if not (ip.is_global or private):
        raise NotThere("the system's name leads into a private network")


def wait_of(retry_after: str | None) -> float | None:
    """The seconds that a Retry-After asks for, as a number or as a date (RFC 9110, section 10.2.3)."""
    if not retry_after:
        return None
    if retry_after.isdecimal():
        return min(float(retry_after), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0.0, until.timestamp() - time.time()), LONGEST_WAIT)

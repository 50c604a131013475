"""A ticketing system that stands in for the real one: it tells its tickets as that one does, by webhook and over its
API, and takes what is written into them. One file in `peers/` for each kind.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal, Self

from aiohttp import web

Event = Literal["created", "changed", "commented", "closed", "reopened", "merged", "moved", "deleted"]
"""What happens to a ticket: "moved" leaves the project flow, or comes back into it."""

OPENED = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)
"""When the tickets of the suite were opened; winter, and one hour later by a clock in Stockholm."""
FILE, FILE_TYPE = "Skiss Ærø.pdf", "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A ticket as the suite tells it, whatever system it stands in."""

    number: int = 81
    title: str = "Räksmörgås Ærø Bodø"
    text: str = "Vi behöver en e-tjänst för bygglov på Ærø."
    html: str | None = None
    """The text as HTML, for systems whose descriptions are HTML; made from `text` where it is None."""
    name: str = "Sigrid Ek"
    email: str = "sigrid.ek@ekvik.example"
    unit: str = "Samhällsbyggnad"
    opened: datetime = OPENED
    changed: datetime = OPENED
    revision: int = 1
    """Grows by one with each change."""
    flow: str = "Projekt"
    closed: bool = False
    into: int | None = None
    """The number of the ticket it was merged into."""
    deleted: bool = False
    comments: tuple[str, ...] = ()
    file: bytes | None = None
    """What hangs on it, under the name FILE and with the media type FILE_TYPE."""

    def later(self, minutes: int = 10, **changes: Any) -> Self:
        """The same ticket after a change."""
        moment = self.changed + timedelta(minutes=minutes)
        return replace(self, changed=moment, revision=self.revision + 1, **changes)

    @property
    def as_html(self) -> str:
        """The text as HTML."""
        return self.html or "<p>" + self.text.replace("\n", "<br>") + "</p>"


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery as the system sends it."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw_headers(self) -> dict[bytes, bytes]:
        """The headers as they travel: what people named is UTF-8."""
        return {name.encode(): value.encode() for name, value in self.headers.items()}


@dataclass(frozen=True, slots=True)
class Comment:
    """What was written into a ticket."""

    number: int
    text: str
    public: bool = True


class Peer(ABC):
    """One system. What it holds is in `tickets`, what was written into it in `comments`, `states` and `references`.

    kind       of the desk
    secret     what deliveries are proven with
    desk       what the desk's settings say besides: flows, states, options, closed, timezone
    sends      the events it tells of by webhook; none for a system that is only polled
    polled     the events that its API shows to whoever asks what changed
    looks_up   the events whose delivery makes intake ask the API for what it does not say
    neighbour_secret  what the deliveries of another municipality's desk of this kind are proven with
    thin       whether a delivery only names its ticket, so that it tells how the ticket is when the system is asked
    tells_unit whether a delivery says the requester's unit
    """

    kind: ClassVar[str]
    secret: ClassVar[str] = "a-secret-of-ekvik-0001"
    next_secret: ClassVar[str] = "a-secret-of-ekvik-0002"
    neighbour_secret: ClassVar[str] = "a-secret-of-nordvik-0001"
    token: ClassVar[str] = "token-of-the-flode-user"
    desk: ClassVar[Mapping[str, Any]] = {}
    sends: ClassVar[frozenset[Event]] = frozenset({"created", "changed", "closed", "reopened", "moved"})
    polled: ClassVar[frozenset[Event]] = frozenset({"created", "changed", "closed", "reopened", "moved"})
    looks_up: ClassVar[frozenset[Event]] = frozenset()
    thin: ClassVar[bool] = False
    tells_unit: ClassVar[bool] = True
    names_delivery: ClassVar[bool] = True
    """Whether its deliveries have a name of their own, the same at each try."""
    tries_again: ClassVar[bool] = False
    """Whether it delivers again what was not answered; then with `says_it_tries_again` in its headers."""
    says_it_tries_again: ClassVar[Mapping[str, str]] = {}
    says_when: ClassVar[bool] = True
    """Whether it can say when it wants to be asked again (Retry-After)."""
    never: ClassVar[str] = "403"
    """What it answers where one that speaks HTTP says that it will never do it."""

    def __init__(self) -> None:
        self.tickets: dict[int, Story] = {}
        self.comments: list[Comment] = []
        self.states: list[tuple[int, str]] = []
        self.references: list[tuple[int, str]] = []
        self.asked: list[str] = []
        """Method and path of each request to the API."""
        self.fails: list[tuple[int, dict[str, str]]] = []
        """The statuses and headers that the next requests are answered with, instead of what they asked for."""
        self.missing: int | None = None
        """What is answered for a ticket that is not there, instead of that it is not."""
        self.spoils: Callable[[Any], Any] | None = None
        """What becomes of whatever it answers, where it is to answer otherwise than it should."""
        self.url = ""

    @abstractmethod
    def external_id(self, story: Story) -> str:
        """The id of a ticket in this system."""

    @abstractmethod
    def shown_number(self, story: Story) -> str:
        """What people call a ticket in this system."""

    @abstractmethod
    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        """What the system sends of an event, proven with `secret`; `name` names the delivery, at is when it is sent."""

    @abstractmethod
    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        """An authentic delivery of something that is not a ticket as the system sends it by itself."""

    def unproven(self, sent: Sent) -> Sent:
        """The delivery without what proves it: its headers, but for what says what it is."""
        bare = {name: value for name, value in sent.headers.items() if name in ("content-type", "user-agent")}
        return Sent(sent.body, bare)

    @abstractmethod
    def routes(self, app: web.Application) -> None:
        """Add the API: tickets to look up and to poll for, and what can be written into them."""

    @abstractmethod
    def authorized(self, request: web.Request) -> bool:
        """Whether a request to the API says who asks as this system wants it said."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Serve the API on the loopback address, for the length of a block."""
        app = web.Application(middlewares=[self._watch], client_max_size=1 << 24)
        self.routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    @web.middleware
    async def _watch(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if self.fails:
            status, headers = self.fails.pop(0)
            return web.json_response({"error": "planted"}, status=status, headers=headers)
        if not self.authorized(request):
            return web.json_response({"error": "who are you?"}, status=401)
        try:
            answer: web.StreamResponse = await handler(request)
        except KeyError:
            return self.not_there() if self.missing is None else web.json_response({}, status=self.missing)
        if self.spoils is not None and isinstance(answer, web.Response) and answer.text:
            answer.text = json.dumps(self.spoils(json.loads(answer.text)))
        return answer

    def not_there(self) -> web.Response:
        """The answer for a ticket that is not there; most systems give the same for one that may not be seen."""
        return web.json_response({"error": "not found"}, status=404)

    def settings(self, municipality: str = "ekvik") -> dict[str, Any]:
        """The desk in the partnership's file."""
        return {
            "municipality": municipality, "system": self.kind, "kind": self.kind,
            "secret": self.secret, "next_secret": self.next_secret, "flows": ["Projekt"],
            "api": {"url": self.url, "user": "flode", "token": self.token, "private": True, **self.desk.get("api", {})},
            **{name: value for name, value in self.desk.items() if name != "api"},
        }  # fmt: skip

    def polled_as(self, story: Story) -> list[bytes]:
        """What is found by polling in a system that sends nothing, as it is read."""
        return []

    def plain(self, comment: str) -> str:
        """What people read of a comment in this system; for systems whose comments are HTML, without the markup."""
        return comment

    async def file(self, request: web.Request) -> web.Response:
        """The bytes of the file that hangs on the only ticket that has one."""
        (content,) = (story.file for story in self.tickets.values() if story.file is not None)
        return web.Response(body=content, content_type="application/octet-stream")

    def changed_since(self, since: datetime) -> list[Story]:
        """The tickets that changed at `since` or later, the longest ago first."""
        found = [story for story in self.tickets.values() if story.changed >= since and not story.deleted]
        return sorted(found, key=lambda story: story.changed)


def as_rails_writes(said: object) -> bytes:
    """JSON as it comes from Rails, which writes three letters otherwise, wherever they stand."""
    text = json.dumps(said, ensure_ascii=False)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode()


def all_peers() -> dict[str, type[Peer]]:
    """Every stand-in, by kind."""
    import tests.systems.peers as folder

    found: dict[str, type[Peer]] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        peer = importlib.import_module(f"tests.systems.peers.{module.name}").peer
        found[peer.kind] = peer
    return found

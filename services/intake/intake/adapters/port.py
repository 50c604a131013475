"""How a ticketing system speaks to us. Each has an adapter of this shape, in a file of its own.

The file is named for the kind of the desk (`request_tracker.py` for "request-tracker") and has a `system` of the type
`System`; nothing else has to know of it. What arrives is proven over its raw bytes before anything is parsed, and said
again in the words of the generic ticket (`ticket.py`). What a delivery lacks is looked up, and what no delivery told of
is polled for; both come as records of the system's API, marked by `POLLED`, and are read by the same adapter.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from chassis.i18n import fill, translate
from chassis.options import Option
from chassis.outward import Outward, Remote
from chassis.partnership import Api, ServiceDesk
from chassis.plain import in_plain_words
from contracts.refusal import Refusal, Refusals
from intake.adapters.beginnings import TooLargeToRead, TooLargeToUse, named_in
from intake.adapters.delivery import Delivery, as_json, key_of
from intake.adapters.odd import ODD, what_is_odd
from intake.domain.text import a_title

M = TypeVar("M", bound=BaseModel)

POLLED = "flode-polled"
"""The header of what we asked for ourselves; its value is AS_EXPECTED; GONE or UNSEEN says that there was nothing, and
anything else what is not as it must be."""
AS_EXPECTED = "1"
GONE, UNSEEN = "gone", "unseen"
CUT = "flode-cut"
"""The header of a body of which only the beginning was kept: its bytes and its SHA-256 in hex, divided by a blank."""
OURS = (POLLED, CUT)
"""Headers that nobody else can send: they are taken off."""

Lookup = Literal["never", "new", "always"]


CREDENTIAL = re.compile(r"[a-z0-9-]{1,63}\.[a-z0-9-]{1,63}")
"""What the name of a desk's credential looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What came to a hook, byte for byte. Names of headers are in small letters; values as they were received, in
    which `text_of` finds UTF-8."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def polled(self) -> bool:
        """Whether it is a record that we asked for. Senders cannot say so: the header is taken off what they send."""
        return POLLED in self.headers

    @property
    def gone(self) -> bool:
        """Whether the system showed nothing when we asked for the ticket."""
        return self.headers.get(POLLED) in (GONE, UNSEEN)

    @property
    def cut(self) -> tuple[int, str] | None:
        """The size and the SHA-256 of the whole body, where only its beginning was kept; None where it is whole."""
        size, _, digest = self.headers.get(CUT, "").partition(" ")
        return (int(size), digest) if size else None

    @property
    def odd(self) -> str | None:
        """What of a record is not as it must be, where that was found when it was asked for."""
        told = self.headers.get(POLLED, AS_EXPECTED)
        return None if told in (AS_EXPECTED, GONE, UNSEEN) else told

    def text_of(self, header: str) -> str:
        """A header's text. Headers arrive as latin-1; what people name is UTF-8 as often as not."""
        value = self.headers.get(header, "")
        try:
            return value.encode("latin-1").decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            return value

    def read(self, model: type[M]) -> M:
        """The body, held against what is expected of it. Raises Refusal: a sentence for each field that is not so."""
        try:
            return model.model_validate(as_json(self.body))
        except ValidationError as wrong:
            raise in_plain_words(wrong.errors(), any_case=True) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a delivery says of a ticket, in the words of the generic ticket.

    key     names the delivery at its source, where its headers do not
    lookup  whether the system's API has to be asked before it can be used: "new" for what is only needed of a ticket
            that is not known yet (who asks for it), "always" for a delivery that names its ticket and says nothing else
    """

    ticket: Mapping[str, object]
    key: str | None = None
    lookup: Lookup = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Tickets that changed, as records of the system's API, and where to go on from. `more`: there are more now."""

    records: tuple[Arrived, ...]
    cursor: str
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step for the administrator who connects the system: what to do, marked for translation, and what to paste.

    In both may stand {url}, {secret} and {flow}, and in what is to do the fields of the connection as well: {api_url},
    {api_user}, {api_token}, {desk_url}, {flows}, {states}, {timezone}, and {option_…} with an option's name.
    """

    do: str
    paste: str = ""

    def told_in(self, language: str, values: Mapping[str, str]) -> Step:
        """The step in a language, with its places filled."""
        return Step(do=translate(self.do, language, **values), paste=fill(self.paste, language, values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way to a desk's system, over which it is asked."""

    desk: ServiceDesk
    api: Api
    outward: Outward

    def remote(self, headers: Mapping[str, str]) -> Remote:
        """The system's API, asked with these headers."""
        return Remote(self.outward, self.api.url, headers)


class Proof(Protocol):
    """What is known of a sender while its delivery comes in, piece by piece."""

    def update(self, piece: bytes) -> None:
        """The next piece of the body."""

    def let_pass(self) -> None:
        """There is no more. Raises Unauthentic."""


Begin = Callable[[Arrived, tuple[str, ...], datetime], Proof]
"""(what arrived but for its body, secrets in use, now) -> its proof. Raises Unauthentic for what can be told from the
headers alone, so that nothing is read of a sender who cannot be let pass."""


def nothing(*_: Any) -> None:
    """What a system does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A ticketing system.

    name       as people write it
    proof      how its senders prove themselves; compares in constant time, with every secret
    said       what it says of a ticket; raises Refusal for what cannot be used as it is
    key        what names the delivery in its headers; without it, the body's hash does
    secret     what is wrong with a secret with which `verify` would let nothing pass, and what to do; None for nothing
    trigger    what the administrator called the rule that sent it, for whoever has to mend it
    kept       the headers that are kept with the body
    challenge  the answer to a GET by which a system makes sure of us; None for none
    callback   an address the system asks us to call, once, to prove that we want its deliveries; None for none
    reply      what the system understands of an answer, besides what every sender is told
    look_up    asks the API for the ticket of a delivery; a record
    fetch      asks the API for a ticket by its external id; a record, or `gone` where the system says for certain that
               it is there no more, or `unseen` where it has left what we may see. Raises GiveUp for anything else
    names      where a body names its ticket, for one that is too large to be kept: paths into its JSON ("ticket.id"),
               of which the first that is there counts
    changed    asks the API what changed since a cursor (at first, a moment in ISO 8601)
    open_file  reads a file that hangs on a ticket, by its reference; None where files are opened in the system alone
    options    what this kind has to be told besides, as `api.options`
    steps      how it is connected
    """

    name: str
    proof: Begin
    said: Callable[[Arrived, ServiceDesk], Said]
    key: Callable[[Arrived], str | None] = nothing
    secret: Callable[[str], str | None] = nothing
    trigger: Callable[[Arrived], str | None] = nothing
    kept: tuple[str, ...] = ()
    challenge: Callable[[Arrived, ServiceDesk], Mapping[str, str] | str | None] = nothing
    callback: Callable[[Arrived, ServiceDesk], str | None] = nothing
    reply: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict
    look_up: Callable[[Way, Arrived], Awaitable[Arrived]] | None = None
    fetch: Callable[[Way, str], Awaitable[Arrived]] | None = None
    names: tuple[str, ...] = ()
    changed: Callable[[Way, str], Awaitable[Changed]] | None = None
    open_file: Callable[[Way, str], Awaitable[bytes]] | None = None
    options: tuple[Option, ...] = ()
    steps: tuple[Step, ...] = ()

    def verify(self, arrived: Arrived, secrets: tuple[str, ...], now: datetime) -> None:
        """Let something that arrived whole pass. Raises Unauthentic."""
        proof = self.proof(replace(arrived, body=b""), secrets, now)
        proof.update(arrived.body)
        proof.let_pass()

    def read(self, arrived: Arrived, desk: ServiceDesk) -> Delivery:
        """The delivery, with what it says or what is wrong with it. Never raises."""
        kept = {
            name: value
            for name, value in arrived.headers.items()
            if name in self.kept or name in (*OURS, "content-type", "user-agent")
        }
        given = Delivery(key=key_of(self.key(arrived) or "", body=arrived.body), body=arrived.body, headers=kept)
        if arrived.cut:
            return self._begun(given, arrived, *arrived.cut)
        try:
            if arrived.odd:
                raise NotUnderstood(self, arrived, arrived.odd)
            said = _absent(arrived) if arrived.gone else self.said(arrived, desk)
        except Refusal as fault:
            return given.with_fault(self.explained(fault, given))
        except OverflowError:  # a moment at the end of the calendar, in another zone
            moment = in_plain_words([{"type": "datetime_out_of_range", "loc": ()}])
            return given.with_fault(self.explained(moment, given))
        except ODD as failure:  # a fault of the adapter's; nothing authentic is lost for it
            return given.with_fault(NotUnderstood(self, arrived, what_is_odd(failure)))
        ticket = {name: value for name, value in said.ticket.items() if value is not None}
        return given.saying(to_jsonable_python(ticket), key=said.key, lookup=said.lookup)

    def _begun(self, given: Delivery, arrived: Arrived, size: int, digest: str) -> Delivery:
        """A delivery of which only the beginning is there: it names its ticket, and the system has to be asked."""
        named = named_in(arrived.body, self.names)
        key = key_of(self.key(arrived) or f"sha256 {digest}", body=arrived.body)
        begun = replace(given, key=key, known_by=bytes.fromhex(digest), size=size)
        if named is None:
            return begun.with_fault(self.explained(TooLargeToRead(size, self.name), given))
        return replace(begun, content={"external_id": named}, lookup="always")

    def explained(self, fault: Refusal, delivery: Delivery) -> Refusal:
        """The fault of what was sent, behind a sentence for whoever set the sender up, if that is known by a name."""
        arrived = Arrived(body=delivery.body, headers=delivery.headers)
        trigger = None if arrived.polled or delivery.known_by else self.trigger(arrived)
        return Refusals((NotAsSent(self.name, trigger), *_each(fault))) if trigger else fault


class NotAsSent(Refusal):
    """A trigger was given a payload of its own, or a pre-defined one for another receiver."""

    text = "The trigger “{trigger}” does not send what {system} sends by itself. Take its custom payload off."
    status = 422

    def __init__(self, system: str, trigger: str) -> None:
        super().__init__(system=system, trigger=trigger)


class NotUnderstood(Refusal):
    """What a system's API told of a ticket is shaped otherwise than its documents say."""

    text = (
        "What {system} tells of ticket {ticket} cannot be read: “{odd}” is not as it must be. "
        "Mend the ticket there, or register it by hand and set this aside."
    )
    status = 422

    def __init__(self, system: System, arrived: Arrived, odd: str) -> None:
        super().__init__(system=system.name, ticket=_called(arrived), odd=odd)


class NotLookedUp(Refusal):
    """The delivery only names its ticket, and the system's API did not tell us more."""

    text = "The delivery only names ticket {ticket}, and {system} could not be asked about it: {reason}."
    status = 422


def not_looked_up(delivery: Delivery, system: str, reason: str) -> Refusal:
    """What is wrong with a delivery that only names its ticket, when the system could not be asked for more."""
    named = delivery.content.get("external_id") if isinstance(delivery.content, dict) else None
    if delivery.size is not None:
        return TooLargeToUse(size=-(-delivery.size // 1024), ticket=str(named), system=system, reason=reason)
    return NotLookedUp(ticket=str(named), system=system, reason=reason)


def _each(fault: Refusal) -> tuple[Refusal, ...]:
    return fault.refusals if isinstance(fault, Refusals) else (fault,)


def polled(record: object) -> Arrived:
    """A record of a system's API, as something that arrived."""
    return Arrived(body=json.dumps(record).encode(), headers={POLLED: AS_EXPECTED})


def oddly_polled(record: object, odd: str) -> Arrived:
    """A record of which something is not as it must be, to be parked."""
    return Arrived(body=json.dumps(to_jsonable_python(record, fallback=str)).encode(), headers={POLLED: odd})


NAMES = ("number", "TicketNumber", "key", "id", "TicketID", "ticket_id", "sys_id")
"""The fields by which people, and at last systems, know a ticket."""


def _called(arrived: Arrived) -> str:
    """What a ticket is called in a record of which more is not understood; "?" if not even that."""
    try:
        record = as_json(arrived.body)
    except Refusal:
        return "?"
    fields = record if isinstance(record, dict) else {}
    for value in map(fields.get, NAMES):
        told = value.get("value") if isinstance(value, dict) else value
        if isinstance(told, str | int) and (shown := a_title(str(told))):
            return shown
    return "?"


def gone(external_id: str) -> Arrived:
    """That a system, asked for a ticket, said for certain that it is there no more."""
    return Arrived(body=json.dumps({"external_id": external_id}).encode(), headers={POLLED: GONE})


def unseen(external_id: str, at: datetime | None) -> Arrived:
    """That a ticket was deleted or moved to where we may not see it, which the system does not tell apart. It has left
    the flow, and may come back. `at` is when the system said so."""
    said = {"external_id": external_id, "at": at.isoformat() if at else ""}
    return Arrived(body=json.dumps(said).encode(), headers={POLLED: UNSEEN})


class Absent(BaseModel):
    """What is kept of having asked for a ticket that was not there."""

    external_id: str
    at: str = ""


def _absent(arrived: Arrived) -> Said:
    told = arrived.read(Absent)
    if arrived.headers[POLLED] == GONE:
        ticket: dict[str, object] = {"external_id": told.external_id, "kind": "deleted"}
        return Said(ticket=ticket, key=f"polled {told.external_id} gone")
    left = {"external_id": told.external_id, "kind": "moved", "flow": "-", "title": "-"}
    return Said(ticket=left, key=f"polled {told.external_id} unseen {told.at}")


def system_of(kind: str) -> System | None:
    """The system of this kind of desk; None where there is no adapter for it."""
    return systems().get(kind)


@cache
def systems() -> Mapping[str, System]:
    """Every system that has an adapter, by the kind of its desks."""
    import intake.adapters

    names = [found.name for found in pkgutil.iter_modules(intake.adapters.__path__)]
    modules = {name: importlib.import_module(f"intake.adapters.{name}") for name in names}
    return {name.replace("_", "-"): module.system for name, module in modules.items() if hasattr(module, "system")}

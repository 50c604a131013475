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
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from chassis.outward import Outward, Remote
from chassis.partnership import Api, ServiceDesk
from chassis.plain import in_plain_words
from contracts.refusal import Refusal, Refusals
from intake.adapters.delivery import Delivery, as_json, key_of
from intake.adapters.odd import ODD, what_is_odd
from intake.domain.text import a_title

M = TypeVar("M", bound=BaseModel)

POLLED = "flode-polled"
"""The header of what we asked for ourselves; its value is AS_EXPECTED, or says what is not so."""
AS_EXPECTED = "1"

Lookup = Literal["never", "new", "always"]


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
    def odd(self) -> str | None:
        """What of a record is not as it must be, where that was found when it was asked for."""
        told = self.headers.get(POLLED, AS_EXPECTED)
        return None if told == AS_EXPECTED else told

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
    """One step for the administrator who connects the system: what to do, and what to paste."""

    do: str
    paste: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way to a desk's system, over which it is asked."""

    desk: ServiceDesk
    api: Api
    outward: Outward

    def remote(self, headers: Mapping[str, str]) -> Remote:
        """The system's API, asked with these headers."""
        return Remote(self.outward, self.api.url, headers)


def nothing(*_: Any) -> None:
    """What a system does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A ticketing system.

    name       as people write it
    verify     (what arrived, secrets in use, now): raises Unauthentic; compares in constant time, with every secret
    said       what it says of a ticket; raises Refusal for what cannot be used as it is
    key        what names the delivery in its headers; without it, the body's hash does
    secret     what is wrong with a secret with which `verify` would let nothing pass, and what to do; None for nothing
    trigger    what the administrator called the rule that sent it, for whoever has to mend it
    kept       the headers that are kept with the body
    challenge  the answer to a GET by which a system makes sure of us; None for none
    callback   an address the system asks us to call, once, to prove that we want its deliveries; None for none
    reply      what the system understands of an answer, besides what every sender is told
    look_up    asks the API for the ticket of a delivery; a record
    changed    asks the API what changed since a cursor (at first, a moment in ISO 8601)
    steps      how it is connected: texts with {url}, {secret} and {flow}
    """

    name: str
    verify: Callable[[Arrived, tuple[str, ...], datetime], None]
    said: Callable[[Arrived, ServiceDesk], Said]
    key: Callable[[Arrived], str | None] = nothing
    secret: Callable[[str], str | None] = nothing
    trigger: Callable[[Arrived], str | None] = nothing
    kept: tuple[str, ...] = ()
    challenge: Callable[[Arrived, ServiceDesk], Mapping[str, str] | str | None] = nothing
    callback: Callable[[Arrived, ServiceDesk], str | None] = nothing
    reply: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict
    look_up: Callable[[Way, Arrived], Awaitable[Arrived]] | None = None
    changed: Callable[[Way, str], Awaitable[Changed]] | None = None
    steps: tuple[Step, ...] = ()

    def read(self, arrived: Arrived, desk: ServiceDesk) -> Delivery:
        """The delivery, with what it says or what is wrong with it. Never raises."""
        kept = {
            name: value
            for name, value in arrived.headers.items()
            if name in self.kept or name in (POLLED, "content-type", "user-agent")
        }
        given = Delivery(key=key_of(self.key(arrived) or "", body=arrived.body), body=arrived.body, headers=kept)
        try:
            if arrived.odd:
                raise NotUnderstood(self, arrived, arrived.odd)
            said = self.said(arrived, desk)
        except Refusal as fault:
            return given.with_fault(self.explained(fault, given))
        except OverflowError:  # a moment at the end of the calendar, in another zone
            moment = in_plain_words([{"type": "datetime_out_of_range", "loc": ()}])
            return given.with_fault(self.explained(moment, given))
        except ODD as failure:  # a fault of the adapter's; nothing authentic is lost for it
            return given.with_fault(NotUnderstood(self, arrived, what_is_odd(failure)))
        ticket = {name: value for name, value in said.ticket.items() if value is not None}
        return given.saying(to_jsonable_python(ticket), key=said.key, lookup=said.lookup)

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

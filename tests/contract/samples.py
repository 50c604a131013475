"""One message per kind of fact, filled in with things that could have happened.

Made once, when a fact is new, and kept for ever: what stands in `contracts/samples` is what was released, and today's
code must read it. Every field is filled, by its name where the name says what belongs there and by its type where not.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid5

from contracts.catalogue import CATALOGUE, SERVICES
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.personal import Personal, token
from contracts.values import Person

STORY = UUID("9d0f5a52-6f0f-5b43-8a0a-6a1d0a4d7a11")
"""The namespace of every id in the samples."""


def an_id(of: str) -> UUID:
    """The id of a thing in the story, the same each time."""
    return uuid5(STORY, of)


def sealed(person: UUID, text: str) -> str:
    """A token that looks like a real one and opens for nobody: no key was ever made for it."""
    digest = hashlib.sha256(f"{person}{text}".encode()).digest()
    return token(person, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def a_person(name: str, language: str = "sv") -> Person:
    """Somebody in the story, known by a pseudonym."""
    who = an_id(name)
    return Person(
        id=who,
        name=sealed(who, name),
        email=sealed(who, "mail"),
        phone=sealed(who, "phone"),
        language=language,  # type: ignore[arg-type]  # the callers below name languages of the contract
    )


WORDS: dict[str, Any] = {
    "title": "Bokning av idrottshallar för föreningar",
    "organisation": "Kultur- och fritidsförvaltningen",
    "reason": "Tre förvaltningar i två kommuner berörs, och inget av dagens system kan utökas.",
    "note": "Avstämt med objektägaren.",
    "system": "zammad",
    "external_id": "10081",
    "number": "2026-10081",
    "url": "https://arenden.norrhamn.example/#ticket/zoom/81",
    "municipality": "norrhamn",
    "serves": ("norrhamn", "fjordvik"),
    "key": "several-departments",
    "place": "Rådhuset i Norrhamn, sal Bryggan",
    "orderer_meeting": "IT-beställarmöte november",
    "currency": "SEK",
    "amount": Decimal("600000.00"),
    "spent": Decimal("203500.00"),
    "forecast": Decimal("580000.00"),
    "rate": Decimal("1200.00"),
    "hours": Decimal("500.00"),
    "weight": Decimal("2.500"),
    "score": Decimal("4.125"),
    "names": {"sv": "Samverkan", "nb": "Samarbeid", "da": "Samarbejde", "en": "Cooperation"},
    "by_criterion": {"time": Decimal("4.000"), "cooperation": Decimal("4.250")},
    "period": "2027H1",
    "delivery_period": "2027H1",
    "background": "Hallarna bokas i dag i tre kalendrar, och dubbelbokningar märks först på plats.",
    "heading": "Vad som har prövats",
    "goals": "En förening bokar en hall i en annan kommun utan att ringa.",
    "requirements": "Inloggning med e-legitimation. Inga fler register över barn.",
    "wishes": "Lås som öppnas av bokningen.",
    "decided_by": "Kommunstyrelsens arbetsutskott",
    "summary": "Provdriften i två hallar går efter plan.",
    "next_steps": "Utbildning av vaktmästarna i vecka 14.",
    "progress": 45,
    "decision": "Projektplanen fastställs",
    "role": "Verksamhetsexpert",
    "template": "uppdragsdirektiv-1",
    "text": "Leverantören byter plattform under våren.",
    "scope": "Endast de kommunala hallarna, inte föreningarnas egna.",
    "scores": {str(an_id("request")): {"time": 4, "cooperation": 5}},
    "params": {"amount": "600 000 SEK"},
    "field": "cost.lines.0",
    "rule": "TY-13",
    "likelihood": 2,
    "impact": 4,
    "revision": 3,
    "priority": 2,
    "attempts": 1,
    "rank": 1,
    "alternative": "Ett gemensamt bokningsställe utan lås.",
    "purpose": "Projektledning och arbetsmöten",
    "rough_plan": "Förstudie under våren, provdrift i två hallar till hösten.",
    "competence": "Van vid kalenderstandarder",
    "responsibility": "Kopplingen till låsen",
    "who": "En systemutvecklare, halvtid",
    "deciding_lead": "Enhetschefen för verksamhetsstöd",
    "action": "Provdrift på den nya plattformen före sommaren",
    "short_days": 7,
    "fixed_days": 14,
    "ranking": ("result", "time", "cost"),
    "origin": "business",
    "starts": date(2026, 9, 1),
    "ends": date(2026, 12, 31),
    "cadence": "fixed",
    "cost": "yellow",
    "met": True,
    "present": True,
    "resources": "Två utvecklare och en vaktmästare",
    "responsible": "Utvecklingsgruppen",
    "acceptance_terms": "Trettio bokningar i provdrift utan dubbelbokning",
    "language": "sv",
    "tie_rule": {"sv": "Lotten avgör.", "da": "Loddet afgør.", "nb": "Loddet avgjør.", "en": "Lots are drawn."},
    "guidance": {"sv": "Skriv hur det är i dag, inte hur det borde vara.", "en": "Write how it is today."},
    "section": "background",
    "timezone": "Europe/Stockholm",
    "email_domains": ("norrhamn.example",),
    "hosts": ("arenden.norrhamn.example",),
    "Connection.kind": "zammad",
    "Connection.api_url": "https://arenden.norrhamn.example/api",
    "Connection.flows": ("Projekt",),
    "Connection.closed": ("Avbruten",),
    "Connection.states": {"started": "Pågår"},
    "ConnectionSet.options": {"flow_field": "category", "unit_field": None},
    "SignedAnswers.url": "https://arenden.norrhamn.example/flode",
    "ConnectionKeySet.key": "client_secret",
    "poll_seconds": 300,
    "unheard_hours": 24,
    "api_user": "flode",
    "secret": "secret:" + sealed(an_id("connection"), "secret"),
    "next_secret": "secret:" + sealed(an_id("connection"), "next secret"),
    "token": "secret:" + sealed(an_id("connection"), "token"),
    "Town.name": "Norrhamns kommun",
    "Question.key": "effort",
    "Criterion.key": "cooperation",
    "Gate.key": "BP2",
    "Result.number": 1,
    "Result.text": "En driftsatt bokning för tolv hallar",
    "Section.text": "Delade kalendrar under 2025; de bokades över.",
    "PlanStep.text": "Provdrift i två hallar",
    "Caution.text": "The cost cap is unusually high: {amount}.",
    "Remark.text": "Skriv vem som beslutar om driften.",
    "DecisionRecorded.text": "Projektet får fortsätta till BP3.",
    "CabDecided.text": "Projektet får fortsätta till BP3.",
    "MinutesWritten.text": "§ 1 Mötet öppnas. § 2 Bokning av idrottshallar: fortsätter till BP3.",
    "MessageDue.template": "directive-sent",
    "MessageGivenUp.attempts": 12,
    "MessageGivenUp.reason": "550 mottagaren finns inte",
    "RoundOpened.title": "Prioritering våren 2027",
}
"""What belongs in a field, by its name, or by its name in one kind of value."""

PEOPLE = {
    "requester": a_person("Ylva Björkensten"),
    "leader": a_person("Sindre Fossmark", "nb"),
    "orderer": a_person("Maj-Lis Öhrnskog"),
    "voter": a_person("Asta Kjærbæk", "da"),
    "manager": a_person("Torvald Nyströmmen"),
    "deputy": a_person("Asta Kjærbæk", "da"),
    "deputy_for": a_person("Torvald Nyströmmen"),
    "to": a_person("Ylva Björkensten"),
}
SOMEBODY = a_person("Eira Solbakkstrand", "nb")
DAY, MOMENT = date(2026, 11, 30), datetime(2026, 11, 16, 9, 30, tzinfo=UTC)


def made(kind: Any, name: str = "", owner: str = "") -> Any:
    """A value of a type, for a field of this name."""
    if kind == Personal:
        return sealed(SOMEBODY.id, name)
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return made(next(each for each in inside if each is not NoneType), name, owner)
    if origin is Annotated:
        return made(inside[0], name, owner)
    word = WORDS.get(f"{owner}.{name}", WORDS.get(name))
    if origin is Literal:
        return word if word in inside else inside[0]
    if isinstance(word, origin or kind):
        return word
    if origin is tuple:
        return (made(inside[0], name),)
    if kind is Person:
        return PEOPLE.get(name, SOMEBODY)
    return filled(kind) if is_dataclass(kind) else PLAIN[kind](name)


def filled(kind: Any) -> Any:
    """A fact, or a value that facts hold, with every field filled."""
    hints = get_type_hints(kind, include_extras=True)
    return kind(**{field.name: made(hints[field.name], field.name, kind.__name__) for field in fields(kind)})


PLAIN: dict[Any, Callable[[str], Any]] = {
    UUID: lambda name: an_id(name.removesuffix("_id")),
    str: lambda name: name,
    int: lambda name: 1,
    bool: lambda name: False,
    date: lambda name: DAY,
    datetime: lambda name: MOMENT,
    Decimal: lambda name: Decimal("1.00"),
}
"""What is written where the name of a field does not say it."""


def a_sample(kind: type[Event]) -> str:
    """A message of this kind, laid out to be read. Taking the layout away gives the bytes that are sent."""
    fact = filled(kind)
    pm = an_id("Signe Havtorn")
    message = Envelope(
        id=an_id(kind.type),
        source=SERVICES[kind.type.split(".")[0]],
        subject=fact.subject,
        version=1 + list(CATALOGUE).index(kind.type),
        time=MOMENT,
        municipality="norrhamn",
        actor=f"pm/{pm}",
        actor_name=sealed(pm, "name"),
        correlation=str(an_id("correlation")),
        causation=an_id("causation"),
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        data=fact,
    ).to_bytes()
    return json.dumps(json.loads(message), ensure_ascii=False, indent=2) + "\n"

"""What happened, as sentences: who, in which role, when, and what the fact says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from uuid import UUID

from chassis.i18n import N_, translate
from chassis.identity import NAMES, Role
from chassis.web.shown import Reader, readable
from contracts.envelope import Envelope
from contracts.values import TicketRef

Sentence: TypeAlias = str | Callable[[Any], str]
"""A key for translation, whose placeholders are fields of the fact; or what chooses one by the fact."""
Sentences: TypeAlias = Mapping[str, Sentence]
"""The sentence of each fact by its travelling name."""
BY_ITSELF = N_("Flöde by itself")


def sentence_of(sentences: Sentences, event: Envelope[Any], reader: Reader, data: Mapping[str, Any]) -> str:
    """What an event says, in the reader's language. `data` is its data with names opened and private fields left out.

    A fact that nobody wrote a sentence for is called by its travelling name.
    """
    found = sentences.get(event.data.type)
    if found is None:
        return translate(readable(event.data.type), reader.language) + "."
    text = found if isinstance(found, str) else found(event.data)
    said = {name: node.text or "–" for name, node in reader.parts(data, type(event.data))}
    ticket = data.get("ticket") or data.get("into_ticket")
    if isinstance(ticket, TicketRef):
        said["ticket"] = ticket.number or ticket.external_id
    return translate(text, reader.language, **said)


def who_of(actor: str, name: str | None, reader: Reader) -> tuple[str, str]:
    """Who an actor string speaks of, and in which role: the name (or the pseudonym, where there is none), the role."""
    kind, _, rest = actor.partition("/")
    if kind == "system":
        return translate(BY_ITSELF, reader.language), rest
    role = kind.replace("-", "_")
    called = translate(NAMES[Role(role)], reader.language) if role in {each.value for each in Role} else readable(kind)
    try:
        UUID(rest)
    except ValueError:
        return reader.place(rest), called
    return name or rest, called

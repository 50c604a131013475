"""What a person did: found by the pseudonym, or by the e-mail address that it is made of, in a service's own log.

Names are sealed and cannot be searched; an address leads to the same pseudonym in every service.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis import named
from chassis.audit import fields_of
from chassis.decode import decode
from chassis.identity import Identity, Role
from chassis.vault import Vault
from chassis.views import View
from chassis.web.deps import Deps
from chassis.web.opening import written_down
from chassis.web.sentences import Sentences, sentence_of, who_of
from chassis.web.shown import Reader
from contracts.envelope import Envelope

MOST_DEEDS = 50
PSEUDONYM = 8
"""The version of the ids that the vault makes of people; those of requests and meetings are of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An event that a person brought about (`own`), or is named in; `view` and `key` lead to the row it made so."""

    event: Envelope[Any]
    sentence: str
    who: tuple[str, str]
    own: bool
    view: str | None
    key: UUID


def pseudonyms(vault: Vault, asked: str, scope: Iterable[str]) -> list[UUID]:
    """Whom somebody asks for: the pseudonym itself, or those of an address in these municipalities; else nobody."""
    words = asked.strip()
    if "@" in words and " " not in words:
        return [vault.person_id(municipality, words) for municipality in sorted(scope)]
    try:
        person = UUID(words)
    except ValueError:
        return []
    return [person] if person.version == PSEUDONYM else []


async def deeds_of(
    here: Deps, caller: Identity, people: Sequence[UUID], views: Sequence[View[Any]], reader: Reader,
    sentences: Sentences,
) -> list[Deed]:  # fmt: skip
    """What these people did here, and what they are named in, the latest first; at most MOST_DEEDS.

    For auditors. That they look is written down before any name is opened.
    """
    scope = caller.scope_of(Role.AUDITOR)
    found_in = await named.events_of(here.db, people, scope=scope, limit=MOST_DEEDS)
    events = [decode(envelope, position) for position, envelope in found_in]
    if not events:
        return []
    for person in people:
        await written_down(
            here, caller, {each.municipality for each in events},
            view="people", key=person, what="list", moment=None, role=Role.AUDITOR,
        )  # fmt: skip
    private = frozenset().union(*(view.private for view in views))
    sealed = [(each.actor_name, fields_of(each.data, private)) for each in events]
    opened = await here.vault.open_all(sealed, caller.language)
    ids = {str(person) for person in people}
    found = []
    for event, (name, data) in zip(events, opened, strict=True):
        view = next((each for each in views if event.data.type in each.types), None)
        found.append(
            Deed(
                event=event,
                sentence=sentence_of(sentences, event, reader, data or {}),
                who=who_of(event.actor, name, reader),
                own=event.actor.partition("/")[2] in ids,
                view=view.name if view else None,
                key=view.key(event) if view else event.subject,
            )
        )
    return found

"""What the parts of the flow are called, in the reader's language: what operators know them by, beside their names in
the code, which their logs know them by.

The names of roles and topics, which all services have in common, stand here; those of a service's own views, reactions,
clockworks and channels stand in its labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chassis.flow.events import event_called
from chassis.i18n import N_, translate
from chassis.web.navigation import PLACES
from contracts.topics import ACCOUNT, MEETING, MESSAGE, PARTNERSHIP, REQUEST, ROUND

if TYPE_CHECKING:
    from chassis.service import Service

ROLES: Mapping[str, tuple[str, str]] = {
    "relay": (N_("Handing over"), N_("hands over to the topics what was decided in the service")),
    "views": (N_("Keeping the views"), N_("keeps what the pages and lists show, from the topics")),
    "consumers": (N_("Reacting to others"), N_("acts on what was decided in other services")),
    "sender": (
        N_("Sending"),
        N_("sends by a channel what is to go out: letters, answers in tickets, questions to ticketing systems"),
    ),
    "clockwork": (N_("Acting on time"), N_("does what is due at a time, such as reminding")),
}
"""What the roles that FLODE_ROLES names are called, and what each does: keys for translation."""
NAMING = N_("names in them")
"""What the role beside the views (`views named`) keeps."""
TOPICS: Mapping[str, str] = {
    REQUEST.name: N_("Requests"),
    ROUND.name: N_("Rounds of ranking"),
    MEETING.name: N_("Meetings of the CAB"),
    MESSAGE.name: N_("Messages"),
    ACCOUNT.name: N_("People and roles"),
    PARTNERSHIP.name: N_("Settings"),
}
QUOTES: Mapping[str, tuple[str, str]] = {"sv": ("”", "”"), "da": ("»", "«"), "nb": ("«", "»"), "en": ("“", "”")}


class Names:
    """What the parts of a service are called in a language."""

    def __init__(self, service: Service, language: str) -> None:
        self._service, self._language = service, language

    @property
    def service(self) -> str:
        """The service itself."""
        return service_called(self._service.name, self._language)

    def of(self, name: str) -> str:
        """Any of the services."""
        return service_called(name, self._language)

    def event(self, kind: str) -> str:
        """A kind of event."""
        return event_called(kind, self._language)

    def role(self, name: str) -> str:
        """A role, as its process knows it: `sender mail` is the role `sender`, of the channel `mail`."""
        role, _, part = name.partition(" ")
        called = translate(ROLES[role][0], self._language)
        if not part:
            return called
        return f"{called}: {translate(NAMING, self._language) if role == 'views' else self.part(part)}"

    def reader(self, name: str) -> str:
        """A view or a reaction; a view may be named by one of its tables (`projects_v2_b7`)."""
        view = re.sub(r"_v\d+_b\d+$", "", name)
        called = self._service.labels.of_view(view)
        return translate(called, self._language) if called else self.part(view)

    def quoted(self, name: str) -> str:
        """A view or a reaction, inside a sentence."""
        return quoted(self.reader(name), self._language)

    def quoted_event(self, kind: str) -> str:
        """A kind of event, inside a sentence."""
        return quoted(self.event(kind), self._language)

    def part(self, name: str) -> str:
        """A reaction, a clockwork or a channel."""
        return translate(self._service.labels.parts.get(name, name), self._language)

    def topic(self, name: str) -> str:
        """A topic."""
        return translate(TOPICS.get(name, name), self._language)


def quoted(called: str, language: str) -> str:
    """A name inside a sentence, where its words would be taken for the sentence's own."""
    before, after = QUOTES[language]
    return f"{before}{called}{after}"


def service_called(name: str, language: str) -> str:
    """A service, by its place in the menu."""
    label = next((place.label for place in PLACES if place.path == f"/{name}/"), name)
    return translate(label, language)

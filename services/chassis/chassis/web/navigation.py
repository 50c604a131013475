"""The map of the site: what the menu leads to, and for whom. One for all services, so that each page shows the same."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.i18n import N_
from chassis.identity import Identity, Role


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the menu; `label` is a key for translation."""

    label: str
    path: str
    roles: frozenset[Role]

    def holds(self, path: str) -> bool:
        """Whether a page is part of this place. The auditor's pages of all services are one, and so are those on how
        events flow; the settings are a place of their own."""
        of_all = path.split("/")[2:3]
        if of_all == ["connections"]:  # how they do is told by intake, and set beside all other settings
            of_all = ["settings"]
        if of_all in (["audit"], ["flow"], ["settings"]):
            return self.path.split("/")[2:3] == of_all
        if of_all == ["home"]:
            return False  # it is shown by a service, and is of all
        nearest = max((place.path for place in PLACES if path.startswith(place.path)), key=len, default="")
        return path.startswith(self.path) and self.path == nearest


AUDIT = "/governance/audit/"
SETTINGS = "/governance/settings"
EVERYBODY = frozenset(Role) - {Role.REQUESTER}
PLACES = (
    Place(N_("Requests"), "/intake/", frozenset({Role.SERVICE_DESK, Role.PM, Role.AUDITOR, Role.OPERATOR})),
    Place(N_("Portfolio"), "/portfolio/", EVERYBODY),
    Place(N_("Directives and meetings"), "/governance/", EVERYBODY),
    Place(N_("My requests"), "/portfolio/requests", frozenset({Role.REQUESTER})),
    Place(N_("Messages"), "/notifications/", frozenset({Role.PM, Role.AUDITOR, Role.OPERATOR})),
    Place(N_("Settings"), SETTINGS, frozenset({Role.PM, Role.OPERATOR, Role.IT_MANAGER, Role.AUDITOR})),
    Place(N_("Audit"), AUDIT, frozenset({Role.AUDITOR, Role.PM})),
    Place(N_("Flow"), "/intake/flow/", frozenset({Role.OPERATOR})),
)


def places_for(caller: Identity | None) -> tuple[Place, ...]:
    """The entries somebody can use. Who came by a link has no name here, and is nowhere signed in."""
    if caller is None or (caller.name is None and caller.email is None):
        return ()
    return tuple(place for place in PLACES if any(caller.has(role) for role in place.roles))

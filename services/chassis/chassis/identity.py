"""Who somebody is and what they may do: roles, each in municipalities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from chassis.context import a_person
from chassis.i18n import N_
from contracts.refusal import Forbidden


class Role(StrEnum):
    """The roles of the flow. A person holds each in one municipality or more."""

    REQUESTER = "requester"
    SERVICE_DESK = "service_desk"
    TECHNICIAN = "technician"
    PM = "pm"
    LEADER = "leader"
    IT_MANAGER = "it_manager"
    DEPUTY = "deputy"
    AUDITOR = "auditor"
    OPERATOR = "operator"


NAMES: Mapping[Role, str] = {
    Role.REQUESTER: N_("requester"),
    Role.SERVICE_DESK: N_("Service Desk"),
    Role.TECHNICIAN: N_("technician"),
    Role.PM: N_("PM"),
    Role.LEADER: N_("project leader"),
    Role.IT_MANAGER: N_("IT manager"),
    Role.DEPUTY: N_("deputy of the IT manager"),
    Role.AUDITOR: N_("auditor"),
    Role.OPERATOR: N_("operator"),
}
"""What each role is called; a key for translation."""

WHERE_TO_GO: Mapping[Role, str] = {
    Role.REQUESTER: N_("Only the one who asked for the project does this."),
    Role.SERVICE_DESK: N_("Only the Service Desk does this. Turn to the Service Desk of your municipality."),
    Role.TECHNICIAN: N_("Only a technician does this. Turn to the Service Desk of your municipality."),
    Role.PM: N_("Only the PM does this. Turn to the PM of the shared IT team."),
    Role.LEADER: N_("Only the project's leader does this. Turn to the leader, or to the PM."),
    Role.IT_MANAGER: N_("Only the municipality's IT manager does this. Turn to your IT manager."),
    Role.DEPUTY: N_("Only a deputy of the IT manager does this. Turn to your IT manager."),
    Role.AUDITOR: N_("Only an auditor sees this. Turn to the PM of the shared IT team."),
    Role.OPERATOR: N_("Only those who operate Flöde do this. Turn to the operations team."),
}

READERS = frozenset(Role) - {Role.REQUESTER}
"""The roles that read what concerns a municipality; a requester reads only what is theirs."""


class NotYours(Forbidden):
    """The caller has not the role that is needed, or not in this municipality."""

    def __init__(self, text: str, rule: str | None, **params: object) -> None:
        super().__init__(None, **params)
        self.text, self.rule = text, rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody who is signed in, or who holds a link that opens something of theirs."""

    id: UUID
    """The person's pseudonym; the same in facts, in the vault and here."""
    name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    home: str
    """The municipality the person belongs to."""
    language: str
    roles: Mapping[str, frozenset[Role]]
    """Municipality to roles; what holds for all partners stands at each."""

    @property
    def scope(self) -> frozenset[str]:
        """The municipalities whose affairs this person may read. A requester's own request is not in it."""
        return self.scope_of(*READERS)

    def scope_of(self, *roles: Role) -> frozenset[str]:
        """The municipalities in which this person has one of these roles."""
        wanted = set(roles)
        return frozenset(municipality for municipality, held in self.roles.items() if held & wanted)

    def has(self, role: Role, municipality: str | None = None) -> bool:
        """Whether this person has a role, in a municipality or in any."""
        where = self.scope_of(role)
        return municipality in where if municipality is not None else bool(where)

    def must(self, *roles: Role, municipality: str | None = None, rule: str | None = None) -> Role:
        """The first of the roles that this person has; a refusal that says where to go when they have none."""
        for role in roles:
            if self.has(role, municipality):
                return role
        if municipality is not None and any(self.has(role) for role in roles):
            raise NotYours(N_("Your role does not reach {municipality}."), rule, municipality=municipality)
        raise NotYours(WHERE_TO_GO[roles[0]], rule)

    def actor(self, municipality: str, role: Role | None = None) -> str:
        """How facts name this person: by the role acted in and the pseudonym, "pm/<uuid>"."""
        held = self.roles.get(municipality, frozenset())
        acting = role or next((each for each in PRECEDENCE if each in held), Role.REQUESTER)
        return a_person(acting.value.replace("_", "-"), self.id)


PRECEDENCE = (
    Role.PM,
    Role.LEADER,
    Role.IT_MANAGER,
    Role.DEPUTY,
    Role.SERVICE_DESK,
    Role.TECHNICIAN,
    Role.OPERATOR,
    Role.AUDITOR,
    Role.REQUESTER,
)
"""In which role somebody acts who has several and was not asked."""

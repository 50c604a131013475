"""What governance says of the cooperation itself: who is in it, in which office, and what it has agreed to judge by.

A subject is a municipality in the cooperation. What holds for all is said of the host's subject. Each fact settles its
part whole: what stood before it holds no more.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Annotated, Any, Literal, cast
from uuid import UUID, uuid5

from pydantic import Field, StringConstraints

from contracts.event import Event, fact, value
from contracts.personal import PATTERN
from contracts.topics import PARTNERSHIP
from contracts.values import Cadence, Criterion, Currency, Language, Line, Person, Text

PARTNERS = UUID("b3a7a3c8-3c0e-5d0c-9a55-5a8f5f0a7e61")
"""The namespace of the subjects. It never changes."""

Country = Literal["SE", "DK", "NO", "FI"]
Office = Literal["pm", "it_manager"]
Host = Annotated[str, StringConstraints(pattern=r"^[^@\s/:]+$", max_length=253)]
"""The name of a host or of a domain, without what stands around it in an address."""


def partner_of(municipality: str) -> UUID:
    """The subject of a municipality in the cooperation."""
    return uuid5(PARTNERS, municipality)


class Settling(Event):
    """Base of the facts that settle something of the cooperation."""

    __slots__ = ()

    @property
    def settles(self) -> dict[str, Any]:
        """What holds from now on, by the path of its place in the partnership; None is what holds no more. What stands
        under "municipality" is that of the one whose fact it is."""
        mine = (each.name for each in fields(cast("Any", self)))
        return {name: getattr(self, name) for name in mine if name not in ("partner_id", "reason")}


# --- what is judged by, and how often is reported: said of the host ---


@fact("governance.criteria-set", topic=PARTNERSHIP)
class CriteriaSet(Settling):
    """The PM set what candidates are scored against and how much each weighs (IT-12, IT-14).

    Rounds opened from now on have these; one that is open keeps its own.
    """

    partner_id: UUID
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    reason: Text


@value
class Question:
    """What speaks for a project rather than a change within daily operation (IT-06), as a question per language."""

    key: Line
    names: dict[Language, Line]


@fact("governance.size-criteria-set", topic=PARTNERSHIP)
class SizeCriteriaSet(Settling):
    """The PM set what is asked when a request is judged a project or a change (IT-06)."""

    partner_id: UUID
    size_criteria: Annotated[tuple[Question, ...], Field(min_length=1)]
    reason: Text


@fact("governance.cadence-set", topic=PARTNERSHIP)
class CadenceSet(Settling):
    """The PM set how often leaders report unless their directive says otherwise (TY-15)."""

    partner_id: UUID
    cadence: Cadence
    reason: Text


@fact("governance.tie-rule-set", topic=PARTNERSHIP)
class TieRuleSet(Settling):
    """The PM wrote, in each language, what is done with equal scores (IT-13)."""

    partner_id: UUID
    tie_rule: dict[Language, Text]
    reason: Text


@fact("governance.guidance-written", topic=PARTNERSHIP)
class GuidanceWritten(Settling):
    """The PM wrote, per language, the help that stands beside a section of the directive (IT-11); without any text it
    was taken away."""

    partner_id: UUID
    section: Line
    guidance: dict[Language, Text]
    reason: Text

    @property
    def settles(self) -> dict[str, Any]:
        """The help of one section; the others stay."""
        return {f"guidance/{self.section}": self.guidance or None}


# --- who is in it: said of each municipality ---


@value
class Town:
    """A partner municipality, as everybody is to know it: how it writes, and whose addresses and hosts are its own."""

    name: Line
    language: Language
    country: Country
    currency: Currency
    timezone: Line
    email_domains: tuple[Host, ...] = ()
    hosts: tuple[Host, ...] = ()


@fact("governance.municipality-joined", topic=PARTNERSHIP)
class MunicipalityJoined(Settling):
    """A municipality joined the cooperation (IT-01): its people can sign in, and its tickets be taken."""

    partner_id: UUID
    town: Town
    reason: Text

    @property
    def settles(self) -> dict[str, Any]:
        """All that is said of it."""
        return _of_the_town(self.town)


@fact("governance.municipality-changed", topic=PARTNERSHIP)
class MunicipalityChanged(Settling):
    """Something of a municipality is otherwise than before: its name, its domains, the hosts that may be called."""

    partner_id: UUID
    town: Town
    reason: Text

    @property
    def settles(self) -> dict[str, Any]:
        """All that is said of it."""
        return _of_the_town(self.town)


def _of_the_town(town: Town) -> dict[str, Any]:
    return {f"municipality/{each.name}": getattr(town, each.name) for each in fields(cast("Any", town))}


@value
class Officer:
    """Somebody who is told by their office."""

    office: Office
    person: Person


@fact("governance.officers-named", topic=PARTNERSHIP)
class OfficersNamed(Settling):
    """It was said who holds the offices of a municipality, and is told because of it; nobody else does."""

    partner_id: UUID
    officers: tuple[Officer, ...]
    reason: Text

    @property
    def settles(self) -> dict[str, Any]:
        """The municipality's contacts."""
        told = [(each.office, each.person) for each in self.officers]
        return {
            "municipality/contacts": [
                {"office": office, "name": one.name, "email": one.email, "language": one.language}
                for office, one in told
            ]
        }


@fact("governance.deputy-named", topic=PARTNERSHIP)
class DeputyNamed(Settling):
    """Somebody stands in for the IT manager of a municipality, from one day until another, both included: they score
    in rounds and sit at the CAB for the manager."""

    partner_id: UUID
    deputy_id: UUID
    manager: Person
    deputy: Person
    starts: date
    ends: date
    reason: Text

    @property
    def settles(self) -> dict[str, Any]:
        """One deputy more."""
        return {
            f"municipality/deputies/{self.deputy_id}": {
                "name": self.deputy.name,
                "email": self.deputy.email,
                "manager": self.manager.name,
                "manager_email": self.manager.email,
                "starts": self.starts,
                "ends": self.ends,
            }
        }


@fact("governance.deputy-ended", topic=PARTNERSHIP)
class DeputyEnded(Settling):
    """A deputy stands in no longer than until this day, sooner than was said; before the first day, not at all."""

    partner_id: UUID
    deputy_id: UUID
    ends: date
    reason: Text

    @property
    def settles(self) -> dict[str, Any]:
        """The last day of one deputy."""
        return {f"municipality/deputies/{self.deputy_id}/ends": self.ends}


# --- the ticketing systems: said of the municipality whose they are ---

Locked = Annotated[str, StringConstraints(pattern="^secret:" + PATTERN.removeprefix("^"))]
"""A secret of a connection: sealed under the connection's own id, and opened on no page."""
System = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]


def connection_of(municipality: str, system: str) -> UUID:
    """Under which id the secrets of a municipality's connection to a system are sealed."""
    return uuid5(PARTNERS, f"connection/{municipality}/{system}")


OptionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
WRITE_BACK = "write_back"
"""What the secret is called that answers are signed with, among those of a connection; no option is called so."""


@value
class SignedAnswers:
    """Where a system takes what is to be written into its tickets, as POSTs signed by Standard Webhooks; without an
    address it takes none."""

    url: Line | None = None
    private: bool = False


@value
class Connection:
    """What holds of a connection to a ticketing system, but for its secrets. The fields mean what those of a desk in
    the partnership's file do."""

    kind: System
    url: Line | None = None
    timezone: Line = "UTC"
    flows: Annotated[tuple[Line, ...], Field(min_length=1)]
    closed: tuple[Line, ...] = ()
    states: dict[str, Line] = Field(default_factory=dict)
    api_url: Line | None = None
    api_user: Line | None = None
    private: bool = False
    poll_seconds: Annotated[int, Field(ge=0)] = 300
    unheard_hours: Annotated[int, Field(ge=0)] = 24


@fact("governance.connection-set", topic=PARTNERSHIP)
class ConnectionSet(Settling):
    """It was said how a municipality's ticketing system is spoken with; a new one is connected by it.

    `options` are what its kind has to be told besides, but for secrets; None for one that is as usual. Where nothing is
    said of them, or of what takes signed answers, that stays as it is.
    """

    partner_id: UUID
    system: System
    connection: Connection
    reason: Text
    options: dict[OptionName, Line | None] | None = None
    write_back: SignedAnswers | None = None

    @property
    def settles(self) -> dict[str, Any]:
        """All of the connection but its secrets."""
        here = f"municipality/connections/{self.system}"
        said = {f"{here}/options": self.options, f"{here}/write_back": self.write_back}
        return {
            f"{here}/ended": None,
            f"{here}/set": self.connection,
            **{path: each for path, each in said.items() if each is not None},
        }


@fact("governance.connection-secrets-set", topic=PARTNERSHIP)
class ConnectionSecretsSet(Settling):
    """A system proves its deliveries by these secrets from now on; without `secret`, by the one it had, and by
    `next_secret` as well while it is being changed at both ends."""

    partner_id: UUID
    system: System
    secret: Locked | None
    next_secret: Locked | None
    reason: Text

    @property
    def settles(self) -> dict[str, Any]:
        """Both secrets."""
        here = f"municipality/connections/{self.system}"
        return {f"{here}/secret": self.secret, f"{here}/next_secret": self.next_secret}


@fact("governance.connection-token-set", topic=PARTNERSHIP)
class ConnectionTokenSet(Settling):
    """A system is asked with this password or token from now on."""

    partner_id: UUID
    system: System
    token: Locked
    reason: Text

    @property
    def settles(self) -> dict[str, Any]:
        """The token."""
        return {f"municipality/connections/{self.system}/token": self.token}


@fact("governance.connection-key-set", topic=PARTNERSHIP)
class ConnectionKeySet(Settling):
    """Another secret of a connection holds from now on: one among its kind's own options, by the option's name, or the
    one that answers are signed with, called "write_back"."""

    partner_id: UUID
    system: System
    key: OptionName
    secret: Locked
    reason: Text

    @property
    def settles(self) -> dict[str, Any]:
        """This one secret; the others stay."""
        return {f"municipality/connections/{self.system}/keys/{self.key}": self.secret}


@fact("governance.connection-ended", topic=PARTNERSHIP)
class ConnectionEnded(Settling):
    """A municipality's system is not spoken with any more: what it delivers is refused, and nothing is asked of it."""

    partner_id: UUID
    system: System
    reason: Text

    @property
    def settles(self) -> dict[str, Any]:
        """That there is no such connection."""
        here = f"municipality/connections/{self.system}"
        parts = ("set", "secret", "next_secret", "token", "options", "write_back", "keys")
        gone = {f"{here}/{name}": None for name in parts}
        return {**gone, f"{here}/ended": True}


PartnershipFact = (
    CriteriaSet
    | SizeCriteriaSet
    | CadenceSet
    | TieRuleSet
    | GuidanceWritten
    | MunicipalityJoined
    | MunicipalityChanged
    | OfficersNamed
    | DeputyNamed
    | DeputyEnded
    | ConnectionSet
    | ConnectionSecretsSet
    | ConnectionTokenSet
    | ConnectionKeySet
    | ConnectionEnded
)

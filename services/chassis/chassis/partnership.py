"""The cooperation: which municipalities, whose Service Desks, by what criteria. It begins with the TOML file of
FLODE_PARTNERSHIP, read when a process starts; what was set in the pages since holds over it (`chassis.agreed`).
`PARTNERSHIP_EXAMPLE` in its tests shows every line the file may have.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from chassis.criteria import PRIORITY_CRITERIA, SIZE_CRITERIA, TIE_RULE, SizeCriterion
from chassis.i18n.formats import Formats
from chassis.plain import in_plain_words
from contracts.values import Cadence, Criterion, Currency, Language
from contracts.values import Municipality as MunicipalityId


class PartnershipWrong(Exception):
    """The partnership's file does not hold together; the message says where, a line for each fault."""

    def __init__(self, file: Path, faults: list[str]) -> None:
        super().__init__(f"{file} cannot be used:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.faults = faults


class Fault(str):
    """What does not hold together: a line for whoever keeps the file and, for a page that says it in the reader's
    words, of which kind it is and what it is about."""

    __slots__ = ("kind", "params")
    kind: Literal["host", "twice", "nothing"]
    params: Mapping[str, str]

    @classmethod
    def of(cls, kind: Literal["host", "twice", "nothing"], line: str, **params: str) -> Fault:
        """A fault of a kind."""
        made = cls(line)
        made.kind, made.params = kind, params
        return made


def _a_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is no time zone") from None
    return name


def _from_environment(text: str) -> str:
    if not text.startswith("env:"):
        return text
    name = text.removeprefix("env:")
    if not os.environ.get(name):
        raise ValueError(f"the environment variable {name} is not set")
    return os.environ[name]


Secret = Annotated[str, AfterValidator(_from_environment), Field(min_length=16)]
"""A secret, or "env:NAME" for one that stands in the environment."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Officer(_Strict):
    """Somebody who is told by their office: a PM, or a municipality's IT manager."""

    office: Literal["pm", "it_manager"]
    name: Annotated[str, Field(min_length=1, repr=False)]
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", repr=False)]
    language: Language | None = None
    """In which they are told; the municipality's own when left out."""


class Deputy(_Strict):
    """Somebody who stands in for the IT manager, from one day until another, both included."""

    name: Annotated[str, Field(min_length=1, repr=False)]
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", repr=False)]
    """With which they sign in."""
    manager: Annotated[str, Field(min_length=1, repr=False)]
    """For whom they stand in."""
    manager_email: Annotated[str | None, Field(repr=False)] = None
    starts: date
    ends: date


def _in_a_row(given: Any) -> Any:
    return tuple(given.values()) if isinstance(given, Mapping) else given


class Municipality(_Strict):
    """A partner municipality: a tenant."""

    id: MunicipalityId
    name: Annotated[str, Field(min_length=1)]
    language: Language
    country: Literal["SE", "DK", "NO", "FI"]
    currency: Currency
    timezone: Annotated[str, AfterValidator(_a_zone)]
    email_domains: tuple[str, ...] = ()
    """Whose addresses are this municipality's; how a person's home is known (`Partnership.home_of`)."""
    contacts: tuple[Officer, ...] = ()
    deputies: Annotated[tuple[Deputy, ...], BeforeValidator(_in_a_row)] = ()
    """Of the IT manager, those of other days included; `deputies_at` has those of one."""
    hosts: tuple[str, ...] = ()
    """The hosts of this municipality's systems that may be called, and no others."""
    accessibility_statement: Annotated[str, Field(pattern=r"^https://\S+$")] | None = None
    """Where the municipality's own statement is, where its country asks for one made with the authority's tool."""

    def formats(self, language: str | None = None) -> Formats:
        """How dates, numbers and money are written here, in the reader's language."""
        return Formats(language or self.language, self.country, self.timezone)

    def day(self, moment: datetime) -> date:
        """The day it is here at a moment."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()

    def deputies_at(self, moment: datetime) -> tuple[Deputy, ...]:
        """Who stands in for the IT manager at a moment."""
        day = self.day(moment)
        return tuple(each for each in self.deputies if each.starts <= day <= each.ends)


class WriteBack(_Strict):
    """Where a ticketing system takes what is to be written into its tickets: POSTs signed by Standard Webhooks."""

    url: Annotated[str, Field(pattern=r"^https?://[^/@\s]+(/\S*)?$")]
    secret: Secret = Field(repr=False)
    private: bool = False
    """Whether the system stands in a private network; otherwise an address that leads into one is refused."""


class Api(_Strict):
    """Where a ticketing system answers us: there tickets are looked up and polled for, and written into."""

    url: Annotated[str, Field(pattern=r"^(https?|imaps?)://[^/@\s]+(/\S*)?$")]
    user: str | None = None
    token: Annotated[str, AfterValidator(_from_environment), Field(min_length=1, repr=False)]
    """The user's password or the token, or "env:NAME" for one that stands in the environment."""
    private: bool = False
    """Whether the system stands in a private network; otherwise an address that leads into one is refused."""
    poll_seconds: Annotated[int, Field(ge=0)] = 300
    """How often changes are asked for that no delivery told of; 0 for never."""
    unheard_hours: Annotated[int, Field(ge=0)] = 24
    """For how long a ticket is not heard of before it is asked for by its id, to find what was deleted; 0 for never."""
    options: dict[str, Annotated[str, AfterValidator(_from_environment)]] = Field(default_factory=dict, repr=False)
    """What this system has to be told besides, as its page in the guide says; or "env:NAME", as with the token."""

    @property
    def host(self) -> str:
        """The host that is called."""
        return urlsplit(self.url).hostname or ""


class ServiceDesk(_Strict):
    """The credential of one municipality's ticketing system: nobody else can register (IT-02), and the municipality
    comes from it, never from what is sent."""

    municipality: MunicipalityId
    system: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    """What the system is called here; its tickets keep it for ever (IT-03)."""
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")] = "standard-webhooks"
    """Which adapter understands it: "standard-webhooks", "bearer" for CloudEvents, or a ticketing system's."""
    secret: Secret = Field(repr=False)
    next_secret: Secret | None = Field(default=None, repr=False)
    """Accepted as well while the secret is being changed at both ends."""
    write_back: WriteBack | None = None
    """Where a system takes signed answers, if it has no adapter of its own that writes into its tickets."""
    api: Api | None = None
    """None where nothing can be asked of the system."""
    url: Annotated[str, Field(pattern=r"^https?://[^/@\s]+(/\S*)?$")] | None = None
    """Where people open the system, if not at the address of its api."""
    timezone: Annotated[str, AfterValidator(_a_zone)] = "UTC"
    """Of the times that the system tells without one."""
    flows: Annotated[tuple[str, ...], Field(min_length=1)] = ("projekt", "prosjekt", "project")
    """What the project flow is called in this system; its tickets and no others are handed over (IT-04)."""
    closed: tuple[str, ...] = ()
    """The states in which a ticket is over, where they are called otherwise than the adapter knows."""
    states: dict[str, str] = Field(default_factory=dict)
    """What our states are called in this system, for those that are to be set in its tickets."""

    @property
    def id(self) -> str:
        """The credential's name in the addresses that tickets are sent to; not secret."""
        return f"{self.municipality}.{self.system}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that are accepted now."""
        return (self.secret,) if self.next_secret is None else (self.secret, self.next_secret)

    @property
    def base(self) -> str:
        """Where people open the system, without a slash at the end; empty when nobody told."""
        return (self.url or (self.api.url if self.api else "")).rstrip("/")


class Partnership(_Strict):
    """The cooperation as all services know it."""

    name: str
    host: MunicipalityId
    """The municipality whose IT team serves all; the tenant of rounds and meetings."""
    municipalities: dict[str, Municipality]
    service_desks: tuple[ServiceDesk, ...] = ()
    criteria: tuple[Criterion, ...] = PRIORITY_CRITERIA
    size_criteria: tuple[SizeCriterion, ...] = SIZE_CRITERIA
    accessibility_contact: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    """To whom people write whom a page shuts out; their municipality's Service Desk when not said."""
    cadence: Cadence = Cadence(short_days=7, fixed_days=14)
    """How often leaders report unless a directive says otherwise (TY-15)."""
    tie_rule: dict[str, str] = Field(default_factory=lambda: dict(TIE_RULE))
    """What is done with equal scores, in words, per language; shown where rounds are shown (IT-13)."""
    guidance: dict[str, dict[str, str]] = Field(default_factory=dict)
    """The PM's help beside the sections of the directive, by section and language (IT-11)."""
    mail_from: str = "Flöde <no-reply@localhost>"

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all partner municipalities."""
        return frozenset(self.municipalities)

    def __getitem__(self, municipality: str) -> Municipality:
        return self.municipalities[municipality]

    def desk(self, municipality: str, system: str) -> ServiceDesk | None:
        """The Service Desk of a municipality's ticketing system, if it is one of the cooperation's."""
        desks = [each for each in self.service_desks if (each.municipality, each.system) == (municipality, system)]
        return desks[0] if desks else None

    def home_of(self, email: str, otherwise: str | None = None) -> str:
        """The municipality an address belongs to: the partner that has its domain, or else `otherwise`, or the host.

        A person has one home, so that the same address is the same person in whatever municipality they work.
        """
        domain = email.rpartition("@")[2].strip().lower()
        for each in self.municipalities.values():
            if domain in each.email_domains:
                return each.id
        return otherwise or self.host

    def deputises(self, email: str, moment: datetime) -> frozenset[str]:
        """The municipalities for whose IT manager the owner of an address stands in at a moment."""
        address = email.strip().lower()
        towns = self.municipalities.values()
        return frozenset(
            town.id for town in towns if any(each.email.lower() == address for each in town.deputies_at(moment))
        )

    @classmethod
    def read(cls, file: Path) -> Partnership:
        """Read and check a partnership's file. Raises PartnershipWrong with every fault, in plain words."""
        try:
            given = tomllib.loads(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as unreadable:
            raise PartnershipWrong(file, [f"it cannot be read: {unreadable}"]) from None
        return cls.parse(given, file)

    @classmethod
    def parse(cls, given: Mapping[str, Any], file: Path = Path("partnership")) -> Partnership:
        """Make a partnership of what a file held."""
        for name, municipality in (given.get("municipalities") or {}).items():
            municipality.setdefault("id", name)
        try:
            partnership = cls.model_validate(given)
        except ValidationError as wrong:
            raise PartnershipWrong(file, [_fault(error) for error in wrong.errors()]) from None
        if faults := list(partnership._faults()):
            raise PartnershipWrong(file, faults)
        return partnership

    def _faults(self) -> list[str]:
        faults = [] if self.municipalities else ["municipalities: at least one is needed"]
        for name, each in self.municipalities.items():
            if name != each.id:
                faults.append(f"municipalities.{name}.id: it must be {name}, or be left out")
        for place, name in [
            ("host", self.host),
            *((f"service_desks.{at}.municipality", desk.municipality) for at, desk in enumerate(self.service_desks)),
        ]:
            if name not in self.municipalities:
                faults.append(f"{place}: there is no municipality {name!r}")
        for place, keys in [
            ("criteria", [each.key for each in self.criteria]),
            ("size_criteria", [each.key for each in self.size_criteria]),
            ("service_desks", [f"{each.municipality}/{each.system}" for each in self.service_desks]),
            ("email_domains", [each for town in self.municipalities.values() for each in town.email_domains]),
        ]:
            faults += [
                Fault.of("twice", f"{place}: {key!r} stands more than once", place=place, key=key)
                for key in sorted(set(keys))
                if keys.count(key) > 1
            ]
        for at, desk in enumerate(self.service_desks):
            hosts = self.municipalities[desk.municipality].hosts if desk.municipality in self.municipalities else ()
            for name, called in (("write_back", desk.write_back), ("api", desk.api)):
                host = urlsplit(called.url).hostname if called else None
                if called and host not in hosts:
                    line = (
                        f"service_desks.{at}.{name}.url: its host is not among municipalities.{desk.municipality}.hosts"
                    )
                    about = {"municipality": desk.municipality, "system": desk.system, "host": host or called.url}
                    faults.append(Fault.of("host", line, place=name, **about))
        if sum((each.weight for each in self.criteria), Decimal(0)) <= 0:
            faults.append(Fault.of("nothing", "criteria: at least one is needed"))
        return faults


def _fault(error: Any) -> str:
    (plain,) = in_plain_words([error]).refusals
    said = str(error["ctx"]["error"]) if error["type"] == "value_error" else str(plain)
    expected = error.get("ctx", {}).get("expected")
    return f"{'.'.join(str(step) for step in error['loc'])}: {said}" + (f" ({expected})" if expected else "")

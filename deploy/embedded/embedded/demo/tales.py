"""What is told: the people of three municipalities, and what they ask for in a year. Read from the .toml beside it."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from random import Random
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

SEED = "flode-1"
"""Everything drawn by lot is drawn from this: the year is the same wherever it is played."""

Ending = Literal["new", "change", "retracted", "reopened", "withdrawn", "closed", "deleted", "merged", "joined"]
"""A request that is no project: it waits, is a change, or left. "retracted" was a project until the PM took that back,
"reopened" a change until the Service Desk did; "joined" is done with another project."""
Stop = Literal[
    "sent", "asked", "draft", "returned", "sent-back", "accepted", "approved", "prioritised", "assigned", "planned"
]
"""Where a project that has not begun stands at the end of the year, in the order of the flow."""
Course = Literal["going", "replanned", "done", "postponed", "limited", "stopped", "resumed"]
"""How a project that began goes on."""
Fate = Ending | Stop | Course
STOPS: tuple[str, ...] = get_args(Stop)
COURSES: tuple[str, ...] = get_args(Course)
Size = Literal["small", "medium", "large"]
PLAIN = str.maketrans("åäæöøéÅÄÆÖØ", "aaaooeAAAOO")


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tale(_Told):
    """A request and what comes of it."""

    key: str
    week: int
    """When its ticket is opened, from 1."""
    title: str
    text: str
    by: str
    """Who asks for it."""
    fate: Fate
    size: Size = "small"
    serves: tuple[str, ...] = ()
    """Other municipalities it would serve."""
    orderer: str | None = None
    origin: Literal["business", "it_team"] = "business"
    system: Literal["servicedesk", "cloudevents"] = "servicedesk"
    registered_by: Literal["system", "desk"] = "system"
    """A ticketing system, or somebody at the Service Desk who types it in."""
    edited: int | None = None
    """Days until its ticket is edited."""
    into: str | None = None
    """The request it is merged into or joined with."""
    turn: int | None = None
    """The week in which the PM postpones, limits or stops it."""
    by_cab: int | None = None
    """The CAB meeting that does so instead."""
    back: int | None = None
    """The week in which it is resumed."""
    health: Literal["good", "time", "cost", "result"] | None = None
    """What goes wrong with it; nothing said is a little of everything."""
    late: int = 0
    """How many of its reports do not come."""
    lends: str | None = None
    """The project to which it lends people."""
    cap: str | None = None
    """What the requester writes as the cost cap, where that is odd."""
    cadence: str = "28/56"
    earlier: bool = False
    """Whether it has earlier funding."""
    directive_reopened: Literal["open", "closed"] | None = None
    """Whether its approved directive is reopened, and closed again or not."""

    def reaches(self, stop: Stop) -> bool:
        """Whether the project comes as far as this."""
        return self.reaches_work or (self.fate in STOPS and STOPS.index(self.fate) >= STOPS.index(stop))

    @property
    def reaches_work(self) -> bool:
        """Whether anything of it is carried out."""
        return self.fate in COURSES

    @property
    def lots(self) -> Random:
        """Lots of its own, the same each time they are asked for."""
        return Random(f"{SEED}/{self.key}")  # noqa: S311 - it plays, and guards nothing


class People(_Told):
    """Who is who at a municipality. Some say after a comma what they are."""

    it_manager: str
    deputy: str
    desk: str
    leaders: tuple[str, ...]
    orderers: tuple[str, ...]
    requesters: tuple[str, ...]
    team: tuple[str, ...]
    consultant: str


class Town(_Told):
    """A municipality's year: its people, the words they use, what they ask for."""

    people: People
    words: Mapping[str, str | tuple[str, ...]]
    requests: tuple[Tale, ...]

    def word(self, name: str) -> str:
        """A sentence in the town's language."""
        said = self.words[name]
        assert isinstance(said, str), name
        return said

    def some(self, name: str) -> Sequence[str]:
        """Several of them."""
        said = self.words[name]
        assert not isinstance(said, str), name
        return said


class Tales(_Told):
    """The whole year."""

    towns: Mapping[str, Town]

    @classmethod
    def read(cls) -> Tales:
        """The year that comes with Flöde."""
        folder = files(__package__)
        told = [file for file in folder.iterdir() if file.name.endswith(".toml")]
        return cls(
            towns={
                file.name.removesuffix(".toml"): Town.model_validate(tomllib.loads(file.read_text("utf-8")))
                for file in sorted(told, key=lambda each: each.name)
            }
        )

    def only(self, *keys: str) -> Tales:
        """The same towns with these requests alone."""
        some = {
            name: town.model_copy(update={"requests": tuple(tale for tale in town.requests if tale.key in keys)})
            for name, town in self.towns.items()
        }
        return self.model_copy(update={"towns": some})

    @cached_property
    def numbers(self) -> Mapping[tuple[str, str], str]:
        """The ticket number of each request, by municipality and key: in the order in which they come in."""
        each = sorted((tale.week, name, tale.key) for name, town in self.towns.items() for tale in town.requests)
        return {(name, key): f"{10_000 + 100 * week + place}" for place, (week, name, key) in enumerate(each)}


def address(name: str, domain: str) -> str:
    """The e-mail address of somebody: "Åsa Öhr" is asa.ohr@…"""
    plain = unicodedata.normalize("NFC", name).translate(PLAIN).lower()
    return f"{'.'.join(plain.split())}@{domain}"

"""What everybody in the year shares, and what is remembered of each request while it is played."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from random import Random
from typing import Any

from embedded.demo.cast import Cast, Somebody
from embedded.demo.stage import Stage
from embedded.demo.tales import Tale, Tales, Town
from embedded.demo.year import AFTERNOON, MORNING, Year

HELD = (13, 28, 44)
"""The weeks in which the CAB meets."""


@dataclass(frozen=True)
class World:
    """The year, who lives in it, and where it is played."""

    tales: Tales
    cast: Cast
    stage: Stage
    year: Year
    lives: list[Life] = field(default_factory=list)

    def life(self, key: str, home: str) -> Life:
        """The request of that name, of this municipality before others."""
        return min((each for each in self.lives if each.tale.key == key), key=lambda each: each.home != home)

    def cab_on(self, number: int) -> datetime:
        """When the CAB's meeting of a number, counted from 1, is held."""
        return self.year.week(HELD[number - 1], 3, AFTERNOON)


@dataclass
class Life:
    """A request, and what the story remembers of it."""

    world: World
    home: str
    tale: Tale
    id: str = ""
    """Known when its ticket has been registered."""
    directive: int = 0
    """The last version of its directive that was returned."""
    plan: int = 0
    begins: date = date.min
    """BP1, as its directive has it."""
    ends: date = date.min
    budget: int = 0
    lots: Random = field(init=False)

    def __post_init__(self) -> None:
        self.lots = self.tale.lots

    @property
    def year(self) -> Year:
        """The year it lives in."""
        return self.world.year

    @property
    def town(self) -> Town:
        """Whose request it is."""
        return self.world.tales.towns[self.home]

    @cached_property
    def number(self) -> str:
        """What people call its ticket."""
        return self.world.tales.numbers[self.home, self.tale.key]

    @property
    def pm(self) -> Somebody:
        """The PM."""
        return self.world.cast.pm

    @property
    def requester(self) -> Somebody:
        """Who asked for it."""
        return self.world.cast.named(self.tale.by, self.home)

    @property
    def orderer(self) -> Somebody:
        """Who orders it."""
        return self.world.cast.named(self.tale.orderer or self.town.people.orderers[0], self.home)

    @property
    def led_by(self) -> Somebody:
        """Who leads it, or would."""
        leaders = self.town.people.leaders
        place = [tale.key for tale in self.town.requests].index(self.tale.key) % len(leaders)
        return self.world.cast.named(leaders[place], self.home)

    def one_of(self, name: str) -> str:
        """One of the town's sentences, by lot."""
        return self.lots.choice(self.town.some(name))

    async def days(self, few: int, many: int) -> None:
        """Some days go by."""
        await self.year.days(self.lots.randint(few, many), self.lots.choice((MORNING, AFTERNOON)))

    async def do(self, who: Somebody, path: str, said: Mapping[str, Any], step: str, *, method: str = "POST") -> Any:
        """Somebody does something about it. `step` tells it apart from all else that is done about it."""
        key = f"{self.home}/{self.tale.key}/{step}"
        return await self.world.stage.ask(who.email, method, path, said, key=key)

    async def knows(self, so: Callable[[Any], bool]) -> None:
        """The portfolio has heard of what happened elsewhere, before time goes on."""
        await self.world.stage.until(self.pm.email, f"/portfolio/api/projects/{self.id}", so)

    async def decide(self, who: Somebody, decision: str, said: Mapping[str, Any], step: str = "") -> None:
        """A decision of the project in the portfolio."""
        await self.do(who, f"/portfolio/api/projects/{self.id}/{decision}", said, step or decision)

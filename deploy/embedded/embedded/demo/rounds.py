"""Rounds in which the IT managers rank what waits: two that are over, with a deputy, an abstention and a tie, and one
that is open (IT-12…IT-15)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from embedded.demo.tales import SEED
from embedded.demo.world import Life, World
from embedded.demo.year import AFTERNOON

WEEKS = (10, 24, 53)
TITLES = ("Vårens prioritering", "Höstens prioritering", "Prioritering inför nästa år")
CRITERIA = ("time", "economy", "cooperation")
WAITS = timedelta(weeks=5)
"""How long before a round a project waits for it rather than being ranked by the PM alone."""


@dataclass
class Round:
    """A round, and those who stand in it."""

    world: World
    place: int
    candidates: list[Life] = field(default_factory=list)
    id: str = ""

    @property
    def opens(self) -> datetime:
        """When the PM opens it."""
        return self.world.year.week(WEEKS[self.place])

    @property
    def closes(self) -> datetime:
        """When the PM closes it."""
        return self.world.year.week(WEEKS[self.place] + 2, 1, AFTERNOON)

    @property
    def stays_open(self) -> bool:
        """Whether it is still open when the year is over."""
        return self.closes > self.world.year.ends

    async def play(self) -> None:
        """Open it, vote, close it. With fewer than two candidates there is none."""
        year, pm = self.world.year, self.world.cast.pm
        await year.until(self.opens)
        if len(self.candidates) < 2:
            return
        self.candidates.sort(key=lambda life: (life.tale.week, life.home, life.tale.key))
        for life in self.candidates:
            await self.world.stage.until(pm.email, f"/portfolio/api/projects/{life.id}", bool)
        said = {
            "title": TITLES[self.place],
            "deadline": self.closes - timedelta(days=1),
            "candidates": [life.id for life in self.candidates],
        }
        self.id = (await self._do(pm.email, "", said, "opened"))["id"]
        for days, town in zip((1, 2, 4), sorted(self.world.tales.towns), strict=False):
            await year.days(days)
            await self._vote(town)
        await year.until(self.closes)
        await self._do(pm.email, f"/{self.id}/close", None, "closed")

    async def _vote(self, town: str) -> None:
        """In the first round a deputy votes, in the second one municipality changes its vote and one abstains."""
        cast = self.world.cast
        who = cast.deputy(town) if (self.place, town) == (0, "fjellvaag") else cast.manager(town)
        if self.stays_open and town != cast.host:
            return
        said: dict[str, Any] = {"scores": self._scores(town)}
        if (self.place, town) == (1, "soenderlund"):
            said = {"abstained": True}
        if (self.place, town) == (1, cast.host):
            await self._give(who.email, town, {"scores": self._scores(town, "at first")}, "voted at first")
            await self.world.year.days(1)
            await self._do(who.email, f"/{self.id}/votes/{town}", None, f"{town} took back", method="DELETE")
        await self._give(who.email, town, said, "voted")

    def _scores(self, town: str, when: str = "") -> dict[str, dict[str, int]]:
        """By lot; but two like projects are scored alike by all, so that they tie, and one is left out by one town."""
        lots = Random(f"{SEED}/{self.place}/{town}/{when}")  # noqa: S311 - it plays, and guards nothing
        scores = {life.id: {key: lots.randint(2, 5) for key in CRITERIA} for life in self.candidates}
        alone = [life.id for life in self.candidates if not life.tale.serves]
        if len(alone) >= 2:
            scores[alone[1]] = scores[alone[0]]
        if (self.place, town) == (0, "soenderlund") and len(scores) > 2:
            del scores[self.candidates[-1].id]
        return scores

    async def _give(self, email: str, town: str, said: dict[str, Any], step: str) -> None:
        await self._do(email, f"/{self.id}/votes/{town}", said, f"{town} {step}", method="PUT")

    async def _do(self, email: str, path: str, said: dict[str, Any] | None, step: str, *, method: str = "POST") -> Any:
        key = f"round {self.place + 1}/{step}"
        return await self.world.stage.ask(email, method, f"/portfolio/api/rounds{path}", said, key=key)


async def ranked(life: Life, rounds: list[Round]) -> None:
    """The project gets its rank: by the round that is near, or by the PM alone."""
    now = life.year.now
    near = next((each for each in rounds if now < each.opens <= now + WAITS and not each.stays_open), None)
    if life.tale.fate == "approved":
        near = rounds[-1]
    if near is None:
        await life.days(3, 6)
        said = {"rank": life.lots.randint(1, 9), "reason": life.town.word("ranked")}
        await life.decide(life.pm, "rank", said)
        if life.tale.fate == "prioritised":
            rounds[-1].candidates.append(life)
        return
    near.candidates.append(life)
    await life.year.until(near.closes + timedelta(days=1))
    if not near.id:  # nobody else stood in it
        await life.decide(life.pm, "rank", {"rank": 1, "reason": life.town.word("ranked")})

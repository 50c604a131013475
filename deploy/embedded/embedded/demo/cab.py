"""The CAB: three meetings held, with deputies, decisions and approved minutes, and one that is called (IT-21)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from embedded.demo.cast import Somebody
from embedded.demo.world import HELD, Life, World
from embedded.demo.year import AFTERNOON, workday

PLACES = ("Stora Sammanträdesrummet, Lindmåla", "Rådhuset, Sønderlund", "Kommunehuset, Fjellvåg", "Digitalt möte")
TURNS = {"limited": "limit", "stopped": "stop", "postponed": "postpone"}
TEXTS = {
    "limit": "Begränsas till det som redan är upphandlat.",
    "stop": "Stoppas: kostnaden står inte i rimlig proportion till nyttan.",
    "postpone": "Skjuts fram tills budgeten är beslutad.",
    "approved": "CAB ställer sig bakom projektet.",
    "noted": "CAB noterar läget och vill ha en ny rapport till nästa möte.",
    "deferred": "Tas upp igen när underlaget är komplett.",
}
MINUTES = """Mötet öppnades och dagordningen godkändes. PM föredrog läget i portföljen utifrån statusrapporterna.

Besluten framgår av beslutslistan. Nästa möte hålls i samband med nästa IT-beställarmöte."""
MOVED = "Krockar med kommunstyrelsens sammanträde."


class Meeting:
    """The CAB's meeting of a number, counted from 1. The last one is still to come."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number = world, number
        self.comes = number > len(HELD)
        self.at = world.cab_on(number) if not self.comes else world.year.moment(world.year.ends.date(), AFTERNOON)
        if self.comes:
            self.at += timedelta(days=9)
        self.id = ""

    async def play(self) -> None:
        """From the call to the approved minutes, as far as the year goes."""
        year = self.world.year
        await year.until(self.at - timedelta(days=24))
        self.id = (await self._do("", self._call(self.at - timedelta(days=2 * self.comes)), "called"))["id"]
        if self.comes:
            await year.days(3)
            moved = {"at": self.at, "place": PLACES[self.number - 1], "reason": MOVED}
            await self._do("/move", moved, "moved")
            await year.until(year.moment(workday(year.ends.date() - timedelta(days=1), back=True)))
            await self._set_agenda()
            return
        await year.until(self.at - timedelta(days=2))
        items = await self._set_agenda()
        await year.until(self.at)
        seats = self._seats()
        await self._do("/attendance", {"attendees": seats}, "attended", method="PUT")
        await self._decide(items)
        await year.days(1)
        await self._do("/minutes", {"text": MINUTES}, "minutes")
        await year.days(4)
        adjuster = self.world.cast.manager(self.world.cast.host)
        await self._do("/minutes/approve", {"version": 1}, "approved", who=adjuster)

    def _call(self, at: datetime) -> dict[str, Any]:
        meeting = f"IT-beställarmöte {self.number}"
        return {"at": at, "place": PLACES[self.number - 1], "orderer_meeting": meeting}

    async def _set_agenda(self) -> list[dict[str, Any]]:
        """What the agenda proposes, and what is to be decided. One that was set before stays as it is."""
        pm = self.world.cast.pm
        path = f"/governance/api/meetings/{self.id}"
        if (await self.world.stage.until(pm.email, path, bool))["agenda"]:
            return list((await self.world.stage.ask(pm.email, "GET", path))["agenda"])
        items = list(await self.world.stage.ask(pm.email, "GET", f"{path}/proposal"))[:12]
        for life in self._concerned():
            if life.id not in [item["request_id"] for item in items]:
                more = {"request_id": life.id, "municipality": life.home, "title": life.tale.title}
                items.insert(0, {**more, "reasons": ["asked_for"]})
        await self._do("/agenda", {"items": items}, "agenda", method="PUT")
        return items

    def _concerned(self) -> list[Life]:
        """Those whose course the meeting changes."""
        return [life for life in self.world.lives if life.id and life.tale.by_cab == self.number]

    def _seats(self) -> list[dict[str, Any]]:
        cast = self.world.cast
        seats: list[dict[str, Any]] = [{"municipality": cast.host, "role": "pm", "person": cast.pm.named}]
        for place, town in enumerate(sorted(self.world.tales.towns), 1):
            manager, deputy = cast.manager(town), cast.deputy(town)
            if place == self.number and town != cast.host:
                seat = {"role": "deputy", "person": deputy.named, "deputy_for": manager.named}
            else:
                seat = {"role": "it_manager", "person": manager.named}
            seats.append({"municipality": town, **seat})
        return seats

    async def _decide(self, items: list[dict[str, Any]]) -> None:
        turned = {life.id: TURNS[life.tale.fate] for life in self._concerned()}
        others = [item["request_id"] for item in items if item["request_id"] not in turned][:4]
        plain = dict(zip(others, ("approved", "noted", "noted", "deferred"), strict=False))
        for request_id, outcome in {**turned, **plain}.items():
            said = {"request_id": request_id, "outcome": outcome, "text": TEXTS[outcome]}
            await self._do("/decisions", said, f"decided {request_id}")

    async def _do(
        self, what: str, said: dict[str, Any], step: str, *, method: str = "POST", who: Somebody | None = None
    ) -> Any:
        path = f"/governance/api/meetings{f'/{self.id}' if self.id else ''}{what}"
        email = (who or self.world.cast.pm).email
        return await self.world.stage.ask(email, method, path, said, key=f"cab {self.number}/{step}")

"""Plays a year of invented requests from three invented municipalities into a running installation.

Over HTTP alone, as ticketing systems and people would; only the accounts are made by hand, for this is the machine
they are kept on. What is played is told in the .toml files, and drawn by lot from one seed: it is the same year
everywhere, and told again it adds nothing.
"""

from __future__ import annotations

import asyncio

import click

from chassis.clock import SystemClock
from chassis.partnership import Partnership
from embedded.demo import cab, lives, tickets
from embedded.demo.cast import Cast
from embedded.demo.programme import Programme, farewell
from embedded.demo.rounds import WEEKS as ROUNDS
from embedded.demo.rounds import Round
from embedded.demo.stage import KeepsItsOwnTime, OutOfTheStory, Stage
from embedded.demo.tales import Tales
from embedded.demo.world import HELD, Life, World
from embedded.demo.year import Year
from embedded.home import Home
from embedded.people import People
from embedded.tokens import Signer

NOT_HERE = "Flöde does not run on {root}; start it with flode up --demo"
OWN_TIME = (
    "What runs here goes by its own clock, so that no past can be played into it. Stop it with flode down, and start "
    "it with flode up --demo."
)
OTHERS = (
    "There are accounts here already, and what is played cannot be taken back. Name an empty folder by FLODE_DATA, "
    "and start with flode up --demo."
)


def play(home: Home, tales: Tales | None = None) -> None:
    """Play the year, once, and say what there is to see. Raises ClickException when it cannot be played here."""
    running = home.told()
    if running is None:
        raise click.ClickException(NOT_HERE.format(root=home.root))
    programme, people = Programme(home.root / "demo.json"), People(home.people)
    if programme.ends is None and people.everyone():
        raise click.ClickException(OTHERS)
    url, cast = str(running["url"]), Cast(tales or Tales.read(), Partnership.read(home.partnership))
    if not programme.played:
        signer = Signer(home, url)
        stage = Stage(url, cast.partnership, lambda email: signer.token(people.named(email)))
        try:
            asyncio.run(_play(home, programme, cast, people, stage))
        except* KeepsItsOwnTime:
            raise click.ClickException(OWN_TIME) from None
        except* OutOfTheStory as wrong:
            raise click.ClickException(f"The year could not be played to its end: {wrong.exceptions[0]}") from None
    click.echo(farewell(home, cast, url))


async def _play(home: Home, programme: Programme, cast: Cast, people: People, stage: Stage) -> None:
    async with stage:
        year = Year(programme.ends or SystemClock().now(), stage.tell, programme.shows(stage))
        try:
            await stage.tell(year.now)
            programme.begin(year.ends)
            await asyncio.to_thread(people.enrol, cast.everyone, home.secret("demo-password"))
            await year.live(_everybody(World(cast.tales, cast, stage, year)))
        finally:
            await stage.tell(SystemClock().now())
    programme.end(stage)


def _everybody(world: World) -> list[lives.Living]:
    """All that lives in the year: requests, rounds, meetings."""
    rounds = [Round(world, place) for place in range(len(ROUNDS))]
    for home, town in world.tales.towns.items():
        world.lives.extend(Life(world, home, tale) for tale in town.requests)
    return [
        *(lives.live(life, rounds) for life in world.lives),
        *(each.play() for each in rounds),
        *(cab.Meeting(world, number + 1).play() for number in range(len(HELD) + 1)),
        tickets.astray(world),
    ]

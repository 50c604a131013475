"""`make screenshots`: a picture of every page, light, dark and as on a telephone, of an installation that has the
demo's year in it; and the few that the README shows."""

from __future__ import annotations

import base64
import re
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import click
from playwright.sync_api import Browser, FloatRect, Page, ViewportSize

from chassis.auth import LANGUAGE_COOKIE, SESSION_COOKIE
from chassis.clock import SystemClock
from embedded.demo import play
from embedded.demo.cast import Cast, Somebody
from embedded.demo.tales import Tales
from embedded.processes import free_port
from embedded.testing import temporary_folder
from tests.e2e.browser import chromium
from tests.e2e.every_page import NOBODY, Address, Known, addresses
from tests.e2e.installation import Installation
from tests.e2e.known import a_parked_event, known_of, sessions_of

ROOT = Path(__file__).parents[2]
ALL, CHOSEN = ROOT / ".screenshots", ROOT / "deploy" / "pictures"
DESK, TELEPHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
TALLEST = 5000
"""Pixels; what is longer is cut off below."""
LONGEST = 45 * 60
"""Seconds after which it gives up, and ends what it started."""
WIDTH, QUALITY = 900, 0.75
"""Of a picture in the README."""
TO_WEBP = """async ([png, width, quality]) => {
  const picture = new Image();
  picture.src = `data:image/png;base64,${png}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = Math.round(picture.height * width / picture.width);
  const brush = canvas.getContext("2d");
  brush.imageSmoothingQuality = "high";
  brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""
STARTS = ("/", "/intake/mine", "/governance/", "/portfolio/mine")
"""Pages that show everybody something else."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is taken."""

    name: str
    size: ViewportSize
    dark: bool = False


LOOKS = (Look("light", DESK), Look("dark", DESK, dark=True), Look("phone", TELEPHONE))
IN_THE_README: Mapping[str, tuple[str, str, str]] = {
    "inbox": ("/intake/", "pm", ""),
    "timeline": ("/portfolio/?as=timeline", "pm", ".ways"),
    "wall": ("/governance/meetings/{meeting_id}/show", "pm", ""),
    "as-of": ("/portfolio/audit/projects?as_of={day}&and={later}", "auditor", ""),
    "flow": ("/intake/flow/", "operator", "h2:has(+ .scroll > .flow-map)"),
}
"""Name to address, who reads it, and what of the page is at the top of the picture when it is not the beginning."""
IN_THE_DARK = "wall"


@contextmanager
def the_demo() -> Iterator[Installation]:
    """An installation with the year in it, which ends with this."""
    folder = temporary_folder("pictures")
    here = Installation(folder / "data", free_port(), {"FLODE_DEMO": "on"})
    try:
        here.up()
        play(here.home)
        here.levelled()
        yield here
    finally:
        here.flode("down")
        here.http.close()
        shutil.rmtree(folder)


def cast_of(here: Installation) -> dict[str, Somebody]:
    """Who of the demo plays which part, the one who sees most first."""
    tales = Tales.read()
    cast = Cast(tales, here.partnership)
    town = tales.towns[cast.host]

    def holds(role: str) -> Somebody:
        return next(each for each in cast.everyone if any(role in held for held in each.roles.values()))

    return {
        "pm": cast.pm,
        "operator": cast.operator,
        "auditor": holds("auditor"),
        "leader": cast.named(town.people.leaders[0], cast.host),
        "manager": cast.manager(cast.host),
        "requester": cast.named(town.people.requesters[0], cast.host),
        "desk": cast.named(town.people.desk, cast.host),
        "deputy": holds("deputy"),
    }


class Photographer:
    """Takes pictures of an installation's pages, in English."""

    def __init__(self, browser: Browser, known: Known) -> None:
        self._browser, self._known = browser, known

    @contextmanager
    def page(self, who: str, look: Look) -> Iterator[Page]:
        """A browser of somebody's."""
        scheme: Literal["dark", "light"] = "dark" if look.dark else "light"
        context = self._browser.new_context(
            base_url=self._known.url, locale="en-GB", viewport=look.size, color_scheme=scheme, reduced_motion="reduce"
        )
        for name, value in {LANGUAGE_COOKIE: "en", SESSION_COOKIE: self._known.sessions[who]}.items():
            if value:
                context.add_cookies([{"name": name, "value": value, "url": self._known.url}])
        yield context.new_page()
        context.close()

    def of_every_page(self, into: Path) -> None:
        """Each by the first who reads it, in every look; and the starts, by everybody."""
        found, unseen = addresses(self._known)
        once = {address.route: address for address in reversed(found)}.values()
        parts = [part for part in self._known.sessions if part not in ("pm", NOBODY)]
        pages = [*once, *(Address(path, path, who) for path in STARTS for who in parts)]
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir()
        for who in self._known.sessions:
            theirs = [address for address in pages if address.who == who]
            click.echo(f"{len(theirs)} pages of {who}")
            self.all_of(who, theirs, into)
        click.echo(f"The pictures are in {into}" + (f"; not seen: {', '.join(unseen)}" if unseen else ""))

    def all_of(self, who: str, pages: list[Address], into: Path) -> None:
        """Every page that somebody reads, in every look."""
        for look in LOOKS:
            with self.page(who, look) as page:
                for address in pages:
                    page.goto(address.path)
                    tall = int(page.evaluate("() => document.documentElement.scrollHeight"))
                    part = FloatRect(x=0, y=0, width=look.size["width"], height=min(tall, TALLEST))
                    file = into / f"{_slug(address.route)}.{who}.{look.name}.png"
                    page.screenshot(path=file, full_page=True, clip=part)

    def for_the_readme(self, into: Path) -> None:
        """The few, small."""
        into.mkdir(exist_ok=True)
        meeting, known = self._known.values["meeting_id"][0], self._known
        for name, (path, who, top) in IN_THE_README.items():
            with self.page(who, Look(name, ViewportSize(width=1200, height=780), name == IN_THE_DARK)) as page:
                page.goto(path.format(meeting_id=meeting, day=known.day, later=known.later))
                if top:
                    page.locator(top).last.evaluate("each => scrollTo(0, each.getBoundingClientRect().top - 12)")
                png = base64.b64encode(page.screenshot()).decode()
                blank = page.context.new_page()  # the policy of a page of ours lets no picture be made in it
                webp = blank.evaluate(TO_WEBP, [png, WIDTH, QUALITY])
            (into / f"{name}.webp").write_bytes(base64.b64decode(webp))


def _slug(route: str) -> str:
    return re.sub(r"[^\w]+", "-", route).strip("-") or "start"


def take(here: Installation, *, all_pages: bool, into: Path = ALL, chosen: Path = CHOSEN) -> None:
    """All pictures of an installation in which the demo has been played."""
    cast = cast_of(here)
    sessions = sessions_of(here, {part: each.email for part, each in cast.items()}, here.home.secret("demo-password"))
    today = SystemClock().now().date()
    days = (today - timedelta(days=200), today - timedelta(days=20))
    with chromium() as browser:
        with a_parked_event(here) as parked:
            photographer = Photographer(browser, known_of(here, sessions, parked, days))
            if all_pages:
                photographer.of_every_page(into)
        photographer.for_the_readme(chosen)
    click.echo(f"The README's are in {chosen}")


@click.command()
@click.option("--readme", is_flag=True, help="Only the few of the README.")
def main(readme: bool) -> None:
    """Play the demo into an installation of its own, take the pictures, and end what was started."""
    for end in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(end, lambda number, _: sys.exit(f"ended by signal {number}"))
    signal.alarm(LONGEST)
    with the_demo() as here:
        take(here, all_pages=not readme)


if __name__ == "__main__":
    main()

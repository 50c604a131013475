"""Several at browsers of their own go from page to page, until each was read in every language, and its form sent with
something left out; they say what is wrong.

A page takes a second in each language, so as many go at once as the machine can think of.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from queue import Empty, SimpleQueue
from typing import Any

from playwright.sync_api import Browser, Error

from chassis.auth import LANGUAGE_COOKIE, SESSION_COOKIE
from chassis.i18n import LANGUAGES
from tests.e2e.accessible import cut_off, kinds_of_controls, shortcomings, small_targets, walked_by_tab
from tests.e2e.browser import Visitor, chromium
from tests.e2e.every_page import Address
from tests.e2e.installation import Installation
from tests.e2e.looking import DESK, TELEPHONE

AT_ONCE = min(4, max(2, os.cpu_count() or 1))
"""How many walk."""
FAR = 25
"""How many times Tab is pressed on a page."""


LEAVES_OUT = """() => {
  const lacks = form => [...form.querySelectorAll("[required]")].some(each => !form.elements[each.name].value);
  const form = [...document.querySelectorAll("main form[method=post]")].find(lacks);
  const buttons = [...(form ?? document.createElement("p")).querySelectorAll("button")];
  // What saves itself may be saved with gaps, but not be returned.
  const button = form?.matches("[data-autosave]") ? buttons.find(each => each.value === "return") : buttons.at(-1);
  if (!button) return false;
  form.noValidate = true;
  button.setAttribute("data-leaves-out", "");
  return true;
}"""
"""Whether there is a form with a field that has to be filled in and is not; the button that sends it is marked."""
SENDS = "() => document.querySelector('[data-leaves-out]').click()"


class Reader(Visitor):
    """Somebody who is signed in already, and may change their language."""

    def __init__(self, browser: Browser, here: Installation, session: str) -> None:
        super().__init__(browser, here, "en")
        if session:
            self._keeps(SESSION_COOKIE, session)

    def speaks(self, language: str) -> None:
        """From here on."""
        self.language = language
        self._keeps(LANGUAGE_COOKIE, language)

    def reads_page(self, address: Address) -> list[str]:
        """Go there, and look: what is wrong, and that it was not answered as is to be expected."""
        answer = self.page.goto(address.path)
        if not answer or answer.status != address.status:
            self.complaints = []
            return [f"{address.path} is answered with {answer.status if answer else 'nothing'}"]
        if answer.status >= 400:
            self.complaints = []
        return [*self.finds(address.route), *cut_off(self.page)]

    def tries_page(self) -> list[str]:
        """Where they are: what is wrong with it in whatever language, for keyboard, finger and eye."""
        self.page.set_viewport_size(TELEPHONE)
        told = [f"on a telephone, {each}" for each in small_targets(self.page)]
        self.page.set_viewport_size(DESK)
        return [*told, *shortcomings(self.page), *walked_by_tab(self.page, FAR)]

    def leaves_something_out(self, address: Address) -> list[str]:
        """They send the page's form with a field left empty: what is wrong with the page that says so."""
        if not self.page.evaluate(LEAVES_OUT):
            return []
        with self.page.expect_navigation() as going:
            self.page.evaluate(SENDS)
        status, self.complaints = going.value.status, []
        if not (400 <= status < 500 and self.page.locator(".error-summary").count()):
            return [f"{address.path}: with a field left empty it is answered with {status}, and nothing is said of it"]
        return self.finds(address.route)

    def _keeps(self, name: str, value: str) -> None:
        self.page.context.add_cookies([{"name": name, "value": value, "url": self.here.url}])


@dataclass
class Walked:
    """What was found on the way: what is wrong with pages, how each is called in each language, by page, and which
    kinds of controls there were."""

    wrong: list[str] = field(default_factory=list)
    titles: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    controls: set[str] = field(default_factory=set)


def turns() -> Iterator[tuple[str]]:
    """One language after the other, without end."""
    return cycle((language,) for language in LANGUAGES)


def walk(here: Installation, sessions: Mapping[str, str], visits: Sequence[tuple[Address, tuple[str, ...]]]) -> Walked:
    """Read all of these, each in its languages; `sessions` are those of cookies, by who reads."""
    walked, waiting = Walked(), SimpleQueue[tuple[int, tuple[Address, tuple[str, ...]]]]()
    for visit in enumerate(visits):
        waiting.put(visit)
    with ThreadPoolExecutor(AT_ONCE) as walkers:
        for each in [walkers.submit(_walks, here, sessions, waiting, walked) for _ in range(AT_ONCE)]:
            each.result()
    return walked


def _walks(here: Installation, sessions: Mapping[str, str], waiting: SimpleQueue[Any], walked: Walked) -> None:
    """One of them, who plays everybody's part."""
    with chromium() as browser:
        readers: dict[str, Reader] = {}
        while True:
            try:
                number, (address, languages) = waiting.get_nowait()
            except Empty:
                return
            if address.who not in readers:
                readers[address.who] = Reader(browser, here, sessions[address.who])
            try:
                _reads(readers[address.who], address, walked, languages[number % len(languages) :] + languages)
            except Error as failed:
                walked.wrong.append(f"{address.who} at {address.path}: {failed}")


def _reads(reader: Reader, address: Address, walked: Walked, languages: Sequence[str]) -> None:
    # What is tried in the last language is tried in another on each page, for how long words are is of consequence.
    for language in dict.fromkeys(languages):
        reader.speaks(language)
        found = reader.reads_page(address)
        walked.titles[language][address.route] = reader.page.title()
        walked.wrong += [f"{address.who} at {address.path} ({language}): {each}" for each in found]
    walked.controls |= kinds_of_controls(reader.page)
    found = [*reader.tries_page(), *reader.leaves_something_out(address)]
    walked.wrong += [f"{address.who} at {address.path} ({reader.language}): {each}" for each in found]

"""Every page there is, for whoever may read it, in the languages by turns: by eye and by ear, in light and dark, by
keyboard, on a telephone, set wider, without motion (WCAG 2.2 AA)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from chassis.auth import LANGUAGE_COOKIE, SESSION_COOKIE
from chassis.i18n import LANGUAGES
from tests.e2e.accessible import shortcomings, walked_by_tab
from tests.e2e.browser import Visitor, chromium
from tests.e2e.cast import CAST
from tests.e2e.every_page import NOBODY, PROBLEMS, Address, Known, addresses
from tests.e2e.flow.private import a_marked_request
from tests.e2e.flow.story import Story
from tests.e2e.installation import PASSWORD
from tests.e2e.known import a_parked_event, known_of, sessions_of

pytestmark = pytest.mark.walk
PARTS = ("pm", "operator", "auditor", "leader", "manager", "requester", "orderer", "deputy", "desk", "technician")
"""Whoever reads a page first of these reads it for the test."""
STARTS = ("/portfolio/home", "/portfolio/requests", "/governance/", "/portfolio/mine")
"""Pages that show each of them something else."""
UNREACHED: dict[str, str] = {}
"""Pages that this story leads nobody to, and why."""


@pytest.fixture(scope="module")
def known(decided: Story) -> Iterator[Known]:
    """What the told story, and one request more, have left in the installation."""
    here = decided.here
    today = datetime.now(ZoneInfo("Europe/Stockholm")).date()
    marked = a_marked_request(here, today)
    ends = (datetime.now(UTC) + timedelta(days=14)).isoformat()
    here.post(
        "pm",
        "/portfolio/api/rounds",
        {"title": "Nästa", "deadline": ends, "candidates": [marked, decided.ids["norwegian project"]]},
    )
    here.levelled()
    with a_parked_event(here) as parked:
        sessions = sessions_of(here, {part: CAST[part].email for part in PARTS}, PASSWORD)
        known = known_of(here, sessions, parked, (today, today))
        first = [decided.ids[name] for name in ("project", "danish project", "norwegian project", "change")]
        requests = list(dict.fromkeys([*first, marked, *known.values["request_id"]]))
        yield replace(known, values={**known.values, "request_id": requests})


@pytest.fixture(scope="module")
def pages(known: Known) -> list[Address]:
    """An address of every page."""
    found, unreached = addresses(known)
    assert set(unreached) == set(UNREACHED), "pages that nobody came to; see tests/e2e/known.py for what may be missing"
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Reader(Visitor):
    """Somebody who is signed in already, and may change their language."""

    def __init__(self, browser: Browser, story: Story, session: str) -> None:
        super().__init__(browser, story.here, "en")
        if session:
            self._keeps(SESSION_COOKIE, session)

    def speaks(self, language: str) -> None:
        """From here on."""
        self.language = language
        self._keeps(LANGUAGE_COOKIE, language)

    def reads_page(self, address: Address) -> None:
        """Go there, be answered as is to be expected, and look."""
        answer = self.page.goto(address.path)
        assert answer, address
        assert answer.status == address.status, f"{address}: {answer.status}"
        if answer.status >= 400:
            self.complaints.clear()
        self.looks(address.route)

    def _keeps(self, name: str, value: str) -> None:
        self.page.context.add_cookies([{"name": name, "value": value, "url": self.here.url}])


@pytest.fixture(scope="module")
def readers(known: Known, browser: Browser, decided: Story) -> dict[str, Reader]:
    return {part: Reader(browser, decided, session) for part, session in known.sessions.items()}


def test_every_page_holds_for_everybody(readers: dict[str, Reader], pages: list[Address]) -> None:
    wrong: list[str] = []
    once = {address.route: address for address in reversed(pages)}  # of what all services show alike, one
    also = [address for address in pages if once[address.route] != address]
    also += [Address(f"{path} of {who}", path, who) for path in STARTS for who in PARTS if who != "pm"]
    # A page takes seconds, so each is read in one language, by turns; that nothing is left untranslated in any is
    # counted by `make check`, and the whole flow is gone through in all of them.
    for address, language in zip([*once.values(), *also], cycle(LANGUAGES), strict=False):
        reader = readers[address.who]
        reader.speaks(language)
        try:
            reader.reads_page(address)
        except AssertionError as found:
            reader.complaints.clear()
            wrong.append(f"{address.who} at {address.path} ({language}): {found}")
    assert not wrong, "\n\n".join(wrong)


def test_refusals_are_pages_too(readers: dict[str, Reader], known: Known) -> None:
    asked = [Address(f"{path} {status}", path, "pm", status) for path, status in PROBLEMS.items()]
    link, setup = known.values["token"][0], known.values["secret"][0]
    asked += [
        Address("not yours, of a service", "/intake/flow/", "requester", 403),
        Address("not yours, of the issuer", "/people", "pm", 403),
        Address("a link that was changed", f"/governance/directive/{link[:-4]}AAAA", NOBODY, 403),
        Address("a link that was used", f"/setup/{setup[:-4]}AAAA", NOBODY, 410),
    ]
    for address in asked:
        for language in LANGUAGES:
            readers[address.who].speaks(language)
            readers[address.who].reads_page(address)


def test_the_focus_is_seen_nothing_moves_unasked_and_wider_text_is_not_cut(
    readers: dict[str, Reader], pages: list[Address]
) -> None:
    wrong: list[str] = []
    for address in {address.route: address for address in reversed(pages)}.values():
        reader = readers[address.who]
        reader.speaks("sv")
        reader.page.goto(address.path)
        wrong += [f"{address.path}: {each}" for each in (*shortcomings(reader.page), *walked_by_tab(reader.page, 25))]
    assert not wrong, "\n".join(wrong)

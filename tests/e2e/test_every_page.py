"""Every page there is, for whoever may read it, in every language: by eye and by ear, in light and dark, by keyboard,
on a telephone, set wider, without motion (WCAG 2.2 AA)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chassis.i18n import LANGUAGES
from tests.e2e.cast import CAST
from tests.e2e.every_page import NOBODY, PROBLEMS, Address, Known, addresses, kind_of
from tests.e2e.flow.private import a_marked_request
from tests.e2e.flow.story import Story
from tests.e2e.installation import PASSWORD
from tests.e2e.known import a_parked_event, known_of, sessions_of
from tests.e2e.walking import Walked, turns, walk

pytestmark = pytest.mark.walk
PARTS = ("pm", "operator", "auditor", "leader", "manager", "requester", "orderer", "deputy", "desk", "technician")
"""Whoever reads a page first of these reads it for the test."""
STARTS = ("/portfolio/home", "/portfolio/requests", "/governance/", "/portfolio/mine")
"""Pages that show each of them something else."""
CONTROLS = {"a", "button", "select", "textarea", "summary", "region", "checkbox", "radio"}
CONTROLS |= {"text", "email", "password", "date", "datetime-local"}
"""What can have the focus: each kind has been seen to show it, somewhere on the way."""
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
def walked(known: Known, pages: list[Address], decided: Story) -> Walked:
    """Of what all services show alike one is read; of what differs by who reads it each, in one language by turns."""
    once = {address.route: address for address in reversed(pages)}
    starts = [Address(f"{path} of {who}", path, who) for path in STARTS for who in PARTS if who != "pm"]
    here, sessions = decided.here, known.sessions
    return walk(here, sessions, [*((each, LANGUAGES) for each in once.values()), *zip(starts, turns(), strict=False)])


def test_every_page_holds_for_everybody_in_every_language(walked: Walked) -> None:
    assert not walked.wrong, "\n".join(walked.wrong)


def test_every_kind_of_control_was_met(walked: Walked) -> None:
    assert walked.controls >= CONTROLS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_called_something_else(walked: Walked, language: str) -> None:
    alike: dict[str, list[str]] = defaultdict(list)
    for route, title in walked.titles[language].items():
        alike[title].append(kind_of(route.partition("?")[0].partition(" of ")[0]))
    assert not {title: routes for title, routes in alike.items() if len(set(routes)) > 1}


def test_refusals_are_pages_too(decided: Story, known: Known) -> None:
    asked = [Address(f"{path} {status}", path, "pm", status) for path, status in PROBLEMS.items()]
    link, setup = known.values["token"][0], known.values["secret"][0]
    asked += [
        Address("not yours, of a service", "/intake/flow/", "requester", 403),
        Address("not yours, of the issuer", "/people", "pm", 403),
        Address("a link that was changed", f"/governance/directive/{link[:-4]}AAAA", NOBODY, 403),
        Address("a link that was used", f"/setup/{setup[:-4]}AAAA", NOBODY, 410),
    ]
    refused = walk(decided.here, known.sessions, [(each, LANGUAGES) for each in asked])
    assert not refused.wrong, "\n".join(refused.wrong)

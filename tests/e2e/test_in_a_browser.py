"""The whole flow by hand: every step is clicked and typed, in Chromium, by people in their own languages; some of them
use a keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.browser import Visitors, chromium
from tests.e2e.by_keyboard import ByKeyboard
from tests.e2e.clicked import cab, directive, ranks, request, work
from tests.e2e.installation import Installation

pytestmark = pytest.mark.browser
BY_KEYBOARD = ("pm", "requester", "manager", "leader", "orderer")
"""Who never touches a mouse: the whole part of each kind of people can be played so. The others click."""


@pytest.fixture
def people(installation: Installation) -> Iterator[Visitors]:
    """Everybody, each at a browser of their own."""
    with chromium() as browser:
        yield Visitors(browser, installation, dict.fromkeys(BY_KEYBOARD, ByKeyboard))


def test_a_ticket_becomes_a_ranked_assigned_and_reported_project_by_mouse_and_by_keyboard(people: Visitors) -> None:
    """IT-05, IT-09, IT-13, IT-16, IT-19, IT-20, IT-21, TY-18"""
    today = datetime.now(ZoneInfo("Europe/Stockholm")).date()
    request.an_auditor_gets_an_account(people)
    request.two_tickets_arrive(people)
    request.the_pm_judges(people)
    requester = directive.the_requester_begins(people)
    directive.the_requester_returns_it(people, requester, today)
    directive.the_pm_sends_it_back(people, requester, today)
    directive.both_agree(people)
    ranks.it_stands_in_the_portfolio(people)
    ranks.the_managers_rank(people, today)
    work.the_pm_assigns(people)
    work.both_parties_agree_on_the_plan(people, today)
    work.the_leader_reports(people)
    cab.the_pm_calls_the_cab(people, today)
    cab.they_sit_down(people)
    cab.they_decide(people)
    cab.all_is_told(people)

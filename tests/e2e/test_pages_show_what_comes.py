"""Two people at two browsers: what one does the other sees, and nobody loses what they are writing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.browser import Visitor, Visitors, chromium
from tests.e2e.cast import CAST, HOST
from tests.e2e.deliveries import a_ticket
from tests.e2e.installation import Installation, until

pytestmark = pytest.mark.browser
SOON = 20_000
"""Milliseconds: a ticket goes by the log, the broker and a view before it is shown."""
REMEMBERS = "window.loadedOnce = true"
KEEPS_NEWS = """() => {
  window.newsSoFar = [];
  const look = () => window.newsSoFar.push(...[...document.querySelectorAll(".news")].map(each => each.textContent));
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributeFilter: ["class"]});
}"""
"""A row is marked for some seconds only, which a busy machine may let pass before anybody asks: the page itself keeps
which were."""


@pytest.fixture
def people(installation: Installation) -> Iterator[Visitors]:
    """Everybody, each at a browser of their own."""
    with chromium() as browser:
        yield Visitors(browser, installation)


def was_not_loaded_again(visitor: Visitor) -> bool:
    return bool(visitor.page.evaluate("window.loadedOnce === true"))


def test_a_ticket_comes_into_the_list_that_the_pm_has_open(people: Visitors) -> None:
    pm = people["pm"]
    first = a_ticket("8800", "Ny växel", description="Den gamla är slut.", requester=CAST["requester"].told)
    assert people.here.deliver(HOST, first).status_code == 201
    pm.opens("/intake/")
    pm.waits_for("Ny växel")
    pm.page.evaluate(REMEMBERS)
    pm.page.evaluate(KEEPS_NEWS)
    ticket = a_ticket(
        "8801", "Bokning av idrottshallar", description="Nu per telefon.", requester=CAST["requester"].told
    )
    assert people.here.deliver(HOST, ticket).status_code == 201
    row = pm.page.locator(".inbox li", has_text="Bokning av idrottshallar")
    expect(row).to_be_visible(timeout=SOON)
    assert any("Bokning av idrottshallar" in each for each in pm.page.evaluate("window.newsSoFar"))
    expect(row).not_to_have_class(re.compile(r"\bnews\b"), timeout=SOON)
    assert was_not_loaded_again(pm)
    pm.looks()

    pm.page.keyboard.press("?")
    expect(pm.page.get_by_role("dialog")).to_be_visible()
    pm.page.keyboard.press("Escape")
    expect(pm.page.get_by_role("dialog")).to_be_hidden()
    links = pm.page.locator(".inbox li a")
    pm.page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    pm.page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    opened = links.nth(1).inner_text()
    with pm.page.expect_navigation():
        pm.page.keyboard.press("Enter")
    expect(pm.page.locator("#chosen")).to_have_text(opened)


def test_single_keys_do_nothing_when_they_are_turned_off(people: Visitors) -> None:
    pm = people["pm"]
    pm.opens("/intake/")
    pm.page.get_by_role("button", name=pm.words("Keyboard shortcuts")).click()
    pm.page.locator("#keys-on").uncheck()
    pm.page.keyboard.press("Escape")
    pm.page.reload()
    pm.page.keyboard.press("?")
    expect(pm.page.get_by_role("dialog")).to_be_hidden()


def test_a_form_that_is_being_filled_in_is_not_touched(people: Visitors) -> None:
    writer = people["pm"]
    day = datetime.now(ZoneInfo("Europe/Stockholm")).date() + timedelta(days=9)
    writer.opens("/governance/meetings/new")
    writer.writes(
        {"day": day.isoformat(), "time": "10:00", "place": "Biblioteket", "orderer_meeting": "IT-beställarmöte"}
    )
    writer.presses("Call the meeting")
    path = writer.page.url.removeprefix(people.here.url).partition("?")[0]
    other = people.stranger(CAST["pm"].language)
    other.signs_in(CAST["pm"])
    other.opens(path)

    writer.opens(path)
    writer.page.evaluate(REMEMBERS)
    writer.writes({"cancel_reason": "För få ärenden"})
    other.writes({"place": "Rådhuset", "reason": "Biblioteket är stängt"})
    other.presses("Move the meeting")
    show = writer.page.get_by_role("link", name=writer.words("Show it"), exact=True)
    expect(show).to_be_visible(timeout=SOON)
    assert "Biblioteket" in writer.page.locator("main").inner_text()
    assert writer.field("cancel_reason").input_value() == "För få ärenden"

    show.click()
    expect(writer.page.locator("main")).to_contain_text("Rådhuset")
    assert writer.field("cancel_reason").input_value() == "För få ärenden"
    expect(show).to_be_hidden()
    assert was_not_loaded_again(writer)


def test_what_updates_itself_can_be_paused(people: Visitors) -> None:
    """WCAG 2.2.2."""
    pm, title = people["pm"], "Larm i ishallen"
    pm.opens("/intake/")
    pause = pm.page.get_by_role("button", name=pm.words("Pause updates"), exact=True)
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")
    ticket = a_ticket("8802", title, description="Det tjuter.", requester=CAST["requester"].told)
    assert people.here.deliver(HOST, ticket).status_code == 201
    until(lambda: title in pm.page.request.get("/intake/").text(), what="the ticket is in the list")
    pm.page.wait_for_timeout(2500)  # a stream would have told it within a second
    assert title not in pm.page.locator("main").inner_text()
    pause.click()
    expect(pm.page.locator("main")).to_contain_text(title, timeout=SOON)


def test_what_was_on_its_way_when_updates_were_paused_is_not_shown(people: Visitors) -> None:
    """WCAG 2.2.2; it is fetched anew when the reader wants updates again."""
    pm, title = people["pm"], "Larm i simhallen"
    pm.opens("/intake/")
    held: list[Route] = []
    pm.page.route("**/intake/", lambda route: held.append(route))
    ticket = a_ticket("8803", title, description="Det tjuter.", requester=CAST["requester"].told)
    with pm.page.expect_request(lambda request: request.resource_type == "fetch", timeout=SOON):
        assert people.here.deliver(HOST, ticket).status_code == 201
    until(lambda: title in pm.page.request.get("/intake/").text(), what="the ticket is in the list")
    pause = pm.page.get_by_role("button", name=pm.words("Pause updates"), exact=True)
    pause.click()
    for route in held:
        route.continue_()
    pm.page.unroute("**/intake/")
    pm.page.wait_for_timeout(1500)
    assert title not in pm.page.locator("main").inner_text()
    pause.click()
    expect(pm.page.locator("main")).to_contain_text(title, timeout=SOON)

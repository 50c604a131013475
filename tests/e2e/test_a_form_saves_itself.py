"""The directive's form saves itself while two write in it, nobody loses a word; without a script the button saves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Visitor, Visitors, chromium
from tests.e2e.cast import CAST, HOST
from tests.e2e.deliveries import a_ticket
from tests.e2e.flow.tickets import CRITERIA
from tests.e2e.installation import Installation

pytestmark = pytest.mark.browser
SOON = 20_000


@pytest.fixture(scope="module")
def people(installation: Installation) -> Iterator[Visitors]:
    with chromium() as browser:
        yield Visitors(browser, installation)


def a_directive(people: Visitors, number: str, title: str) -> str:
    """The path of a requester's link to the form of a new project."""
    told = a_ticket(number, title, description="Den gamla räcker inte.", requester=CAST["requester"].told)
    request_id = people.here.deliver(HOST, told).json()["id"]
    judged = {"outcome": "project", "reason": "Stort", "criteria": CRITERIA}
    people.here.post("pm", f"/intake/api/requests/{request_id}/classification", judged)
    return people.link("requester", title, "/governance/directive/")


def saved(visitor: Visitor) -> None:
    said = visitor.words("Saved at {time}", time="").strip()
    expect(visitor.page.locator("[data-status]")).to_contain_text(said, timeout=SOON)


def test_what_is_typed_is_there_when_the_page_is_loaded_again_and_two_writers_keep_both_texts(people: Visitors) -> None:
    link = a_directive(people, "8901", "Ny schemaläggning")
    writer = people.stranger(CAST["requester"].language)
    writer.opens(link)
    other = people.stranger(CAST["requester"].language)
    other.opens(link)

    writer.writes({"background": "Scheman görs på papper."})
    writer.writes({"orderer.email": "ingen adress"})
    writer.page.keyboard.press("Tab")
    saved(writer)
    expect(writer.page.locator("#f-orderer-email-error")).to_be_visible()
    expect(writer.page.locator("#f-title-error")).to_have_count(0)
    writer.page.reload()
    assert writer.field("background").input_value() == "Scheman görs på papper."
    writer.looks()

    other.writes({"wishes": "I telefonen också"})
    other.page.keyboard.press("Tab")
    saved(other)
    assert other.field("background").input_value() == "Scheman görs på papper.", "what the first wrote came along"

    writer.writes({"wishes": "Bara på datorn"})
    writer.page.keyboard.press("Tab")
    expect(writer.page.locator("#f-wishes-error")).to_contain_text("I telefonen också", timeout=SOON)
    writer.complaints.clear()
    writer.presses("Save the draft", refused=412)
    writer.sees("I telefonen också", "Bara på datorn")
    assert writer.field("wishes").input_value() == "Bara på datorn"


def test_without_a_connection_it_goes_on_trying(people: Visitors) -> None:
    writer = people.stranger(CAST["requester"].language)
    writer.opens(a_directive(people, "8902", "Ny passersystem"))
    writer.page.context.set_offline(True)
    writer.writes({"background": "Nycklar försvinner."})
    writer.page.keyboard.press("Tab")
    expect(writer.page.locator("[data-status]")).to_contain_text(
        writer.words(
            "Not saved: there is no connection. What you wrote stays here, and is saved as soon as there is one."
        ),
        timeout=SOON,
    )
    writer.page.context.set_offline(False)
    saved(writer)
    writer.complaints.clear()
    writer.page.reload()
    assert writer.field("background").input_value() == "Nycklar försvinner."


def test_without_a_script_the_button_saves(people: Visitors) -> None:
    link = a_directive(people, "8903", "Ny intranät")
    plain = people.browser.new_context(base_url=people.here.url, java_script_enabled=False).new_page()
    plain.goto(link)
    plain.locator('[data-section="background"] > summary').click()
    plain.locator('[name="background"]').fill("Det gamla är tyst.")
    plain.locator('button[value="save"]').first.click()
    plain.goto(link)
    assert plain.locator('[name="background"]').input_value() == "Det gamla är tyst."

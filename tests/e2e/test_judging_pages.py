"""What judges every page finds what is wrong with one; and it knows which pages there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.e2e.accessible import breaches, cut_off, faint, shortcomings, small_targets, walked_by_tab
from tests.e2e.browser import chromium
from tests.e2e.every_page import kind_of, page_routes
from tests.e2e.looking import faults

SOUND = """<!doctype html><html lang="en"><title>A page</title><style>
  * { line-height: 1.2 } a, button { display: inline-block; min-height: 24px } %s
</style><main><h1>A page</h1><p>%s</p><p><a href="#x">A link</a> <button>A button</button></p></main>"""
SWEDISH = """<!doctype html><html lang="sv"><title>En sida – Alla</title><main><h1>En sida</h1>%s</main>"""
TINY = """a, button { height: 9px; width: 9px; min-height: 0; font-size: 4px; padding: 0; margin: 0; border: 0 }
  p:last-child { font-size: 1px }"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page()


@pytest.mark.browser
def test_a_sound_page_is_not_complained_about(page: Page) -> None:
    page.set_content(SOUND % ("", "Text"))
    judges = (breaches, faint, small_targets, shortcomings, cut_off)
    assert [found for judge in judges for found in judge(page)] == []
    assert walked_by_tab(page) == []


@pytest.mark.browser
@pytest.mark.parametrize(
    ("style", "said"),
    [
        ("button:focus { outline: none }", "the focus is not seen on <button"),
        ("h1 { transition: color 1s }", "moves for who wants no motion: <h1"),
        ("p { height: 1.3em; overflow: hidden }", "cut off when text is set wider: <p"),
        ("html { white-space: nowrap; min-width: 120vw }", "wider than the window"),
    ],
)
def test_what_no_rule_of_axe_finds_is_found(page: Page, style: str, said: str) -> None:
    page.set_content(SOUND % (style, "Text of a paragraph"))
    found = [*shortcomings(page), *cut_off(page)]
    assert any(said in each for each in found), found


@pytest.mark.browser
@pytest.mark.parametrize(
    ("style", "rule"),
    [
        ("@media (prefers-color-scheme: dark) { p { color: #777; background: #666 } }", "color-contrast"),
        ("p { color: #aaa }", "color-contrast"),
        (TINY, "target-size"),
    ],
)
def test_what_axe_finds_is_told_in_both_palettes_and_small_targets_count(page: Page, style: str, rule: str) -> None:
    page.set_content(SOUND % (style, "Text"))
    assert rule in "".join([*breaches(page), *faint(page)])


WIDE = "<ul>" + "<li style='white-space: nowrap'>" + "One word beside another " * 9 + "</li></ul>"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("<input name='amount'>", "fields without a label"),
        ("<p>To the content</p>", "in another language: ['To the content']"),
        ("<p aria-label='To the content'>Till</p>", "in another language: ['To the content']"),
        ("<p>Det kunne ikke gjøres</p>", "in another language"),
        (WIDE, "wider than a telephone"),
        (f"<div style='overflow: auto'>{WIDE}</div>", "moved sideways or cut off on a telephone"),
        ("<h1>Another</h1>", "2 headings of the first level"),
        ("<p id='main'>A</p><p id='main'>B</p>", "ids that are given twice: ['main']"),
        ("<a href='#nowhere'>A</a>", "lead nowhere: ['nowhere']"),
    ],
)
def test_what_is_wrong_with_one_of_our_pages_is_found(page: Page, part: str, said: str) -> None:
    page.set_content(SWEDISH % "<p lang='en'>To the content</p><p>Text</p>")
    assert faults(page, "sv") == []
    page.set_content(SWEDISH % part)
    assert said in "".join(faults(page, "sv"))
    assert "its language is sv" in "".join(faults(page, "da"))


@pytest.mark.browser
def test_a_trap_for_the_keyboard_is_found(page: Page) -> None:
    page.set_content(SOUND % ("", "Text") + "<script>addEventListener('keydown', each => document.activeElement.tagName"
                     " === 'BUTTON' && each.preventDefault())</script>")  # fmt: skip
    assert "Tab does not come away from <button" in "".join(walked_by_tab(page))


def test_the_pages_are_those_of_the_routes() -> None:
    routes = page_routes()
    assert {"/people", "/governance/meetings/{meeting_id}/show", "/portfolio/projects/{request_id}/report"} <= {*routes}
    assert {"/intake/flow/views/{name}/rebuild", "/portfolio/audit/{view}/{key}"} <= {*routes}
    assert not [route for route in routes if "/api/" in route or "{decision}" in route or "{work}" in route]
    assert kind_of("/portfolio/audit/{view}") == kind_of("/intake/audit/{view}")

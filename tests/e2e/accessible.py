"""What a program can judge of a page for people who see, hear or move otherwise: WCAG 2.2, levels A and AA."""

from __future__ import annotations

from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Page

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
"""What axe looks for: the success criteria of these that it knows."""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
OFFERED = ("target-size",)
"""Rules that axe knows, and applies to a page only when it is told to: 2.5.8, targets of 24 px."""
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that are of colours, and may say otherwise of the dark palette than of the light one."""

FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
UNSEEN_FOCUS = """(what) => {
  // How an element looks, and what stands for it: the label beside a radio button that is not seen itself.
  const shown = each => getComputedStyle(each.matches(".scale input") ? each.nextElementSibling : each);
  const ring = each => {
    const style = shown(each);
    return style.outlineStyle === "none" ? "" : style.outlineWidth + style.outlineColor;
  };
  document.activeElement.blur();
  const all = [...document.querySelectorAll(what)].filter(each => !each.disabled && each.checkVisibility());
  const unseen = all.filter(each => {
    const before = ring(each);
    each.focus({ focusVisible: true });
    const there = document.activeElement === each, after = ring(each);
    each.blur();
    return there && (!after || after === before);
  });
  return unseen.map(each => each.outerHTML.slice(0, 160));
}"""
KINDS = """what => [...document.querySelectorAll(what)].filter(each => each.checkVisibility()).map(
  each => each.matches("input") ? each.type : each.matches("[role=region]") ? "region" : each.localName)"""
AT_THE_FOCUS = """() => {
  const each = document.activeElement, been = (window.been ??= new Map());
  if (each === document.body) return null;
  been.set(each, (been.get(each) ?? 0) + 1);
  // 2.4.11: something that stays where it is while the rest is scrolled may not lie on what has the focus.
  const box = each.getBoundingClientRect(), words = each.outerHTML.slice(0, 160);
  const on = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  const covers = on && !on.contains(each) && !each.contains(on) && !on.matches("label");
  return [words, been.get(each), !!covers && /sticky|fixed/.test(getComputedStyle(on).position)];
}"""
OF_A_FIELD = 10
"""How many times Tab may stay in one field: a day and an hour are several to it."""
FROM_THE_TOP = """() => {
  window.been = new Map();
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""
MOVES = """() => [...document.querySelectorAll("*")].filter(each => {
  const style = getComputedStyle(each), long = list => list.split(",").some(one => parseFloat(one) > 0.01);
  return long(style.transitionDuration) || style.animationName !== "none" && long(style.animationDuration)
    || style.scrollBehavior === "smooth";
}).map(each => each.outerHTML.slice(0, 160))"""
SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`p { margin-bottom: 2em !important }
    * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }`);
  document.adoptedStyleSheets = [sheet];
  const cut = [...document.querySelectorAll("body *:not(svg *)")].filter(each => {
    const style = getComputedStyle(each);
    const clips = way => /hidden|clip/.test(style[way]) && !each.closest(".hidden");
    return clips("overflowX") && each.scrollWidth > each.clientWidth + 1
      || clips("overflowY") && each.scrollHeight > each.clientHeight + 1;
  }).map(each => each.outerHTML.slice(0, 160));
  const beyond = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  document.adoptedStyleSheets = [];
  return beyond > 0 ? [...cut, `the page is ${beyond} px wider than the window`] : cut;
}"""


AXE = Axe()
QUICKLY = {"preload": False, "iframes": False}
"""None of the rules reads style sheets as files, and no page has frames."""
JUDGED = """options => axe.run(options).then(found => found.violations.flatMap(
  each => each.nodes.map(node => [each.id, each.help, node.html.slice(0, 200)])))"""


def breaches(page: Page) -> list[str]:
    """What axe finds against the page, but for its colours, in words."""
    rules = {**{rule: {"enabled": True} for rule in OFFERED}, **{rule: {"enabled": False} for rule in OF_COLOURS}}
    return _found(page, {"runOnly": {"type": "tag", "values": WCAG}, "rules": rules})


def faint(page: Page) -> list[str]:
    """What axe finds not to stand out from its ground, in the light palette and in the dark; the page is light again
    afterwards. To compute it is most of its work."""
    told: list[str] = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found = _found(page, {"runOnly": {"type": "rule", "values": OF_COLOURS}})
        told += [f"in the {scheme} palette: {each}" for each in found]
    page.emulate_media(color_scheme="light")
    return told


def small_targets(page: Page) -> list[str]:
    """What can be clicked and is smaller than 24 px, with too little room around it, at the width the page has now."""
    return _found(page, {"runOnly": {"type": "rule", "values": OFFERED}})


def _found(page: Page, options: dict[str, Any]) -> list[str]:
    if not page.evaluate("() => !!window.axe"):  # as long as a page is not left, it has the program already
        page.evaluate(AXE.axe_script)
    found = page.evaluate(JUDGED, {**options, "resultTypes": ["violations"], **QUICKLY})
    return [f"{rule}: {said}: {html}" for rule, said, html in found]


def cut_off(page: Page) -> list[str]:
    """What is cut off, or does not find room, when text is set wider (1.4.12)."""
    return [f"cut off when text is set wider: {each}" for each in page.evaluate(SPACED)]


def shortcomings(page: Page) -> list[str]:
    """What is wrong with a page for those who see where they are by the focus, want nothing to move or choose their
    own colours (2.4.7, 2.3.3, 1.4.1)."""
    page.keyboard.press("Tab")  # a browser shows the focus to whoever is seen to use the keyboard
    told = [f"the focus is not seen on {each}" for each in page.evaluate(UNSEEN_FOCUS, FOCUSABLE)]
    page.emulate_media(forced_colors="active")
    told += [f"with colours of one's own, not on {each}" for each in page.evaluate(UNSEEN_FOCUS, FOCUSABLE)]
    page.emulate_media(forced_colors="none", reduced_motion="reduce")
    told += [f"moves for who wants no motion: {each}" for each in page.evaluate(MOVES)]
    page.emulate_media(reduced_motion="no-preference")
    return told


def kinds_of_controls(page: Page) -> set[str]:
    """What on the page can have the focus: elements by their name, fields by their type, and regions to be scrolled."""
    return set(page.evaluate(KINDS, FOCUSABLE))


def walked_by_tab(page: Page, most: int = 60) -> list[str]:
    """What is wrong on the way by Tab from the first thing it comes to, to the last or as far as `most` times: a trap
    (2.1.2), or a focus that is hidden by what lies on it."""
    page.evaluate(FROM_THE_TOP)
    told: list[str] = []
    for times in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(AT_THE_FOCUS)
        if at is None:
            return told if times else ["Tab comes to nothing"]
        words, been, hidden = at
        if hidden:
            told.append(f"the focus is hidden on {words}")
        if been > OF_A_FIELD:
            return [*told, f"Tab does not come away from {words}"]
    return told

"""What a program can judge of a page for people who see, hear or move otherwise: WCAG 2.2, levels A and AA."""

from __future__ import annotations

from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Page

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
"""What axe looks for: the success criteria of these that it knows."""
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
OFFERED = ("target-size",)
"""Rules that axe knows, and applies to a page only when it is told to: 2.5.8, targets of 24 px."""
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that may say otherwise of the dark palette than of the light one."""

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


def breaches(page: Page) -> str:
    """What axe finds against the page, in words, in the dark and the light palette; "" when it finds nothing."""
    wanted: dict[str, Any] = {
        "light": {
            "runOnly": {"type": "tag", "values": WCAG},
            "rules": {rule: {"enabled": True} for rule in OFFERED},
        },
        "dark": {"runOnly": {"type": "rule", "values": OF_COLOURS}},
    }
    told = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options={**wanted[scheme], "resultTypes": ["violations"]})
        if found.violations_count:
            told.append(f"{scheme}: {found.generate_report()}")
    return "\n".join(told)


def shortcomings(page: Page) -> list[str]:
    """What is wrong with a page for those who see where they are by the focus, want nothing to move, choose their own
    colours or set text wider (2.4.7, 2.4.11, 2.3.3, 1.4.1, 1.4.12)."""
    page.keyboard.press("Tab")  # a browser shows the focus to whoever is seen to use the keyboard
    told = [f"the focus is not seen on {each}" for each in page.evaluate(UNSEEN_FOCUS, FOCUSABLE)]
    page.emulate_media(forced_colors="active")
    told += [f"with colours of one's own, not on {each}" for each in page.evaluate(UNSEEN_FOCUS, FOCUSABLE)]
    page.emulate_media(forced_colors="none", reduced_motion="reduce")
    told += [f"moves for who wants no motion: {each}" for each in page.evaluate(MOVES)]
    page.emulate_media(reduced_motion="no-preference")
    told += [f"cut off when text is set wider: {each}" for each in page.evaluate(SPACED)]
    return told


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

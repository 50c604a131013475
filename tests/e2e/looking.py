"""What must hold of every page, and no rule of a program for all pages knows: its language and words, its title and
headings, labels and links, and that it fits on a telephone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from babel.messages.pofile import read_po
from playwright.sync_api import Page, ViewportSize

from chassis import i18n
from chassis.service import find_services
from chassis.web.pages import LANGUAGE_NAMES

PACKAGES = ("chassis", "embedded", *(service.name for service in find_services()))
DESK: ViewportSize = {"width": 1100, "height": 900}
TELEPHONE: ViewportSize = {"width": 320, "height": 640}
"""As narrow as a page may have to be: a small telephone, or a wide window at 400 % (WCAG 2.2, 1.4.10)."""
LOOK = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
  const language = document.documentElement.lang;
  // What says of itself that it is in another language, such as the names of languages, is meant to be.
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest("[lang]").lang === language) texts.push(node.data.trim());
  }
  for (const name of ["aria-label", "title", "placeholder", "alt"]) {
    for (const each of document.querySelectorAll(`[${name}]`)) {
      if (each.closest("[lang]").lang === language) texts.push(each.getAttribute(name).trim());
    }
  }
  const fields = [...document.querySelectorAll("input:not([type=hidden]), select, textarea")];
  const ids = [...document.querySelectorAll("[id]")].map(each => each.id);
  return {
    texts,
    language,
    title: document.title,
    headings: document.querySelectorAll("h1").length,
    nameless: fields.filter(each => !each.labels.length && !each.ariaLabel).map(each => each.outerHTML),
    twice: ids.filter((each, at) => ids.indexOf(each) !== at),
    astray: [...document.querySelectorAll("main a[href^='#']")].map(each => each.getAttribute("href").slice(1))
      .filter(each => !document.getElementById(each)),
  };
}"""
WORDS = 3
"""A text of as many words is taken for one of our sentences, when it is the same."""
NARROW = """() => {
  const root = document.documentElement, beyond = root.scrollWidth - root.clientWidth;
  // What has rows and columns, or is drawn, may be moved sideways (1.4.10); nothing else, and nothing is cut off but
  // what is there to be heard alone.
  const shown = each => getComputedStyle(each).clipPath !== "inset(50%)";
  const astray = [...document.querySelectorAll("body *:not(svg *, input)")].filter(each =>
    getComputedStyle(each).overflowX !== "visible" && shown(each) && each.scrollWidth > each.clientWidth + 1
    && !each.querySelector("table, svg"));
  const told = astray.map(each => `it is moved sideways or cut off on a telephone: ${each.outerHTML.slice(0, 160)}`);
  return beyond > 0 ? [...told, `it is ${beyond} px wider than a telephone`] : told;
}"""


def faults(page: Page, language: str) -> list[str]:
    """What is wrong with a page that is to be read in a language."""
    seen = page.evaluate(LOOK)
    found = {
        f"it has {seen['headings']} headings of the first level": seen["headings"] != 1,
        f"it says that its language is {seen['language']}": seen["language"] != language,
        "it has no title of its own": not seen["title"].partition(" – ")[2],
        "it has fields without a label": seen["nameless"],
        "it has ids that are given twice": seen["twice"],
        "it has links that lead nowhere": seen["astray"],
        "it says in another language": sorted(out_of_place(language).intersection(seen["texts"])),
    }
    told = [fault if what is True else f"{fault}: {what}" for fault, what in found.items() if what]
    page.set_viewport_size(TELEPHONE)
    told += page.evaluate(NARROW)
    page.set_viewport_size(DESK)
    return told


@cache
def sentences(language: str) -> Mapping[str, str]:
    """Our sentences in a language, by what they are in English."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        # What is written in English has no catalogue of its own: any of the others says which sentences there are.
        name = language if language in i18n.CATALOGUES else next(iter(i18n.CATALOGUES))
        catalogue = resources.files(package) / "locale" / name / "LC_MESSAGES" / "messages.po"
        with catalogue.open("rb") as file:
            found |= {str(each.id): str(each.string if name == language else each.id) for each in read_po(file)}
    return found


@cache
def out_of_place(language: str) -> frozenset[str]:
    """Our sentences that read otherwise in a language: in English, and where they are long enough not to be something
    else there, in the languages of the others."""
    ours = sentences(language)
    others = {text for each in LANGUAGE_NAMES for text in sentences(each).values() if text.count(" ") >= WORDS - 1}
    return frozenset((ours.keys() | others) - {*ours.values()} - {"", *LANGUAGE_NAMES.values()})

"""Somebody at a browser of their own, who sees pages and nothing else: links, fields, buttons and what stands there.

Every page they come to is looked at the same way (`Visitor.looks`): it has to hold for whoever reads it, by eye, by
ear, on a telephone, in their language.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Response,
    expect,
    sync_playwright,
)

from chassis import i18n
from tests.e2e.accessible import breaches, faint
from tests.e2e.cast import CAST, Somebody
from tests.e2e.installation import PASSWORD, Installation, until
from tests.e2e.looking import DESK, PACKAGES, faults


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine, or else the one that Playwright has installed."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"] if root else []
        )
        yield browser
        browser.close()


class Visitor:
    """Somebody at a browser. Links and buttons are named in English here, and found by the words of their language;
    fields are found by the name under which their content is sent."""

    judged: ClassVar[set[tuple[str, str, int]]] = set()
    """The kinds of pages that axe has judged already, in a language, and the colours of which."""

    def __init__(self, browser: Browser, here: Installation, language: str) -> None:
        i18n.use(*PACKAGES)
        self.here, self.language = here, language
        self.page: Page = browser.new_context(base_url=here.url, locale=language, viewport=DESK).new_page()
        self.page.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.page.on("response", self._answered)
        self.page.on("console", self._logged)
        self.page.on("pageerror", self._broke)

    # What they do

    def opens(self, path: str) -> None:
        """Go to an address: one that was bookmarked, or came by mail."""
        self.page.goto(path)
        self.looks()

    def signs_in(self, somebody: Somebody) -> None:
        """By the form."""
        self.opens("/sign-in")
        self.writes({"email": somebody.email, "password": PASSWORD})
        self.presses("Sign in")

    def follows(self, link: str, **params: object) -> None:
        """Click a link, which has a name of ours or that of the thing it leads to."""
        self.clicks(self.page.get_by_role("link", name=self.words(link, **params), exact=True))

    def clicks(self, found: Locator) -> None:
        """Click the first of these, and wait for the page it leads to."""
        with self.page.expect_navigation():
            self.activates(found)
        self.looks()

    def picks(self, row: str) -> None:
        """Open a row of a list by the thing it leads to."""
        self.follows(row)

    def writes(self, form: Mapping[str, str | Sequence[str]]) -> None:
        """Fill fields in; of radio buttons and boxes the value is chosen, or all the values."""
        for name, value in form.items():
            field = self.field(name)
            self.unfolds(field)
            match field.first.evaluate("field => field.type"):
                case "radio" | "checkbox":
                    for each in (value,) if isinstance(value, str) else value:
                        self.ticks(self.page.locator(f'{_named(name)}[value="{each}"]'))
                case "select-one":
                    assert isinstance(value, str)
                    self.selects(field, value=value)
                case _:
                    assert isinstance(value, str)
                    self.types(field, value)

    def unfolds(self, found: Locator) -> None:
        """Open what the first of these is folded away in."""
        folded = found.first.locator("xpath=ancestor::details[not(@open)]")
        while folded.count():
            self.activates(folded.first.locator("> summary"))

    def presses(self, button: str, *, refused: int = 0, **params: object) -> None:
        """Send a form. Where a refusal is expected, its status is `refused`, and everything else fails."""
        with self.page.expect_navigation():
            self.activates(self.page.get_by_role("button", name=self.words(button, **params), exact=True))
        if refused:
            told, self.complaints = self.complaints, []
            assert {str(refused) in each for each in told} == {True}, f"not refused with {refused}: {told}"
        self.looks()

    # How they do it: with a mouse, and by typing

    def activates(self, found: Locator) -> None:
        """Click the first of these."""
        found.first.click()

    def ticks(self, found: Locator) -> None:
        """Tick a box, or choose among radio buttons; on a scale a label lies on each."""
        found.first.check(force=True)

    def selects(self, found: Locator, *, value: str | None = None, label: str | None = None) -> None:
        """Choose from a list, by what is sent or by what is read."""
        found.first.select_option(value=value, label=label)

    def types(self, found: Locator, text: str) -> None:
        """Write this instead of what stands there."""
        found.first.fill(text)

    # What they see

    def sees(self, *texts: str) -> None:
        """These stand on the page."""
        shown = self.page.locator("main").inner_text()
        for text in texts:
            assert text in shown, f"{text!r} is not on {self.page.url}:\n{shown}"

    def reads(self, sentence: str, **params: object) -> None:
        """One of our own sentences stands on the page, in the reader's language."""
        self.sees(self.words(sentence, **params))

    def waits_for(self, *texts: str) -> None:
        """These come onto the page when it is loaded again, for another service's events bring them about."""

        def come() -> bool:
            shown = self.page.locator("main").inner_text()
            if missing := [text for text in texts if text not in shown]:
                self.page.reload()
            return not missing

        until(come, what=f"{texts} on {self.page.url}")
        self.looks()

    def is_told(self, field: str, *, holds: str) -> None:
        """What is wrong stands beside a field, which still holds what was typed, and a link at the top leads there."""
        wrong = self.field(field).first
        expect(wrong).to_have_attribute("aria-invalid", "true")
        expect(wrong).to_have_value(holds)
        beside = self.page.locator(f"#{wrong.get_attribute('id')}-error")
        expect(beside).to_be_visible()
        expect(self.page.locator(f'.error-summary a[href="#{wrong.get_attribute("id")}"]').first).to_be_visible()

    def field(self, name: str) -> Locator:
        """A field by its name, however its text is read."""
        return self.page.locator(_named(name))

    def words(self, sentence: str, **params: object) -> str:
        """A sentence of ours in their language."""
        return i18n.translate(sentence, self.language, **params)

    # Looking at a page

    def looks(self) -> None:
        """What must hold of every page."""
        found = self.finds()
        assert not found, "\n".join(found)

    def finds(self, kind: str | None = None) -> list[str]:
        """What does not hold of the page; `kind` names what axe judges once, its address does unless told otherwise."""
        told = [*self.complaints, *faults(self.page, self.language), *self._breaches(kind or self._kind())]
        self.complaints = []
        return [f"{self.page.url}: {each}" for each in told]

    def _kind(self) -> str:
        """The address without what is of one thing alone."""
        return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[\w-]{40,}", "…", self.page.url.partition("?")[0])

    def _breaches(self, kind: str) -> list[str]:
        """What WCAG 2.2 asks for and a program can judge; once for each kind of page, with and without mistakes in its
        form, in each language; its colours once, for none comes from a language."""
        mistakes = self.page.locator(".error-summary").count()
        told: list[str] = []
        for look, judge in {self.language: breaches, "colours": faint}.items():
            if (kind, look, mistakes) not in self.judged:
                self.judged.add((kind, look, mistakes))
                told += judge(self.page)
        return told

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _broke(self, error: Error) -> None:
        self.complaints.append(str(error))


@dataclass
class Visitors:
    """Everybody of the story, each at a browser of their own; whoever is asked for has signed in. `hands` says who
    uses it otherwise than with a mouse."""

    browser: Browser
    here: Installation
    hands: Mapping[str, type[Visitor]] = field(default_factory=dict)
    signed_in: dict[str, Visitor] = field(default_factory=dict)

    def __getitem__(self, part: str) -> Visitor:
        """By the part they play (`cast.CAST`)."""
        if part not in self.signed_in:
            visitor = self.signed_in[part] = self.stranger(CAST[part].language, part)
            visitor.signs_in(CAST[part])
        return self.signed_in[part]

    def link(self, part: str, title: str, path: str) -> str:
        """Where the first mail leads that somebody got about a thing, and that leads to such a path."""
        mail = until(
            lambda: next(
                (
                    mail
                    for mail in self.here.mails()
                    if mail.to == CAST[part].email and title in mail.subject + mail.text and path in mail.text
                ),
                None,
            ),
            what=f"a mail to the {part} about {title}, with a link to {path}",
        )
        return mail.link

    def stranger(self, language: str, part: str = "") -> Visitor:
        """Somebody who has not signed in, and may have no account; they may play a part all the same."""
        return self.hands.get(part, Visitor)(self.browser, self.here, language)


def _named(name: str) -> str:
    visible = ":not([type=hidden])"
    return f':is(main [name="{name}"]{visible}, main [name^="{name}:"]{visible})'

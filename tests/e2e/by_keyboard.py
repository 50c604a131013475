"""Somebody who never touches a mouse: comes to each link, button and field by Tab, and chooses by arrows and Space."""

from __future__ import annotations

from itertools import chain

from playwright.sync_api import Locator

from tests.e2e.browser import Visitor

FARTHEST = 600
"""How many times they press Tab before they give up."""
AT = "each => each === document.activeElement"
BEHIND = """each => {
  const at = document.activeElement;
  return at !== document.body && !!(at.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_PRECEDING);
}"""
GROUP = """each => {
  const at = document.activeElement;
  return at.type === "radio" && at.name === each.name && at.form === each.form;
}"""
OF_SEGMENTS = ("date", "datetime-local", "time", "month")
"""Fields in which Tab goes from day to month to year before it leaves them."""
ORDERS = ("ymd", "dmy", "mdy")
"""How a browser may ask for a day, by the language that it speaks."""


class ByKeyboard(Visitor):
    """A visitor whose hands are on the keyboard alone."""

    def activates(self, found: Locator) -> None:
        """By Enter, as links, buttons and what folds are."""
        self._reaches(found)
        self.page.keyboard.press("Enter")

    def ticks(self, found: Locator) -> None:
        """A box by Space; a radio button by arrows from the one of its group that Tab comes to."""
        if found.first.get_attribute("type") == "radio":
            self._reaches(found, group=True)
            for _ in range(60):
                if found.first.evaluate(AT):
                    break
                self.page.keyboard.press("ArrowDown")
            assert found.first.evaluate(AT), f"no arrow comes to {found}"
        else:
            self._reaches(found)
        if not found.first.is_checked():
            self.page.keyboard.press("Space")
        assert found.first.is_checked(), f"{found} cannot be ticked by keyboard"

    def selects(self, found: Locator, *, value: str | None = None, label: str | None = None) -> None:
        """By arrows, from the first."""
        self._reaches(found)
        self.page.keyboard.press("Home")
        shown = "each => [each.value, each.selectedOptions[0]?.label]"
        for _ in range(found.first.locator("option").count() + 1):
            now, words = found.first.evaluate(shown)
            if now == value or (label is not None and words == label):
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow comes to {value or label} of {found}")

    def types(self, found: Locator, text: str) -> None:
        """Instead of what stands there."""
        self._reaches(found)
        if found.first.get_attribute("type") in OF_SEGMENTS:
            self._types_a_day(found, text)
        else:
            self.page.keyboard.press("ControlOrMeta+a")
            self.page.keyboard.press("Delete")
            self.page.keyboard.type(text)

    def picks(self, row: str) -> None:
        """By the single keys, where they are of use: j to the next row, Enter opens it."""
        link = self.page.locator("[data-rows] a").filter(has_text=row).first
        for _ in range(FARTHEST):
            self.page.keyboard.press("j")
            if link.evaluate(AT):
                break
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.looks()

    def _types_a_day(self, found: Locator, text: str) -> None:
        """Part by part, in whatever order the browser asks for them."""
        if not text:
            self.page.keyboard.press("Delete")
            return
        day, _, hour = text.partition("T")
        year, month, date = day.split("-")
        hours, _, minutes = hour.partition(":")
        later = "PM" if hours and int(hours) >= 12 else "AM"
        twelve = f"{(int(hours or 0) + 11) % 12 + 1:02}"
        parts = {"y": year, "m": month, "d": date}
        for order, hand in chain.from_iterable(((order, "24"), (order, "12")) for order in ORDERS):
            for _ in range(8):
                self.page.keyboard.press("ArrowLeft")
            for part in order:
                self.page.keyboard.type(parts[part])
                if part == "y":
                    self.page.keyboard.press("ArrowRight")
            if hours:
                self.page.keyboard.type((hours + minutes) if hand == "24" else twelve + minutes + later)
            if found.first.input_value() == text:
                return
        raise AssertionError(f"{text} cannot be typed into {found}")

    def _reaches(self, found: Locator, *, group: bool = False) -> None:
        """Tab, forwards or back, until the focus is there."""
        wanted, keyboard = found.first, self.page.keyboard
        wanted.wait_for(state="attached")
        there = f"each => ({AT})(each) || {str(group).lower()} && ({GROUP})(each)"
        key = "Shift+Tab" if wanted.evaluate(BEHIND) else "Tab"
        for _ in range(FARTHEST):
            if wanted.evaluate(there):
                return
            keyboard.press(key)
        where = self.page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)")
        raise AssertionError(f"{key} never comes to {found} on {self.page.url}; it is at {where}")

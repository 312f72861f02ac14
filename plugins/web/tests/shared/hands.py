"""What a person does to a page with the mouse, or with the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

# More stops than any page of the tests has.
_MOST_STOPS = 600

# Where the focus is: whether it went on in the order of the page, is drawn, and can be seen.
_FOCUS = """before => {
  const now = document.activeElement;
  if (!now || now === document.body) return null;
  const style = getComputedStyle(now), box = now.getBoundingClientRect();
  // A date has a stop for each of its parts.
  const goesOn = !before || before === document.body || (before === now && now.type === "date") ||
    (before.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  return {
    what: now.outerHTML.slice(0, 120),
    isFirst: now.className === "skip",
    goesOn: goesOn,
    isDrawn: now.tagName === "IFRAME" ||
      (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2),
    isSeen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0 &&
      box.top < innerHeight && box.left < innerWidth,
  };
}"""


class Hand(Protocol):
    """One way to use a page."""

    def press(self, at: Locator) -> None:
        """A link or a button."""

    def write(self, at: Locator, text: str) -> None:
        """A text in place of what stands in a field."""

    def choose(self, at: Locator, value: str) -> None:
        """One entry of a list."""

    def tick(self, at: Locator, *, on: bool = True) -> None:
        """A box, unless it is as wanted."""

    def pick(self, at: Locator) -> None:
        """One of several round buttons."""

    def give(self, at: Locator, file: Path) -> None:
        """A file."""


class Mouse:
    """Clicks; counts them."""

    def __init__(self) -> None:
        self.clicks = 0

    def press(self, at: Locator) -> None:
        self.clicks += 1
        at.click()

    def write(self, at: Locator, text: str) -> None:
        self.clicks += 1
        at.fill(text)

    def choose(self, at: Locator, value: str) -> None:
        self.clicks += 2
        at.select_option(value)

    def tick(self, at: Locator, *, on: bool = True) -> None:
        self.clicks += 1
        at.set_checked(on)

    def pick(self, at: Locator) -> None:
        self.clicks += 1
        at.check()

    def give(self, at: Locator, file: Path) -> None:
        self.clicks += 2
        at.set_input_files(file)


class Keyboard:
    """Tab, Enter, Space and arrows. At each stop the focus went on in the order of the page, is
    drawn and can be seen."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, at: Locator) -> None:
        self._reach(at)
        self._page.keyboard.press("Enter")

    def write(self, at: Locator, text: str) -> None:
        self._reach(at)
        self._page.keyboard.press("Control+a")
        self._page.keyboard.insert_text(text)

    def choose(self, at: Locator, value: str) -> None:
        self._reach(at)
        self._page.keyboard.press("Home")
        for _ in range(_MOST_STOPS):
            if at.input_value() == value:
                return
            self._page.keyboard.press("ArrowDown")
        raise AssertionError(value)

    def tick(self, at: Locator, *, on: bool = True) -> None:
        self._reach(at)
        if at.is_checked() != on:
            self._page.keyboard.press("Space")
        assert at.is_checked() == on

    def pick(self, at: Locator) -> None:
        name = at.get_attribute("name")
        for _ in range(_MOST_STOPS):
            if self._page.evaluate("name => document.activeElement.name === name", name):
                break
            self._tab()
        self._page.keyboard.press("Space")
        for _ in range(_MOST_STOPS):
            if at.is_checked():
                return
            self._page.keyboard.press("ArrowDown")
        raise AssertionError(name)

    def give(self, at: Locator, file: Path) -> None:
        self._reach(at)
        with self._page.expect_file_chooser() as asked:
            self._page.keyboard.press("Enter")
        asked.value.set_files(file)

    def _reach(self, at: Locator) -> None:
        wanted = at.element_handle()
        for _ in range(_MOST_STOPS):
            if self._page.evaluate("e => document.activeElement === e", wanted):
                return
            self._tab()
        raise AssertionError(f"the keyboard does not reach {at}")

    def _tab(self) -> None:
        before = self._page.evaluate_handle("document.activeElement")
        self._page.keyboard.press("Tab")
        focus = self._page.evaluate(_FOCUS, before)
        if focus is None:  # between the end of the page and its beginning
            return
        assert focus["goesOn"] or focus["isFirst"], focus
        assert focus["isDrawn"], focus
        assert focus["isSeen"], focus

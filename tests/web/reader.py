"""Somebody who reads the pages; nothing may go wrong in them unnoticed."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

Theme = Literal["light", "dark"]

#: No page has more stops of the Tab key than this before what a test looks for.
MOST_STOPS = 120

#: Texts that lie outside an ancestor that clips them; those for screen readers alone do not count.
_CLIPPED = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const owner = node.parentElement;
    if (!node.data.trim() || owner.closest('.unseen, .skip, select, textarea, noscript')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      for (let at = owner; at && at !== document.body; at = at.parentElement) {
        const style = getComputedStyle(at);
        if (style.position === 'fixed') break;
        const scrolls = ['auto', 'scroll'];
        if (scrolls.includes(style.overflowX) || scrolls.includes(style.overflowY)) break;
        const isTile = at.matches('.tile, .dot, button, .button, .first a');
        if (style.overflowX === 'visible' && !isTile) continue;
        const its = at.getBoundingClientRect();
        const beyond = box.right > its.right + 1 || box.left < its.left - 1 ||
          box.bottom > its.bottom + 1 || box.top < its.top - 1;
        if (box.width && beyond) found.push(`${node.data.trim()} in ${at.className}`);
      }
    }
  }
  return found;
}"""


class Reader:
    """A window of a browser.

    Attributes:
        page: The window.
        requests: Addresses that it has asked for.
        allowed: Texts of console messages that a test expects.
    """

    def __init__(
        self, browser: Browser, address: str, width: int = 1440, theme: Theme = "light"
    ) -> None:
        self.address = address
        height = 900 if width > 500 else 844
        self._context = browser.new_context(
            base_url=address, viewport={"width": width, "height": height}, color_scheme=theme
        )
        self.page: Page = self._context.new_page()
        self.requests: list[str] = []
        self.allowed: tuple[str, ...] = ()
        self._wrong: list[str] = []
        self.page.on("console", self._spoke)
        self.page.on("pageerror", lambda error: self._wrong.append(str(error)))
        self.page.on("request", self._asked)
        self.page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation', (event) =>"
            " violations.push(event.violatedDirective + ' ' + event.blockedURI));"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        violations = self.page.evaluate("window.violations ?? []")
        self._context.close()
        if kind is None:
            wrong = [text for text in self._wrong if not any(one in text for one in self.allowed)]
            assert not wrong, wrong
            assert not violations, violations
            hosts = {urlsplit(address).netloc for address in self.requests if "://" in address}
            assert hosts <= {urlsplit(self.address).netloc}, hosts

    def open(self, path: str, heading: str | None = None) -> Page:
        """Open a page, and wait until it shows its heading."""
        self.page.goto(path)
        self.ready(heading)
        return self.page

    def ready(self, heading: str | None = None) -> None:
        title = self.page.locator("h1")
        if heading is not None:
            expect(title).to_contain_text(heading, timeout=15_000)
        expect(title).not_to_have_text("Loading …", timeout=15_000)
        expect(self.page.locator(".link")).to_have_text("live", timeout=15_000)

    def tab_to(self, target: Locator) -> None:
        """Press Tab until this has the focus, one stop after another."""
        expect(target).to_have_count(1)
        for _ in range(MOST_STOPS):
            if target.evaluate("(one) => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{MOST_STOPS} times Tab do not lead to {target}")

    def enter(self, role: Literal["button", "link"], name: str) -> None:
        """Go to a button or a link by Tab, and press Enter."""
        self.tab_to(self.page.get_by_role(role, name=name, exact=True))
        self.page.keyboard.press("Enter")

    def clipped(self) -> list[str]:
        """Texts of which a part cannot be seen."""
        found: list[str] = self.page.evaluate(_CLIPPED)
        return found

    def fits(self) -> bool:
        """Whether the page is no wider than its window, which charts follow a moment later."""
        found: Any = self.page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
        return bool(found)

    def _spoke(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._wrong.append(message.text)

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)

"""A page as a test sees it: what it shows by test id, and what went wrong meanwhile."""

import json
from dataclasses import dataclass, field
from typing import Literal, cast

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.dashboard.stub import Stub

__all__ = ["DEADLINE_MS", "Scheme", "Visit", "open_visit"]

DEADLINE_MS = 30_000
"""Nothing here is a measure of speed; the machine may be busy."""

Scheme = Literal["light", "dark"]

VIOLATIONS = """
window.policyViolations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.policyViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


@dataclass
class Visit:
    """One page in a context of its own."""

    page: Page
    stub: Stub
    troubles: list[str] = field(default_factory=list)
    """Console errors and uncaught exceptions; not the browser's own lines on refused requests."""

    def by(self, test_id: str) -> Locator:
        """The element with the test id."""
        return self.page.get_by_test_id(test_id)

    async def go(self, query: str = "") -> None:
        """Open the page; what it shows is for the test to await."""
        await self.page.goto(f"{self.stub.url}/{query}")

    async def go_and_wait(self, query: str = "") -> None:
        """Open the page and wait until every panel has left its skeleton."""
        await self.go(query)
        await self.settled()

    async def settled(self) -> None:
        """Wait until no panel loads any more."""
        await expect(self.by("health-gauge")).not_to_have_attribute("data-state", "loading")
        await expect(self.page.locator('[data-state="loading"]')).to_have_count(0)

    async def value(self, test_id: str) -> object:
        """The raw number or word behind what is displayed."""
        return parsed(await self.by(test_id).get_attribute("data-value"))

    async def values(self, *test_ids: str) -> dict[str, object]:
        """The raw values of several elements."""
        return {test_id: await self.value(test_id) for test_id in test_ids}

    async def data(self, test_id: str, *names: str) -> dict[str, object]:
        """Several `data-` attributes of one element."""
        element = self.by(test_id)
        return {name: parsed(await element.get_attribute(f"data-{name}")) for name in names}

    async def violations(self) -> list[str]:
        """What the content security policy has refused so far."""
        return cast(list[str], await self.page.evaluate("() => window.policyViolations"))

    def note_console(self, message: ConsoleMessage) -> None:
        """Keep an error of the console, but not that a request or a handshake was refused."""
        refused = ("Failed to load resource", "WebSocket connection to")
        if message.type == "error" and not any(each in message.text for each in refused):
            self.troubles.append(message.text)


def parsed(text: str | None) -> object:
    """A `data-` attribute: JSON where it is, else the word."""
    if text is None:
        return "(absent)"
    try:
        return cast(object, json.loads(text))
    except json.JSONDecodeError:
        return text


async def open_visit(
    browser: Browser, stub: Stub, scheme: Scheme, width: int, *, bypass_csp: bool = False
) -> tuple[BrowserContext, Visit]:
    """A fresh context and a page in it that has not gone anywhere yet."""
    context = await browser.new_context(
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        locale="en-US",
        timezone_id="UTC",
        bypass_csp=bypass_csp,
    )
    context.set_default_timeout(DEADLINE_MS)
    await context.add_init_script(VIOLATIONS)
    visit = Visit(await context.new_page(), stub)
    visit.page.on("console", visit.note_console)
    visit.page.on("pageerror", lambda error: visit.troubles.append(str(error)))
    return context, visit

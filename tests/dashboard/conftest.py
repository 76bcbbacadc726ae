"""A browser for the package, and for each test a stub API and pages to visit it with."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.dashboard.stub import STATIC, Stub, running
from tests.dashboard.visits import DEADLINE_MS, Scheme, Visit, open_visit
from tests.requirements import require_or_skip

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Visitor(Protocol):
    """Opens a fresh page on the stub; every call has a context of its own."""

    def __call__(
        self, *, scheme: Scheme = "light", width: int = 1440, bypass_csp: bool = False
    ) -> Awaitable[Visit]: ...


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    """Debian's chromium, one for all tests here."""
    executable = shutil.which("chromium")
    if executable is None:
        require_or_skip("browser", "chromium is not installed (apt install chromium)")
    if not (STATIC / "index.html").is_file():
        require_or_skip("browser", "the dashboard is not built (make dashboard)")
    expect.set_options(timeout=DEADLINE_MS)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest.fixture
def stub() -> Iterator[Stub]:
    """The API's stand-in with every panel filled."""
    with running() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="package")
async def visitor(browser: Browser, stub: Stub) -> AsyncIterator[Visitor]:
    """Opens pages that are closed after the test."""
    async with AsyncExitStack() as stack:

        async def visit(
            *, scheme: Scheme = "light", width: int = 1440, bypass_csp: bool = False
        ) -> Visit:
            context, opened = await open_visit(browser, stub, scheme, width, bypass_csp=bypass_csp)
            stack.push_async_callback(context.close)
            return opened

        yield visit


@pytest_asyncio.fixture(loop_scope="package")
async def visit(visitor: Callable[[], Awaitable[Visit]]) -> Visit:
    """One page in light colours on a desktop."""
    return await visitor()

"""How soon a newcomer sees numbers move, and what the product weighs.

`start_to_page_s`: second start of `woa up --demo` (state folder warm) until a number on the
page has changed in a real browser. `rss_mb`: all own processes and PostgreSQL, `SETTLE_S` after
the simulated history is complete, the watched Temporal server left out; `rss_loading_mb`: the
same while it is written. Goals: 15 s, 400 MB.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.product import Memory, memory_mb, running

__all__ = ["configure", "run"]

SETTLE_S = 60.0
LOADING_S = 30.0
NUMBERS = "[data-testid^=metric-][data-value]"
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """It has no arguments of its own."""
    del parser


def run(arguments: argparse.Namespace) -> dict[str, float]:
    """The figures. Needs Debian's chromium and the built dashboard."""
    del arguments
    executable = shutil.which("chromium")
    if executable is None:
        raise SystemExit("first-run needs a browser: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="woa-first-run-") as folder, sync_playwright() as play:
        # A state folder that an unprivileged PostgreSQL can reach when this runs as root.
        state_dir = Path(folder) / "state"
        Path(folder).chmod(0o755)
        browser = play.chromium.launch(executable_path=executable, args=list(CHROMIUM_FLAGS))
        first_s, _, _ = _start_to_page(browser, state_dir, settle=False)
        second_s, loading, memory = _start_to_page(browser, state_dir, settle=True)
        browser.close()
    return {
        "start_to_page_s": second_s,
        "first_start_to_page_s": first_s,
        "rss_mb": memory.rss_mb,
        "rss_loading_mb": loading.rss_mb,
        "pss_mb": memory.pss_mb,
    }


def _start_to_page(
    browser: Browser, state_dir: Path, *, settle: bool
) -> tuple[float, Memory, Memory]:
    started_s = time.monotonic()
    with running(state_dir, "--demo") as product:
        page = browser.new_page()
        page.goto(product.wait_for_link())
        seen = _numbers(page)
        while not _moved(seen, _numbers(page)):
            if time.monotonic() - started_s > 180:
                raise SystemExit("no number on the page moved within 180 s")
            page.wait_for_timeout(100)
        took_s = round(time.monotonic() - started_s, 2)
        loading = memory = memory_mb(product)
        if settle:
            page.wait_for_timeout(LOADING_S * 1_000)
            loading = memory_mb(product)
            product.wait_for_line("simulated_history_complete", timeout_s=600)
            page.wait_for_timeout(SETTLE_S * 1_000)
            memory = memory_mb(product)
        page.close()
    return took_s, loading, memory


def _moved(seen: dict[str, str], now: dict[str, str]) -> bool:
    """Whether a number that was known has another known value; `seen` learns new ones."""
    for name, value in now.items():
        if value and not seen.get(name):
            seen[name] = value
    return any(now.get(name) not in {value, "", None} for name, value in seen.items() if value)


def _numbers(page: Page) -> dict[str, str]:
    """Every number shown, by its test id, once the page shows any."""
    page.wait_for_selector(NUMBERS, timeout=120_000)
    return {
        element.get_attribute("data-testid") or "": element.get_attribute("data-value") or ""
        for element in page.query_selector_all(NUMBERS)
    }

"""What one looks at is in the link: it survives a reload, a share and the Back button."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

from tests.dashboard.conftest import Visitor
from tests.dashboard.documents import PAYMENTS, SIMULATED, TEMPORAL
from tests.dashboard.stub import Stub
from tests.dashboard.visits import Visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

DARK_PAGE = "rgb(14, 19, 24)"
LIGHT_PAGE = "rgb(243, 245, 247)"


def query_of(visit: Visit) -> dict[str, str]:
    """The parameters of the address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(visit.page.url).query).items()}


async def background(visit: Visit) -> str:
    """The colour behind everything."""
    return str(
        await visit.page.evaluate(
            "() => getComputedStyle(document.documentElement).backgroundColor"
        )
    )


async def test_a_link_brings_the_whole_view_back(visitor: Visitor) -> None:
    first = await visitor()
    await first.go_and_wait(f"?orchestrator={TEMPORAL}")
    await first.by("time-range-selector").get_by_text("6h").click()
    await first.by("table-toggle-capacity").click()
    await first.page.get_by_role("button", name="payments", exact=True).click()
    await first.by("theme-toggle").click()
    await first.by("explain-health").click()
    await expect(first.by("health-explanation")).to_be_visible()

    second = await visitor(scheme="dark")
    await second.go_and_wait(f"?{urlsplit(first.page.url).query}")

    assert query_of(second) == {
        "orchestrator": TEMPORAL,
        "range": "6h",
        "tables": "capacity",
        "queue": PAYMENTS,
        "theme": "light",
        "explain": "health",
    }
    assert await second.value("time-range-selector") == "6h"
    assert await background(second) == LIGHT_PAGE
    await expect(second.by("health-explanation")).to_be_visible()
    await expect(second.by("queue-history")).to_be_visible()
    await expect(second.by("capacity-chart").get_by_role("table")).to_have_count(2)


async def test_the_worst_real_orchestrator_is_chosen_and_named_in_the_link(visit: Visit) -> None:
    await visit.go_and_wait()

    assert query_of(visit) == {"orchestrator": TEMPORAL}


async def test_back_returns_to_the_orchestrator_before(visit: Visit) -> None:
    await visit.go_and_wait()
    await visit.by("orchestrator-selector").select_option(SIMULATED)
    await expect(visit.by("subject")).to_contain_text("nightly-batch")

    await visit.page.go_back()

    await expect(visit.by("subject")).to_contain_text("payments-eu")


async def test_a_range_reaches_the_api(visit: Visit, stub: Stub) -> None:
    await visit.go_and_wait("?range=45m")

    asked = stub.queries(f"/orchestrators/{TEMPORAL}/capacity")
    assert {query["time_range"] for query in asked} == {"45m"}
    assert await visit.value("time-range-selector") == "45m"


async def test_a_range_that_is_none_is_the_default(visit: Visit, stub: Stub) -> None:
    await visit.go_and_wait("?range=yesterday")

    asked = stub.queries(f"/orchestrators/{TEMPORAL}/capacity")
    assert {query["time_range"] for query in asked} == {"1h"}


async def test_the_theme_follows_the_system_until_chosen(visitor: Visitor) -> None:
    visit = await visitor(scheme="dark")
    await visit.go_and_wait()
    automatic = await background(visit)

    await visit.by("theme-toggle").click()

    await expect(visit.by("theme-toggle")).to_have_attribute("data-value", "light")
    assert [automatic, await background(visit)] == [DARK_PAGE, LIGHT_PAGE]
    assert query_of(visit)["theme"] == "light"


async def test_a_chosen_theme_is_remembered_without_the_link(visit: Visit) -> None:
    await visit.go_and_wait("?theme=light")
    await visit.by("theme-toggle").click()

    await visit.go_and_wait()

    assert await visit.value("theme-toggle") == "dark"
    assert await background(visit) == DARK_PAGE

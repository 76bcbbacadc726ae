"""Charts are read pixel by pixel, and as the tables that say the same."""

from itertools import pairwise
from typing import cast

import pytest
from playwright.async_api import Locator, expect

from tests.dashboard.conftest import Visitor
from tests.dashboard.documents import TEMPORAL, column
from tests.dashboard.histories import GAP, STEPS
from tests.dashboard.stub import Stub
from tests.dashboard.visits import Scheme, Visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

CHARTS = ("chart-slots", "chart-workflows", "chart-latency", "chart-waiting")
FIRST_SERIES = {"light": (0, 114, 178), "dark": (86, 180, 233)}
MUTED_TEXT = {"light": (86, 100, 114), "dark": (147, 161, 175)}

COLUMNS_OF_COLOUR = """
(canvas, [red, green, blue]) => {
  const { width, height } = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const near = (at, value) => Math.abs(pixels[at] - value) < 24;
  const found = new Array(width).fill(0);
  for (let at = 0; at < pixels.length; at += 4) {
    const solid = pixels[at + 3] > 200;
    if (solid && near(at, red) && near(at + 1, green) && near(at + 2, blue)) {
      found[(at / 4) % width] += 1;
    }
  }
  return found;
}
"""


async def columns_of(canvas: Locator, colour: tuple[int, int, int]) -> list[int]:
    """How many pixels of a colour each column of the canvas has, left to right."""
    return cast(list[int], await canvas.evaluate(COLUMNS_OF_COLOUR, list(colour)))


def longest_hole(columns: list[int]) -> float:
    """The longest run of columns without the colour, as a share of where the colour reaches."""
    inside = [place for place, pixels in enumerate(columns) if pixels]
    holes = [right - left for left, right in pairwise(inside)]
    return max(holes) / (inside[-1] - inside[0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_chart_draws_its_curve_and_axes_in_the_theme(
    visitor: Visitor, scheme: Scheme
) -> None:
    visit = await visitor(scheme=scheme)

    await visit.go_and_wait()

    for chart in CHARTS:
        canvas = visit.by(chart).locator("canvas")
        await expect(canvas).to_be_visible()
        assert sum(await columns_of(canvas, FIRST_SERIES[scheme])) > 300, chart
        assert sum(await columns_of(canvas, MUTED_TEXT[scheme])) > 50, chart


async def test_a_changed_theme_is_drawn_anew(visit: Visit) -> None:
    await visit.go_and_wait("?theme=light")

    await visit.by("theme-toggle").click()

    await expect(visit.by("theme-toggle")).to_have_attribute("data-value", "dark")
    canvas = visit.by("chart-latency").locator("canvas")
    assert sum(await columns_of(canvas, FIRST_SERIES["dark"])) > 300


async def test_a_gap_stays_a_gap(visit: Visit) -> None:
    await visit.go_and_wait()

    columns = await columns_of(visit.by("chart-latency").locator("canvas"), FIRST_SERIES["light"])
    assert longest_hole(columns) == pytest.approx((len(GAP) + 1) / (STEPS - 1), abs=0.02)
    assert await visit.value("chart-latency-gaps") == 1


async def test_the_table_has_the_numbers_of_the_chart(visit: Visit, stub: Stub) -> None:
    answer = stub.answers[f"/orchestrators/{TEMPORAL}/capacity"]
    newest_first = list(
        zip(column(answer, "usedSlots"), column(answer, "totalSlots"), strict=True)
    )[::-1]
    said = [
        ["—no sample" if value is None else f"{value:g}" for value in row] for row in newest_first
    ]
    await visit.go_and_wait()

    await visit.by("table-toggle-capacity").click()

    rows = visit.by("chart-slots").locator("tbody tr")
    await expect(rows).to_have_count(STEPS)
    shown = await rows.evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))"
    )
    assert shown == said


async def test_pointing_at_a_gap_shows_that_nothing_is_known(visit: Visit) -> None:
    await visit.go_and_wait()
    over = visit.by("chart-latency").locator(".u-over")
    box = await over.bounding_box()
    assert box is not None

    middle_of_gap = (GAP.start + GAP.stop) / 2 / STEPS
    await over.hover(position={"x": box["width"] * middle_of_gap, "y": box["height"] / 2})

    shown = visit.by("chart-latency-p50SchedulingLatency")
    await expect(shown).to_have_attribute("data-value", "null")
    await expect(shown).to_have_attribute("title", "not reported: no sample in this step")

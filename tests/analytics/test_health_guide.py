"""docs/guides/health.md: its numbers are those of the code, and of its own arithmetic."""

import json
import re
from pathlib import Path

import pytest

from analytics.health_bands import LOWER_BORDER, MARGIN
from analytics.health_score import score_health
from contracts.health import OrchestratorHealth, ScorePart
from contracts.orchestrator import OrchestratorMetrics
from tests.analytics.samples import known
from tests.records import NOON

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "health.md").read_text()
ROUNDING = 5.1e-5
"""The page gives four decimals."""


def scored() -> OrchestratorMetrics:
    block = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    fields = json.loads(block[1])
    components = [item | {"lastCheck": NOON} for item in fields["health"]["components"]]
    health = OrchestratorHealth.model_validate(
        {
            "status": "healthy",
            "healthScore": None,
            "lastHealthCheck": NOON,
            "components": components,
        }
    )
    return score_health(known(**(fields | {"health": health})), None)


def rows() -> dict[str, list[float | None]]:
    """Name -> weight, effective weight, score, contribution, gain; None where unknown."""
    found = re.findall(r"^\| ([a-z]+_[a-z]+) \|(.*)\|$", PAGE, re.MULTILINE)
    return {
        name: [None if cell.strip() == "unknown" else float(cell) for cell in cells.split("|")]
        for name, cells in found
    }


def total() -> float:
    found = re.search(r"\*\*sum\*\*.*\*\*([\d.]+)\*\*", PAGE)
    assert found is not None
    return float(found[1])


def columns(part: ScorePart) -> list[float | None]:
    return [part.weight, part.effective_weight, part.score, part.contribution, part.gain]


def test_the_table_is_what_the_code_makes_of_the_record() -> None:
    parts = {part.name: part for part in scored().health.diagnostics.score_parts}

    assert list(rows()) == list(parts)
    for name, cells in rows().items():
        assert cells == pytest.approx(columns(parts[name]), abs=ROUNDING), name


def test_the_total_and_the_status_are_the_codes() -> None:
    health = scored().health

    assert total() == pytest.approx(health.health_score, abs=ROUNDING)
    assert f"So {total():.4f} is **{health.status}**." in PAGE


def test_the_tables_own_arithmetic_is_right() -> None:
    known_rows = [[cell for cell in cells if cell is not None] for cells in rows().values()]
    whole = [cells for cells in known_rows if len(cells) == 5]
    coverage = sum(cells[0] for cells in whole)

    assert total() == pytest.approx(sum(cells[3] for cells in whole), abs=1e-4)
    assert f"= {coverage:g} of the weights" in PAGE
    for weight, effective, score, contribution, gain in whole:
        assert effective == pytest.approx(weight / coverage, abs=ROUNDING)
        assert contribution == pytest.approx(effective * score, abs=1e-4)
        assert gain == pytest.approx(effective * (1 - score), abs=1e-4)


def test_each_part_is_worked_out_in_its_paragraph() -> None:
    for name, cells in rows().items():
        paragraph = re.search(rf"\*\*{name}\*\*(.*?)(?=\n\*\*|\n## )", PAGE, re.DOTALL)

        assert paragraph is not None
        assert cells[2] is None or f"= {cells[2]:g}" in paragraph[1], name


def test_the_bands_and_the_margin_are_the_codes() -> None:
    for status, lowest in LOWER_BORDER.items():
        words = f"at least {lowest:g}" if lowest else "below 0.5"

        assert f"| {status} | {words} |" in PAGE
    assert f"the score is {MARGIN:g} beyond its border" in PAGE

"""A histogram that cannot be read is no histogram."""

import pytest
from pydantic import ValidationError

from contracts.orchestrator import LatencyHistogram


@pytest.mark.parametrize(
    ("bounds_ms", "counts"),
    [((10, 20), (1, 2)), ((10,), ()), ((20, 10), (1, 2, 3)), ((10, 10), (1, 2, 3))],
)
def test_a_malformed_histogram_is_refused(
    bounds_ms: tuple[float, ...], counts: tuple[int, ...]
) -> None:
    with pytest.raises(ValidationError, match=r"counts|increase"):
        LatencyHistogram(bounds_ms=bounds_ms, counts=counts, sum_ms=0)

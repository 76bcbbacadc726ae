"""Why a value is not known, in the words of whoever could not read it."""

from contracts.orchestrator import OrchestratorMetrics

__all__ = ["why_unknown"]


def why_unknown(record: OrchestratorMetrics, *pointers: str) -> str:
    """The reason the record gives for the first of `pointers`, or for a part above it.

    A JSON pointer such as `/capacity/totalSlots` is looked up in `metadata.unavailable`, then
    its parents. A record that gives no reason gets one that says so.
    """
    unavailable = record.metadata.unavailable
    for pointer in pointers:
        place = pointer
        while place:
            if place in unavailable:
                return unavailable[place]
            place = place.rpartition("/")[0]
    return f"{pointers[0]} was not reported"

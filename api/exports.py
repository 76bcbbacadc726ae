"""Events as files: a JSON object a line, or CSV."""

import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from store.records import Before, EventPage

__all__ = ["MEDIA_TYPES", "ExportFormat", "lines"]


class ExportFormat(StrEnum):
    """How a file is written."""

    NDJSON = "ndjson"
    CSV = "csv"


MEDIA_TYPES = {ExportFormat.NDJSON: "application/x-ndjson", ExportFormat.CSV: "text/csv"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for something to compute."""

Read = Callable[[Before | None], Awaitable[EventPage]]


async def lines(
    first: EventPage, read: Read, columns: Sequence[str], form: ExportFormat
) -> AsyncIterator[str]:
    """Page after page from `first` on. `columns` are the fields, as on the wire."""
    page = first
    if form is ExportFormat.CSV:
        yield _rows([columns])
    while True:
        if form is ExportFormat.CSV:
            yield _rows(_cells(each, columns) for each in page.items)
        else:
            yield "".join(f"{each.model_dump_json(by_alias=True)}\n" for each in page.items)
        if page.next_before is None:
            return
        page = await read(page.next_before)


def _cells(record: BaseModel, columns: Sequence[str]) -> list[str]:
    document = record.model_dump(mode="json", by_alias=True)
    return [_cell(document[column]) for column in columns]


def _cell(value: Any) -> str:
    """Nothing for what is unknown; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _rows(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()

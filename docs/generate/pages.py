"""Which pages are generated, and where they are."""

from pathlib import Path

from docs.generate.asyncapi import asyncapi_page
from docs.generate.commands import commands_page
from docs.generate.database import database_page
from docs.generate.records import records_page
from docs.generate.schemas import schema_pages
from docs.generate.settings import settings_page

__all__ = ["ASYNCAPI", "REFERENCE", "SCHEMAS", "pages"]

REFERENCE = Path(__file__).parent.parent / "reference"
SCHEMAS = REFERENCE / "schemas"
ASYNCAPI = REFERENCE / "asyncapi.json"


def pages() -> dict[Path, str]:
    """Every generated page with what it should say."""
    return {
        REFERENCE / "settings.md": settings_page(),
        REFERENCE / "records.md": records_page(),
        REFERENCE / "database.md": database_page(),
        REFERENCE / "commands.md": commands_page(),
        ASYNCAPI: asyncapi_page(),
        **{SCHEMAS / name: text for name, text in schema_pages().items()},
    }

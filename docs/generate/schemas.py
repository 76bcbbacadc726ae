"""schemas/*.json: what travels, as JSON Schema 2020-12."""

import json
from typing import Any

from pydantic import TypeAdapter

from docs.generate.vocabulary import SCHEMAS

__all__ = ["schema_page", "schema_pages"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_page(name: str, reader: TypeAdapter[Any]) -> str:
    """The schema of what a reader accepts, names as on the wire."""
    schema = reader.json_schema(by_alias=True, mode="validation")
    whole = {"$schema": DIALECT, "$id": f"urn:woa:schema:{name}", **schema}
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


def schema_pages() -> dict[str, str]:
    """File name -> contents."""
    return {f"{name}.json": schema_page(name, reader) for name, reader in SCHEMAS.items()}

"""Hides what must not be seen in what is shown: the values of secrets, passwords in addresses."""

import re
from typing import Any

from pydantic import BaseModel, SecretStr

__all__ = ["HIDDEN", "hidden"]

HIDDEN = "**********"
# user:password@ of a URL up to the last @, as a password may hold one.
USERINFO = re.compile(r"(?<=://)([^:/@\s]*):\S*@")
# password=... of a connection string, or of the query of a URL.
KEYWORD = re.compile(r"(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)")
SECRET_NAME = re.compile(
    r"(?i)passw|secret|token|api_?key|authorization|credential|private_?key|cookie"
)


def hidden(value: Any, name: str = "") -> Any:
    """The value for JSON, without secrets.

    What a model declares a secret is hidden, except that of an address (`..._url`) the rest is
    shown. In free-form mappings what has the name of a secret is hidden as well.
    """
    match value:
        case SecretStr():
            secret = value.get_secret_value()
            return _without_password(secret) if name.endswith("_url") else HIDDEN
        case BaseModel():
            fields = type(value).model_fields
            return {field: hidden(getattr(value, field), field) for field in fields}
        case dict():
            return {
                key: HIDDEN if SECRET_NAME.search(str(key)) else hidden(part, str(key))
                for key, part in value.items()
            }
        case list() | tuple():
            return [hidden(part, name) for part in value]
        case None | bool() | int() | float():
            return value
        case _:
            return _without_password(str(value))


def _without_password(text: str) -> str:
    return KEYWORD.sub(rf"\1{HIDDEN}", USERINFO.sub(rf"\1:{HIDDEN}@", text))

"""settings.md: every setting with its environment variable, default and meaning."""

from collections.abc import Iterator

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from agents.registry import COLLECTORS, config_model
from cli.settings import Settings
from docs.generate.text import NOTE, cell

__all__ = ["settings_page"]


def settings_page() -> str:
    """Every setting with its environment variable, default and meaning."""
    lines = [
        NOTE,
        "# Settings",
        "",
        "A YAML file (`woa ... -c FILE`) and environment variables; the environment wins.",
        "",
        "| setting | environment variable | default | meaning |",
        "|---|---|---|---|",
        *_rows(Settings, ()),
        "",
        "## Agents",
        "",
        "Each entry of `agents:` has a `type` and the settings of that agent.",
    ]
    for kind in sorted(COLLECTORS):
        lines += ["", f"### `type: {kind}`", "", "| setting | default | meaning |", "|---|---|---|"]
        lines += [
            f"| `{name}` | {_default(field)} | {_meaning(field)} |"
            for name, field in config_model(kind).model_fields.items()
        ]
    return "\n".join(lines) + "\n"


def _rows(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        place = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _rows(field.annotation, place)
            continue
        variable = "WOA_" + "__".join(place).upper()
        yield f"| `{'.'.join(place)}` | `{variable}` | {_default(field)} | {_meaning(field)} |"


def _meaning(field: FieldInfo) -> str:
    return cell(field.description or "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "see meaning" if field.default is PydanticUndefined else f"`{field.default}`"
    if field.default is None or isinstance(field.default, SecretStr):
        return "none"
    return f"`{field.default}`"

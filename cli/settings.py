"""All settings in one model: a YAML file, and `WOA_` environment variables, which win."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceError

from agents.spool import SpoolLimits
from api.settings import ApiSettings
from bus.kafka_settings import KafkaSettings
from cli.state_dir import default_state_dir
from ingest.limits import IngestLimits
from store.settings import RetentionSettings

__all__ = [
    "DemoSettings",
    "LogSettings",
    "Settings",
    "SettingsError",
    "load_settings",
    "read_document",
    "setting_paths",
    "variable_of",
]


class SettingsError(ValueError):
    """A setting is wrong; the message names it."""


class LogSettings(BaseModel):
    """What is logged, and how it looks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is logged."
    )
    format: Literal["console", "json"] = Field(
        default="console", description="`console` for people, `json` for log collectors."
    )


class DemoSettings(BaseModel):
    """The demo of `woa up --demo`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval_s: PositiveFloat = Field(default=5.0, description="Seconds between two scrapes.")
    history_days: NonNegativeInt = Field(
        default=14,
        le=28,
        description="Days of history that the simulated orchestrators have; 0: there are none.",
    )


class Settings(BaseSettings):
    """Everything `woa` can be told."""

    model_config = SettingsConfigDict(
        env_prefix="WOA_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    state_dir: Path = Field(
        default_factory=default_state_dir,
        description="Folder of the embedded PostgreSQL, the spool and the demo.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 15 to 18 to use, as postgresql://user:password@host/database. "
        "Without it an embedded one runs in the state folder.",
    )
    api: ApiSettings = Field(default_factory=ApiSettings, description="The HTTP server.")
    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="The bus.")
    ingest: IngestLimits = Field(default_factory=IngestLimits, description="Batches.")
    spool: SpoolLimits = Field(default_factory=SpoolLimits, description="What agents keep.")
    retention: RetentionSettings = Field(
        default_factory=RetentionSettings, description="How much history is kept."
    )
    log: LogSettings = Field(default_factory=LogSettings, description="Logging.")
    demo: DemoSettings = Field(default_factory=DemoSettings, description="The demo.")
    agents: tuple[dict[str, Any], ...] = Field(
        default=(), description="What to watch; `type` says which agent, see agents/*/README.md."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, whose values come as init arguments."""
        return env_settings, init_settings


def load_settings(config: Path | None = None) -> Settings:
    """Settings from `config` and the environment. Raises `SettingsError`."""
    values = read_document(config) if config else {}
    try:
        return Settings(**values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise SettingsError("\n".join(_explain(problems))) from error
    except SourceError as error:  # it names the setting, and repeats no value
        raise SettingsError(f"{error}: expected JSON") from error


def read_document(config: Path) -> dict[str, Any]:
    """What stands in the file, not yet checked. Raises `SettingsError`."""
    try:
        document = yaml.safe_load(config.read_text())
    except OSError as error:
        raise SettingsError(f"cannot read the configuration {config}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{config} is not YAML: {error}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{config} is not YAML: {_without_line(error)}") from error
    if document is None:
        return {}
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise SettingsError(f"{config}: expected a mapping of settings at the top level")
    return document


def _without_line(error: yaml.YAMLError) -> str:
    """What is wrong and where; the line itself may hold a secret."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem}, line {error.problem_mark.line + 1}"
    return type(error).__name__


def setting_paths(
    model: type[BaseModel] = Settings, above: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """The place of every setting, such as `("api", "port")`."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from setting_paths(field.annotation, (*above, name))
        else:
            yield (*above, name)


def variable_of(path: Iterable[str]) -> str:
    """The environment variable of a setting."""
    return "WOA_" + "__".join(path).upper()


def _explain(problems: Iterable[Any]) -> Iterator[str]:
    for problem in problems:
        path = tuple(str(part) for part in problem["loc"])
        wrong = _unknown(path) if problem["type"] == "extra_forbidden" else problem["msg"]
        yield f"{'.'.join(path)} (or {variable_of(path)}): {wrong}"


def _unknown(path: tuple[str, ...]) -> str:
    places = set(setting_paths())
    groups = {place[:-1] for place in places} - {()}
    known = sorted(".".join(place) for place in places | groups if len(place) == len(path))
    near = get_close_matches(".".join(path), known, 1)
    if near:
        return f"there is no such setting; did you mean {near[0]}?"
    return f"there is no such setting; there are: {', '.join(known)}"

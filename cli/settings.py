"""All settings in one model: a YAML file, and `WOA_` environment variables, which win."""

import os
from collections.abc import Iterable
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

from agents.spool import SpoolLimits
from api.settings import ApiSettings
from bus.kafka_settings import KafkaSettings
from ingest.service import IngestLimits
from store.settings import RetentionSettings

__all__ = ["DemoSettings", "LogSettings", "Settings", "SettingsError", "load_settings"]


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


def default_state_dir() -> Path:
    """Where data is kept unless told otherwise: root has a system folder, others their own."""
    if os.geteuid() == 0:
        return Path("/var/lib/woa")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "woa"


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
    values = _read(config) if config else {}
    try:
        return Settings(**values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise SettingsError("\n".join(_explain(problems))) from error


def _read(config: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(config.read_text())
    except OSError as error:
        raise SettingsError(f"cannot read the configuration {config}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{config} is not YAML: {error}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SettingsError(f"{config}: expected a mapping of settings at the top level")
    return document


def _explain(problems: Iterable[Any]) -> Iterable[str]:
    for problem in problems:
        place = ".".join(str(part) for part in problem["loc"])
        variable = "WOA_" + "__".join(str(part) for part in problem["loc"]).upper()
        yield f"{place} (or {variable}): {problem['msg']}"

"""Settings: a file, an environment that wins, and errors that name the setting."""

from pathlib import Path

import pytest

from cli.settings import SettingsError, load_settings


def config(folder: Path, text: str) -> Path:
    path = folder / "woa.yaml"
    path.write_text(text)
    return path


def test_the_file_is_read(tmp_path: Path) -> None:
    settings = load_settings(config(tmp_path, "api: {port: 9000}\nretention: {raw_days: 3}"))

    assert (settings.api.port, settings.retention.raw_days) == (9000, 3)


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WOA_API__PORT", "9001")
    settings = load_settings(config(tmp_path, "api: {port: 9000, host: 127.0.0.2}"))

    assert (settings.api.port, settings.api.host) == (9001, "127.0.0.2")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("api: {prot: 9000}", "api.prot"),
        ("api: {port: many}", "WOA_API__PORT"),
        ("nonsense: 1", "nonsense"),
        ("[1, 2]", "mapping"),
        ("a: [", "YAML"),
    ],
)
def test_a_wrong_setting_is_named(text: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(config(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="absent"):
        load_settings(tmp_path / "absent.yaml")


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WOA_DATABASE_URL", "postgresql://woa:s3cret@db/woa")

    assert "s3cret" not in repr(load_settings())

import pytest

from tests.requirements import REQUIRE_VARIABLE, require_or_skip


@pytest.mark.parametrize("required", ["", "browser"])
def test_what_is_missing_skips_with_its_reason(
    required: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REQUIRE_VARIABLE, required)

    with pytest.raises(pytest.skip.Exception, match="live: no server"):
        require_or_skip("live", "no server")


def test_what_is_missing_and_demanded_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE_VARIABLE, "browser, live")

    with pytest.raises(pytest.fail.Exception, match="no server"):
        require_or_skip("live", "no server")

"""Settings of a Kafka cluster become arguments of its clients, or a clear error."""

from pathlib import Path

import pytest
from aiokafka.abc import AbstractTokenProvider
from pydantic import ValidationError

from bus.kafka_connection import KafkaConnectionError, connection
from bus.kafka_settings import KafkaSettings


class Tokens(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka is not typed
    """A token that is always the same."""

    async def token(self) -> str:
        return "token"


def settings(**values: object) -> KafkaSettings:
    return KafkaSettings.model_validate({"bootstrap_servers": "127.0.0.1:9092"} | values)


def test_without_servers_the_setting_is_named() -> None:
    with pytest.raises(KafkaConnectionError, match="WOA_KAFKA__BOOTSTRAP_SERVERS"):
        connection(KafkaSettings())


def test_scram_hands_on_user_and_password() -> None:
    made = connection(
        settings(security_protocol="SASL_PLAINTEXT", username="agent", password="s3cret")
    )

    assert (
        made["sasl_mechanism"],
        made["sasl_plain_username"],
        made["sasl_plain_password"],
    ) == ("SCRAM-SHA-512", "agent", "s3cret")


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"security_protocol": "SASL_SSL", "username": "agent"}, "username and password"),
        ({"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER"}, "oauth_token_provi"),
    ],
)
def test_half_a_login_is_refused(values: dict[str, object], missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        settings(**values)


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("not a certificate")

    with pytest.raises(KafkaConnectionError, match="ssl_ca_file"):
        connection(settings(security_protocol="SSL", ssl_ca_file=wrong))


def test_oauth_tokens_come_from_the_named_provider() -> None:
    made = connection(
        settings(
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="OAUTHBEARER",
            oauth_token_provider=f"{__name__}:Tokens",
        )
    )

    assert isinstance(made["sasl_oauth_token_provider"], Tokens)


@pytest.mark.parametrize("place", ["", "no.such.module:Tokens", "json:missing", "pathlib:Path"])
def test_a_provider_that_is_none_is_named(place: str) -> None:
    with pytest.raises(KafkaConnectionError, match="oauth_token_provider"):
        connection(
            settings(
                security_protocol="SASL_PLAINTEXT",
                sasl_mechanism="OAUTHBEARER",
                oauth_token_provider=place or "nothing",
            )
        )

"""From settings to what every client of a Kafka cluster is made with."""

import importlib
from typing import Any

from aiokafka.abc import AbstractTokenProvider
from aiokafka.helpers import create_ssl_context

from bus.kafka_settings import KafkaSettings

__all__ = ["KafkaConnectionError", "connection"]


class KafkaConnectionError(ValueError):
    """A setting that is needed to connect is missing or of no use; the message names it."""


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """Arguments that publishers, subscribers and the admin client share.

    Raises `KafkaConnectionError`.
    """
    if settings.bootstrap_servers is None:
        raise KafkaConnectionError(
            "Kafka is not set up: set WOA_KAFKA__BOOTSTRAP_SERVERS=host:port"
        )
    return {
        "bootstrap_servers": settings.bootstrap_servers,
        "client_id": settings.client_id,
        "request_timeout_ms": round(settings.request_timeout_s * 1_000),
        "security_protocol": settings.security_protocol,
        **_tls(settings),
        **_sasl(settings),
    }


def _tls(settings: KafkaSettings) -> dict[str, Any]:
    if not settings.security_protocol.endswith("SSL"):
        return {}
    key_password = settings.ssl_key_password
    try:
        context = create_ssl_context(
            cafile=settings.ssl_ca_file,
            certfile=settings.ssl_cert_file,
            keyfile=settings.ssl_key_file,
            password=key_password.get_secret_value() if key_password else None,
        )
    except OSError as error:  # a missing file as well as one that is no certificate
        raise KafkaConnectionError(
            f"kafka.ssl_ca_file, ssl_cert_file or ssl_key_file cannot be used: {error}"
        ) from error
    return {"ssl_context": context}


def _sasl(settings: KafkaSettings) -> dict[str, Any]:
    if not settings.security_protocol.startswith("SASL"):
        return {}
    if settings.sasl_mechanism == "OAUTHBEARER":
        provider = _token_provider(settings.oauth_token_provider or "")
        return {"sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": provider}
    return {
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": settings.username,
        "sasl_plain_password": settings.password and settings.password.get_secret_value(),
    }


def _token_provider(place: str) -> AbstractTokenProvider:
    module, _, name = place.partition(":")
    try:
        provider = getattr(importlib.import_module(module), name)()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise KafkaConnectionError(f"kafka.oauth_token_provider {place!r}: {error}") from error
    if not isinstance(provider, AbstractTokenProvider):
        raise KafkaConnectionError(
            f"kafka.oauth_token_provider {place!r} is no aiokafka.abc.AbstractTokenProvider"
        )
    return provider

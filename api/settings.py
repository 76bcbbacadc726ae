"""What an operator may set about the HTTP server."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

__all__ = ["ApiSettings"]


class ApiSettings(BaseModel):
    """The HTTP server. Environment names are `WOA_API__` and the field's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to listen on. Another than loopback needs `allow_remote`.",
    )
    port: int = Field(
        default=8650, ge=0, le=65_535, description="Port to listen on; 0 takes a free one."
    )
    allow_remote: bool = Field(
        default=False,
        description="Listen on an address that other machines can reach. Put TLS in front of it: "
        "tokens travel in clear text otherwise.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Names, beside the loopback ones and `host`, under which a browser may reach "
        "the server. Requests under other names are refused (DNS rebinding).",
    )
    admin_token: SecretStr | None = Field(
        default=None,
        min_length=8,
        description="The first API token. Choose at least 32 random characters. Without it one "
        "is made, and a one-time login link printed.",
    )

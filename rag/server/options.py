"""Options of the web server alone, beside those of the assistant.

Each field is also an environment variable: `KRATOM_EVIDENCE_` and the name in capitals.
"""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHORTEST_SECRET = 32


def _rates(text: str) -> str:
    """Check a list of rates such as `20/minute;200/hour`."""
    try:
        parse_many(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no list of rates; write for example '20/minute;200/hour'") from error
    return text


Rates = Annotated[str, AfterValidator(_rates)]
Listed = Annotated[tuple[str, ...], NoDecode]


class ServerSettings(BaseSettings):
    """Options of the server with their defaults; keyword arguments win over the environment."""

    model_config = SettingsConfigDict(
        env_prefix="KRATOM_EVIDENCE_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    sites_file: Path | None = Field(None, description="File with the sites that may embed the assistant (sites.toml).")
    public_url: str | None = Field(
        None, description="Address at which browsers reach this server, such as https://evidence.example.org."
    )
    development: bool = Field(False, description="Let pages on localhost embed the assistant, on any port.")
    conversation_secret: SecretStr | None = Field(
        None,
        description="Signs conversations; at least 32 characters, the same on all replicas. "
        "Several, separated by commas: the first signs, all are accepted.",
    )
    conversation_hours: float = Field(24.0, gt=0, description="Hours after which a conversation starts anew.")
    api_keys: SecretStr | None = Field(
        None, description="Keys for programs outside this machine, separated by commas, each at least 32 characters."
    )
    trusted_proxies: Listed = Field(
        (), description="Addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas."
    )
    rate_per_person: Rates = Field("30/minute;300/hour", description="Questions from one address.")
    rate_per_site: Rates = Field("1200/minute", description="Questions from all visitors of one site.")
    rate_per_key: Rates = Field("600/minute", description="Questions with one API key.")
    reading_rate: Rates = Field("240/minute", description="Other requests from one address.")
    handover_rate: Rates = Field("6/minute;30/hour", description="Hand-overs from one address.")
    rate_storage: SecretStr | None = Field(
        None, description="Redis address for rates shared by replicas, such as redis://redis:6379; default is memory."
    )
    max_waiting: int = Field(100, ge=0, description="Questions that may wait for a free place before 503.")
    wait_seconds: float = Field(10.0, gt=0, description="How long a question waits for a free place.")
    answer_seconds: float = Field(30.0, gt=0, description="How long an answer may take.")
    request_seconds: float = Field(10.0, gt=0, description="How long head and body of a request may each take to come.")
    send_seconds: float = Field(30.0, gt=0, description="How long a client may leave a part of a response unread.")
    max_body_bytes: int = Field(524_288, ge=16_384, description="Largest body of a request to the API.")
    max_connections: int = Field(2000, ge=10, description="Connections open at the same time.")
    log_format: Literal["text", "json"] = Field("text", description="Form of the log lines.")
    tracing: bool = Field(
        False, description="Record OpenTelemetry spans, without text or addresses; needs opentelemetry-api."
    )

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            ip_network(part)
        return value

    @field_validator("conversation_secret", "api_keys")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if any(len(part) < SHORTEST_SECRET for part in secrets_of(value)):
            raise ValueError(f"each needs {SHORTEST_SECRET} characters; make one with 'openssl rand -hex 32'")
        return value

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write scheme and host, such as https://evidence.example.org")
        return value.rstrip("/")


def secrets_of(value: SecretStr | None) -> tuple[str, ...]:
    """Return the single secrets of a setting that lists them with commas."""
    parts = value.get_secret_value().split(",") if value is not None else []
    return tuple(part.strip() for part in parts if part.strip())

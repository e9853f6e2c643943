"""Options of the hand-over, beside those of the server.

Each field is also an environment variable: `KRATOM_EVIDENCE_HANDOVER_` and the name in capitals.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HandOverSettings(BaseSettings):
    """Options of the hand-over with their defaults; keyword arguments win over the environment."""

    model_config = SettingsConfigDict(env_prefix="KRATOM_EVIDENCE_HANDOVER_", frozen=True, extra="ignore")

    outbox: Path | None = Field(
        None,
        description="Folder for hand-overs that have not arrived yet, so that they outlast a restart; replicas may "
        "share it. Holds conversations. Default: memory only.",
    )
    dead_letters: Path | None = Field(
        None,
        description="File for hand-overs that were given up (JSON lines). Holds conversations. Default: dropped.",
    )
    hours: float = Field(6.0, gt=0, le=72, description="How long delivery of a hand-over is tried.")
    wait_seconds: float = Field(
        8.0, gt=0, le=25, description="How long a person waits for delivery before being told that it is tried again."
    )
    attempt_seconds: float = Field(5.0, gt=0, le=60, description="How long one attempt at delivery may take.")
    first_pause: float = Field(
        2.0, gt=0, description="Seconds before the second attempt; doubled each time, with jitter, up to 10 minutes."
    )
    sweep_seconds: float = Field(
        30.0, gt=0, description="Seconds between two looks into the outbox for what a replica that died has left."
    )
    max_pending: int = Field(500, ge=1, description="Hand-overs on their way at the same time in one process.")

"""Every option of the assistant, in one tree.

Each field is also an environment variable: `KRATOM_EVIDENCE_` and the name in
capitals, for example `KRATOM_EVIDENCE_COUNTRY=GB`. `docs/operating.md` lists them
in a table generated from this module.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Options with their defaults; keyword arguments win over the environment."""

    model_config = SettingsConfigDict(env_prefix="KRATOM_EVIDENCE_", frozen=True, extra="ignore")

    corpus_dir: Path = Field(PROJECT_ROOT / "corpus", description="Folder with the evidence the assistant may use.")
    index_dir: Path = Field(PROJECT_ROOT / ".index", description="Folder for the search index, a build artefact.")
    chroma_url: str | None = Field(None, description="Chroma server to use instead of the embedded store.")
    model_dir: Path | None = Field(
        None, description="Folder with all-MiniLM-L6-v2; by default the one in the installed model package."
    )
    use_model: bool = Field(True, description="Use the embedding model; without it search is by words only.")
    query_threads: int = Field(1, ge=1, description="Processor threads for embedding one question.")
    build_threads: int = Field(2, ge=1, description="Processor threads for embedding the corpus.")
    dense_weight: float = Field(
        0.7, ge=0.0, le=1.0, description="Share of the meaning score in the fused score; the rest is words."
    )
    candidates: int = Field(60, ge=5, description="Candidates taken from each search before fusion.")
    chat_model: str | None = Field(
        None, description="Chat model that may reword evidence, such as openai:NAME; none by default."
    )
    chat_timeout: float = Field(20.0, gt=0, description="Seconds to wait for the chat model.")
    country: str = Field("US", description="Country whose crisis lines are shown unless the person chooses another.")
    max_question_chars: int = Field(4000, ge=200, description="Longer questions are cut, and the reply says so.")
    max_history_turns: int = Field(40, ge=2, description="Older turns of a conversation are left out.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "WARNING", description="Level of the log. No level logs what people write."
    )
    host: str = Field("127.0.0.1", description="Address the web page is served on.")
    port: int = Field(7860, ge=0, le=65535, description="Port the web page is served on.")
    max_concurrency: int = Field(4, ge=1, description="Questions answered at the same time by one process.")

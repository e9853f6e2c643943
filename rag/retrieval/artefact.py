"""The index on disk: a folder that is complete or ignored, and a pointer to it.

    .index/
      current.json          names the folder in use, and the one before it
      index-<key>-<n>/      manifest.json, vectors.npy, hashes.npy, chroma/

A build writes a new folder and only then replaces the pointer, in one step. A
build that was killed leaves a folder nobody points to.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexUnavailableError
from rag.retrieval.embeddings import DIMENSION, Vectors

POINTER = "current.json"
MANIFEST = "manifest.json"
VECTORS = "vectors.npy"
HASHES = "hashes.npy"
CHROMA = "chroma"
LOCK = "build.lock"
BROKEN = "broken"
_DATABASE = "chroma.sqlite3"


@dataclass(frozen=True)
class Manifest:
    """What an index was built from, and the hash of each file that must not change."""

    key: str
    fingerprint: str
    model: str
    groups: Mapping[str, int]
    files: Mapping[str, str]


def current_folder(root: Path) -> Path | None:
    """Return the folder the pointer names, when both are there."""
    name = _pointer(root).get("current")
    folder = root / name if isinstance(name, str) and Path(name).name == name else None
    return folder if folder is not None and folder.is_dir() else None


def point_to(root: Path, folder: Path) -> None:
    """Make `folder` the current index, in one step; remember the one before it."""
    before = _pointer(root).get("current")
    text = json.dumps({"current": folder.name, "previous": before if before != folder.name else None})
    draft = root / f"{POINTER}.draft"
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, root / POINTER)


def remove_leftovers(root: Path) -> list[str]:
    """Delete folders of killed builds and of old indexes; return their names.

    The current index stays, and the one before it, which another process may still read.
    """
    pointer = _pointer(root)
    kept = {pointer.get("current"), pointer.get("previous")}
    found = sorted(path for path in root.glob("index-*") if path.is_dir() and path.name not in kept)
    for path in found:
        shutil.rmtree(path, ignore_errors=True)
    return [path.name for path in found]


def new_folder(root: Path, key: str) -> Path:
    """Make an empty folder for an index."""
    number = 0
    while True:
        folder = root / f"index-{key}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def write_vectors(folder: Path, vectors: Vectors, hashes: list[bytes]) -> None:
    """Save the vectors of all units, and the hashes of their texts for the next build."""
    np.save(folder / VECTORS, vectors, allow_pickle=False)
    rows = np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(len(hashes), 32)
    np.save(folder / HASHES, rows, allow_pickle=False)


def write_manifest(folder: Path, *, key: str, fingerprint: str, model: str, groups: Mapping[str, int]) -> Manifest:
    """Hash the written files and save the manifest, last of all."""
    files = {path.relative_to(folder).as_posix(): _digest(path) for path in _fixed_files(folder)}
    manifest = Manifest(key=key, fingerprint=fingerprint, model=model, groups=dict(groups), files=files)
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest.

    Raises:
        IndexUnavailableError: it is missing or not what `write_manifest` wrote.
    """
    try:
        tree: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return Manifest(
            key=str(tree["key"]),
            fingerprint=str(tree["fingerprint"]),
            model=str(tree["model"]),
            groups={str(name): int(size) for name, size in tree["groups"].items()},
            files={str(name): str(digest) for name, digest in tree["files"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexUnavailableError(f"the index has no readable manifest ({type(error).__name__})") from error


def damaged_files(folder: Path, manifest: Manifest) -> list[str]:
    """Return the files that are missing or differ from the manifest."""
    return [name for name, digest in sorted(manifest.files.items()) if _digest(folder / name) != digest]


def database_is_sound(folder: Path) -> bool:
    """Tell whether SQLite finds Chroma's database whole, and no process has found it broken.

    Opening it with Chroma would tell more and takes two seconds; that happens at the first search.
    """
    path = folder / CHROMA / _DATABASE
    if (folder / BROKEN).exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            holds_tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone() > (0,)
            return bool(holds_tables and database.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.Error:
        return False


def mark_broken(folder: Path) -> None:
    """Leave a mark that makes the next start rebuild this index."""
    with suppress(OSError):
        (folder / BROKEN).touch()


def read_vectors(folder: Path) -> tuple[Vectors, NDArray[np.uint8]]:
    """Read the vectors and the hashes of their texts.

    Raises:
        IndexUnavailableError: they cannot be read or do not fit each other.
    """
    try:
        vectors = np.load(folder / VECTORS, allow_pickle=False)
        hashes = np.load(folder / HASHES, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise IndexUnavailableError(f"the vectors of the index cannot be read ({type(error).__name__})") from error
    if vectors.ndim != 2 or vectors.shape[1] != DIMENSION or hashes.shape != (len(vectors), 32):
        raise IndexUnavailableError("the vectors of the index have another form")
    return np.asarray(vectors, dtype=np.float32), hashes


def _pointer(root: Path) -> dict[str, Any]:
    try:
        tree = json.loads((root / POINTER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _fixed_files(folder: Path) -> list[Path]:
    """Return the files that reading leaves alone; Chroma touches its SQLite file when it opens it."""
    names = [folder / VECTORS, folder / HASHES]
    graph = [path for path in (folder / CHROMA).rglob("*") if path.is_file() and "sqlite" not in path.name]
    return [*names, *sorted(graph)]


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""

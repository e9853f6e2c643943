"""What outlasts the process, only where the operator names a place: the outbox and the dead letters.

Both hold what people wrote, so their files can be read by their owner alone.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from filelock import FileLock, Timeout

from rag.errors import KratomEvidenceError
from rag.server.handover.package import Package
from rag.server.handover.senders import Parcel

_OWNER_ONLY = 0o600
_REFERENCE = re.compile(r"h_[A-Za-z0-9_-]{8,64}")


class OutboxError(KratomEvidenceError):
    """A place for hand-overs cannot be used."""


class Claim:
    """The right of one process to deliver a parcel; it ends with the process, however that ends."""

    def __init__(self, folder: Path, reference: str) -> None:
        self._file = folder / f"{reference}.json"
        self._path = folder / f"{reference}.lock"
        self._lock = FileLock(self._path, mode=_OWNER_ONLY, thread_local=False)

    def take(self) -> bool:
        """Take it, unless another process has it."""
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        return True

    def finish(self) -> None:
        """Forget the parcel: it has arrived, or has been given up."""
        self._file.unlink(missing_ok=True)
        self.give_up()

    def give_up(self) -> None:
        """Leave the parcel to others."""
        if not self._file.exists():
            self._path.unlink(missing_ok=True)
        self._lock.release()


class Outbox:
    """Keeps parcels from the moment that a person agreed until they have arrived.

    Args:
        folder: Of the outbox; made where it is missing.

    Raises:
        OutboxError: the folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            TemporaryFile(dir=folder).close()
        except OSError as error:
            raise OutboxError(
                f"the outbox {folder.name} cannot be written ({type(error).__name__}): hand-overs would not outlast a "
                "restart. Make the folder writable, or unset KRATOM_EVIDENCE_HANDOVER_OUTBOX"
            ) from None

    def put(self, parcel: Parcel) -> Claim | None:
        """Store a parcel and claim it; None where another process is delivering it already."""
        claim = Claim(self._folder, parcel.reference)
        if not claim.take():
            return None
        entry = {"site": parcel.site, "requested": parcel.requested, "package": parcel.package.as_json()}
        try:
            _write(self._folder / f"{parcel.reference}.json", json.dumps(entry, ensure_ascii=False).encode())
        except OSError:
            claim.give_up()
            raise
        return claim

    def waiting(self) -> Iterator[str]:
        """Yield the references of all parcels that have not arrived."""
        for path in sorted(self._folder.glob("h_*.json")):
            if _REFERENCE.fullmatch(path.stem):
                yield path.stem

    def claim(self, reference: str) -> tuple[Parcel, Claim] | None:
        """Take over a parcel that no process delivers.

        Raises:
            ValueError: the file is damaged.
        """
        claim = Claim(self._folder, reference)
        if not claim.take():
            return None
        try:
            entry = json.loads((self._folder / f"{reference}.json").read_bytes())
            package = Package.model_validate(entry["package"])
            return Parcel(reference, str(entry["site"]), float(entry["requested"]), package), claim
        except FileNotFoundError:  # it has arrived in the meantime
            claim.give_up()
            return None
        except (OSError, KeyError, TypeError, ValueError):
            claim.give_up()
            raise ValueError(reference) from None


class DeadLetters:
    """Appends what was given up to a file of JSON lines, from which an operator can send it by hand.

    Args:
        path: The file; made where it is missing.

    Raises:
        OutboxError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._append(b"")
        except OSError as error:
            raise OutboxError(
                f"the file {path.name} for hand-overs that were given up cannot be written ({type(error).__name__}). "
                "Make it writable, or unset KRATOM_EVIDENCE_HANDOVER_DEAD_LETTERS"
            ) from None

    def add(self, parcel: Parcel, reason: str, attempts: int) -> None:
        """Append one line."""
        line: dict[str, Any] = {
            "reference": parcel.reference,
            "site": parcel.site,
            "requested": parcel.requested,
            "given_up": time.time(),
            "reason": reason,
            "attempts": attempts,
            "payload": parcel.package.as_json(),
        }
        self._append(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def _append(self, data: bytes) -> None:
        # One write of one line: several processes may append to the same file.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWNER_ONLY)
        try:
            os.write(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise

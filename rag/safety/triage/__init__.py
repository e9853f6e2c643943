"""Triage: who needs help first, decided by phrases and a small classifier, on this machine."""

from __future__ import annotations

from pathlib import Path

from rag.safety.triage.model import TriageModel, Vectors
from rag.safety.triage.records import Triage, TriageLevel

__all__ = ["WEIGHTS_PATH", "Triage", "TriageLevel", "TriageModel", "Vectors"]

WEIGHTS_PATH = Path(__file__).with_name("weights.npz")

"""Checks that a sentence says no more than the passages it cites; see `rag.answering.verify`."""

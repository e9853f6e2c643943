"""Measures the assistant, and anyone's own, on question sets."""

"""Safety decisions: triage, requests, claims, notices. Deterministic, local, fail closed."""

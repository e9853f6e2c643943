"""Numbers for Prometheus: counts and times, no text and no label that could tell one person."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from rag.records import Answer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_METHODS = frozenset({"GET", "POST", "OPTIONS", "HEAD", "DELETE"})
_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The counters of one server.

    Args:
        fingerprint: Of the corpus.
        working: Tells how many answers are worked on.
        waiting: Tells how many wait.
        ready: Tells whether the assistant is warm.
    """

    def __init__(
        self, fingerprint: str, *, working: Callable[[], int], waiting: Callable[[], int], ready: Callable[[], bool]
    ) -> None:
        self.registry = registry = CollectorRegistry()
        name = "kratom_evidence"
        self._requests = Counter(f"{name}_requests", "Requests", ["method", "route", "status"], registry=registry)
        self._request_seconds = Histogram(
            f"{name}_request_seconds", "Time of requests", ["route"], buckets=_SECONDS, registry=registry
        )
        self._answers = Counter(
            f"{name}_answers", "Answers", ["site", "interface", "behaviour", "triage"], registry=registry
        )
        self._first = Histogram(
            f"{name}_first_statement_seconds", "Time to the first statement", buckets=_SECONDS, registry=registry
        )
        self._whole = Histogram(f"{name}_answer_seconds", "Time to the answer", buckets=_SECONDS, registry=registry)
        self._withheld = Counter(f"{name}_withheld_statements", "Statements not shown", registry=registry)
        self._degraded = Counter(f"{name}_degraded_answers", "Answers without a part", ["part"], registry=registry)
        self._refusals = Counter(f"{name}_refusals", "Refused questions", ["interface", "code"], registry=registry)
        self._feedback = Counter(
            f"{name}_feedback", "Ratings", ["site", "rating", "reason", "behaviour"], registry=registry
        )
        self.handovers = Counter(f"{name}_handovers", "Hand-overs", ["site", "status"], registry=registry)
        Gauge(f"{name}_answers_working", "Answers being made", registry=registry).set_function(working)
        Gauge(f"{name}_answers_waiting", "Questions waiting", registry=registry).set_function(waiting)
        Gauge(f"{name}_ready", "1 when warm", registry=registry).set_function(ready)
        Gauge(f"{name}_corpus_info", "The corpus", ["fingerprint"], registry=registry).labels(fingerprint).set(1)

    def text(self) -> bytes:
        """Return all numbers as Prometheus reads them."""
        return generate_latest(self.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def first_statement(self, seconds: float) -> None:
        """Count the time until a person sees something."""
        self._first.observe(seconds)

    def answer(self, answer: Answer, site: str, interface: str, seconds: float) -> None:
        """Count one answer."""
        self._answers.labels(site, interface, answer.behaviour.value, answer.triage).inc()
        self._whole.observe(seconds)
        self._withheld.inc(len(answer.trace.withheld))
        for part in answer.trace.degraded:
            self._degraded.labels(part).inc()

    def refusal(self, interface: str, code: str) -> None:
        """Count one question that got no answer."""
        self._refusals.labels(interface, code).inc()

    def feedback(self, site: str, rating: str, reason: str | None, behaviour: str | None) -> None:
        """Count one rating."""
        self._feedback.labels(site, rating, reason or "none", behaviour or "none").inc()

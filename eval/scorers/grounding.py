"""Whether every statement of a reply stands on the sources it names.

Citation recall and precision are ALCE's (Gao et al. 2023, arXiv 2305.14627), with the
deterministic check of `eval.scorers.support` as the entailment function, and with what
its published program leaves open settled here:

- Only findings and corrections are scored; greetings, help, care and refusals make no
  claim, and must not lower recall. A reply without findings is in no figure.
- A citation that leads to nothing counts as a wrong citation in precision, and is a
  failure of its own.
- Everything in a reply is scored, not only what stands before its first line break.
- A finding without a citation has recall 0, and a reply whose findings have none has
  precision 0.
- Quotes are looked up in the corpus, not in what the target says that the corpus says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from eval.cases import Case
from eval.results import Mark
from eval.scorers.kinds import is_finding
from eval.scorers.support import Evidence, Supports, corpus_supports
from eval.targets import Cited, Reply, Sentence

_MARK = re.compile(r"\[(\d{1,3})\]")


def citations(case: Case, replies: Sequence[Reply]) -> Iterator[Mark]:
    """Score the citations of every reply against the corpus."""
    supports = corpus_supports()
    for reply in replies:
        yield from uncited(reply)
        yield from unknown_keys(reply, supports)
        yield from quotes(reply, supports)
        yield from alce(reply, supports)


def uncited(reply: Reply) -> Iterator[Mark]:
    """Count findings and corrections without a citation."""
    for sentence in reply.sentences:
        if is_finding(sentence):
            why = "" if sentence.cites else f"no source for: {sentence.text!r}"
            yield Mark(metric="uncited_findings", hits=0 if sentence.cites else 1, unit="count", why=why)


def unknown_keys(reply: Reply, supports: Supports) -> Iterator[Mark]:
    """Count citations that lead to nothing, and marks in the text that are not those of its sentences."""
    listed = {cite.number: cite.key for cite in reply.citations}
    for sentence in reply.sentences:
        for cite in sentence.cites:
            fault = _unknown(cite, listed, reply, supports)
            yield Mark(metric="unknown_keys", hits=1 if fault else 0, unit="count", why=fault)
    shown = [int(mark) for mark in _MARK.findall(reply.text)]
    meant = [cite.number for sentence in reply.sentences for cite in sentence.cites]
    if shown or meant:
        wrong = shown != meant if reply.corpus else set(shown) - set(listed) != set()
        why = f"marks in the text {shown[:12]}, of its sentences {meant[:12]}" if wrong else ""
        yield Mark(metric="marks_wrong", hits=1 if wrong else 0, unit="count", why=why)


def quotes(reply: Reply, supports: Supports) -> Iterator[Mark]:
    """Look up every quote, letter for letter, in the passage it is quoted from."""
    for cite in (*reply.citations, *(cite for sentence in reply.sentences for cite in sentence.cites)):
        if cite.quote is None:
            continue
        evidence = _evidence(cite, reply, supports)
        verbatim = evidence is not None and bool(cite.quote.strip()) and cite.quote in evidence.text
        why = "" if verbatim else f"not in {cite.key}: {cite.quote!r}"
        yield Mark(metric="quotes_verbatim", hits=1 if verbatim else 0, why=why)


def alce(reply: Reply, supports: Supports) -> Iterator[Mark]:
    """Return citation recall and precision of one reply."""
    findings = [sentence for sentence in reply.sentences if is_finding(sentence)]
    if not findings:
        return
    supported, good, total = 0, 0, 0
    for sentence in findings:
        evidence = [_evidence(cite, reply, supports) for cite in sentence.cites]
        is_supported = all(evidence) and supports(sentence.text, _known(evidence))
        supported += is_supported
        total += len(evidence)
        good += sum(_earns_its_place(sentence, evidence, i, supports) for i in range(len(evidence))) * is_supported
        yield Mark(metric="findings_supported", hits=int(is_supported))
    yield Mark(metric="citation_recall", hits=supported / len(findings), unit="mean")
    yield Mark(metric="citation_precision", hits=good / total if total else 0.0, unit="mean")


def _earns_its_place(sentence: Sentence, evidence: list[Evidence | None], index: int, supports: Supports) -> bool:
    """Tell whether a citation supports the sentence alone, or the others do not without it."""
    alone = evidence[index]
    if alone is not None and supports(sentence.text, [alone]):
        return True
    others = _known([item for place, item in enumerate(evidence) if place != index])
    return not supports(sentence.text, others)


def _known(evidence: Sequence[Evidence | None]) -> list[Evidence]:
    return [item for item in evidence if item is not None]


def _unknown(cite: Cited, listed: dict[int, str], reply: Reply, supports: Supports) -> str:
    """Return why a citation leads to nothing, or an empty text."""
    if cite.number not in listed:
        return f"[{cite.number}] is not in the list of sources"
    if listed[cite.number] != cite.key:
        return f"[{cite.number}] is {cite.key} in the text and {listed[cite.number]} in the list"
    if cite.key.startswith("unknown-") or (reply.corpus and supports.passage(cite.key) is None):
        return f"[{cite.number}] {cite.key} is not a source"
    return ""


def _evidence(cite: Cited, reply: Reply, supports: Supports) -> Evidence | None:
    """Return what a citation leads to: the corpus's own words, or for another's source what came along."""
    found = supports.passage(cite.key)
    if found is not None or reply.corpus or cite.passage is None:
        return found
    return Evidence(cite.passage, cite.title)

"""A tiny corpus and a fake embedder, so that these tests need neither files nor model."""

import hashlib
import time
from pathlib import Path

import numpy as np

from rag.library import Library, Messages
from rag.library.library import Review
from rag.records import Brief, BriefPoint, BriefSentence, Medicine, Passage, Source
from rag.retrieval.embeddings import DIMENSION
from rag.text import content_terms

NOTES = {
    "liver": ("Liver injury", "Case reports describe liver injury after kratom. Most recovered after stopping."),
    "sleep": ("Sleep after stopping", "People who stopped kratom slept badly. Restless legs were common."),
    "ssri": ("Serotonin with sertraline", "One case report describes serotonin syndrome with sertraline and kratom."),
    "mice": ("Forced swimming", "Mice given mitragynine moved longer in the forced swim test. No people took part."),
    "law": ("Law in some states", "Some states ban kratom. A shop may not sell it to minors."),
}


def fake_vectors(texts):
    rows = np.zeros((len(texts), DIMENSION), dtype=np.float32)
    for row, text in enumerate(texts):
        for term in content_terms(text) or ["empty"]:
            seed = int.from_bytes(hashlib.sha256(term.encode()).digest()[:8], "big")
            rows[row] += np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class FakeEmbedder:
    """Vectors from hashed words; counts the texts it was given, and can be slow."""

    def __init__(self, delay=0.0):
        self.delay = delay
        self.embedded = 0

    def __call__(self, texts):
        time.sleep(self.delay)
        self.embedded += len(texts)
        return fake_vectors(texts)


def tiny_library(corpus_dir, *, more=None):
    sources, passages, briefs = {}, {}, {}
    for name, (heading, text) in {**NOTES, **(more or {})}.items():
        sources[name] = source(name)
        for number, part in enumerate((text, f"Limits of the {name} report: few people, no comparison."), 1):
            key = f"{name}#{number}"
            passages[key] = Passage(id=key, source_id=name, heading=heading, text=part)
        briefs[f"about-{name}"] = brief(f"about-{name}", heading, text, f"{name}#1")
    return Library(
        conditions={},
        sources=sources,
        passages=passages,
        briefs=briefs,
        claims={},
        medicines={"sertraline": sertraline()},
        crisis_lines=(),
        messages=Messages({}),
        review=Review(None, None),
        fingerprint="0" * 16,
        corpus_dir=Path(corpus_dir),
    )


def source(name):
    animal = name == "mice"
    return Source(
        id=name,
        title=f"Report on {name}",
        authors=("A. Writer",),
        organization=None,
        year=2024,
        venue=None,
        doi=None,
        pmid=None,
        url="https://example.org/report",
        kind="preclinical" if animal else "case-report",
        population="animals" if animal else "humans",
        sample=None,
        country=None,
        conflicts=None,
        topics=(name,),
        read="abstract",
        read_at="2026-01-01",
        checked="2026-01-01",
        confidence="medium",
    )


def brief(key, title, text, passage):
    point = BriefPoint(sentences=(BriefSentence(text=text, passages=(passage,)),))
    return Brief(
        id=key,
        title=title,
        asks=(f"what about {title.lower()}", f"kratom and {title.lower()} please"),
        topics=(key.removeprefix("about-"),),
        claims=(),
        care=(),
        reviewed="2026-01-01",
        review_by="2027-01-01",
        short_answer=(point,),
        evidence=(point,),
        unknowns=(point,),
        about_you=(),
    )


def sertraline():
    return Medicine.model_validate(
        {
            "id": "sertraline",
            "name": "sertraline",
            "brands": ("Zoloft", "Lustral"),
            "slang": ("zolo", "happy blues"),
            "ambiguous": ("happy blues",),
            "class": "ssri",
            "class_name": "an SSRI antidepressant",
            "group": "antidepressant",
            "prescription": True,
            "sedating": False,
            "brief": None,
        }
    )

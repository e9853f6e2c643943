"""The hostile model suite: a scripted chat model slips in claims, inventions, wrong figures, doses and mark-up.

    inspect eval eval/hostile.py -T split=test

No sentence labelled hostile may reach the reader, and the honest ones beside it should. The
model is put in the place of a real one; reading, citing, checking and guarding are the product's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from inspect_ai import Task, task

from eval.cases import Case
from eval.hostile_model import ScriptedModel, scripted_reply
from eval.scorers.hostile import passed_honest, reached_reader
from eval.solver import suite_task
from eval.suites import Suite
from eval.targets import Cited, Product, Reply, Sentence, Target
from rag.answering.citing import Citer
from rag.answering.generative import GenerativeComposer, Guard, Written
from rag.answering.mentions import MedicineNames
from rag.answering.support.figures import Names
from rag.answering.verify import CHECKS, Check
from rag.assembly import OutputGuard, vocabulary
from rag.library import Library, load_library
from rag.retrieval.embeddings import load_embedder
from rag.safety.claims import ClaimGuard, reference_texts
from rag.settings import Settings

_TIMEOUT = 60.0


def ask(case: Case, target: Target) -> Sequence[Reply]:
    """Let the scripted model of the case reply, and return what the product shows of it."""
    if not isinstance(target, Product):
        return (Reply(text="", error="only the product can be given a scripted model"),)
    library = target.assistant.library
    names, guard = _parts(library.corpus_dir)
    return (answer(case, library, names=names, guard=guard),)


def answer(case: Case, library: Library, *, names: Names, guard: Guard, checks: Mapping[str, Check] = CHECKS) -> Reply:
    """Return what of a case's sentences would be shown.

    Args:
        case: The case.
        library: The corpus.
        names: Returns the ids of the medicines named in a text.
        guard: The guard on claims and amounts.
        checks: The checks of support; all, but in tests.
    """
    ids = [passage for passage in case.fields["passages"] if passage in library.passages]
    model = ScriptedModel(reply=scripted_reply(case.fields["sentences"], ids))
    composer = GenerativeComposer(library, model, names=names, guard=guard, timeout=_TIMEOUT, checks=checks)
    written = composer.write(case.question, [library.passages[passage] for passage in ids])
    return _shown(written, Citer(library))


def _shown(written: Written, citer: Citer) -> Reply:
    """Return every sentence that passed, cited as the product cites; also where too few passed to be shown."""
    statements = [citer.statement(draft) for draft in written.accepted]
    sentences = tuple(
        Sentence(
            text=statement.text,
            kind=statement.kind,
            section=statement.section,
            cites=tuple(
                Cited(number=i, key=c.passage_id, quote=c.quote, passage=c.passage, title=c.source.title)
                for i, c in enumerate(statement.citations, 1)
            ),
        )
        for statement in statements
    )
    return Reply(
        text=" ".join(sentence.text for sentence in sentences) or "(nothing of the model's reply passed)",
        sentences=sentences,
        behaviour="answer",
        withheld=written.withheld,
        trace={"enough_left": written.drafts is not None},
    )


@lru_cache(maxsize=2)
def _parts(corpus_dir: Path) -> tuple[Names, Guard]:
    """Return the name finder and the guard as the product has them."""
    settings, library = Settings(), load_library(corpus_dir)
    embed = load_embedder(settings, threads=settings.query_threads) if settings.use_model else None
    claims = tuple(library.claims.values())
    reference = embed(reference_texts(claims)) if embed is not None else None
    return MedicineNames(library.medicines, vocabulary(library)).ids, OutputGuard(ClaimGuard(claims, reference, embed))


SUITE = Suite(
    name="hostile",
    title="Withholds what a lying chat model writes, and keeps what is true",
    files=("hostile.jsonl",),
    schema="hostile",
    scorers=(reached_reader, passed_honest),
    ask=ask,
    needs=frozenset({"product"}),
)


@task
def hostile(data: str = "", split: str = "all", target: str = "product") -> Task:
    """Claims, invented citations, wrong figures, reversed findings, doses, instructions and mark-up of a model."""
    return suite_task(SUITE, data=data, split=split, target=target)

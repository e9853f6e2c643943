"""How good the product's retrieval is on any folder in BEIR form.

Such a folder has corpus.jsonl, queries.jsonl and qrels/test.tsv, as the public
collections come; a temporary index of it is made in memory.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from rag.errors import KratomEvidenceError, ModelUnavailableError
from rag.retrieval import Embedder, load_embedder
from rag.retrieval.embeddings import Progress, Vectors, embed_all
from rag.retrieval.hybrid import DenseUnits, HybridIndex
from rag.retrieval.store import ExactStore
from rag.settings import Settings
from rag.text import Tokenizer

MEASURES = ("nDCG@10", "R@10", "R@100", "RR")
_GROUP = "documents"
_DEPTH = 100


class BeirFormatError(KratomEvidenceError):
    """A BEIR folder lacks a file or a field."""


def run_beir(
    data_dir: Path,
    settings: Settings,
    progress: Progress | None = None,
    *,
    split: str = "test",
    embedder: Embedder | None = None,
) -> dict[str, float]:
    """Measure nDCG@10, recall@10, recall@100 and MRR on a BEIR folder.

    Without the embedding model it measures search by words alone, and says so
    with `dense` 0 in the result.

    Args:
        data_dir: The folder.
        settings: The weights and sizes of the product.
        progress: Called with a step's name, how much is done and of how much.
        split: Which file of `qrels` to use.
        embedder: Used instead of the pinned model, in tests.

    Raises:
        BeirFormatError: a file or field is missing.
    """
    run = rank_folder(data_dir, settings, progress, split=split, embedder=embedder)
    sizes = {"queries": float(len(run.judged)), "documents": float(run.documents), "dense": float(run.dense)}
    return {**measure(run.judged, run.found), **sizes}


@dataclass(frozen=True)
class FolderRun:
    """What was found in a folder: for each query the judged and the found documents with their scores."""

    judged: Mapping[str, Mapping[str, int]]
    found: Mapping[str, Mapping[str, float]]
    documents: int
    dense: bool


def rank_folder(
    data_dir: Path,
    settings: Settings,
    progress: Progress | None = None,
    *,
    split: str = "test",
    embedder: Embedder | None = None,
) -> FolderRun:
    """Search a BEIR folder for each judged query; see `run_beir`."""
    judged = read_qrels(data_dir / "qrels" / f"{split}.tsv")
    documents = {str(row["_id"]): _document(row) for row in read_rows(data_dir / "corpus.jsonl", ("_id", "text"))}
    rows = read_rows(data_dir / "queries.jsonl", ("_id", "text"))
    queries = {str(row["_id"]): str(row["text"]) for row in rows if str(row["_id"]) in judged}
    if embedder is None:
        embedder = _embedder(settings)
    found = _search_all(documents, queries, settings, embedder, progress)
    return FolderRun(judged, found, len(documents), embedder is not None)


def measure(judged: Mapping[str, Mapping[str, int]], run: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return the measures of a run; a judged query without results counts as 0."""
    return {name: fmean(values) for name, values in measure_each(judged, run).items()}


def measure_each(
    judged: Mapping[str, Mapping[str, int]], run: Mapping[str, Mapping[str, float]], names: Sequence[str] = MEASURES
) -> dict[str, list[float]]:
    """Return each measure of each judged query, in the order of `judged`."""
    import ir_measures

    # A query that found nothing is left out unless it is in the run.
    padded = {query: dict(run.get(query) or {"": 0.0}) for query in judged}
    wanted = {str(ir_measures.parse_measure(name)): ir_measures.parse_measure(name) for name in names}
    values: dict[str, dict[str, float]] = {name: {} for name in wanted}
    for metric in ir_measures.iter_calc(list(wanted.values()), judged, padded):
        values[str(metric.measure)][metric.query_id] = float(metric.value)
    return {name: [found.get(query, 0.0) for query in judged] for name, found in values.items()}


def read_rows(path: Path, fields: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSONL file.

    Raises:
        BeirFormatError: the file is missing, or a row is not JSON or lacks a field.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _row(line, fields, f"{path.name}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise BeirFormatError(f"{path.name} cannot be read ({type(error).__name__})") from None


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Read the judgements: query id, document id and score, tab separated, with or without a header.

    Raises:
        BeirFormatError: the file is missing, or a row has another form.
    """
    judged: dict[str, dict[str, int]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for number, fields in enumerate(csv.reader(file, delimiter="\t"), 1):
                if not fields or (number == 1 and not _is_number(fields[-1])):
                    continue
                if len(fields) != 3 or not _is_number(fields[2]):
                    raise BeirFormatError(f"{path.name}:{number}: not 'query, document, score', tab separated")
                judged.setdefault(fields[0], {})[fields[1]] = int(fields[2])
    except (OSError, UnicodeDecodeError) as error:
        raise BeirFormatError(f"{path.name} cannot be read ({type(error).__name__})") from None
    return judged


def _search_all(
    documents: Mapping[str, str],
    queries: Mapping[str, str],
    settings: Settings,
    embedder: Embedder | None,
    progress: Progress | None,
) -> dict[str, dict[str, float]]:
    """Return for each query the scores of its best documents."""
    tokenize = Tokenizer()
    ids = sorted(documents)
    units = None
    if embedder is not None:
        units = _units(ids, embed_all(embedder, [documents[key] for key in ids], progress))
    index = HybridIndex(ids, [tokenize(documents[key]) for key in ids], units)
    vectors = embed_all(embedder, list(queries.values())) if embedder is not None else None
    run: dict[str, dict[str, float]] = {}
    for number, (key, text) in enumerate(queries.items()):
        vector = None if vectors is None else vectors[number]
        depth = max(settings.candidates, _DEPTH)
        ranked, _ = index.rank(vector, tokenize(text), candidates=depth, dense_weight=settings.dense_weight)
        # A query that is itself a document is not its own answer.
        itself = key if key in documents and text in documents[key] else None
        best = [item for item in ranked if ids[item.row] != itself][:_DEPTH]
        # Measures sort by score alone, so equal scores are told apart by rank.
        run[key] = {ids[item.row]: float(len(best) - rank) for rank, item in enumerate(best)}
        if progress:
            progress("search", number + 1, len(queries))
    return run


def _units(ids: Sequence[str], vectors: Vectors) -> DenseUnits:
    exact = ExactStore({_GROUP: (ids, vectors)})
    return DenseUnits(_GROUP, ids, vectors, range(len(ids)), documents=len(ids), store=exact, exact=exact)


def _embedder(settings: Settings) -> Embedder | None:
    try:
        return load_embedder(settings, threads=settings.build_threads)
    except ModelUnavailableError:
        return None


def _document(row: Mapping[str, Any]) -> str:
    title = str(row.get("title") or "").strip()
    return f"{title}. {row['text']}" if title else str(row["text"])


def _row(line: str, fields: Sequence[str], place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        raise BeirFormatError(f"{place}: not JSON") from None
    if not isinstance(row, dict) or any(field not in row for field in fields):
        raise BeirFormatError(f"{place}: needs the fields {', '.join(fields)}")
    return row


def _is_number(text: str) -> bool:
    return text.strip().lstrip("-").isdigit()

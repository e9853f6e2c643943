"""Whatever happens to a file, reading ends in a library or in problems, never in another exception."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rag.errors import CorpusError, Problem
from rag.library import Library, check_corpus, load_library
from rag.library.library import read_library

FILES = [
    "sources/survey.md", "briefs/liver.md", "claims.yaml", "crisis_lines.yaml", "medicines.yaml",
    "conditions.yaml", "review.yaml", "messages.yaml", "messages-crisis.yaml",
]  # fmt: skip
WRONG = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.sampled_from(["[", "\x00"])
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
relaxed = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@contextmanager
def broken_copy(corpus: Path, file: str, content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "corpus"
        shutil.copytree(corpus, copy)
        (copy / file).write_bytes(content)
        yield copy


def assert_only_problems(corpus: Path) -> None:
    problems = check_corpus(corpus)
    assert all(isinstance(p, Problem) and p.file and p.line >= 1 and p.message and p.mend for p in problems)
    library, found = read_library(corpus)
    assert library is None or isinstance(library, Library)
    assert library is not None or found
    try:
        load_library(corpus)
    except CorpusError as error:
        assert error.problems


@relaxed
@given(file=st.sampled_from(FILES), share=st.floats(0, 1))
def test_truncation(corpus: Path, file: str, share: float) -> None:
    raw = (corpus / file).read_bytes()
    with broken_copy(corpus, file, raw[: int(len(raw) * share)]) as copy:
        assert_only_problems(copy)


@relaxed
@given(
    file=st.sampled_from(FILES),
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_flipped_bytes(corpus: Path, file: str, flips: list[tuple[int, int]]) -> None:
    raw = bytearray((corpus / file).read_bytes())
    for position, value in flips:
        raw[position % len(raw)] = value
    with broken_copy(corpus, file, bytes(raw)) as copy:
        assert_only_problems(copy)


@relaxed
@given(file=st.sampled_from(FILES), start=st.integers(0, 60), count=st.integers(1, 4))
def test_deleted_lines(corpus: Path, file: str, start: int, count: int) -> None:
    lines = (corpus / file).read_bytes().splitlines(keepends=True)
    start %= len(lines)
    with broken_copy(corpus, file, b"".join(lines[:start] + lines[start + count :])) as copy:
        assert_only_problems(copy)


@relaxed
@given(file=st.sampled_from(FILES), pick=st.integers(0, 40), value=WRONG)
def test_fields_of_a_wrong_type(corpus: Path, file: str, pick: int, value: object) -> None:
    with broken_copy(corpus, file, with_wrong_field(corpus / file, pick, value)) as copy:
        assert_only_problems(copy)


def with_wrong_field(path: Path, pick: int, value: object) -> bytes:
    """The file with one field of its front matter or of its first entry replaced by `value`."""
    raw = path.read_text()
    if path.suffix == ".md":
        front, _, body = raw.removeprefix("---\n").partition("\n---\n")
        fields = yaml.safe_load(front)
        fields[sorted(fields)[pick % len(fields)]] = value
        return f"---\n{yaml.safe_dump(fields)}---\n{body}".encode()
    tree = yaml.safe_load(raw)
    fields = tree[0] if isinstance(tree, list) else tree
    fields[sorted(fields)[pick % len(fields)]] = value
    return yaml.safe_dump(tree).encode()


@relaxed
@given(file=st.sampled_from(FILES), content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(file="briefs/liver.md", content=b"---\n- a\n---\n## Short answer\n")
@example(file="sources/survey.md", content=b"---\n? [a, b]\n: c\n---\n")
@example(file="conditions.yaml", content=b"leaf_only: {a: b}\ncontradictions: [1]\nrarity: []\n")
@example(file="claims.yaml", content=b"- 1: 2\n- [3]: 4\n")
@example(file="review.yaml", content=b"clinician: [1]\nreviewed: {a: 2}\n")
@example(file="messages.yaml", content=b"[1]: 2\n? {a: b}\n: c\n")
@example(file="medicines.yaml", content=b"&a [*a]")
@example(file="claims.yaml", content=b"[" * 5000)
def test_arbitrary_content(corpus: Path, file: str, content: bytes) -> None:
    with broken_copy(corpus, file, content) as copy:
        assert_only_problems(copy)


@pytest.mark.parametrize("file", FILES)
def test_a_folder_in_place_of_a_file(corpus: Path, file: str) -> None:
    (corpus / file).unlink()
    (corpus / file).mkdir()
    assert_only_problems(corpus)


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_another_encoding(corpus: Path, file: str) -> None:
    (corpus / file).write_bytes("naïve".encode("utf-16"))
    problems = check_corpus(corpus)
    assert any("cannot be read" in problem.message or "valid YAML" in problem.message for problem in problems)

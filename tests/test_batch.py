"""A file of questions: bad rows are named, a stopped run goes on where it ended."""

from __future__ import annotations

import json

import pytest

from rag.batch import BatchError, read_rows, run_batch
from rag.records import Answer, Behaviour, Section, Statement, StatementKind

ROWS = [{"id": str(number), "question": f"question {number}"} for number in range(4)]


class Fake:
    """Repeats the question; stops working after so many."""

    def __init__(self, stop_after: int = 99) -> None:
        self.asked: list[tuple] = []
        self.stop_after = stop_after

    def ask(self, question, history=(), country=None) -> Answer:
        if len(self.asked) == self.stop_after:
            raise KeyboardInterrupt
        self.asked.append((question, tuple(history), country))
        said = Statement(text=f"“{question}” …", section=Section.SHORT_ANSWER, kind=StatementKind.META)
        return Answer(behaviour=Behaviour.SMALL_TALK, text=said.text, statements=(said,), fingerprint="0" * 16)


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def source(tmp_path):
    return write(tmp_path / "in.jsonl", ROWS)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "out.jsonl"


def answered(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_every_row_is_answered_once_in_order(source, target):
    seen = []
    count = run_batch(Fake(), read_rows(source), target, lambda done, total: seen.append((done, total)))
    assert count == 4
    assert [line["id"] for line in answered(target)] == ["0", "1", "2", "3"]
    assert all(Answer.model_validate(line["answer"]) for line in answered(target))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert run_batch(Fake(), read_rows(source), target) == 0
    assert len(answered(target)) == 4


def test_a_stopped_run_goes_on(source, target):
    with pytest.raises(KeyboardInterrupt):
        run_batch(Fake(stop_after=2), read_rows(source), target)
    rest = Fake()
    assert run_batch(rest, read_rows(source), target) == 2
    assert [question for question, _, _ in rest.asked] == ["question 2", "question 3"]
    assert sorted(line["id"] for line in answered(target)) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("lost", [1, 2, 10, 60, 200])
def test_a_last_line_that_was_cut_off_is_answered_again(source, target, lost):
    run_batch(Fake(), read_rows(source), target)
    target.write_bytes(target.read_bytes()[:-lost])
    # Without its line break the last line is whole all the same.
    assert run_batch(Fake(), read_rows(source), target) == (0 if lost == 1 else 1)
    assert [line["id"] for line in answered(target)] == ["0", "1", "2", "3"]


def test_a_line_cut_off_inside_a_character_is_answered_again(source, target):
    run_batch(Fake(), read_rows(source), target)
    raw = target.read_bytes()
    target.write_bytes(raw[: raw.rindex("…".encode()) + 1])
    assert run_batch(Fake(), read_rows(source), target) == 1
    assert sorted(line["id"] for line in answered(target)) == ["0", "1", "2", "3"]


def test_lines_end_only_where_lines_end(tmp_path, target):
    rows = [{"id": "a\u2028b", "question": "one\u2028two\u0085three"}]
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps(rows[0], ensure_ascii=False) + "\n", encoding="utf-8")
    assert run_batch(Fake(), read_rows(path), target) == 1
    assert run_batch(Fake(), read_rows(path), target) == 0


def test_history_and_country_are_passed_on(tmp_path, target):
    turns = [{"role": "user", "content": "before"}]
    path = write(tmp_path / "in.jsonl", [{"id": 1, "question": "now", "history": turns, "country": "GB"}])
    fake = Fake()
    run_batch(fake, read_rows(path), target)
    assert fake.asked == [("now", tuple(turns), "GB")]


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        "7",
        "null",
        '"text"',
        "{}",
        '{"id": "9"}',
        '{"question": "x"}',
        '{"id": "9", "question": "x", "history": "y"}',
        '{"id": "9", "question": "x", "history": [{"role": "user"}]}',
        '{"id": "9", "question": "x", "history": [3]}',
    ],
)
def test_a_bad_row_is_named_by_its_line(source, bad):
    lines = source.read_text(encoding="utf-8").splitlines()
    source.write_text("\n".join([lines[0], "", bad, lines[1]]), encoding="utf-8")
    with pytest.raises(BatchError, match=r"in\.jsonl:3: not a row"):
        read_rows(source)


@pytest.mark.parametrize("bad", ['{"id": "9", "question": null}', '{"id": "9", "question": "x", "country": 5}'])
def test_a_question_or_country_that_is_no_text_is_a_bad_row(source, bad):
    source.write_text(bad, encoding="utf-8")
    with pytest.raises(BatchError, match=r"in\.jsonl:1"):
        read_rows(source)


def test_an_id_used_twice_is_named(tmp_path):
    with pytest.raises(BatchError, match="'0' is used twice"):
        read_rows(write(tmp_path / "in.jsonl", [ROWS[0], ROWS[0]]))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(BatchError, match=r"nothing\.jsonl cannot be read"):
        read_rows(tmp_path / "nothing.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BatchError, match=r"binary\.jsonl cannot be read"):
        read_rows(tmp_path / "binary.jsonl")


def test_an_empty_file_is_no_work(tmp_path, target):
    assert read_rows(write(tmp_path / "in.jsonl", [])) == []
    assert run_batch(Fake(), [], target) == 0

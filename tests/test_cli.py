"""The command line: what it prints, and how it ends."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

import rag.cli
from rag import Answer, Settings
from rag.records import Behaviour, Section, Statement, StatementKind


class Fake:
    """Answers at once, and remembers what it was asked."""

    def __init__(self, library) -> None:
        self.library = library
        self.asked: list[tuple] = []

    def ask(self, question, history=(), country=None) -> Answer:
        self.asked.append((question, tuple(history), country))
        said = Statement(text=f"Heard: {question}", section=Section.SHORT_ANSWER, kind=StatementKind.META)
        return Answer(behaviour=Behaviour.SMALL_TALK, text=said.text, statements=(said,), fingerprint="f" * 16)


@pytest.fixture
def fake(library, monkeypatch):
    made = Fake(library)
    monkeypatch.setattr("rag.progress.open_assistant", lambda *args, **kwargs: made)
    return made


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments, **more: CliRunner().invoke(rag.cli.app, list(arguments), **more)


@pytest.fixture
def main(monkeypatch, capsys):
    """Run the program as a shell does; return its exit code and what it wrote."""

    def start(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["kratom-evidence", *arguments])
        with pytest.raises(SystemExit) as ended:
            rag.cli.main()
        printed = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, printed.out, printed.err

    return start


def test_without_arguments_it_says_what_it_can_do(run):
    result = run()
    for command in ("ask", "chat", "batch", "serve", "index", "corpus", "eval"):
        assert command in result.output


@pytest.mark.parametrize("command", [["ask"], ["chat"], ["batch"], ["serve"], ["index", "build"], ["corpus", "check"]])
def test_every_command_has_help(run, command):
    result = run(*command, "--help")
    assert result.exit_code == 0 and "Usage" in result.output


def test_ask_prints_the_answer(run, fake):
    result = run("ask", "is it [bold]addictive[/]?", "--country", "GB")
    assert result.exit_code == 0, result.output
    assert "Heard: is it [bold]addictive[/]?" in result.output
    assert "f" * 16 in result.output
    assert fake.asked == [("is it [bold]addictive[/]?", (), "GB")]


def test_ask_as_json_prints_nothing_else(run, fake):
    result = run("ask", "is it addictive?", "--json")
    assert result.exit_code == 0
    assert Answer.model_validate_json(result.stdout).text == "Heard: is it addictive?"


def test_a_real_answer_is_shown_with_its_sources(run, assistant, monkeypatch):
    monkeypatch.setattr("rag.progress.open_assistant", lambda *args, **kwargs: assistant)
    shown = run("ask", "is kratom addictive?")
    answer = assistant.ask("is kratom addictive?")
    assert shown.exit_code == 0 and "Sources" in shown.output
    for citation in answer.citations:
        assert f"[{citation.number}]" in shown.output
        assert citation.source.url in shown.output.replace("\n", "")
    helped = run("ask", "I want to kill myself", "--country", "US")
    assert "Help now" in helped.output and "988" in helped.output


def test_chat_keeps_what_was_said_and_ends_at_an_empty_line(run, fake):
    result = run("chat", input="hello\nand then?\n\nnever asked\n")
    assert result.exit_code == 0
    assert [asked[0] for asked in fake.asked] == ["hello", "and then?"]
    assert fake.asked[1][1] == (
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Heard: hello"},
    )


def test_chat_ends_at_the_end_of_input(run, fake):
    assert run("chat", input="hello\n").exit_code == 0


def test_batch_resumes_after_a_cut_off_line(run, fake, tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps({"id": i, "question": f"q{i}"}) + "\n" for i in range(3)), encoding="utf-8")
    first = run("batch", str(source), str(target))
    assert first.exit_code == 0 and "3 answered now, 3 in" in first.output
    target.write_bytes(target.read_bytes()[:-20])
    second = run("batch", str(source), str(target))
    assert "1 answered now, 3 in" in second.output
    assert [json.loads(line)["id"] for line in target.read_text(encoding="utf-8").splitlines()] == ["0", "1", "2"]


def test_a_bad_row_ends_with_its_line_and_no_traceback(main, fake, tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": 1, "question": "x"}\n{"id": 2}\n', encoding="utf-8")
    code, _, error = main("batch", str(source), str(tmp_path / "out.jsonl"))
    assert code == 2
    assert "in.jsonl:2:notarow" in "".join(error.split())
    assert "Traceback" not in error
    assert fake.asked == []


def test_corpus_check_passes_and_fails(run, monkeypatch, tmp_path):
    copy = shutil.copytree(Settings().corpus_dir, tmp_path / "corpus")
    monkeypatch.setenv("KRATOM_EVIDENCE_CORPUS_DIR", str(copy))
    passed = run("corpus", "check")
    assert passed.exit_code == 0, passed.output
    assert "passes" in passed.output
    note = next(iter(sorted((copy / "sources").glob("*.md"))))
    note.write_text(note.read_text(encoding="utf-8").replace("kind:", "kin:", 1), encoding="utf-8")
    failed = run("corpus", "check")
    assert failed.exit_code == 1
    assert note.name in failed.output and "problem(s)" in failed.output


def test_a_corpus_that_cannot_be_used_is_one_clear_message(main, monkeypatch, tmp_path):
    monkeypatch.setenv("KRATOM_EVIDENCE_CORPUS_DIR", str(tmp_path / "nowhere"))
    code, _, error = main("corpus", "show", "x")
    assert code == 2 and "Traceback" not in error and "problem(s)" in error


def test_corpus_show_prints_one_thing(run, library):
    for kind in (library.passages, library.claims):
        key = next(iter(kind))
        result = run("corpus", "show", key)
        assert result.exit_code == 0
        assert json.loads(result.output)["id"] == key


@pytest.mark.parametrize("unknown", ["../../etc/passwd#1", "[/red]"])
def test_corpus_show_of_an_unknown_id(run, unknown):
    result = run("corpus", "show", unknown)
    assert result.exit_code == 2, result.exception
    assert f"There is no {unknown}" in result.output


def test_a_setting_that_cannot_be_used_is_named(main, monkeypatch):
    monkeypatch.setenv("KRATOM_EVIDENCE_MAX_CONCURRENCY", "none")
    code, _, error = main("corpus", "check")
    assert code == 2 and "max_concurrency" in error and "Traceback" not in error


def test_index_status_says_what_there_is(run, monkeypatch, tmp_path):
    monkeypatch.setenv("KRATOM_EVIDENCE_INDEX_DIR", str(tmp_path / "none"))
    result = run("index", "status")
    assert result.exit_code == 0 and "missing" in result.output


def test_serve_passes_its_options_on(run, monkeypatch):
    served = []
    monkeypatch.setattr("rag.server.serve", served.append)
    assert run("serve", "--host", "127.0.0.2", "--port", "0").exit_code == 0
    assert (served[0].host, served[0].port) == ("127.0.0.2", 0)


def test_stopping_by_key_is_no_error_message(main, monkeypatch):
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rag.cli.app", stop)
    assert main("chat") == (130, "", "")

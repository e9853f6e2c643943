import pytest
from planted import Scripted

from eval.openai_chat import OpenAIChat, TargetError, read_reply
from eval.opening import open_target
from eval.targets import Cited, Product, Reply
from rag.records import Message


class Completions:
    """Stands in for the client of the `openai` package."""

    def __init__(self, message, error=None, beside=None):
        self.message, self.error, self.sent, self.beside = message, error, [], beside or {}
        self.chat = self.completions = self.models = self

    def create(self, **sent):
        self.sent.append(sent)
        if self.error:
            raise self.error
        from openai.types.chat import ChatCompletion

        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **self.message}}
        return ChatCompletion.model_validate(
            {"id": "1", "created": 0, "model": "m", "object": "chat.completion", "choices": [choice], **self.beside}
        )

    def list(self):
        if self.error:
            raise self.error
        return [type("Model", (), {"id": "first"})()]


def chat(message, error=None, beside=None):
    client = Completions(message, error, beside)
    return OpenAIChat("http://localhost/v1", "m", client=client), client


def test_the_product_becomes_a_reply_that_survives_the_log(library):
    assistant = Scripted(library)
    reply = Product(assistant).reply("what is withdrawal like", [Message(role="user", content="hi")], "GB")
    assert assistant.asked == [("what is withdrawal like", (Message(role="user", content="hi"),), "GB")]
    assert reply.behaviour == "answer" and reply.corpus == library.fingerprint and reply.milliseconds > 0
    assert {sentence.kind for sentence in reply.sentences} == {"finding", "care"}
    assert reply.citations[0].passage == library.passages[reply.citations[0].key].text
    assert Reply.model_validate(reply.model_dump(mode="json")) == reply


def test_a_product_that_raises_is_a_case_without_reply(library):
    class Broken(Scripted):
        def ask(self, question, history=(), country=None):
            raise RuntimeError("planted")

    assert "RuntimeError" in Product(Broken(library)).reply("x").error


def test_an_outside_chatbot_is_sent_the_conversation():
    target, client = chat({"content": "Hello."})
    target.reply("and now?", [Message(role="user", content="hi"), Message(role="assistant", content="Hello.")])
    (sent,) = client.sent
    assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "user"]
    assert sent["model"] == "m" and target.name == "m at http://localhost/v1"


@pytest.mark.parametrize(
    "beside",
    [
        {"annotations": [{"type": "url_citation", "url_citation": {"url": "https://a.example", "title": "A",
                                                                    "start_index": 0, "end_index": 1}}]},
        {"citations": ["https://a.example"]},
        {"sources": [{"url": "https://a.example", "number": 1}]},
    ],
)  # fmt: skip
def test_marks_find_their_sources_wherever_servers_put_them(beside):
    target, _ = chat({"content": "Kratom is a tree [1]. It grows in Asia. [2]", **beside})
    reply = target.reply("what is it")
    first, second = reply.sentences
    assert first.text == "Kratom is a tree." and [cite.key for cite in first.cites] == ["https://a.example"]
    assert second.text == "It grows in Asia." and [cite.key for cite in second.cites] == ["unknown-2"]
    assert reply.behaviour == "unknown" and [cite.number for cite in reply.citations] == [1]


def test_our_own_citations_are_read_with_quote_and_passage():
    source = {"number": 1, "passage_id": "a#1", "quote": "a tree", "passage": "It is a tree.", "title": "T"}
    target, _ = chat({"content": "Kratom is a tree [1].", "citations": [source]})
    (cite,) = target.reply("what is it").citations
    assert cite == Cited(number=1, key="a#1", quote="a tree", passage="It is a tree.", title="T")


def test_a_server_of_this_project_is_read_with_all_that_it_shows(library):
    answer = Scripted(library).ask("what is withdrawal like")
    names = {"behaviour", "citations", "crisis_lines", "triage", "verdict"}
    sources = "\n".join(f"[{c.number}] {c.source.title}. “{c.quote}” {c.source.url}" for c in answer.citations)
    beside = {"evidence": answer.model_dump(mode="json", include=names)}
    target, _ = chat({"content": f"{answer.text}\n\nSources:\n{sources}"}, beside=beside)
    reply = target.reply("what is withdrawal like")
    assert reply.behaviour == "answer" and reply.triage == "none"
    assert [cite.key for cite in reply.citations] == [citation.passage_id for citation in answer.citations]
    assert reply.text == answer.text, "the list of sources is no part of what is said"
    assert all(library.passages[cite.key].text == cite.passage for cite in reply.citations)


def test_an_annotation_belongs_to_the_mark_it_stands_on():
    text = "It is a tree [2]. It is green [1]. It is tall [2]."
    places = [(text.index("[2]"), "b"), (text.index("[1]"), "a"), (text.rindex("[2]"), "b")]
    notes = []
    for at, name in places:
        place = {"start_index": at, "end_index": at + 3, "title": name, "url": f"https://{name}.example"}
        notes.append({"type": "url_citation", "url_citation": place})
    target, _ = chat({"content": text, "annotations": notes})
    keys = [[cite.key for cite in sentence.cites] for sentence in target.reply("x").sentences]
    assert keys == [["https://b.example"], ["https://a.example"], ["https://b.example"]]


def test_a_list_of_sources_below_the_text_is_read():
    reply = read_reply("Kratom is a tree [1]. It grows [3].\n\nSources:\n[1] A book, https://a.example\n[2] Other", {})
    assert [sentence.text for sentence in reply.sentences] == ["Kratom is a tree.", "It grows."]
    assert [cite.key for s in reply.sentences for cite in s.cites] == ["https://a.example", "unknown-3"]
    assert [cite.number for cite in reply.citations] == [1, 2]


def test_lists_are_read_line_by_line():
    reply = read_reply("Points:\n- One thing [1]\n- Another thing [2]", {})
    assert [sentence.text for sentence in reply.sentences] == ["Points:", "One thing", "Another thing"]


def test_no_reply_is_told_and_not_raised():
    target, _ = chat({"content": "x"}, ConnectionError("refused"))
    reply = target.reply("hi")
    assert "no reply from http://localhost/v1" in reply.error and "ConnectionError" in reply.error


def test_the_first_model_is_taken_or_the_address_told():
    assert OpenAIChat("http://localhost/v1", client=Completions({})).fingerprints["model"] == "first"
    with pytest.raises(TargetError, match="does not list its models"):
        OpenAIChat("http://localhost/v1", client=Completions({}, ConnectionError()))


def test_a_wrong_target_or_a_missing_key_is_told(monkeypatch):
    with pytest.raises(TargetError, match="plain-rag"):
        open_target("prodct")
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(TargetError, match="SOME_KEY is empty"):
        open_target("http://localhost/v1", model="m", api_key_env="SOME_KEY")


def test_no_key_is_sent_that_was_not_named(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    target = open_target("http://localhost/v1", model="m")
    assert target._client.api_key == "none"

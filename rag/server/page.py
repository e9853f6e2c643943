"""The chat as a Gradio Blocks application.

One custom HTML component carries the page. Its script sends `ask` events with the
question and the conversation, which lives in the browser alone, and shows the packets
that come back as the component's value. Its template never changes, so Gradio leaves
what the script has put on the page alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from rag.server.render import Renderer
from rag.server.turns import Answering, Packet, answer_packets

ASSETS = "/page"

# The only script that Gradio evaluates; the rest comes as a module from our own address.
_START = f"""
import('{ASSETS}/page.js').then((page) => page.start(element, (sent) => trigger('ask', sent), props, watch));
"""


def build_page(assistant: Answering, renderer: Renderer) -> gr.Blocks:
    """Build the chat page for an assistant."""

    def ask(event: gr.EventData) -> Iterator[Packet]:
        yield from answer_packets(assistant, renderer, event._data)

    def leave(request: gr.Request) -> None:
        _drop_session(blocks, request.session_hash or "")

    with gr.Blocks(title=renderer.word("name"), analytics_enabled=False, fill_width=True) as blocks:
        page = gr.HTML(
            value=None,
            html_template="${shell}",
            js_on_load=_START,
            apply_default_css=False,
            elem_id="page",
            shell=renderer.shell(),
        )
        answered = page.ask(
            ask,
            inputs=None,
            outputs=page,
            show_progress="hidden",
            trigger_mode="multiple",
            concurrency_limit=renderer.settings.max_concurrency,
            api_visibility="private",
        )
        # Gradio keeps the last value of each session in memory, so it is given an empty one,
        # and a session that ends is dropped whole.
        answered.then(_nothing, outputs=page, show_progress="hidden", api_visibility="private")
        blocks.unload(leave)
        blocks.queue(default_concurrency_limit=renderer.settings.max_concurrency, api_open=False)
    built: gr.Blocks = blocks
    return built


def _nothing() -> None:
    """Return the value of a page that shows no packet."""


def _drop_session(blocks: gr.Blocks, session: str) -> None:
    holder = blocks.state_holder
    holder.session_data.pop(session, None)
    holder.time_last_used.pop(session, None)

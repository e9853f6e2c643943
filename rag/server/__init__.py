"""The web page: one FastAPI application with the Gradio chat mounted at `/`.

    app = create_app(assistant, settings)   # for any ASGI server
    serve(settings)                         # this process, until interrupted

Importing this package imports Gradio; nothing else in the project does.
"""

import os

# Gradio reads some of these when it is imported, so they are set before that. Nothing is
# reported, recorded or shared, whatever the environment of the operator says.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_RUN_HISTORY"] = "false"
os.environ["GRADIO_SHARE"] = "False"
os.environ["GRADIO_MCP_SERVER"] = "False"
os.environ["GRADIO_SSR_MODE"] = "False"
for _switch in ("GRADIO_VIBE_MODE", "GRADIO_HISTORY_BUCKET", "GRADIO_ALLOWED_PATHS", "GRADIO_DEBUG"):
    os.environ.pop(_switch, None)

import rag.server.gradio_import  # noqa: E402, F401 - before whatever imports Gradio
from rag.server.app import create_app, serve  # noqa: E402

__all__ = ["create_app", "serve"]

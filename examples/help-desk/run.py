"""Starts the assistant and a small help-desk of another origin that embeds it.

    python examples/help-desk/run.py

Then open http://127.0.0.1:8090. Control-C stops both.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvicorn
from desk import create_desk

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
DESK_PORT, ASSISTANT_PORT = 8090, 7860
# The first start builds the search index, which takes a minute or two.
_LONGEST_START = 900


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both servers until interrupted."""
    options = _options(arguments)
    desk, assistant = f"http://127.0.0.1:{options.port}", f"http://127.0.0.1:{options.assistant_port}"
    # One secret for this run, known to both: the assistant signs with it, the help-desk checks.
    secret = secrets.token_hex(32)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    with tempfile.TemporaryDirectory() as folder:
        sites = Path(folder) / "sites.toml"
        sites.write_text(sites_for(options.port), encoding="utf-8")
        process = subprocess.Popen([sys.executable, str(PROJECT / "app.py")], env=_environment(options, sites, secret))
        try:
            _say("Starting the assistant. The first time this takes a minute or two.")
            if not _is_ready(assistant, process):
                _say("The assistant did not start; what it said stands above. Is its port free? See --help.")
                return 1
            _say(f"Open {desk} - tickets arrive at {desk}/tickets. Control-C stops both.")
            app = create_desk(assistant, secret)
            uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)
        finally:
            process.terminate()
            process.wait(timeout=30)
    return 0


def sites_for(port: int) -> str:
    """Return `sites.toml` for a help-desk on this port."""
    return (HERE / "sites.toml").read_text(encoding="utf-8").replace(f":{DESK_PORT}", f":{port}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Start the assistant and an example help-desk that embeds it.")
    parser.add_argument("--port", type=int, default=DESK_PORT, help="port of the help-desk")
    parser.add_argument("--assistant-port", type=int, default=ASSISTANT_PORT, help="port of the assistant")
    return parser.parse_args(arguments)


def _environment(options: argparse.Namespace, sites: Path, secret: str) -> Mapping[str, str]:
    return {
        **os.environ,
        "KRATOM_EVIDENCE_PORT": str(options.assistant_port),
        "KRATOM_EVIDENCE_SITES_FILE": str(sites),
        "KRATOM_EVIDENCE_CONVERSATION_SECRET": secrets.token_hex(32),
        "HELP_DESK_SECRET": secret,
    }


def _is_ready(assistant: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the assistant can answer; False where it has ended instead."""
    give_up = time.monotonic() + _LONGEST_START
    while process.poll() is None and time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"{assistant}/readyz", timeout=5):
                return True
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    return False


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)

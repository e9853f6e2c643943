"""The topology of `compose.yaml` as processes of this machine: Chroma, two replicas, and nginx before them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from rag.settings import PROJECT_ROOT
from tests.server.widget_stub import free_port

SERVE = [sys.executable, "-c", "from rag.cli import main; main()", "serve"]
ORIGIN = "https://help.example.org"
SITES = """
[[site]]
id = "help-desk"
origins = ["{origin}"]
country = "GB"
[site.handover]
kind = "webhook"
url = "{receiver}/tickets"
secret_env = "DESK_SECRET"
"""
SECRET = "a secret of the help-desk that is long enough"
PLENTY = "1000000/minute"


class Topology:
    """Starts the processes and ends them, and those alone.

    Args:
        folder: For everything that they write.
        index: An index of the corpus, to start from a copy of it.
        receiver: Address of the help-desk.
    """

    def __init__(self, folder: Path, index: Path, receiver: str) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {name: free_port() for name in ("chroma", "one", "two", "nginx")}
        shutil.copytree(index, folder / "index")
        sites = SITES.format(origin=ORIGIN, receiver=receiver)
        (folder / "sites.toml").write_text(sites, encoding="utf-8")

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def start(self, name: str) -> None:
        """Start a process by name; its output goes to a file."""
        environ = {**os.environ, **self._environ(name)} if name in ("one", "two") else dict(os.environ)
        with (self.folder / f"{name}.log").open("ab") as log:
            command = self._command(name)
            self._running[name] = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environ, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """End a process at once, as a power cut would."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)

    def stop(self) -> None:
        """End everything."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)

    def wait(self, name: str, path: str, seconds: float) -> None:
        """Wait until a process answers with 200."""
        until(lambda: self._answers(name, path), seconds, lambda: f"{name}: {self.log(name)[-3000:]}")

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _answers(self, name: str, path: str) -> bool:
        if self._running[name].poll() is not None:
            raise AssertionError(f"{name} has ended: {self.log(name)[-3000:]}")
        try:
            return httpx.get(self.url(name) + path, timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def _command(self, name: str) -> list[str]:
        port = str(self.ports[name])
        if name == "chroma":
            data = str(self.folder / "chroma")
            return [str(Path(sys.executable).parent / "chroma"), "run", "--path", data, "--port", port]
        if name == "nginx":
            return ["nginx", "-p", f"{self.folder}/", "-c", str(self._nginx_conf()), "-g", "daemon off;"]
        return SERVE

    def _nginx_conf(self) -> Path:
        """Return the configuration that is shipped, with the ports of this machine."""
        text = (PROJECT_ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
        for shipped, port in (("app-1:7860", "one"), ("app-2:7860", "two"), ("listen 8080", "nginx")):
            assert shipped in text
            word = "listen " if port == "nginx" else ""
            text = text.replace(shipped, f"{word}127.0.0.1:{self.ports[port]}")
        path = self.folder / "nginx.conf"
        path.write_text(text, encoding="utf-8")
        return path

    def _environ(self, name: str) -> Mapping[str, str]:
        rates = ("RATE_PER_PERSON", "RATE_PER_SITE", "READING_RATE", "HANDOVER_RATE")
        given = {
            "PORT": str(self.ports[name]),
            "CHROMA_URL": self.url("chroma"),
            "INDEX_DIR": str(self.folder / "index"),
            "SITES_FILE": str(self.folder / "sites.toml"),
            "CONVERSATION_SECRET": "a secret of the replicas that is long enough",
            "TRUSTED_PROXIES": "127.0.0.1",
            "HANDOVER_OUTBOX": str(self.folder / "outbox"),
            "HANDOVER_FIRST_PAUSE": "0.2",
            "HANDOVER_SWEEP_SECONDS": "1",
            "HANDOVER_WAIT_SECONDS": "2",
            "LOG_LEVEL": "INFO",
            **dict.fromkeys(rates, PLENTY),
        }
        named = {f"KRATOM_EVIDENCE_{key}": value for key, value in given.items()}
        return {**named, "DESK_SECRET": SECRET, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def until(holds: Callable[[], bool], seconds: float, explain: Callable[[], str] = lambda: "it did not happen") -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.3)

"""What is shipped for operating holds together: container, compose file, proxy, unit and their documentation."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml
from pydantic_settings import BaseSettings

from rag.server.handover import HandOverSettings
from rag.server.options import ServerSettings
from rag.settings import PROJECT_ROOT, Settings

DOCKERFILE = (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((PROJECT_ROOT / "compose.yaml").read_text(encoding="utf-8"))
ENVIRONMENT = (PROJECT_ROOT / "deploy" / "compose.env.example").read_text(encoding="utf-8")
KNOWN = {
    f"{model.model_config['env_prefix']}{name.upper()}"
    for model in (Settings, ServerSettings, HandOverSettings)
    for name in model.model_fields
}
VARIABLE = re.compile(r"\bKRATOM_EVIDENCE_[A-Z_]+\b")


def own_default(value: object) -> str:
    if value in (None, ()):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


@pytest.mark.parametrize(("page", "model"), [("operating.md", ServerSettings), ("hand-over.md", HandOverSettings)])
def test_every_option_is_documented_as_it_is(page: str, model: type[BaseSettings]):
    text = (PROJECT_ROOT / "docs" / page).read_text(encoding="utf-8")
    for name, field in model.model_fields.items():
        variable = f"{model.model_config['env_prefix']}{name.upper()}"
        row = f"| `{variable}` | {own_default(field.default)} | {field.description} |"
        assert row in text, f"docs/{page} should have the row: {row}"


@pytest.mark.parametrize(
    "path", ["Dockerfile", "compose.yaml", "deploy/compose.env.example", "deploy/kratom-evidence.service",
             "docs/operating.md", "docs/hand-over.md"]
)  # fmt: skip
def test_every_variable_that_is_named_exists(path: str):
    named = set(VARIABLE.findall((PROJECT_ROOT / path).read_text(encoding="utf-8")))
    assert named <= KNOWN, named - KNOWN


def test_the_image_runs_without_rights_and_with_its_index():
    last_stage = DOCKERFILE.split("\nFROM ")[-1]
    assert re.search(r"^USER \d+:\d+$", last_stage, re.MULTILINE)
    assert "HEALTHCHECK" in last_stage and "/readyz" in last_stage
    assert "index build" in DOCKERFILE and "corpus check" in DOCKERFILE
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for name in copied.split():
            assert (PROJECT_ROOT / name).exists(), name
            ignored = (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
            assert f"!{name}" in ignored, f"{name} does not reach the build"


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_every_container_is_hardened(name: str):
    service = COMPOSE["services"][name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_only_the_proxy_is_reached_from_outside():
    services = COMPOSE["services"]
    assert [name for name in services if services[name].get("ports")] == ["proxy"]
    assert COMPOSE["networks"]["inner"]["internal"] is True
    for name in ("chroma", "redis", "index"):
        assert services[name]["networks"] == ["inner"]


def test_the_compose_file_asks_for_what_it_needs():
    filled = dict(re.findall(r"^([A-Z_]+)=(.*)$", ENVIRONMENT, re.MULTILINE))
    text = (PROJECT_ROOT / "compose.yaml").read_text(encoding="utf-8")
    for variable in re.findall(r"\$\{([A-Z_]+):\?", text):
        assert variable in filled
    assert not any(filled[name] for name in filled if "SECRET" in name or "KEY" in name), "no secret is shipped"
    mounted = [volume.split(":")[-2] for volume in COMPOSE["services"]["app-1"]["volumes"]]
    assert filled["KRATOM_EVIDENCE_SITES_FILE"] in mounted


def test_the_proxy_and_the_compose_file_name_the_same_replicas():
    text = (PROJECT_ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    replicas = set(re.findall(r"server (app-\d):7860", text))
    assert replicas == {name for name in COMPOSE["services"] if name.startswith("app-")}


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed ('apt-get install nginx-light')")
def test_the_configuration_of_the_proxy_is_valid(tmp_path: Path):
    text = (PROJECT_ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    path = tmp_path / "nginx.conf"
    path.write_text(re.sub(r"app-\d:", "127.0.0.1:", text), encoding="utf-8")
    done = subprocess.run(["nginx", "-t", "-p", f"{tmp_path}/", "-c", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_unit_starts_what_exists_and_gives_no_rights():
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[method-assign, assignment]
    unit.read(PROJECT_ROOT / "deploy" / "kratom-evidence.service", encoding="utf-8")
    service = unit["Service"]
    assert service["ExecStart"].endswith("/kratom-evidence serve")
    assert service["DynamicUser"] == "yes" and service["CapabilityBoundingSet"] == ""
    assert service["NoNewPrivileges"] == "yes" and service["ProtectSystem"] == "strict"

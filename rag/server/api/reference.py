"""`/docs`: the OpenAPI description as one page that loads nothing from anywhere."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from rag.server.api.problems import KINDS

router = APIRouter(include_in_schema=False)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ENVIRONMENT = Environment(
    loader=PackageLoader("rag.server"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Show every path, its parameters and its forms."""
    return HTMLResponse(_page(request.app), headers={"Content-Security-Policy": _POLICY})


@lru_cache(maxsize=4)
def _page(app: FastAPI) -> str:
    schema = app.openapi()
    operations = [
        {"method": method.upper(), "path": path, **_operation(operation)}
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    return _ENVIRONMENT.get_template("reference.html").render(
        title=schema["info"]["title"],
        version=schema["info"]["version"],
        operations=operations,
        models={name: _fields(model) for name, model in sorted(schema["components"]["schemas"].items())},
        problems=KINDS,
    )


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    replies = [content for status, content in operation["responses"].items() if status.startswith("2")]
    reply: dict[str, Any] = replies[0] if replies else {}
    forms = {
        kind: _type(form["schema"]) if "schema" in form else "events" for kind, form in reply.get("content", {}).items()
    }
    return {
        "about": operation.get("description", ""),
        "parameters": [
            (p["name"], p["in"], _type(p["schema"]), p.get("description", "")) for p in operation.get("parameters", ())
        ],
        "body": _type(body) if body else None,
        "forms": forms,
        "statuses": ", ".join(sorted(operation["responses"])),
    }


def _fields(model: dict[str, Any]) -> dict[str, Any]:
    needed = model.get("required", ())
    rows = [
        (name, _type(value), "needed" if name in needed else "", value.get("description", ""))
        for name, value in model.get("properties", {}).items()
    ]
    about = str(model.get("description", "")).split("\n\n", maxsplit=1)[0]
    return {"about": about, "rows": rows, "values": model.get("enum", ())}


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " | ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "any"))

"""The OpenAPI document: what is in the repository is what the API serves, and real answers have its shapes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from functions.registration import schemas
from functions.registration.openapi import SUCCESSES, build_document
from functions.registration.routes import ROUTES
from tests.unit.registration.fakes import PLUGINS, LocalGateway, version

FILE = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
OCI = "oci://registry.example.com/plugins/my-plugin:v1.0.0"


def test_the_file_is_what_the_code_says() -> None:
    """`python -m functions.registration.openapi > docs/openapi.json` makes it anew."""
    assert json.loads(FILE.read_text(encoding="utf-8")) == build_document()


def test_the_document_is_served() -> None:
    """To everyone with a token."""
    gateway = LocalGateway()
    assert gateway.call("GET", "/api/v1/openapi.json", token=gateway.reader).json == build_document()


def test_every_route_is_in_the_document_and_nothing_else() -> None:
    """The inventory is complete."""
    documented = {
        f"{method.upper()} {path}" for path, operations in build_document()["paths"].items() for method in operations
    }
    assert documented == {f"{route.method} {route.path}" for route in ROUTES}
    assert set(SUCCESSES) == {route.endpoint.__name__ for route in ROUTES}


def test_every_operation_has_its_own_name() -> None:
    """Generated clients take them for function names."""
    operations = [op for path in build_document()["paths"].values() for op in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere() -> None:
    """No schema is missing, and none is unused."""
    text = json.dumps(build_document())
    referenced = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert referenced == set(build_document()["components"]["schemas"])


def _answers() -> list[tuple[str, Any]]:
    """Ask every route for a good answer."""
    gateway = LocalGateway()
    made = gateway.create(gateway.alice, command=OCI, slug="mine", oci_reference=OCI, config={"a": 1}, colour="red")
    plugin_id = made.json["data"]["id"]
    gateway.store(gateway.record(made), version=version(), health={"status": "healthy", "failures": 0})
    paths = {"plugin_id": plugin_id, "namespace": "team-a"}
    bodies = {"create_plugin": {"name": "P", "command": OCI}, "validate_body": {"command": "grpc://10.0.0.1:1"}}
    found = [("create_plugin", made)]
    for route in sorted(ROUTES, key=lambda route: route.method == "DELETE"):
        name = route.endpoint.__name__
        query = {"command": "file:///srv/x"} if name == "validate_query" else {}
        body = bodies.get(name, {}) if route.method in {"POST", "PATCH"} else None
        path = route.path.format(**paths)
        found.append((name, gateway.call(route.method, path, token=gateway.alice, body=body, query=query)))
    found.append(("errors", gateway.call("GET", f"{PLUGINS}/x", token=gateway.alice)))
    return found


@pytest.mark.parametrize(("name", "response"), _answers(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_real_answer_has_the_documented_shape(name: str, response: Any) -> None:
    """Strictly: no field more, none less, no other type."""
    if name == "errors":
        schemas.Errors.model_validate(response.json)
        return
    success = SUCCESSES[name]
    assert response.status == success.status
    model: type[BaseModel] | None = success.model
    if model is not None:
        model.model_validate(response.json)

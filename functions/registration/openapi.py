"""The OpenAPI 3.1 document, generated from the route table and the models.

`python -m functions.registration.openapi > docs/openapi.json`; a test compares the file with what this gives.
"""

import json
import re
import sys
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions.registration import bodies, listing, schemas
from functions.registration.routes import ROUTES, Route

_REFERENCE: Final = "#/components/schemas/{model}"
_PROBLEMS: Final[Mapping[str, str]] = {
    "400": "The call can't be used; every reason is named.",
    "401": "No valid token.",
    "403": "The token does not allow this.",
    "404": "No such plugin, or not for this token.",
    "409": "It conflicts with what is there.",
    "412": "If-Match names another generation.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The Idempotency-Key came with another body.",
    "501": "Not built yet.",
    "503": "The table did not answer; Retry-After says when to try again.",
}
_PARAMETERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "namespace": {"type": "string", "maxLength": 63},
    "hook_type": {"type": "string"},
    "plugin_type": {"type": "string"},
    "is_active": {"type": "string", "enum": ["true", "false"]},
    "status": {"type": "string", "enum": ["pending", "validated", "pulling", "ready", "rejected", "failed"]},
    "slug": {"type": "string", "maxLength": 64},
    "limit": {"type": "integer", "minimum": 1, "maximum": listing.MAX_LIMIT},
    "cursor": {"type": "string", "description": "`meta.next_cursor` of the page before."},
    "page": {"type": "integer", "minimum": 1, "description": "Instead of a cursor, 1-based: counts by `limit`."},
    "after": {"type": "integer", "minimum": 0, "description": "Revision behind which the trail continues."},
    "platform": {"type": "string", "examples": ["linux/amd64"]},
    "command": {"type": "string", "maxLength": 1024},
    "oci_reference": {"type": "string", "maxLength": 1024},
}


class _Success(NamedTuple):
    """The good answer of a route."""

    status: int
    model: type[BaseModel] | None
    problems: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


_ONE_PROBLEMS: Final = ("404",)
_CHANGE_PROBLEMS: Final = ("404", "409", "412")
_PLUGIN: Final = schemas.One[schemas.Resource[schemas.PluginSchema]]
_VALIDATION: Final = schemas.One[schemas.Resource[schemas.ValidationSchema]]
_RELOAD: Final = schemas.One[schemas.Resource[schemas.ReloadSchema]]
SUCCESSES: Final[Mapping[str, _Success]] = {
    "get_liveness": _Success(200, schemas.Liveness),
    "get_document": _Success(200, None),
    "create_plugin": _Success(201, _PLUGIN, ("409", "413", "415", "422"), ("Idempotency-Key",)),
    "list_plugins": _Success(200, schemas.Many[schemas.Resource[schemas.PluginSchema]]),
    "validate_body": _Success(200, _VALIDATION, ("413", "415", "501")),
    "validate_query": _Success(200, _VALIDATION),
    "test_plugin": _Success(200, _VALIDATION, ("404", "409")),
    "get_plugin": _Success(200, _PLUGIN, _ONE_PROBLEMS),
    "patch_plugin": _Success(200, _PLUGIN, (*_CHANGE_PROBLEMS, "413", "415"), ("If-Match",)),
    "delete_plugin": _Success(204, None, _CHANGE_PROBLEMS, ("If-Match",)),
    "reload_plugin": _Success(202, _RELOAD, ("404", "409")),
    "refresh_plugin": _Success(200, _RELOAD, ("404", "409")),
    "roll_back": _Success(501, schemas.Errors, _ONE_PROBLEMS),
    "get_status": _Success(200, schemas.One[schemas.Resource[schemas.StatusSchema]], _ONE_PROBLEMS),
    "get_health": _Success(200, schemas.One[schemas.Resource[schemas.HealthSchema]], _ONE_PROBLEMS),
    "list_versions": _Success(200, schemas.Many[schemas.Resource[schemas.ListedVersion]], _ONE_PROBLEMS),
    "list_events": _Success(200, schemas.Many[schemas.Resource[schemas.EventSchema]], _ONE_PROBLEMS),
    "get_artifact": _Success(200, schemas.One[schemas.Resource[schemas.ArtifactSchema]], ("404", "409")),
    "desired_state": _Success(
        200, schemas.Many[schemas.Resource[schemas.GatewayPluginSchema]], _ONE_PROBLEMS, ("If-None-Match",)
    ),
}


def build_document() -> dict[str, Any]:
    """Give the document as plain values."""
    taken = {getattr(bodies, route.body) for route in ROUTES if route.body is not None}
    answers = {success.model for success in SUCCESSES.values() if success.model is not None}
    models = sorted(taken | answers | {schemas.Errors}, key=lambda model: model.__name__)
    _, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REFERENCE, title="Plugport"
    )
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Plugport",
            "version": "1",
            "summary": "From a plugin's command to something a gateway can trust and run.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _paths(),
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "ppt_…"}},
        },
        "security": [{"token": []}],
    }
    plain: dict[str, Any] = json.loads(_readable(json.dumps(document)))
    return plain


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return paths


def _operation(route: Route) -> dict[str, Any]:
    success = SUCCESSES[route.endpoint.__name__]
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(success)],
        "responses": _responses(route, success),
    }
    if route.access == "open":
        operation["security"] = []
    else:
        operation["x-scope"] = route.access
    if route.body is not None:
        schema = {"$ref": _REFERENCE.format(model=route.body)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _operation_id(route: Route) -> str:
    """The liveness answers at two paths; every other operation has its endpoint's name."""
    return "get_health_root" if route.path == "/health" else route.endpoint.__name__


def _responses(route: Route, success: _Success) -> dict[str, Any]:
    problems = success.problems if route.access == "open" else ("400", "401", "403", "503", *success.problems)
    responses: dict[str, Any] = {str(success.status): {"description": route.summary}}
    if success.model is not None:
        responses[str(success.status)]["content"] = _content(success.model)
    if "If-None-Match" in success.headers:
        responses["304"] = {"description": "Nothing changed."}
    for status in sorted(problems):
        responses[status] = {"description": _PROBLEMS[status], "content": _content(schemas.Errors)}
    return responses


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=_definition_name(model.__name__))}}}


def _definition_name(name: str) -> str:
    """Name a generic model as pydantic does in its definitions: every other character is an underscore."""
    return re.sub(r"[^a-zA-Z0-9.\-_]", "_", name)


def _readable(text: str) -> str:
    """`One_Resource_PluginSchema__` → `OneResourcePluginSchema`, in definitions and references alike."""
    return re.sub(r"(?:One|Many|Resource)_[A-Za-z_]+", lambda match: match[0].replace("_", ""), text)


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    required = {"command"} if route.endpoint.__name__ == "validate_query" else set()
    return [
        {"name": name, "in": "query", "required": name in required, "schema": dict(_PARAMETERS[name])}
        for name in route.query
    ]


def _header_parameters(success: _Success) -> list[dict[str, Any]]:
    return [{"name": name, "in": "header", "required": False, "schema": {"type": "string"}} for name in success.headers]


def main() -> None:
    """Write the document to standard output."""
    sys.stdout.write(json.dumps(build_document(), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

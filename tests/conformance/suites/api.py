"""Suite api_requests: requests through authorizer and API on a table in memory."""

import functools
import re
from collections.abc import Mapping
from typing import Any, Final

from tests.conformance.model import Suite
from tests.unit.registration.fakes import PLUGINS, LocalGateway, Response

Case = Mapping[str, Any]
Answer = dict[str, Any]

_ID_IN_PATH: Final = re.compile(r"(/plugins/)(\d+)")
_OPEN: Final = {"AI_STUDIO_OCI_CACHE_DIR": "/c"}


def run_request(case: Case) -> Answer:
    """Answer one case of api_requests."""
    given = case["input"]["given"]
    gateway = LocalGateway(environment=_OPEN)
    ids = {}
    count = given.get("plugins_generated", {}).get("count", 0)
    generated = {name: value for name, value in given.get("plugins_generated", {}).items() if name != "count"}
    stored = [
        *given.get("plugins", ()),
        *({**generated, "name": f"P{n}", "command": "file:///usr/local/bin/my-plugin"} for n in range(count)),
    ]
    for plugin in stored:
        fields = {name: value for name, value in plugin.items() if name != "id"}
        made = gateway.call("POST", PLUGINS, token=gateway.admin, body=fields)
        ids[str(plugin.get("id"))] = made.json["data"]["id"]
    runtime = {"PLUGIN_RUNTIME": "edge" if case["input"]["runtime"] == "edge" else "studio"}
    gateway.configure({**runtime, **given.get("env", {})})
    for earlier in given.get("after", ()):
        _request(gateway, {"headers": {"Authorization": "Bearer <admin>"}, **earlier}, ids)
    response = _request(gateway, case["input"]["request"], ids)
    return {"status": response.status, "body": response.json if response.text else None}


def check_request(case: Case, actual: Mapping[str, Any]) -> bool:
    """Compare with what the case lists."""
    expected, body = case["expected"], actual["body"]
    if actual["status"] not in expected.get("status_any_of", [expected.get("status")]):
        return False
    codes = {entry["code"] for entry in (body or {}).get("errors", ())} if isinstance(body, dict) else set()
    wanted = set(expected.get("error_reason_any_of", [expected.get("error_reason")])) - {None}
    return (
        (not wanted or bool(codes & wanted))
        and all(_at(body, path) == value for path, value in expected.get("json", {}).items())
        and all(_at(body, path) != value for path, value in expected.get("json_not", {}).items())
        and all(_is_a(_at(body, path), name) for path, name in expected.get("types", {}).items())
        and all(len(_at(body, path) or ()) <= most for path, most in expected.get("max_lengths", {}).items())
    )


def _request(gateway: LocalGateway, request: Case, ids: Mapping[str, str]) -> Response:
    tokens = {"<admin>": gateway.admin, "<user>": gateway.reader}
    headers = {}
    for name, text in request.get("headers", {}).items():
        headers[name] = functools.reduce(lambda value, pair: value.replace(*pair), tokens.items(), text)
    path = _ID_IN_PATH.sub(lambda match: match[1] + ids.get(match[2], match[2]), request["path"])
    return gateway.call(request["method"], path, headers=headers, body=request.get("body"), raw=request.get("raw_body"))


def _at(document: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        try:
            document = document[int(part)] if isinstance(document, list) else document[part]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _is_a(value: Any, name: str) -> bool:
    kinds: Mapping[str, tuple[type, ...]] = {
        "string": (str,), "object": (dict,), "array": (list,), "number": (int, float), "boolean": (bool,),
        "object_or_null": (dict, type(None)),
    }  # fmt: skip
    return isinstance(value, kinds[name])


SUITES: Final = {
    "api_requests": Suite("api_requests", ("api_requests.json",), run_request, check_request),
}

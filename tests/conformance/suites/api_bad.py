"""Suite api_bad: hostile requests, tagged by the OWASP API Security list, against a stack with two teams."""

import base64
import functools
import gzip
import io
import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from functions.registration.s3_artifact_urls import S3ArtifactUrls
from shared.tokens import new_token
from tests.conformance.model import Suite
from tests.unit.registration.fakes import PLUGINS, LocalGateway, Response, version

Case = Mapping[str, Any]
Answer = dict[str, Any]

_ENVIRONMENT: Final = {"AI_STUDIO_OCI_CACHE_DIR": "/c"}
#: abstract operation → method and path; those that this API does not have get the path that they would have.
_OPERATIONS: Final = {
    "create_plugin": ("POST", PLUGINS),
    "list_plugins": ("GET", PLUGINS),
    "get_plugin": ("GET", f"{PLUGINS}/{{id}}"),
    "delete_plugin": ("DELETE", f"{PLUGINS}/{{id}}"),
    "list_versions": ("GET", f"{PLUGINS}/{{id}}/versions"),
    "get_logs": ("GET", f"{PLUGINS}/{{id}}/events"),
    "trigger_pull": ("POST", f"{PLUGINS}/{{id}}/reload"),
    "health_check": ("GET", f"{PLUGINS}/{{id}}/health"),
    "get_binary_url": ("GET", f"{PLUGINS}/{{id}}/artifact"),
    "approve_version": ("POST", f"{PLUGINS}/{{id}}/versions/3/approve"),
    "set_policy": ("PUT", "/api/v1/policy"),
    "rotate_key": ("POST", "/api/v1/keys/1/rotate"),
    "gc_run": ("POST", "/api/v1/garbage-collections"),
}
#: What no answer and no log line may ever hold.
_NEVER: Final = ("Traceback", "/var/task", "arn:aws", "SECRETPW", "Access-Control-Allow", "evil.example.com")


def run_bad(case: Case) -> Answer:
    """Answer one hostile request, and say what else it did."""
    return _Attack(case).run()


def check_bad(case: Case, actual: Mapping[str, Any]) -> bool:
    """Only expected statuses, and nothing that must not happen."""
    return all(status in case["expect_status"] for status in actual["statuses"]) and not actual["violations"]


class _Attack:
    """One case of api_bad against a stack with two teams."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.gateway = gateway = LocalGateway(environment=_ENVIRONMENT, urls=_signed_urls())
        self.own = gateway.create(gateway.alice, slug="of-team-a").json["data"]["id"]
        self.foreign = gateway.create(gateway.bob, slug="of-team-b").json["data"]["id"]
        gateway.create(gateway.bob, slug="other-of-team-b")
        self.revoked = gateway.tokens.add("tok_revoked", scopes="read write", namespaces="team-a")
        gateway.tokens.revoke(self.revoked)
        if case["operation"] == "get_binary_url":
            gateway.store(
                gateway.record(gateway.call("GET", f"{PLUGINS}/{self.own}", token=gateway.alice)), version=version()
            )
        self.responses: list[Response] = []
        self.before = gateway.table.commits

    def run(self) -> Answer:
        """Take the steps of the case."""
        for step in self.case.get("steps", ["send"]):
            _STEPS.get(step, _Attack.send)(self)
        final = self.responses[-1] if self.case.get("steps") else self.responses[0]
        parallel = any("parallel" in step for step in self.case.get("steps", ()))
        return {
            "statuses": [response.status for response in self.responses] if parallel else [final.status],
            "codes": final.codes if final.status >= 400 and final.text else [],
            "violations": self.violations(),
        }

    def send(self, **changes: Any) -> None:
        """Send the request once."""
        self.responses.append(self.gateway.call(**self.arguments(**changes)))

    def send_other_name(self) -> None:
        """Send another body with the same headers."""
        self.send(body={**self.case["body"], "name": "Other Name"})

    def send_with_fault(self) -> None:
        """Send while the table does not answer."""
        self.gateway.table.unavailable = True
        self.send()
        self.gateway.table.unavailable = False

    def send_in_parallel(self) -> None:
        """Send twice at once."""
        threads = [threading.Thread(target=self.send) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def advance(self) -> None:
        """Let the memory of Idempotency-Keys expire."""
        self.gateway.clock.now += 25 * 3600

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """Give the request of the case."""
        method, path = _route(self.case, self.foreign if "team-b" in self.case["actor"] else self.own)
        headers = {"Authorization": "Bearer $VALID", **self.case.get("headers", {})}
        query = {name: self.substitute(value) for name, value in self.case.get("query", {}).items()}
        request: dict[str, Any] = {"method": method, "path": path, "query": query}
        request["headers"] = {name: self.substitute(value) for name, value in headers.items()}
        if "raw_body" in self.case:
            request["raw"] = self.case["raw_body"]
        elif "body" in self.case:
            request["body"] = self.case["body"]
        elif method in {"POST", "PUT", "PATCH"}:
            request["body"] = {}
        _generate(self.case.get("generate", {}), request)
        return request | changes

    def substitute(self, value: Any) -> Any:
        """Put tokens and cursors in the place of their names."""
        if isinstance(value, list):
            return [self.substitute(member) for member in value]
        if not isinstance(value, str):
            return value
        if value == "<cursor of team-b>":
            first = self.gateway.call("GET", PLUGINS, token=self.gateway.bob, query={"limit": 1})
            return first.json["meta"]["next_cursor"]
        known = {
            "$VALID": self.gateway.alice,
            "$OTHER_ENV": new_token(),
            "$OTHER": self.gateway.bob,
            "$REVOKED": self.revoked,
            "$TRUNCATED": self.gateway.alice[:-1],
        }
        for name, token in known.items():
            value = value.replace(name, token)
        return re.sub(r"\$[A-Z_0-9]+", lambda name: _jwt(name[0]), value)

    def violations(self) -> list[str]:
        """Look for everything that no request may bring about, whatever the case lists."""
        found = []
        for response in self.responses:
            text = "\n".join((response.text, str(response.headers), response.log))
            found += [word for word in _NEVER if word in text]
            found += ["a token in an answer or in the log"] * (self.gateway.alice in text or self.revoked in text)
            found += ["raw control characters"] * bool(re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", response.text))
            found += ["raw control characters in the log"] * any(
                not _is_log_line(line) for line in response.log.splitlines()
            )
            found += ["a link in the log"] * ("X-Amz-Signature" in response.log)
            found += ["rows of team-b"] * (response.status < 400 and "team-b" in response.text)
        if all(response.status >= 400 for response in self.responses) and self.gateway.table.commits != self.before:
            found.append("a refused request wrote something")
        if "parallel" in str(self.case.get("steps")) or self.case["id"].startswith("idem-"):
            slugs = [plugin.slug for plugin in self.gateway.table.all_plugins()]
            found += ["more than one plugin"] * (slugs.count("my-plugin") > 1)
        return [*found, *self._foreign_differs(), *self._link_lives_too_long()]

    def _foreign_differs(self) -> list[str]:
        """A foreign id and an unknown one get the same answer."""
        if "team-b" not in self.case["actor"]:
            return []
        method, path = _route(self.case, "plg_" + "0" * 26)
        unknown = self.gateway.call(**{**self.arguments(), "method": method, "path": path})
        return ["foreign differs from unknown"] * (unknown.text != self.responses[-1].text)

    def _link_lives_too_long(self) -> list[str]:
        text = self.responses[-1].text
        lifetimes = re.findall(r"X-Amz-Expires=(\d+)", text)
        return ["ExpiresIn above 300"] * any(int(lifetime) > 300 for lifetime in lifetimes)


_STEPS: Final[Mapping[str, Callable[[_Attack], None]]] = {
    "send with other name": _Attack.send_other_name,
    "send with injected fault": _Attack.send_with_fault,
    "send twice in parallel": _Attack.send_in_parallel,
    "parallel": _Attack.send_in_parallel,
    "advance clock 25 h": _Attack.advance,
}


def _route(case: Case, plugin_id: str) -> tuple[str, str]:
    if case["operation"] != "raw":
        method, path = _OPERATIONS[case["operation"]]
        return method, path.format(id=plugin_id)
    method, _, path = case.get("path", f"POST {PLUGINS}").rpartition(" ")
    return method or "GET", re.sub(r"^/(?=v\d)", "/api/", path)


def _generate(recipe: Mapping[str, int], request: dict[str, Any]) -> None:
    """Make the large parts of a request that the case only describes."""
    body = request.get("body", {})
    if "pad_body_to" in recipe:
        padding = recipe["pad_body_to"] - len(json.dumps({**body, "description": ""}))
        request["body"] = {**body, "description": "x" * padding}
    if "string" in recipe:
        request["body"] = {**body, "description": "x" * recipe["string"]}
    if "nested" in recipe or "nested_objects" in recipe:
        depth = recipe.get("nested", 0) or recipe["nested_objects"]
        opening, closing = ("[", "]") if "nested" in recipe else ('{"a":', "}")
        inner = "1" if "nested_objects" in recipe else ""
        request["raw"] = json.dumps(body)[:-1] + f', "config": {{"a": {opening * depth}{inner}{closing * depth}}}}}'
        request.pop("body", None)
    if "keys" in recipe:
        request["body"] = {**body, "config": {f"k{number}": number for number in range(recipe["keys"])}}
    if "query_params" in recipe:
        request["query"] = {f"p{number}": "1" for number in range(recipe["query_params"])}
    if "header_bytes" in recipe:
        request["headers"]["X-Padding"] = "x" * recipe["header_bytes"]
    if "gzip_zeros_mib" in recipe:
        request["raw"] = _gzip_zeros(recipe["gzip_zeros_mib"])
        request.pop("body", None)


def _gzip_zeros(mebibytes: int) -> bytes:
    packed, block = io.BytesIO(), bytes(1024 * 1024)
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as stream:
        for _ in range(mebibytes):
            stream.write(block)
    return packed.getvalue()


def _jwt(name: str) -> str:
    """Give a token in the form of a JWT: none of them is accepted, whatever they claim."""
    header = {"alg": "none" if "NONE" in name else "RS256", "jku": "https://evil.example.com/keys"}
    claims = {"sub": "alice", "case": name}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join((*parts, "c2lnbmF0dXJl"))


def _signed_urls() -> S3ArtifactUrls:
    return S3ArtifactUrls(bucket_name="artifacts", s3=_s3())


@functools.cache
def _s3() -> Any:
    """A client that only signs: it has no network to use."""
    import boto3  # noqa: PLC0415 - slow to load, and only these suites sign
    from botocore.config import Config  # noqa: PLC0415 - same

    return boto3.client(
        "s3",
        region_name="eu-west-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="example",
        config=Config(signature_version="s3v4"),
    )


def _is_log_line(line: str) -> bool:
    return line == "" or (line.isascii() and line.isprintable() and isinstance(json.loads(line), dict))


SUITES: Final = {"api_bad": Suite("api_bad", ("api_bad.json",), run_bad, check_bad)}

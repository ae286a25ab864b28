"""validate, plan and doctor."""

import json

import pytest

from tests.unit.cli.fakes import FakeApi, Terminal, answer, lines, refused

VALIDATE = "POST /api/v1/plugins/validate"
ALLOWED = {"type": "validations", "attributes": {"command": "grpc://plugin-server:50051", "decision": "allow"}}
FINDING = {"code": "internal_network_address", "message": "10.0.0.1", "hint": "Use a public address.", "level": "deny"}
DENIED = {"type": "validations", "attributes": {"decision": "deny", "findings": [FINDING]}}


def test_validate_asks_the_api() -> None:
    """With an endpoint the deployed policy decides: allow is 0, deny is 1 with reason and hint."""
    api = FakeApi({VALIDATE: [answer(ALLOWED), answer(DENIED)]})
    terminal = Terminal(api)
    assert terminal.run("validate", "grpc://plugin-server:50051") == 0
    assert lines(terminal.out)[0] == "decision  allow"
    assert terminal.run("validate", "grpc://10.0.0.1:1") == 1
    assert lines(terminal.err) == ["internal_network_address: 10.0.0.1", "  hint: Use a public address."]
    assert api.calls[0][3] == {"command": "grpc://plugin-server:50051"}


@pytest.mark.parametrize(
    ("command", "environment", "code", "reason"),
    [
        ("grpc://plugin-server:50051", {}, 0, ""),
        ("grpc://10.0.0.1:50051", {}, 1, "internal_network_address"),
        ("grpc://10.0.0.1:50051", {"PLUGIN_COMMAND_ALLOWLIST": "grpc://10.0.0.0/8"}, 0, ""),
        ("file:///srv/my-plugin", {}, 0, "outside_standard_directories"),
        ("/usr/local/bin/my-plugin", {}, 1, "missing_scheme"),
        ("oci://registry.example.com/a/b:1", {}, 1, "oci_disabled"),
        ("oci://registry.example.com/a/b:1", {"AI_STUDIO_OCI_CACHE_DIR": "/c"}, 0, ""),
        ("grpc://h:1", {"PLUGIN_COMMAND_ALLOWLIST": "grpc://10.0.0.0/99"}, 1, "invalid_allowlist"),
    ],
)
def test_validate_here(command: str, environment: dict[str, str], code: int, reason: str) -> None:
    """Without an endpoint, or with --local, this environment's settings decide, as the API's would."""
    for extra, added in (([], {}), (["--local"], {"PLUGPORT_ENDPOINT": "https://x"})):
        terminal = Terminal(environment={**environment, **added})
        assert terminal.run("validate", command, *extra) == code
        assert terminal.err.partition(":")[0] == reason
        assert terminal.connected == []


def test_validate_for_programs() -> None:
    """--format json prints the decision as a document, with the same exit code."""
    terminal = Terminal(environment={})
    assert terminal.run("validate", "grpc://10.0.0.1:50051", "--format", "json") == 1
    values = json.loads(terminal.out)["data"]["attributes"]
    assert (values["decision"], values["scheme"]) == ("deny", "grpc")
    assert [finding["code"] for finding in values["findings"]] == ["internal_network_address"]
    assert terminal.err == ""


def test_plan_says_what_it_leaves_out() -> None:
    """Where the API can't resolve yet, the plan shows the decision and says what isn't in it."""
    api = FakeApi({VALIDATE: [refused(501, "not_built_yet"), answer(ALLOWED)]})
    terminal = Terminal(api)
    assert terminal.run("plan", "grpc://plugin-server:50051") == 0
    assert [call[3].get("resolve") for call in api.calls] == [True, None]
    assert "decision  allow" in terminal.out
    assert lines(terminal.err)[0].startswith("not in this plan: digest")
    assert lines(terminal.err)[1] == "not_built_yet: detail of not_built_yet"


def test_plan_for_programs() -> None:
    """In JSON, what the plan leaves out is in `meta.not_planned`."""
    api = FakeApi({VALIDATE: [refused(501, "not_built_yet"), answer(DENIED, meta={"a": 1})]})
    terminal = Terminal(api)
    assert terminal.run("plan", "grpc://10.0.0.1:1", "--format", "json") == 1
    meta = json.loads(terminal.out)["meta"]
    assert meta == {"a": 1, "not_planned": [{"code": "not_built_yet", "detail": "detail of not_built_yet"}]}


def test_plan_with_everything_built() -> None:
    """Where the API resolves, its one answer is the plan; other refusals are refusals."""
    api = FakeApi({VALIDATE: [answer(ALLOWED), refused(400, "missing_port")]})
    terminal = Terminal(api)
    assert terminal.run("plan", "grpc://h:1") == 0
    assert terminal.run("plan", "grpc://h") == 1
    assert len(api.calls) == 2
    assert terminal.err.startswith("missing_port: ")


def test_doctor_needs_no_api() -> None:
    """`doctor` gives every advice with its hint; exit code 1 only when something is wrong."""
    for command, code, level in (("grpc://localhost:50051", 1, "error"), ("grpc://plugin-server:50051", 0, "check")):
        terminal = Terminal(environment={})
        assert terminal.run("doctor", command) == code
        assert lines(terminal.out)[0].split()[0] == level
        assert "\nhint" in terminal.out
        assert terminal.run("doctor", command, "--format", "json") == code
        assert {"code", "title", "hint", "level"} == set(json.loads(terminal.out)["data"][0])
        assert terminal.connected == []

"""plan --resolve: the looking steps of a pull, from a desk."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from cli.desk import desk_environment
from cli.screen import binary_size
from shared.commands.reasons import UNRESOLVABLE_HOST
from shared.errors import Transient
from shared.registry.descriptors import digest_of
from tests.unit.artifacts.images import elf
from tests.unit.cli.desks import BASE, COMMAND, HOST, Desk, one_artifact, two_platforms
from tests.unit.cli.fakes import FakeApi, Terminal, lines
from tests.unit.registry.fakes import Answer

ASKS = Answer(401, headers={"WWW-Authenticate": 'Basic realm="r"'})
CREDENTIAL = {"auths": {HOST: {"auth": base64.b64encode(b"me:of-docker").decode()}}}


def test_plan_of_an_index() -> None:
    """Digest, media type, sizes of each platform and the signature's state, without API and without a layer read."""
    content = two_platforms()
    desk = Desk(content)
    assert desk.run("plan", COMMAND, "--resolve") == 0
    shown = dict(line.split("  ", 1) for line in lines(desk.out))
    assert shown["decision"].strip() == "allow"
    assert shown["digest"].strip() == content.tags["v1"]
    assert shown["reference"].strip() == f"{HOST}/plugins/my-plugin:v1@{content.tags['v1']}"
    assert shown["media type"].strip() == "application/vnd.oci.image.index.v1+json"
    assert "bytes" in shown["fetch linux/amd64"]
    assert shown["signature.state"].strip() == "not_checked"
    assert [line.split()[0] for line in lines(desk.err)][:2] == ["resolve_reference", "fetch_manifest"]
    assert desk.connected == []


def test_plan_for_programs() -> None:
    """--format json gives one document, and nothing beside it."""
    content = one_artifact()
    desk = Desk(content)
    assert desk.run("plan", COMMAND, "--resolve", "--format", "json") == 0
    data = json.loads(desk.out)["data"]
    values = data["attributes"]
    assert (data["type"], values["decision"], values["phase"], values["findings"]) == (
        "validations",
        "allow",
        "connect",
        [],
    )
    assert values["artifact"]["manifest_digest"] == content.tags["v1"]
    assert values["artifact"]["plugin_config"] == {"name": "rate-limit", "version": "1.2.0"}
    assert values["artifact"]["platforms"] == {"linux/amd64 or linux/arm64": {"fetch_bytes": len(elf())}}
    assert values["artifact"]["signature"]["state"] == "not_checked"
    assert desk.err == ""


def test_wanted_platforms() -> None:
    """--platform chooses, repeated for several; what the index does not offer is a warning, none of them a refusal."""
    desk = Desk(two_platforms())
    assert desk.run("plan", COMMAND, "--resolve", "--platform", "linux/arm64", "--platform", "linux/riscv64") == 0
    assert "fetch linux/arm64" in desk.out
    assert "fetch linux/amd64" not in desk.out
    assert "The index does not offer linux/riscv64." in desk.out
    assert desk.run("plan", COMMAND, "--resolve", "--platform", "linux/riscv64") == 1
    assert "platform_not_found: wanted linux/riscv64, the index offers linux/amd64, linux/arm64" in desk.err


@pytest.mark.parametrize(
    ("command", "options", "environment", "reason", "step"),
    [
        ("/usr/bin/x", {}, {}, "missing_scheme", "judge_command"),
        (COMMAND, {"addresses": ["10.0.0.1"]}, {}, "internal_network_address", "judge_command"),
        (COMMAND, {}, {"AI_STUDIO_OCI_ALLOWED_REGISTRIES": "x.io"}, "registry_not_allowed", "judge_command"),
        (COMMAND, {}, {"AI_STUDIO_OCI_REQUIRE_SIGNATURE": "1"}, "signature_verification_not_built_yet", "verify_sig"),
        (COMMAND, {}, {"PLUGIN_RUNTIME": "edge"}, "signature_verification_not_built_yet", "verify_signature"),
        (COMMAND, {"first": (ASKS,)}, {}, "registry_auth_failed", "resolve_reference"),
        (COMMAND, {"first": (Answer(404),)}, {}, "registry_not_found", "resolve_reference"),
        (f"{COMMAND}?auth=other", {}, {}, "auth_config_not_found", "resolve_credential"),
    ],
)
def test_refusals(command: str, options: dict[str, Any], environment: dict[str, str], reason: str, step: str) -> None:
    """A refusal is exit code 1 with reason, hint and the step that it happened at, for people and for programs."""
    desk = Desk(one_artifact(), environment=environment, **options)
    assert desk.run("plan", command, "--resolve") == 1
    assert f"\n{reason}: " in f"\n{desk.err}"
    assert "\n  hint: " in desk.err
    assert lines(desk.out)[0].split() == ["decision", "deny"]
    assert desk.run("plan", command, "--resolve", "--format", "json") == 1
    values = json.loads(desk.out)["data"]["attributes"]
    assert (values["decision"], values["artifact"], desk.err) == ("deny", None, "")
    assert [finding["code"] for finding in values["findings"]] == [reason]
    assert values["step"].startswith(step)


def test_what_does_not_answer_is_no_refusal() -> None:
    """A name or registry that does not answer is exit code 3: it may, later."""
    silent = Transient(UNRESOLVABLE_HOST, "the look-up failed")
    assert Desk(one_artifact(), addresses=silent).run("plan", COMMAND, "--resolve") == 3
    assert Desk(one_artifact(), addresses=()).run("plan", COMMAND, "--resolve") == 3


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("grpc://plugin-server:50051", "--resolve"), "not grpc://"),
        ((COMMAND, "--resolve", "--platform", "amd64"), "--platform amd64: "),
        ((COMMAND, "--platform", "linux/amd64"), "--platform goes with --resolve"),
    ],
)
def test_wrong_usage(argv: tuple[str, ...], words: str) -> None:
    """Options that can't be meant so are exit code 2, and nothing is asked of anybody."""
    desk = Desk(one_artifact())
    assert desk.run("plan", *argv) == 2
    assert words in desk.err
    assert desk.adapter is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("PLUGIN_COMMAND_ALLOWLIST", "grpc://10.0.0.0/99"), ("OCI_PLUGINS_CA_BUNDLES", f"{HOST}=ca.pem")],
)
def test_a_broken_setting_is_no_decision(name: str, value: str) -> None:
    """A setting that can't be read is named; nothing is said about the command."""
    desk = Desk(one_artifact(), environment={name: value})
    assert desk.run("plan", COMMAND, "--resolve", "--format", "json") == 1
    assert (desk.out, name in desk.err) == ("", True)


def test_policy_warnings_are_shown() -> None:
    """What the policy allows with a warning is shown with that warning, and is exit code 0."""
    environment = {"ALLOW_INTERNAL_NETWORK_ACCESS": "true"}
    desk = Desk(one_artifact(), environment=environment, addresses=["10.0.0.1"])
    assert desk.run("plan", COMMAND, "--resolve") == 0
    assert lines(desk.out)[0].split() == ["decision", "warn"]
    assert "PLUGIN SECURITY WARNING: " in desk.out


def test_credential_of_docker_login(tmp_path: Path) -> None:
    """Without a credential in the environment, `~/.docker/config.json` or `$DOCKER_CONFIG` has it."""
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(CREDENTIAL))
    elsewhere = {"DOCKER_CONFIG": str(tmp_path / ".docker")}
    for options in ({"home": tmp_path}, {"environment": elsewhere}):
        desk = Desk(one_artifact(), first=(ASKS,), **options)
        assert desk.run("plan", COMMAND, "--resolve") == 0
        assert desk.passwords == ["me:of-docker"]


def test_credential_of_the_environment_comes_first(tmp_path: Path) -> None:
    """OCI_PLUGINS_REGISTRY_* wins, and then a broken Docker configuration does not matter."""
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("{")
    name = "OCI_PLUGINS_REGISTRY_REGISTRY_EXAMPLE_COM"
    environment = {f"{name}_USERNAME": "me", f"{name}_PASSWORDENV": "PASSWORD", "PASSWORD": "own"}
    desk = Desk(one_artifact(), first=(ASKS,), environment=environment, home=tmp_path)
    assert desk.run("plan", COMMAND, "--resolve") == 0
    assert desk.passwords == ["me:own"]
    assert "own" not in desk.out + desk.err
    desk = Desk(one_artifact(), home=tmp_path)
    assert desk.run("plan", COMMAND, "--resolve") == 1
    assert "docker_config_invalid: " in desk.err


def test_an_unreadable_docker_configuration_is_refused(tmp_path: Path) -> None:
    """A file that is there and can't be read is never taken for none."""
    (tmp_path / ".docker" / "config.json").mkdir(parents=True)
    desk = Desk(one_artifact(), home=tmp_path)
    assert desk.run("plan", COMMAND, "--resolve") == 1
    assert "docker_config_invalid: " in desk.err


def test_a_refused_credential_is_sent_once(tmp_path: Path) -> None:
    """A desk has no store with a fresher one: the registry's refusal is the answer."""
    (tmp_path / "config.json").write_text(json.dumps(CREDENTIAL))
    desk = Desk(one_artifact(), first=(ASKS, Answer(403)), environment={"DOCKER_CONFIG": str(tmp_path)})
    assert desk.run("plan", COMMAND, "--resolve") == 1
    assert desk.adapter is not None
    assert len(desk.adapter.requests) == 2
    assert "of-docker" not in desk.out + desk.err


def test_references_to_stores_are_refused() -> None:
    """A desk reads no secret store: a reference is refused with that reason, and the whole secret is said to be out."""
    name = "OCI_PLUGINS_REGISTRY_REGISTRY_EXAMPLE_COM"
    environment = {f"{name}_ENTITLEMENT": "ssm:/entitlement", "REGISTRY_CREDENTIALS_SECRET": "all"}
    desk = Desk(one_artifact(), environment=environment)
    assert desk.run("plan", COMMAND, "--resolve") == 1
    assert "secret_store_not_available: " in desk.err
    assert "REGISTRY_CREDENTIALS_SECRET is not read here" in desk.err


def test_odd_variables_are_named() -> None:
    """A misspelt field is named before it costs an hour."""
    desk = Desk(one_artifact(), environment={"OCI_PLUGINS_REGISTRY_REGISTRY_EXAMPLE_COM_PASSWRD": "s3cret"})
    assert desk.run("plan", COMMAND, "--resolve") == 0
    assert "_PASSWRD is not read: it ends with no known field" in desk.err
    assert "s3cret" not in desk.out + desk.err


def test_hostile_documents_can_not_steer_the_terminal() -> None:
    """What the artifact says about itself is shown, not obeyed."""
    desk = Desk(one_artifact(config=b'{"name":"a\\u001b[2J\\u202e"}'))
    assert desk.run("plan", COMMAND, "--resolve") == 0
    assert "\x1b" not in desk.out
    assert "a\\x1b[2J\\u202e" in desk.out


def test_a_digest_that_lies_is_refused() -> None:
    """The plan believes no more than the pull does."""
    content = one_artifact()
    wrong = digest_of(b"something else")
    desk = Desk(content)
    desk.answers[f"{BASE}/manifests/{wrong}"] = desk.answers[f"{BASE}/manifests/v1"]
    assert desk.run("plan", f"oci://{HOST}/plugins/my-plugin@{wrong}", "--resolve") == 1
    assert "digest_mismatch: " in desk.err


def test_plain_plan_still_asks_the_api() -> None:
    """Without --resolve the deployed API plans."""
    terminal = Terminal(FakeApi({}))
    terminal.run("plan", COMMAND)
    assert terminal.connected != []


def test_the_environment_prints_no_value() -> None:
    """The environment of a desk has oci:// switched on and shows none of its values."""
    environment = desk_environment({"OCI_PLUGINS_REGISTRY_X_IO_TOKEN": "s3cret", "AI_STUDIO_OCI_CACHE_DIR": ""})
    assert environment["AI_STUDIO_OCI_CACHE_DIR"]
    assert "s3cret" not in repr(environment)
    assert desk_environment({"AI_STUDIO_OCI_CACHE_DIR": "/c"})["AI_STUDIO_OCI_CACHE_DIR"] == "/c"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB (1536 bytes)"), (5 << 40, f"5120.0 GiB ({5 << 40} bytes)")],
)
def test_sizes(size: int, text: str) -> None:
    """A size is readable and exact."""
    assert binary_size(size) == text

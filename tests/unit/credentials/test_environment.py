"""The environment that credentials come from."""

import json

import pytest

from shared.credentials import credential_warnings, load_environment
from shared.errors import NotFound, Refused
from tests.unit.credentials.fakes import FakeSecrets


def test_without_the_setting_nothing_is_read() -> None:
    """No secret is named, so the environment is used as it is and no store is asked."""
    secrets = FakeSecrets({})
    environment = {"A": "b", "REGISTRY_CREDENTIALS_SECRET": ""}
    assert load_environment(environment, secrets) is environment
    assert secrets.asked == []


@pytest.mark.parametrize("setting", ["pull", "secretsmanager:pull"])
def test_only_plugin_variables_are_taken_over(setting: str) -> None:
    """Members that begin with OCI_PLUGINS_ win over variables; others change nothing."""
    document = {"OCI_PLUGINS_REGISTRY_GHCR_IO_TOKEN": "new", "AWS_REGION": "evil", "PLUGIN_COMMAND_ALLOWLIST": "*"}
    secrets = FakeSecrets({("secretsmanager", "pull"): json.dumps(document)})
    process = {
        "REGISTRY_CREDENTIALS_SECRET": setting,
        "OCI_PLUGINS_REGISTRY_GHCR_IO_TOKEN": "old",
        "AWS_REGION": "eu-west-1",
    }
    merged = load_environment(process, secrets, refresh=True)
    assert dict(merged) == {**process, "OCI_PLUGINS_REGISTRY_GHCR_IO_TOKEN": "new"}
    assert secrets.asked == [("secretsmanager", "pull", True)]


def test_merged_environment_is_not_printed() -> None:
    """The printed form of a merged environment shows no value."""
    secrets = FakeSecrets({("secretsmanager", "pull"): '{"OCI_PLUGINS_REGISTRY_A_TOKEN": "hunter2"}'})
    merged = load_environment({"REGISTRY_CREDENTIALS_SECRET": "pull"}, secrets)
    assert repr(merged) == "<environment of 2 variables>"
    assert "hunter2" not in f"{merged} {merged!r}"


@pytest.mark.parametrize("text", ["hunter2", '["hunter2"]', '{"OCI_PLUGINS_X": 1, "a": "hunter2"}', '{"a": "hunter2"'])
def test_secret_that_is_no_object_of_texts(text: str) -> None:
    """A secret of another shape is refused, and its text is not repeated."""
    with pytest.raises(Refused, match="secret_invalid") as caught:
        load_environment({"REGISTRY_CREDENTIALS_SECRET": "pull"}, FakeSecrets({("secretsmanager", "pull"): text}))
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_missing_secret_is_an_error() -> None:
    """A secret that is named and not there stops the work instead of leaving pulls anonymous."""
    with pytest.raises(NotFound, match="secret_not_found"):
        load_environment({"REGISTRY_CREDENTIALS_SECRET": "pull"}, FakeSecrets({}))


def test_warnings_name_what_is_not_read() -> None:
    """Lower case, unknown fields and the older spelling are named at the start, without values."""
    warnings = credential_warnings(
        {
            "OCI_PLUGINS_REGISTRY_GHCR_IO_TOKEN": "hunter2",
            "OCI_PLUGINS_REGISTRY_GHCR_IO_HOST": "ghcr.io",
            "OCI_PLUGINS_REGISTRY_ghcr_io_token": "hunter2",
            "OCI_PLUGINS_REGISTRY_GHCR_IO_PASSWORD_ENV": "PW",
            "OCI_PLUGINS_REGISTRY_GHCR_IO_PASSWD": "hunter2",
            "PATH": "/bin",
        }
    )
    assert [warning.split(" ", 1)[0].removeprefix("OCI_PLUGINS_REGISTRY_") for warning in warnings] == [
        "GHCR_IO_PASSWD",
        "GHCR_IO_PASSWORD_ENV",
        "ghcr_io_token",
    ]
    assert "hunter2" not in str(warnings)

"""A policy that became stricter holds for what is served: desired state and links."""

from dataclasses import replace
from typing import Any

import pytest

from shared.plugins.record import Plugin
from tests.unit.registration.fakes import PLUGINS, LocalGateway, Response, version

GATEWAYS = "/api/v1/gateways/team-a/plugins"
AT = "2026-11-24T06:00:00.000Z"
DIGEST = "sha256:" + "d" * 64
#: What `version()` came from, and another artifact.
OLD = "oci://registry.example.com/plugins/my-plugin:v1"
NEW = "oci://registry.example.org/plugins/my-plugin:v2"
ON = {"AI_STUDIO_OCI_CACHE_DIR": "/c"}


@pytest.fixture
def gateway() -> LocalGateway:
    """A running API."""
    return LocalGateway()


def pulled(gateway: LocalGateway, command: str = OLD, **changes: Any) -> Plugin:
    """Give a plugin with this command and a version that was pulled from `OLD`."""
    made = gateway.create(gateway.alice, command=command, slug="mine")
    return gateway.store(gateway.record(made), **{"version": version(), **changes})


def served(gateway: LocalGateway) -> int:
    """Count the desired state."""
    return len(gateway.call("GET", GATEWAYS, token=gateway.alice).json["data"])


def link(gateway: LocalGateway, plugin: Plugin) -> Response:
    """Ask for the executable."""
    return gateway.call("GET", f"{PLUGINS}/{plugin.id}/artifact", token=gateway.alice)


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({}, "oci_disabled"),
        ({**ON, "OCI_PLUGINS_ALLOWED_REGISTRIES": "ghcr.io"}, "registry_not_allowed"),
        ({**ON, "AI_STUDIO_OCI_REQUIRE_DIGEST": "true"}, "digest_required"),
        ({**ON, "PLUGIN_COMMAND_ALLOWLIST": f"{OLD}-other"}, "not_in_allowlist"),
        ({**ON, "AI_STUDIO_OCI_REQUIRE_SIGNATURE": "true"}, "signature_not_verified"),
    ],
)
def test_what_the_policy_denies_now_is_not_served(
    gateway: LocalGateway, environment: dict[str, str], code: str
) -> None:
    """Nor given as a link: 409 with the reason and what to do."""
    plugin = pulled(gateway)
    assert (served(gateway), link(gateway, plugin).status) == (1, 200)
    gateway.configure(environment)
    response = link(gateway, plugin)
    assert (served(gateway), response.status, response.codes) == (0, 409, [code])
    assert response.json["errors"][0]["status"] == "409"
    assert response.json["errors"][0]["hint"]


def test_a_worker_that_rejects_the_command_does_not_bring_it_back(gateway: LocalGateway) -> None:
    """A version of the command itself falls with it, whatever the record's status says by now."""
    plugin = pulled(gateway, status="rejected")
    gateway.configure({**ON, "AI_STUDIO_OCI_REQUIRE_DIGEST": "true"})
    assert (served(gateway), link(gateway, plugin).status) == (0, 409)


@pytest.mark.parametrize(
    ("environment", "count"),
    [
        ({**ON, "OCI_PLUGINS_ALLOWED_REGISTRIES": "registry.example.com"}, 1),
        ({**ON, "OCI_PLUGINS_ALLOWED_REGISTRIES": "registry.example.org"}, 0),
        ({**ON, "AI_STUDIO_OCI_REQUIRE_DIGEST": "true"}, 1),
        ({**ON, "PLUGIN_COMMAND_ALLOWLIST": OLD}, 1),
        ({**ON, "PLUGIN_COMMAND_ALLOWLIST": f"{OLD}@{DIGEST}"}, 1),
        ({**ON, "PLUGIN_COMMAND_ALLOWLIST": f"{OLD.removesuffix(':v1')}@{DIGEST}"}, 1),
        ({**ON, "PLUGIN_COMMAND_ALLOWLIST": "oci://registry.example.com/*"}, 1),
        ({**ON, "PLUGIN_COMMAND_ALLOWLIST": NEW}, 0),
    ],
)
def test_the_last_good_version_is_judged_by_its_own_source(
    gateway: LocalGateway, environment: dict[str, str], count: int
) -> None:
    """A newer command that is denied takes nothing away; one that is allowed does not lend its permission."""
    plugin = pulled(gateway, NEW, status="rejected")
    gateway.configure(environment)
    assert served(gateway) == count
    assert link(gateway, plugin).status == (200 if count else 409)


def test_a_pinned_command_is_the_version_of_its_digest(gateway: LocalGateway) -> None:
    """The digest decides, not the tag beside it: the command is judged as it is written."""
    pinned = f"oci://registry.example.com/plugins/my-plugin:v9@{DIGEST}"
    pulled(gateway, pinned)
    gateway.configure({**ON, "PLUGIN_COMMAND_ALLOWLIST": pinned})
    assert served(gateway) == 1


@pytest.mark.parametrize("source", ["", "registry.example.com/plugins/my-plugin:v1@sha256:short"])
def test_a_source_that_can_not_be_read_is_not_served(gateway: LocalGateway, source: str) -> None:
    """What can't be judged is not allowed."""
    plugin = pulled(gateway, version=replace(version(), source=source))
    assert (served(gateway), link(gateway, plugin).status) == (0, 409)


@pytest.mark.parametrize(("state", "count"), [("verified", 1), ("warned", 0), ("not_checked", 0), (None, 0)])
def test_only_a_verified_signature_satisfies_the_requirement(
    gateway: LocalGateway, state: str | None, count: int
) -> None:
    """A warning is not a verification, and neither is silence."""
    plugin = pulled(gateway, version=replace(version(), signature={"state": state} if state else {}))
    gateway.configure({**ON, "AI_STUDIO_OCI_REQUIRE_SIGNATURE": "true"})
    assert served(gateway) == count
    assert link(gateway, plugin).status == (200 if count else 409)


@pytest.mark.parametrize(
    ("command", "allowed", "denied"),
    [
        ("grpc://plugins.example.com:50051", "grpc://plugins.example.com/*", "grpc://other.example.com/*"),
        ("file:///opt/plugins/mine", "/opt/plugins/*", "/usr/local/*"),
    ],
)
def test_a_command_is_served_while_the_policy_allows_it(
    gateway: LocalGateway, command: str, allowed: str, denied: str
) -> None:
    """From the next question on, not from the next validation."""
    record = gateway.record(gateway.create(gateway.alice, command=command))
    judged = record.with_condition("CommandValid", "True", now=AT, reason="allowed")
    gateway.store(record, conditions=judged.conditions, status="ready")
    for entry, count in ((allowed, 1), (denied, 0)):
        gateway.configure({**ON, "PLUGIN_COMMAND_ALLOWLIST": entry})
        assert served(gateway) == count


def test_an_inactive_plugin_has_no_link(gateway: LocalGateway) -> None:
    """409: who switched it off does not want it run."""
    plugin = pulled(gateway)
    gateway.call("PATCH", f"{PLUGINS}/{plugin.id}", token=gateway.alice, body={"is_active": False})
    response = link(gateway, plugin)
    assert (response.status, response.codes) == (409, ["plugin_inactive"])

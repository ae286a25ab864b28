"""PATCH, DELETE, reload, refresh."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.registration.fakes import PLUGINS, LocalGateway, version

OCI = "oci://registry.example.com/plugins/my-plugin:v1.0.0"


@pytest.fixture
def gateway() -> LocalGateway:
    """A running API."""
    return LocalGateway()


@pytest.fixture
def path(gateway: LocalGateway) -> str:
    """The path of a plugin of team-a."""
    return f"{PLUGINS}/{gateway.create(gateway.alice, slug='mine').json['data']['id']}"


def patch(gateway: LocalGateway, path: str, *, if_match: str | None = None, **fields: Any) -> Any:
    """PATCH as alice."""
    headers = {} if if_match is None else {"If-Match": if_match}
    return gateway.call("PATCH", path, token=gateway.alice, body=fields, headers=headers)


class TestPatch:
    """A change of what is wanted."""

    def test_a_name_is_changed_without_new_work(self, gateway: LocalGateway, path: str) -> None:
        """The generation counts it, and nobody validates the command again."""
        response = patch(gateway, path, name="New")
        assert response.status == 200
        assert response.attributes["name"] == "New"
        assert response.headers["etag"] == '"2"'
        assert gateway.table.outbox[-1]["detail"] == {"changed": ["name"]}

    def test_a_new_command_starts_work_again(self, gateway: LocalGateway, path: str) -> None:
        """What was said about the old command is not said about the new one."""
        record = gateway.record(gateway.call("GET", path, token=gateway.alice))
        judged = record.with_condition("CommandValid", "True", now="2026-11-24T06:00:00.000Z", reason="allowed")
        gateway.store(record, status="ready", conditions=judged.conditions)
        response = patch(gateway, path, command=OCI)
        valid = next(c for c in response.attributes["conditions"] if c["type"] == "CommandValid")
        assert response.attributes["status"] == "pending"
        assert (valid["status"], valid["reason"]) == ("Unknown", "command_changed")
        assert gateway.record(response).source_key == "registry.example.com/plugins/my-plugin"

    def test_what_changes_nothing_writes_nothing(self, gateway: LocalGateway, path: str) -> None:
        """The generation stays."""
        before = gateway.table.commits
        unchanged: list[dict[str, Any]] = [
            *({}, {"name": "My Plugin"}, {"hook_type": None}),
            {"is_active": True, "hook_types": ["pre_auth"]},
        ]
        for fields in unchanged:
            assert patch(gateway, path, **fields).headers["etag"] == '"1"'
        assert gateway.table.commits == before

    def test_true_is_not_one(self, gateway: LocalGateway, path: str) -> None:
        """Python takes them for equal, JSON does not."""
        patch(gateway, path, config={"a": 1})
        assert patch(gateway, path, config={"a": True}).headers["etag"] == '"3"'

    def test_the_policy_is_the_same_as_on_create(self, gateway: LocalGateway, path: str) -> None:
        """The product looked at its lists on create only."""
        gateway.configure({"PLUGIN_COMMAND_ALLOWLIST": "/usr/local/bin/*"})
        response = patch(gateway, path, command="grpc://evil.example.com:50051")
        assert (response.status, response.codes) == (400, ["not_in_allowlist"])
        assert gateway.table.commits == 1

    def test_a_stored_reference_must_fit_the_new_command(self, gateway: LocalGateway) -> None:
        """Both are sent, or the reference is taken away."""
        made = gateway.create(gateway.alice, command=OCI, oci_reference=OCI)
        path = f"{PLUGINS}/{made.json['data']['id']}"
        grpc = "grpc://plugins.example.com:50051"
        assert patch(gateway, path, command=grpc).codes == ["oci_reference_mismatch"]
        assert patch(gateway, path, command=grpc, oci_reference=None).status == 200

    def test_leaving_the_registry_leaves_the_versions(self, gateway: LocalGateway) -> None:
        """A plugin that is not pulled has no active version."""
        made = gateway.create(gateway.alice, command=OCI)
        gateway.store(gateway.record(made), version=version())
        path = f"{PLUGINS}/{made.json['data']['id']}"
        assert patch(gateway, path, command=OCI.replace("v1.0.0", "v2.0.0")).attributes["version"]["number"] == 1
        assert patch(gateway, path, command="grpc://plugins.example.com:50051").attributes["version"] is None

    def test_a_slug_moves_and_frees_the_old_one(self, gateway: LocalGateway, path: str) -> None:
        """And can't take one that is in use."""
        assert patch(gateway, path, slug="new-one").status == 200
        assert gateway.create(gateway.alice, slug="mine").status == 201
        assert patch(gateway, path, slug="mine").codes == ["slug_taken"]

    def test_the_primary_hook_stays_among_all(self, gateway: LocalGateway, path: str) -> None:
        """Each of the two fields may be sent alone."""
        assert patch(gateway, path, hook_types=["pre_auth", "auth"]).attributes["hook_types"] == ["pre_auth", "auth"]
        moved = patch(gateway, path, hook_type="auth").attributes
        assert (moved["hook_type"], moved["hook_types"]) == ("auth", ["pre_auth", "auth"])
        assert patch(gateway, path, hook_types=["pre_auth"]).codes == ["primary_hook_not_in_list"]
        alone = patch(gateway, path, hook_type="on_response").attributes
        assert (alone["hook_type"], alone["hook_types"]) == ("on_response", ["on_response"])

    def test_pending_hooks_are_replaced(self, gateway: LocalGateway) -> None:
        """The first of the list becomes primary."""
        made = gateway.call("POST", PLUGINS, token=gateway.alice, body={"name": "P", "command": OCI})
        path = f"{PLUGINS}/{made.json['data']['id']}"
        assert patch(gateway, path, hook_types=["auth", "pre_auth"]).attributes["hook_type"] == "auth"

    def test_null_takes_optional_fields_away(self, gateway: LocalGateway) -> None:
        """Checksum, description and config."""
        made = gateway.create(gateway.alice, checksum="ab" * 32, description="d", config={"a": 1})
        path = f"{PLUGINS}/{made.json['data']['id']}"
        attributes = patch(gateway, path, checksum=None, description=None, config=None).attributes
        assert (attributes["checksum"], attributes["description"], attributes["config"]) == (None, "", {})

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"name": "  "}, "invalid_name"),
            ({"name": None}, "field_invalid"),
            ({"command": None}, "field_invalid"),
            ({"command": ""}, "empty"),
            ({"slug": ""}, "invalid_slug"),
            ({"plugin_type": None}, "field_invalid"),
            ({"hook_type": "bogus"}, "invalid_hook_type"),
            ({"hook_types": []}, "missing_hook_type"),
            ({"namespace": "team-b"}, "field_not_allowed"),
            ({"status": "ready"}, "field_not_allowed"),
            ({"command": OCI + "?auth=x"}, "configured_name_not_found"),
        ],
    )
    def test_a_bad_field_is_refused(self, gateway: LocalGateway, path: str, fields: dict[str, Any], code: str) -> None:
        """Nothing is written."""
        response = patch(gateway, path, **fields)
        assert (response.status, response.codes) == (400, [code])
        assert gateway.table.commits == 1

    def test_a_race_with_a_worker_is_repeated(self, gateway: LocalGateway, path: str) -> None:
        """The change is applied to the newest record; after five lost races the caller is told."""
        gateway.table.conflicts = 4
        assert patch(gateway, path, name="New").status == 200
        gateway.table.conflicts = 5
        lost = patch(gateway, path, name="Newer")
        assert (lost.status, lost.codes) == (409, ["write_conflict"])


class TestIfMatch:
    """Lost updates are refused."""

    @pytest.mark.parametrize(("tag", "status"), [('"1"', 200), ("*", 200), ('"7", "1"', 200), ('"2"', 412)])
    def test_the_generation_decides(self, gateway: LocalGateway, path: str, tag: str, status: int) -> None:
        """Any of several tags may fit."""
        assert patch(gateway, path, if_match=tag, name="New").status == status

    def test_a_weak_tag_never_matches(self, gateway: LocalGateway, path: str) -> None:
        """RFC 9110 §13.1.1 asks for strong comparison."""
        assert patch(gateway, path, if_match='W/"1"', name="New").status == 412

    @pytest.mark.parametrize("tag", ["", "1", '"', '"1" "2"', "a" * 9000])
    def test_a_malformed_tag_is_refused(self, gateway: LocalGateway, path: str, tag: str) -> None:
        """Never read as "no condition"."""
        assert patch(gateway, path, if_match=tag, name="New").status in {400, 431}

    def test_status_changes_do_not_move_the_tag(self, gateway: LocalGateway, path: str) -> None:
        """Only what is wanted counts: the worker's progress does not refuse a person's change."""
        gateway.store(gateway.record(gateway.call("GET", path, token=gateway.alice)), status="validated")
        assert patch(gateway, path, if_match='"1"', name="New").status == 200

    def test_delete_takes_it_too(self, gateway: LocalGateway, path: str) -> None:
        """And deletes nothing else."""
        refused = gateway.call("DELETE", path, token=gateway.alice, headers={"If-Match": '"2"'})
        assert (refused.status, refused.codes) == (412, ["precondition_failed"])
        assert gateway.call("DELETE", path, token=gateway.alice, headers={"If-Match": '"1"'}).status == 204


def test_a_deleted_plugin_is_gone_and_its_slug_free(gateway: LocalGateway, path: str) -> None:
    """204 without a body, then 404; the trail's last entry says who did it."""
    deleted = gateway.call("DELETE", path, token=gateway.alice)
    assert (deleted.status, deleted.text) == (204, "")
    assert "content-type" not in deleted.headers
    assert gateway.call("GET", path, token=gateway.alice).status == 404
    assert gateway.call("DELETE", path, token=gateway.alice).status == 404
    assert gateway.create(gateway.alice, slug="mine").status == 201
    assert gateway.table.outbox[1]["name"] == "plugin.deleted"


class TestReload:
    """The work is done again."""

    def test_the_generation_asked_for_is_told(self, gateway: LocalGateway, path: str) -> None:
        """The record says when it was handled."""
        response = gateway.call("POST", f"{path}/reload", token=gateway.alice)
        assert response.status == 202
        assert response.attributes == {"generation": 2, "status": "pending"}
        record = gateway.record(gateway.call("GET", path, token=gateway.alice))
        assert record.reload_requested_generation == 2
        assert gateway.table.outbox[-1]["name"] == "plugin.reload_requested"

    def test_a_failed_plugin_begins_afresh(self, gateway: LocalGateway, path: str) -> None:
        """The back-off of earlier attempts does not carry over."""
        record = gateway.record(gateway.call("GET", path, token=gateway.alice))
        gateway.store(record, status="failed", attempts=7)
        gateway.call("POST", f"{path}/reload", token=gateway.alice)
        again = gateway.record(gateway.call("GET", path, token=gateway.alice))
        assert (again.status, again.attempts) == ("pending", 0)

    def test_an_inactive_plugin_is_not_reloaded(self, gateway: LocalGateway, path: str) -> None:
        """Nothing runs that could be reloaded."""
        patch(gateway, path, is_active=False)
        response = gateway.call("POST", f"{path}/reload", token=gateway.alice)
        assert (response.status, response.codes) == (409, ["plugin_inactive"])

    def test_the_policy_of_today_decides(self, gateway: LocalGateway, path: str) -> None:
        """Legal when it was registered is not legal now."""
        gateway.configure({"PLUGIN_COMMAND_ALLOWLIST": "/usr/local/bin/*"})
        assert gateway.call("POST", f"{path}/reload", token=gateway.alice).codes == ["not_in_allowlist"]

    def test_refresh_is_for_registries(self, gateway: LocalGateway, path: str) -> None:
        """200 there, 400 elsewhere."""
        refused = gateway.call("POST", f"{path}/refresh", token=gateway.alice)
        assert (refused.status, refused.codes) == (400, ["not_an_oci_plugin"])
        made = gateway.create(gateway.alice, command=OCI)
        refreshed = gateway.call("POST", f"{PLUGINS}/{made.json['data']['id']}/refresh", token=gateway.alice)
        assert (refreshed.status, refreshed.attributes["generation"]) == (200, 2)


def test_rollback_says_that_it_is_not_built(gateway: LocalGateway, path: str) -> None:
    """501 with what to do instead, and 404 for what the caller may not see."""
    response = gateway.call("POST", f"{path}/rollback", token=gateway.alice)
    assert (response.status, response.codes) == (501, ["not_built_yet"])
    assert "digest" in response.json["errors"][0]["hint"]
    assert gateway.call("POST", f"{path}/rollback", token=gateway.bob).status == 404


def test_a_change_leaves_everything_else_as_it_is(gateway: LocalGateway, path: str) -> None:
    """Fields that the caller did not name stay as they are."""
    record = gateway.record(gateway.call("GET", path, token=gateway.alice))
    stored = gateway.store(record, health={"status": "healthy"}, latest_version=4)
    patch(gateway, path, name="New")
    after = gateway.record(gateway.call("GET", path, token=gateway.alice))
    changed: dict[str, Any] = {"name": "New", "generation": 2, "revision": 3, "updated_at": after.updated_at}
    assert after == replace(stored, **changed, conditions=after.conditions, next_due_at=after.next_due_at)

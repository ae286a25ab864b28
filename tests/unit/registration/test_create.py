"""POST /plugins."""

from typing import Any

import pytest

from shared.plugins.ports import StoredRequest
from tests.unit.plugins.fakes import InMemoryPluginTable
from tests.unit.registration.fakes import NOW, PLUGINS, LocalGateway

OCI = "oci://registry.example.com/plugins/my-plugin:v1.0.0"


@pytest.fixture
def gateway() -> LocalGateway:
    """A running API."""
    return LocalGateway()


def test_a_plugin_is_registered_as_pending(gateway: LocalGateway) -> None:
    """201 with its place, its entity tag and the record as it is."""
    response = gateway.create(gateway.alice, slug="my-plugin", description="what it does\n- well")
    plugin_id = response.json["data"]["id"]
    assert response.status == 201
    assert response.headers["location"] == f"/live{PLUGINS}/{plugin_id}"
    assert response.headers["etag"] == '"1"'
    assert response.attributes["status"] == "pending"
    assert response.attributes["namespace"] == "team-a"
    assert response.attributes["slug"] == "my-plugin"
    assert "revision" not in response.attributes


def test_registration_leaves_one_event_for_the_relay(gateway: LocalGateway) -> None:
    """The audit entry names the caller and carries the correlation id on."""
    gateway.call(
        "POST",
        PLUGINS,
        token=gateway.alice,
        body={"name": "P", "command": OCI},
        headers={"X-Correlation-Id": "from-the-caller"},
    )
    (event,) = gateway.table.outbox
    assert (event["name"], event["actor"]) == ("plugin.registered", "tok_alice")
    assert (event["correlation_id"], event["generation"]) == ("from-the-caller", 1)


def test_name_and_command_are_enough(gateway: LocalGateway) -> None:
    """Everything else has a default: inactive, hooks from the manifest, a slug from the name."""
    response = gateway.call("POST", PLUGINS, token=gateway.alice, body={"name": "Größe 1!", "command": OCI})
    attributes = response.attributes
    assert response.status == 201
    assert attributes["is_active"] is False
    assert attributes["hook_type"] == "pending"
    assert attributes["plugin_type"] == "uncategorized"
    assert attributes["slug"].startswith("gr-e-1-")


@pytest.mark.parametrize(
    "name", ["description", "config", "checksum", "oci_reference", "slug", "namespace", "hook_types"]
)
def test_null_means_left_out(gateway: LocalGateway, name: str) -> None:
    """Optional fields may be null."""
    assert gateway.create(gateway.alice, **{name: None}).status == 201


def test_an_oci_plugin_keeps_where_it_comes_from(gateway: LocalGateway) -> None:
    """Triggers find it by registry and repository."""
    response = gateway.create(gateway.alice, command=OCI, oci_reference=OCI.removeprefix("oci://"))
    assert gateway.record(response).source_key == "registry.example.com/plugins/my-plugin"
    assert response.attributes["oci_reference"] == OCI.removeprefix("oci://")


def test_warnings_of_the_policy_stay_on_the_record(gateway: LocalGateway) -> None:
    """They are in the product document's words."""
    response = gateway.create(gateway.alice, command="file:///srv/plugins/mine")
    assert response.status == 201
    assert response.attributes["warnings"][0].startswith("PLUGIN SECURITY WARNING: ")


def test_unknown_fields_are_left_aside_with_a_warning(gateway: LocalGateway) -> None:
    """As the product does, but not in silence."""
    response = gateway.create(gateway.alice, colour="red", load_immediately=True)
    assert response.status == 201
    assert [warning["detail"] for warning in response.json["meta"]["warnings"]] == ["colour", "load_immediately"]


@pytest.mark.parametrize(
    "name",
    [
        *("id", "generation", "revision", "status", "conditions", "version", "versions", "active_version", "verified"),
        *("digest", "binary_key", "created_by", "createdAt", "updated_at", "approved_by", "ttl", "is_admin", "isAdmin"),
        *("health", "warnings", "scheme", "command_given", "source_key", "next_due_at", "latest_version", "attempts"),
        *("owner", "tenant_id", "role", "scopes", "signature", "expires_at", "__proto__", "constructor", "_internal"),
        *("pk", "sk", "token_id", "last_trigger", "reload_requested_generation", "IS_ADMIN", "has_access"),
    ],
)
def test_fields_of_the_server_are_refused(gateway: LocalGateway, name: str) -> None:
    """Nobody may believe that such a field was taken."""
    response = gateway.create(gateway.alice, **{name: "x"})
    assert response.status == 400
    assert response.codes == ["field_not_allowed"]
    assert gateway.table.commits == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": 5}, "field_invalid"),
        ({"name": None}, "field_invalid"),
        ({"name": ""}, "invalid_name"),
        ({"name": "  "}, "invalid_name"),
        ({"name": "a\u202eb"}, "invalid_name"),
        ({"name": "x" * 201}, "field_invalid"),
        ({"command": ""}, "empty"),
        ({"command": "/usr/bin/x"}, "missing_scheme"),
        ({"command": ["x"]}, "field_invalid"),
        ({"command": "grpc://10.0.0.5:50051"}, "internal_network_address"),
        ({"command": "grpc://plugins.example.com:22"}, "port_denied"),
        ({"is_active": "true"}, "field_invalid"),
        ({"is_active": 1}, "field_invalid"),
        ({"config": [1]}, "field_invalid"),
        ({"config": {"a": "b" * 65_536}}, "plugin_config_too_large"),
        ({"config": {"a": "\x00"}}, "field_invalid"),
        ({"hook_type": "bogus"}, "invalid_hook_type"),
        ({"hook_type": "pending"}, "invalid_hook_type"),
        ({"hook_types": ["auth"]}, "primary_hook_not_in_list"),
        ({"hook_types": [5]}, "field_invalid"),
        ({"plugin_type": "\x1b[2J"}, "field_invalid"),
        ({"description": "x" * 2001}, "field_invalid"),
        ({"description": "a\x00b"}, "field_invalid"),
        ({"checksum": "sha256:abc"}, "invalid_checksum"),
        ({"checksum": "A" * 64}, "invalid_checksum"),
        ({"slug": "A-B"}, "invalid_slug"),
        ({"namespace": "Team_A"}, "invalid_namespace"),
        ({"namespace": "team-b"}, "namespace_not_allowed"),
        ({"oci_reference": "registry.example.com/other:v1", "command": OCI}, "oci_reference_mismatch"),
        ({"command": OCI + "?auth=team-b"}, "configured_name_not_found"),
        ({"command": OCI + "?pubkey=TEAMB"}, "configured_name_not_found"),
    ],
)
def test_a_bad_field_is_refused_with_its_reason(gateway: LocalGateway, fields: dict[str, Any], code: str) -> None:
    """400 with code and hint, and nothing is written."""
    response = gateway.create(gateway.alice, **fields)
    assert (response.status, response.codes[0]) == (400, code)
    assert response.json["errors"][0]["hint"]
    assert gateway.table.commits == 0


def test_everything_that_is_wrong_is_said_at_once(gateway: LocalGateway) -> None:
    """One entry for each field."""
    response = gateway.create(gateway.alice, name="a\u200bb", command="x", hook_type="bogus", checksum="no")
    assert set(response.codes) == {"invalid_name", "missing_scheme", "invalid_hook_type", "invalid_checksum"}


def test_every_reason_of_the_policy_is_named(gateway: LocalGateway) -> None:
    """The primary one first."""
    gateway.configure({"PLUGIN_COMMAND_ALLOWLIST": "grpc://plugins.prod.svc/*"})
    response = gateway.create(gateway.alice, command=OCI)
    assert response.status == 400
    assert set(response.codes) == {"oci_disabled", "not_in_allowlist"}


def test_only_callers_of_all_namespaces_may_name_configured_credentials(gateway: LocalGateway) -> None:
    """Credentials belong to the deployment: a namespace has none to name."""
    assert gateway.create(gateway.admin, command=OCI + "?auth=nexus&pubkey=1").status == 201


def test_a_bare_checksum_is_completed(gateway: LocalGateway) -> None:
    """`sha256sum` prints no algorithm."""
    response = gateway.create(gateway.alice, checksum="ab" * 32)
    assert response.attributes["checksum"] == "sha256:" + "ab" * 32


def test_the_namespace_of_a_token_for_all_is_default(gateway: LocalGateway) -> None:
    """A token for several must name one that it is bound to."""
    assert gateway.create(gateway.admin).attributes["namespace"] == "default"
    several = gateway.tokens.add("tok_2", scopes="write", namespaces="team-a team-b")
    assert gateway.create(several).codes == ["namespace_not_allowed"]
    assert gateway.create(several, namespace="team-b").attributes["namespace"] == "team-b"


def test_a_slug_is_unique_in_its_namespace(gateway: LocalGateway) -> None:
    """Another namespace may use it."""
    assert gateway.create(gateway.alice, slug="mine").status == 201
    taken = gateway.create(gateway.alice, slug="mine")
    assert (taken.status, taken.codes) == (409, ["slug_taken"])
    assert gateway.create(gateway.bob, slug="mine").status == 201


class Racing(InMemoryPluginTable):
    """A table that does not show so many times what an Idempotency-Key did."""

    blind = 0

    def find_request(self, key: str) -> StoredRequest | None:
        """`RequestLog`, late."""
        if self.blind:
            self.blind -= 1
            return None
        return super().find_request(key)


class TestIdempotencyKey:
    """A repeated request registers nothing twice."""

    def send(self, gateway: LocalGateway, key: str, token: str = "", **fields: Any) -> Any:
        """POST with a key."""
        body = {"name": "P", "command": OCI, "slug": "mine", **fields}
        return gateway.call("POST", PLUGINS, token=token or gateway.alice, body=body, headers={"Idempotency-Key": key})

    def test_the_same_request_gets_the_same_plugin(self, gateway: LocalGateway) -> None:
        """And says that it was seen before."""
        first, second = self.send(gateway, "k1"), self.send(gateway, "k1")
        assert (first.status, second.status) == (201, 201)
        assert first.text == second.text
        assert second.headers["idempotent-replayed"] == "true"
        assert gateway.table.commits == 1

    def test_another_body_is_refused(self, gateway: LocalGateway) -> None:
        """422: the caller has mixed two requests up."""
        self.send(gateway, "k1")
        second = self.send(gateway, "k1", name="Other")
        assert (second.status, second.codes) == (422, ["idempotency_key_reused"])

    def test_a_key_is_bound_to_its_token(self, gateway: LocalGateway) -> None:
        """Another caller's key says nothing."""
        self.send(gateway, "k1")
        assert self.send(gateway, "k1", gateway.bob).status == 201

    def test_a_result_out_of_sight_is_not_replayed(self, gateway: LocalGateway) -> None:
        """A token that was bound elsewhere since sees nothing of it; its own requests are remembered as ever."""
        made = self.send(gateway, "k1").json["data"]["id"]
        gateway.tokens.rebind(gateway.alice, namespaces="team-c")
        assert self.send(gateway, "k1", namespace="team-a").codes == ["namespace_not_allowed"]
        first, second = self.send(gateway, "k1"), self.send(gateway, "k1")
        assert (first.status, first.attributes["namespace"]) == (201, "team-c")
        assert (second.text, second.headers["idempotent-replayed"]) == (first.text, "true")
        gateway.tokens.rebind(gateway.alice, namespaces="team-a")
        assert self.send(gateway, "k1").json["data"]["id"] == made

    def test_two_at_once_make_one(self) -> None:
        """The one that comes second in the table gets what the first one made."""
        gateway = LocalGateway(table=Racing(clock=lambda: NOW))
        first = self.send(gateway, "k1")
        gateway.table.blind = 1  # type: ignore[attr-defined]  # the switch of this test's own table
        second = self.send(gateway, "k1")
        assert (second.status, second.text) == (201, first.text)
        assert gateway.table.commits == 1

    def test_a_lost_answer_is_found_again(self, gateway: LocalGateway) -> None:
        """The table took the write and did not say so."""
        gateway.table.lost_answers = 1
        assert self.send(gateway, "k1").status == 503
        assert self.send(gateway, "k1").status == 201
        assert len(gateway.table.all_plugins()) == 1

    def test_a_failed_attempt_is_not_remembered(self, gateway: LocalGateway) -> None:
        """What refused or failed may be sent again."""
        gateway.table.unavailable = True
        failed = self.send(gateway, "k1")
        gateway.table.unavailable = False
        assert (failed.status, failed.headers["retry-after"]) == (503, "2")
        assert self.send(gateway, "k1").status == 201

    def test_a_plugin_deleted_since_is_not_made_again(self, gateway: LocalGateway) -> None:
        """409, with a way on."""
        made = self.send(gateway, "k1")
        gateway.call("DELETE", f"{PLUGINS}/{made.json['data']['id']}", token=gateway.alice)
        again = self.send(gateway, "k1")
        assert (again.status, again.codes) == (409, ["idempotent_result_gone"])

    def test_the_memory_ends_after_a_day(self, gateway: LocalGateway) -> None:
        """Then the slug still stops a replay."""
        self.send(gateway, "k1")
        gateway.clock.now += 25 * 3600
        assert self.send(gateway, "k1").codes == ["slug_taken"]

    @pytest.mark.parametrize("key", ["", "a" * 256, "ключ", "a b", "a\x7f"])
    def test_a_malformed_key_is_refused(self, gateway: LocalGateway, key: str) -> None:
        """1 to 255 visible ASCII characters."""
        response = self.send(gateway, key)
        assert (response.status, response.codes) == (400, ["invalid_idempotency_key"])


def test_a_busy_table_is_asked_again(gateway: LocalGateway) -> None:
    """Another transaction in the way is not the caller's matter, unless it stays there."""
    gateway.table.conflicts = 2
    assert gateway.create(gateway.alice).status == 201
    gateway.table.conflicts = 3
    assert gateway.create(gateway.alice).codes == ["write_conflict"]

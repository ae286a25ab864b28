"""GET on one plugin, its artifact, the gateways' view, and validation."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config

from functions.registration.s3_artifact_urls import S3ArtifactUrls
from functions.registration.serving import is_served
from shared.plugins.record import Plugin
from tests.unit.registration.fakes import PLUGINS, LocalGateway, Response, version

OCI = "oci://registry.example.com/plugins/my-plugin:v1.0.0"
GATEWAYS = "/api/v1/gateways/team-a/plugins"
AT = "2026-11-24T06:00:00.000Z"


@pytest.fixture
def gateway() -> LocalGateway:
    """A running API."""
    return LocalGateway()


@pytest.fixture
def path(gateway: LocalGateway) -> str:
    """The path of an oci:// plugin of team-a."""
    return f"{PLUGINS}/{gateway.create(gateway.alice, command=OCI, slug='mine').json['data']['id']}"


def get(gateway: LocalGateway, path: str, **query: Any) -> Response:
    """GET as alice."""
    return gateway.call("GET", path, token=gateway.alice, query=query)


def stored(gateway: LocalGateway, path: str, **changes: Any) -> Plugin:
    """Change the record as a worker would."""
    return gateway.store(gateway.record(get(gateway, path)), **changes)


def test_every_view_of_an_unknown_plugin_is_the_same_404(gateway: LocalGateway, path: str) -> None:
    """Unknown, foreign and malformed ids can't be told apart."""
    for suffix in ("", "/status", "/health", "/versions", "/events", "/artifact"):
        answers = {
            gateway.call("GET", f"{PLUGINS}/{name}{suffix}", token=token).text
            for name, token in (
                ("plg_" + "0" * 26, gateway.alice),
                ("999", gateway.alice),
                ("%2e%2e", gateway.alice),
                (path.rpartition("/")[2], gateway.bob),
            )
        }
        assert len(answers) == 1
        assert '"not_found"' in answers.pop()


def test_health_is_unknown_before_the_first_probe(gateway: LocalGateway, path: str) -> None:
    """And afterwards what the probes said."""
    assert get(gateway, f"{path}/health").attributes["status"] == "unknown"
    stored(gateway, path, health={"status": "unhealthy", "failures": 3})
    attributes = get(gateway, f"{path}/health").attributes
    assert (attributes["status"], attributes["failures"], attributes["plugin_status"]) == ("unhealthy", 3, "pending")


def test_health_does_not_say_where_the_probe_looked(gateway: LocalGateway, path: str) -> None:
    """Neither the storage key of an artifact nor the address behind a name; the rest of the result stays."""
    for place in ("artifacts/sha256/ab", "10.1.2.3:50051"):
        stored(gateway, path, health={"status": "healthy", "last": {"address": place, "probe": "grpc"}})
        for shown in (get(gateway, path), get(gateway, f"{path}/health"), get(gateway, PLUGINS)):
            assert place not in shown.text
        assert get(gateway, f"{path}/health").attributes["last"] == {"probe": "grpc"}


def test_status_tells_of_the_work(gateway: LocalGateway, path: str) -> None:
    """Without the config."""
    gateway.call("POST", f"{path}/reload", token=gateway.alice)
    attributes = get(gateway, f"{path}/status").attributes
    assert attributes["reload"] == {"requested_generation": 2, "handled_generation": 0}
    assert "config" not in attributes


def test_versions_show_which_one_is_active_and_no_storage_key(gateway: LocalGateway, path: str) -> None:
    """Newest first."""
    stored(gateway, path, version=version(1))
    stored(gateway, path, version=version(2))
    response = get(gateway, f"{path}/versions")
    assert [(v["id"], v["attributes"]["active"]) for v in response.json["data"]] == [("2", True), ("1", False)]
    assert "artifacts/" not in response.text


def test_the_audit_trail_continues_behind_a_revision(gateway: LocalGateway, path: str) -> None:
    """Oldest first, with who did it."""
    for _ in range(3):
        gateway.call("POST", f"{path}/reload", token=gateway.alice)
    first = get(gateway, f"{path}/events", limit=2)
    assert [event["id"] for event in first.json["data"]] == ["1", "2"]
    rest = get(gateway, f"{path}/events", after=first.json["meta"]["next_after"])
    assert [event["attributes"]["name"] for event in rest.json["data"]] == ["plugin.reload_requested"] * 2
    assert rest.json["data"][0]["attributes"]["actor"] == "tok_alice"
    assert get(gateway, f"{path}/events", after=4).json == {"data": [], "meta": {"next_after": 4}}
    assert get(gateway, f"{path}/events", after=-1).codes == ["invalid_query_parameter"]


class TestArtifact:
    """Links to executables."""

    def test_nothing_active_is_a_conflict(self, gateway: LocalGateway, path: str) -> None:
        """409, not 404: the plugin is there."""
        response = get(gateway, f"{path}/artifact")
        assert (response.status, response.codes) == (409, ["no_active_version"])

    def test_the_only_platform_needs_no_name(self, gateway: LocalGateway, path: str) -> None:
        """The answer says what the bytes must hash to."""
        stored(gateway, path, version=version())
        attributes = get(gateway, f"{path}/artifact").attributes
        assert attributes["sha256"] == "sha256:" + "a" * 64
        assert attributes["expires_in_seconds"] == 300
        assert attributes["signature"]["state"] == "not_checked"

    def test_one_of_several_platforms_must_be_named(self, gateway: LocalGateway, path: str) -> None:
        """No platform is guessed, and none is "compatible"."""
        stored(gateway, path, version=version(1, linux_amd64="a" * 64, linux_arm64="b" * 64))
        assert get(gateway, f"{path}/artifact").codes == ["invalid_query_parameter"]
        assert get(gateway, f"{path}/artifact", platform="linux/arm64").attributes["sha256"].endswith("b" * 64)
        missing = get(gateway, f"{path}/artifact", platform="linux/arm")
        assert (missing.status, missing.codes) == (404, ["platform_not_available"])

    def test_the_link_is_not_logged(self, gateway: LocalGateway, path: str) -> None:
        """Whoever reads the log can't download."""
        stored(gateway, path, version=version())
        assert "bucket.example" not in get(gateway, f"{path}/artifact").log


def test_a_signed_link_is_a_short_lived_download_of_one_object() -> None:
    """Version 4 covers the response's headers; it is a GET of exactly this key."""
    s3 = boto3.client(
        "s3",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(signature_version="s3v4"),
    )
    url = S3ArtifactUrls(bucket_name="artifacts", s3=s3).download_url(
        "artifacts/sha256/ab", file_name="mine", lifetime_seconds=300
    )
    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    assert parts.path.endswith("/artifacts/sha256/ab")
    assert query["X-Amz-Expires"] == ["300"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["response-content-disposition"] == ['attachment; filename="mine"']
    assert query["response-content-type"] == ["application/octet-stream"]


class TestGateways:
    """The desired state."""

    def test_a_pulled_plugin_is_served_at_its_digest(self, gateway: LocalGateway, path: str) -> None:
        """A failed newer version changes nothing about that."""
        assert get(gateway, GATEWAYS).json["data"] == []
        stored(gateway, path, version=version(), status="rejected")
        (entry,) = get(gateway, GATEWAYS).json["data"]
        assert entry["attributes"]["command"] is None
        assert entry["attributes"]["artifact"]["manifest_digest"] == "sha256:" + "d" * 64
        assert entry["attributes"]["artifact"]["platforms"]["linux/amd64"]["sha256"] == "sha256:" + "a" * 64

    def test_an_inactive_plugin_is_not_served(self, gateway: LocalGateway, path: str) -> None:
        """From the next question on."""
        stored(gateway, path, version=version())
        gateway.call("PATCH", path, token=gateway.alice, body={"is_active": False})
        assert get(gateway, GATEWAYS).json["data"] == []

    def test_a_command_is_served_while_it_is_valid(self, gateway: LocalGateway) -> None:
        """Not before it was judged, not after it was refused, and not before its successor was judged."""
        made = gateway.create(gateway.alice)
        path = f"{PLUGINS}/{made.json['data']['id']}"
        assert not is_served(gateway.record(made), gateway.ports.policy)
        judged = gateway.record(made).with_condition("CommandValid", "True", now=AT, reason="allowed")
        valid = stored(gateway, path, conditions=judged.conditions, status="ready")
        assert is_served(valid, gateway.ports.policy)
        gateway.call("POST", f"{path}/reload", token=gateway.alice)
        assert get(gateway, GATEWAYS).json["data"][0]["attributes"]["command"] == valid.command
        gateway.call("PATCH", path, token=gateway.alice, body={"command": "grpc://other.example.com:50051"})
        assert get(gateway, GATEWAYS).json["data"] == []
        stored(gateway, path, conditions=judged.conditions, status="rejected")
        assert get(gateway, GATEWAYS).json["data"] == []

    def test_nothing_new_is_304(self, gateway: LocalGateway, path: str) -> None:
        """A gateway may ask often."""
        stored(gateway, path, version=version())
        tag = get(gateway, GATEWAYS).headers["etag"]
        headers = {"If-None-Match": f'"other", W/{tag}'}
        same = gateway.call("GET", GATEWAYS, token=gateway.alice, headers=headers)
        assert (same.status, same.text, same.headers["etag"]) == (304, "", tag)
        stored(gateway, path, version=version(2))
        assert gateway.call("GET", GATEWAYS, token=gateway.alice, headers=headers).status == 200

    def test_a_foreign_namespace_is_404(self, gateway: LocalGateway) -> None:
        """As one that can't exist."""
        for namespace in ("team-b", "Team_B", "team-z"):
            response = get(gateway, GATEWAYS.replace("team-a", namespace))
            assert (response.status, response.codes) == (404, ["not_found"])


class TestValidate:
    """Decisions without effects."""

    def validate(self, gateway: LocalGateway, **body: Any) -> Response:
        """POST …/validate as a reader."""
        return gateway.call("POST", f"{PLUGINS}/validate", token=gateway.reader, body=body)

    @pytest.mark.parametrize(
        ("command", "decision", "codes"),
        [
            ("grpc://plugins.example.com:50051", "allow", []),
            ("file:///srv/mine", "warn", ["outside_standard_directories"]),
            ("grpc://10.0.0.5:50051", "deny", ["internal_network_address"]),
            ("file://./x", "deny", ["relative_path"]),
            (OCI + "?auth=nexus", "deny", ["configured_name_not_found"]),
        ],
    )
    def test_the_decision_comes_with_its_reasons(
        self, gateway: LocalGateway, command: str, decision: str, codes: list[str]
    ) -> None:
        """200 even for a refusal: the question was answered; a reader may ask; nothing is written."""
        for response in (
            self.validate(gateway, command=command),
            gateway.call("GET", f"{PLUGINS}/validate", token=gateway.reader, query={"command": command}),
        ):
            assert response.status == 200
            assert response.attributes["decision"] == decision
            assert [finding["code"] for finding in response.attributes["findings"]] == codes
        assert gateway.table.commits == 0

    def test_the_parts_of_the_command_are_shown(self, gateway: LocalGateway) -> None:
        """As they were understood."""
        parsed = self.validate(gateway, command=OCI).attributes["parsed"]
        assert (parsed["registry"], parsed["tag"], parsed["digest"]) == ("registry.example.com", "v1.0.0", None)

    def test_resolve_says_that_it_is_not_built(self, gateway: LocalGateway) -> None:
        """Never a plan with parts left out in silence."""
        response = self.validate(gateway, command=OCI, resolve=True)
        assert (response.status, response.codes) == (501, ["not_built_yet"])

    def test_a_command_is_needed(self, gateway: LocalGateway) -> None:
        """In body and query."""
        assert self.validate(gateway).codes == ["field_missing"]
        assert gateway.call("GET", f"{PLUGINS}/validate", token=gateway.reader).codes == ["field_missing"]

    def test_unknown_fields_are_warned_about(self, gateway: LocalGateway) -> None:
        """As in the other bodies."""
        response = self.validate(gateway, command=OCI, name="P")
        assert response.json["meta"]["warnings"][0]["detail"] == "name"

    def test_a_stored_command_is_judged_again(self, gateway: LocalGateway, path: str) -> None:
        """By the policy of today; an inactive plugin has nothing to test."""
        gateway.configure({"AI_STUDIO_OCI_CACHE_DIR": "/c", "OCI_PLUGINS_ALLOWED_REGISTRIES": "ghcr.io"})
        response = gateway.call("POST", f"{path}/test", token=gateway.reader)
        assert (response.status, response.attributes["decision"]) == (200, "deny")
        gateway.call("PATCH", path, token=gateway.alice, body={"is_active": False})
        assert gateway.call("POST", f"{path}/test", token=gateway.reader).codes == ["plugin_inactive"]

"""push_trigger: a pushed image → a new generation of the plugins that follow its tag."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from functions.push_trigger.events import ImagePush, LocalRegistry, parse_push
from functions.push_trigger.use_case import follow_push
from shared.errors import PlugportError
from shared.plugins.record import Version
from tests.unit.plugins.fakes import InMemoryPluginTable
from tests.unit.workers.builders import NOW, names, plugin, stored, table_with

HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


def event(detail: dict[str, Any] | None = None, **envelope: Any) -> str:
    """Give the body of a queue message that EventBridge wrote for an ECR push."""
    return json.dumps(
        {
            "version": "0",
            "id": "13cde686-328b-6117-af20-0e5566167482",
            "detail-type": "ECR Image Action",
            "source": "aws.ecr",
            "account": "123456789012",
            "time": "2026-11-24T01:54:34Z",
            "region": "eu-central-1",
            "resources": [],
            "detail": {
                "result": "SUCCESS",
                "repository-name": "plugins/my-plugin",
                "image-digest": DIGEST,
                "action-type": "PUSH",
                "image-tag": "v1",
                **(detail or {}),
            },
            **envelope,
        }
    )


def push(*, tag: str = "v1", digest: str = DIGEST, event_id: str = "e-1") -> ImagePush:
    """Give a push to the repository that the followed plugin names."""
    return ImagePush(event_id, f"{HOST}/plugins/my-plugin", tag, digest)


def followed(**fields: Any) -> InMemoryPluginTable:
    """Give a table with one ready plugin that follows tag v1."""
    version = Version(1, "s", OTHER, "m", {}, {}, (), {}, "r", "t")
    defaults: dict[str, Any] = {"status": "ready", "version": version, "latest_version": 1}
    source = f"{HOST}/plugins/my-plugin"
    return table_with(plugin("oci", source_key=source, **{"command": f"oci://{source}:v1", **defaults, **fields}))


def follow(table: InMemoryPluginTable, pushed: ImagePush) -> list[str]:
    """Run the use case over the table."""
    return list(follow_push(pushed, table=table, clock=lambda: NOW))


def test_a_push_event_is_read() -> None:
    """The registry's host comes from account and region, never from a field that a sender may choose."""
    assert parse_push(event(), local=LocalRegistry()) == ImagePush(
        "13cde686-328b-6117-af20-0e5566167482", f"{HOST}/plugins/my-plugin", "v1", DIGEST
    )


def test_china_has_its_own_suffix() -> None:
    """ECR's hosts in China end in .cn."""
    found = parse_push(event(region="cn-north-1"), local=LocalRegistry())
    assert found is not None
    assert found.source_key.startswith("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/")


@pytest.mark.parametrize(
    "detail",
    [{"result": "FAILURE"}, {"action-type": "DELETE"}, {"image-tag": None}],
)
def test_what_is_no_successful_push_of_a_tag_needs_nothing(detail: dict[str, Any]) -> None:
    """Failed pushes, deletions and pushes without a tag are ignored."""
    assert parse_push(event(detail), local=LocalRegistry()) is None


def test_a_scan_event_needs_nothing() -> None:
    """Other ECR events are ignored."""
    assert parse_push(event(None, **{"detail-type": "ECR Image Scan"}), local=LocalRegistry()) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not json", "invalid_json"),
        ("[]", "bad_envelope"),
        (event(version="1"), "bad_envelope"),
        (event(account="12"), "bad_envelope"),
        (event(region="../x"), "bad_envelope"),
        (event(source="custom.ecr"), "unexpected_source"),
        (event(source="local.ecr"), "unexpected_source"),
        (event(source="aws.s3"), "upload_not_built_yet"),
        (event(id=""), "bad_push_event"),
        (event({"repository-name": "../x"}), "bad_push_event"),
        (event({"repository-name": "Plugins/P"}), "bad_push_event"),
        (event({"repository-name": None}), "bad_push_event"),
        (event({"image-digest": "sha512:" + "a" * 128}), "bad_push_event"),
        (event({"image-digest": None}), "bad_push_event"),
        (event({"image-tag": "-bad"}), "bad_push_event"),
        (event({"result": True}), "bad_push_event"),
        (json.dumps({**json.loads(event()), "detail": "x"}), "bad_push_event"),
    ],
)
def test_a_bad_event_is_quarantined_with_its_reason(body: str, reason: str) -> None:
    """What no registry sends goes to the dead-letter queue and says why."""
    with pytest.raises(PlugportError) as caught:
        parse_push(body, local=LocalRegistry())
    assert caught.value.reason.code == reason
    assert not caught.value.retryable


def test_the_local_source_speaks_for_its_registry_only() -> None:
    """On the local stack a second source stands for ECR, with the host that the stack was told."""
    found = parse_push(event(source="local.ecr"), local=LocalRegistry("local.ecr", "127.0.0.1:4566"))
    assert found is not None
    assert found.source_key == "127.0.0.1:4566/plugins/my-plugin"


def test_a_push_of_the_followed_tag_starts_a_new_generation() -> None:
    """The plugin is validated and pulled again; what it serves stays until then."""
    table = followed()
    assert follow(table, push()) == [stored(table).id]
    after = stored(table)
    assert (after.status, after.generation, after.reload_requested_generation) == ("pending", 2, 2)
    assert after.version is not None
    assert names(table) == ["plugin.reload_requested"]


def test_the_same_event_twice_is_one_reload() -> None:
    """EventBridge delivers at least once."""
    table = followed()
    follow(table, push())
    assert follow(table, push()) == []
    assert names(table) == ["plugin.reload_requested"]


def test_another_event_for_the_digest_in_work_changes_nothing() -> None:
    """A storm of pushes of one digest is one reload."""
    table = followed()
    follow(table, push())
    assert follow(table, push(event_id="e-2")) == []
    assert follow(table, push(event_id="e-3", digest="sha256:" + "c" * 64)) != []


@pytest.mark.parametrize(
    ("fields", "pushed"),
    [
        ({}, push(digest=OTHER)),
        ({}, push(tag="v2")),
        ({"is_active": False}, push()),
        ({"command": f"oci://{HOST}/plugins/my-plugin@{OTHER}"}, push()),
        ({"command": f"oci://{HOST}/plugins/my-plugin:v1@{OTHER}"}, push()),
    ],
)
def test_a_push_that_is_no_news_changes_nothing(fields: dict[str, Any], pushed: ImagePush) -> None:
    """The served digest, another tag, an inactive plugin, a pinned digest."""
    table = followed(**fields)
    assert follow(table, pushed) == []
    assert names(table) == []


def test_a_push_of_the_same_digest_helps_a_failed_plugin() -> None:
    """Pushing again is how people say "now it is right"."""
    table = followed(status="failed")
    assert follow(table, push(digest=OTHER)) != []


def test_a_repository_that_nobody_follows_starts_nothing() -> None:
    """Unknown repositories cost one index read."""
    table = followed()
    other = ImagePush(**{**asdict(push()), "source_key": "registry.example.com/x"})
    assert follow(table, other) == []

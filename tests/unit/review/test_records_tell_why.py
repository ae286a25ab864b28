"""What a record says stays true when something else about the plugin changes."""

import json
from dataclasses import replace

import pytest

from functions.health_check.prober import PluginProber
from functions.health_check.use_case import Thresholds, check_health
from functions.push_trigger.events import LocalRegistry, parse_push
from functions.registration import fields
from shared.artifacts.packaging import parse_plugin_config
from shared.commands import PolicySettings
from shared.errors import Refused
from shared.health.object_probe import StoredObject
from shared.health.reasons import GATEWAY_ONLY
from shared.health.results import ProbeResult
from shared.plugins.record import Plugin
from shared.plugins.transitions import updated
from tests.unit.plugins.records import LATER, NOW, event, in_status, moved, plugin, version
from tests.unit.registration.fakes import PLUGINS, LocalGateway
from tests.unit.workers.builders import LOOK_UP_FAILED, FakeResolver, message, stored, table_with
from tests.unit.workers.builders import plugin as worker_plugin


@pytest.mark.parametrize("name", ["plugin.rejected", "plugin.failed"])
def test_a_new_description_does_not_wipe_out_why_a_plugin_is_not_ready(name: str) -> None:
    """`Ready` keeps reason, message and hint through changes that start no work."""
    ended = moved(
        in_status("pulling"),
        name,  # type: ignore[arg-type]  # one of the two literals
        reason="digest_mismatch",
        message="other bytes",
        hint="Push it again.",
    ).after
    described = updated(ended, replace(ended, description="new"), event("plugin.updated", at=LATER), epoch=NOW + 60)
    ready = described.after.conditions["Ready"]
    assert (ready.reason, ready.message, ready.hint) == ("digest_mismatch", "other bytes", "Push it again.")


def test_the_same_command_again_keeps_the_warnings_of_the_connect_phase() -> None:
    """A PATCH that sends the command as it is takes no security warning away: no validation follows that finds it."""
    gateway = LocalGateway()
    created = gateway.create(gateway.alice, slug="mine")
    record = gateway.record(created)
    gateway.store(record, status="ready", warnings=("PLUGIN SECURITY WARNING: targets internal network address",))
    answer = gateway.call(
        "PATCH", f"{PLUGINS}/{record.id}", token=gateway.alice, body={"command": record.command_given}
    )
    assert answer.status == 200
    assert gateway.record(created).warnings


def test_the_largest_record_that_the_limits_allow_fits_into_an_item() -> None:
    """DynamoDB takes 400 KiB an item: a pull that can't be committed would be tried for ever."""
    artifact = json.dumps({"name": "é" * 32_600}, ensure_ascii=False).encode()
    record = plugin(
        name=fields.check_name("\U0001f600" * fields.MAX_NAME),
        description=fields.check_description("\U0001f600" * fields.MAX_DESCRIPTION),
        config=fields.check_config({"k": "é" * 32_700}),
    )
    pulled = replace(version(1), plugin_config=parse_plugin_config(artifact, max_bytes=64 * 1024))
    assert len(replace(record, version=pulled).to_json().encode()) < 400 * 1024


class Stored:
    """A store that has what was verified."""

    def head(self, key: str) -> StoredObject:
        """Give size and checksum as recorded in `version`."""
        del key
        return StoredObject(size_bytes=5, sha256="a" * 64)


def test_a_registry_whose_name_does_not_resolve_makes_no_stored_plugin_unhealthy() -> None:
    """The stored object is what is checked; nothing of the registry is dialled."""
    platforms = {"linux/amd64": {"sha256": "a" * 64, "size_bytes": 5, "key": "artifacts/sha256/" + "a" * 64}}
    prober = PluginProber(
        policy=PolicySettings.from_environment({"AI_STUDIO_OCI_CACHE_DIR": "/c"}),
        resolver=FakeResolver({}, error=LOOK_UP_FAILED),
        objects=Stored(),  # type: ignore[arg-type]  # only asked for the head
        mounts=(),
        deadline_seconds=1,
        attempts=1,
        pause_seconds=0,
    )
    record = worker_plugin("oci", status="ready", version=replace(version(1), platforms=platforms))
    assert prober.probe(record).outcome == "healthy"


def test_a_push_event_whose_id_no_message_could_carry_is_refused() -> None:
    """Its id becomes the correlation id: taken as it is, the message that follows would be poison."""
    push = {
        "version": "0",
        "id": "a b",
        "source": "aws.ecr",
        "account": "123456789012",
        "region": "eu-central-1",
        "detail-type": "ECR Image Action",
        "detail": {
            "result": "SUCCESS",
            "action-type": "PUSH",
            "repository-name": "plugins/my-plugin",
            "image-tag": "v1",
            "image-digest": "sha256:" + "a" * 64,
        },
    }
    with pytest.raises(Refused) as caught:
        parse_push(json.dumps(push), local=LocalRegistry())
    assert caught.value.reason.code == "bad_push_event"


def test_a_file_that_only_a_gateway_can_see_is_not_in_progress_for_ever() -> None:
    """When the work has ended without a verdict, `Ready` says why and not that somebody is still at it."""
    table = table_with(worker_plugin("file"))
    pending = stored(table)
    table.commit(moved(pending, "plugin.validated"))
    after = check_health(
        message("CheckHealth"), table=table, prober=OnlyAGateway(), thresholds=Thresholds(3, 1), clock=lambda: NOW
    )
    assert (after.status, after.observed_generation) == ("validated", 1)
    assert (after.conditions["Ready"].status, after.conditions["Ready"].reason) == ("Unknown", "gateway_only")


class OnlyAGateway:
    """A prober that can't see the file."""

    def probe(self, plugin: Plugin) -> ProbeResult:
        """Say so."""
        del plugin
        return ProbeResult("unknown", "none", GATEWAY_ONLY)


def test_the_health_of_one_command_is_not_that_of_the_next() -> None:
    """After a change of the command nobody is called healthy for what was probed before."""
    gateway = LocalGateway()
    created = gateway.create(gateway.alice, slug="mine")
    record = gateway.record(created).with_condition("Healthy", "True", now=LATER, reason="serving")
    gateway.store(record, status="ready", health={"status": "healthy", "checked_at": LATER})
    path = f"{PLUGINS}/{record.id}"
    gateway.call("PATCH", path, token=gateway.alice, body={"command": "grpc://other.example.com:50051"})
    answer = gateway.call("GET", f"{path}/health", token=gateway.alice)
    assert answer.attributes["status"] == "unknown"
    assert gateway.record(created).conditions["Healthy"].status == "Unknown"

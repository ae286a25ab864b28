"""oci_pull: validated → pulling → ready, rejected or failed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from functions.oci_pull.use_case import Ports, PullError, pull_plugin
from shared.artifacts.ports import StoredArtifact
from shared.artifacts.pull import PulledVersion
from shared.commands import OciCommand, PolicySettings
from shared.errors import Reason, Refused, Transient
from shared.plugins.record import Plugin
from shared.plugins.transitions import STUCK_AFTER_SECONDS, Event, change
from shared.times import rfc3339
from tests.unit.plugins.fakes import InMemoryPluginTable
from tests.unit.workers.builders import NOW, PUBLIC, FakeResolver, message, names, plugin, stored, table_with

MANIFEST = "sha256:" + "a" * 64
GONE = PullError("ReferenceResolved", Refused(Reason("registry_not_found", "no such tag", "Check the tag.")))
BUSY = PullError("ReferenceResolved", Transient(Reason("connection_refused", "refused", "Is it up?")))
LYING = PullError("ArtifactStored", Refused(Reason("digest_mismatch", "other bytes", "Push it again.")))


def pulled(manifest: str = MANIFEST, executable: str = "b" * 64) -> PulledVersion:
    """Give what a good pull gives."""
    return PulledVersion(
        reference=f"registry.example.com/plugins/my-plugin:v1.0.0@{manifest}",
        manifest_digest=manifest,
        media_type="application/vnd.oci.image.manifest.v1+json",
        platforms={"linux/amd64": StoredArtifact(executable, 10, f"artifacts/sha256/{executable}")},
        plugin_config={"name": "p"},
        warnings=("dynamically linked",),
        signature={"state": "not_checked", "reason": "no_signature_check_configured"},
    )


class FakePuller:
    """Gives or raises what it is told to."""

    def __init__(self, *results: PulledVersion | PullError) -> None:
        self.calls = 0
        self._results = list(results)

    def pull(self, command: OciCommand, plugin: Plugin, *, remaining_seconds: Callable[[], float]) -> PulledVersion:
        """Give or raise the next result; the last one again and again."""
        del command, plugin, remaining_seconds
        self.calls += 1
        result = self._results.pop(0) if len(self._results) > 1 else self._results[0]
        if isinstance(result, PullError):
            raise result
        return result


class FakeReceipts:
    """Keeps receipts; refuses another document under the same key."""

    def __init__(self) -> None:
        self.documents: dict[str, Mapping[str, Any]] = {}

    def put_receipt(self, key: str, document: Mapping[str, Any]) -> None:
        """Keep the document."""
        assert self.documents.setdefault(key, document) == document


def run(
    table: InMemoryPluginTable,
    puller: FakePuller,
    *,
    receipts: FakeReceipts | None = None,
    environment: dict[str, str] | None = None,
    resolver: FakeResolver = PUBLIC,
    generation: int = 1,
) -> Plugin:
    """Run the use case over the table."""
    return pull_plugin(
        message("PullArtifact", generation=generation),
        settings=PolicySettings.from_environment({"AI_STUDIO_OCI_CACHE_DIR": "/c", **(environment or {})}),
        ports=Ports(table, puller, receipts or FakeReceipts(), resolver, lambda: NOW),
        remaining_seconds=lambda: 900.0,
    )


def test_a_good_pull_makes_an_active_version() -> None:
    """The version, its receipt, the conditions and the events tell one story."""
    table, receipts = table_with(plugin("oci", status="validated")), FakeReceipts()
    after = run(table, FakePuller(pulled()), receipts=receipts)
    assert (after.status, after.observed_generation) == ("ready", 1)
    assert names(table) == ["plugin.pull_started", "plugin.ready"]
    assert after.version is not None
    assert (after.version.number, after.version.manifest_digest) == (1, MANIFEST)
    assert after.conditions["ReferenceResolved"].status == "True"
    assert after.conditions["ArtifactStored"].status == "True"
    assert list(table.list_versions(after.id)) == [after.version]
    assert receipts.documents[after.version.receipt_key]["manifest_digest"] == MANIFEST


def test_an_unchecked_signature_never_reads_as_verified() -> None:
    """`not checked` is Unknown in the record and in the receipt."""
    receipts = FakeReceipts()
    after = run(table_with(plugin("oci", status="validated")), FakePuller(pulled()), receipts=receipts)
    assert after.conditions["SignatureVerified"].status == "Unknown"
    assert after.conditions["SignatureVerified"].reason == "no_signature_check_configured"
    assert [document["signature"]["state"] for document in receipts.documents.values()] == ["not_checked"]


def test_required_signatures_refuse_before_anything_is_pulled() -> None:
    """What this release can't verify is not pulled, and the record says which setting asks for it."""
    puller = FakePuller(pulled())
    after = run(
        table_with(plugin("oci", status="validated")),
        puller,
        environment={"AI_STUDIO_OCI_REQUIRE_SIGNATURE": "true"},
    )
    assert (after.status, puller.calls) == ("rejected", 0)
    assert after.conditions["SignatureVerified"].reason == "signature_verification_not_built_yet"


@pytest.mark.parametrize(
    ("error", "status", "condition", "value"),
    [(GONE, "rejected", "ReferenceResolved", "False"), (BUSY, "failed", "ReferenceResolved", "Unknown")],
)
def test_a_bad_pull_ends_with_reason_and_hint(error: PullError, status: str, condition: str, value: str) -> None:
    """What someone must mend is rejected, what may mend itself is failed and due again."""
    table = table_with(plugin("oci", status="validated"))
    after = run(table, FakePuller(error))
    found = after.conditions[condition]
    assert (after.status, found.status, found.reason) == (status, value, error.cause.reason.code)
    assert found.hint
    assert (after.next_due_at is None) == (status == "rejected")


def test_the_last_good_version_stays_active_when_a_new_pull_fails() -> None:
    """A failure never moves what gateways get."""
    table = table_with(plugin("oci", status="validated"))
    good = run(table, FakePuller(pulled())).version
    reload(table)
    after = run(table, FakePuller(LYING), generation=2)
    assert after.status == "rejected"
    assert after.version == good
    assert after.conditions["ArtifactStored"].status == "False"


def test_the_same_digest_again_is_no_new_version() -> None:
    """A reload without news keeps the version and says so."""
    table = table_with(plugin("oci", status="validated"))
    first = run(table, FakePuller(pulled()))
    reload(table)
    second = run(table, FakePuller(pulled()), generation=2)
    assert second.version == first.version
    assert len(table.list_versions(first.id)) == 1
    assert table.outbox[-1]["detail"]["unchanged"] is True


def test_a_new_digest_is_the_next_version() -> None:
    """Versions count up and the older one stays listed."""
    table = table_with(plugin("oci", status="validated"))
    run(table, FakePuller(pulled()))
    reload(table)
    after = run(table, FakePuller(pulled("sha256:" + "c" * 64, "d" * 64)), generation=2)
    assert [version.number for version in table.list_versions(after.id)] == [2, 1]
    assert after.version is not None
    assert after.version.number == 2


def test_a_second_delivery_does_not_pull_again() -> None:
    """The work is done once."""
    table, puller = table_with(plugin("oci", status="validated")), FakePuller(pulled())
    run(table, puller)
    run(table, puller)
    assert puller.calls == 1
    assert names(table) == ["plugin.pull_started", "plugin.ready"]


def test_a_pull_that_died_is_taken_up_again() -> None:
    """A delivery that finds `pulling` for longer than a function can live goes on: whoever began is gone."""
    began = rfc3339(NOW - STUCK_AFTER_SECONDS["pulling"])
    table, puller = table_with(plugin("oci", status="pulling", updated_at=began)), FakePuller(pulled())
    assert run(table, puller).status == "ready"
    assert names(table) == ["plugin.pull_started", "plugin.ready"]


def test_a_command_that_the_policy_refuses_now_is_not_pulled() -> None:
    """The registry's name is judged again right before the pull."""
    puller = FakePuller(pulled())
    after = run(
        table_with(plugin("oci", status="validated")),
        puller,
        resolver=FakeResolver({"registry.example.com": ["169.254.169.254"]}),
    )
    assert (after.status, puller.calls) == ("rejected", 0)
    assert after.conditions["CommandValid"].reason == "internal_network_address"


def test_a_reload_during_the_pull_wins() -> None:
    """What an old generation pulled does not become active in the new one."""
    table = table_with(plugin("oci", status="validated"))

    class Meddler(FakePuller):
        """Reloads the plugin while it is pulled."""

        def pull(self, command: OciCommand, plugin: Plugin, *, remaining_seconds: Callable[[], float]) -> PulledVersion:
            """Move the record on, then answer."""
            reload(table)
            return super().pull(command, plugin, remaining_seconds=remaining_seconds)

    after = run(table, Meddler(pulled()))
    assert (after.status, after.generation, after.version) == ("pending", 2, None)
    assert list(table.list_versions(after.id)) == []


def reload(table: InMemoryPluginTable) -> None:
    """Ask for the next generation and validate it, as the other functions would."""
    before = stored(table)
    moved = replace(before, generation=before.generation + 1, reload_requested_generation=before.generation + 1)
    table.commit(change(before, moved, Event("plugin.reload_requested", "t", "test", "c"), epoch=int(NOW)))
    if before.status != "pulling":
        pending = stored(table)
        table.commit(change(pending, pending, Event("plugin.validated", "t", "test", "c"), epoch=int(NOW)))

"""command_validation: pending → validated, rejected or failed."""

from dataclasses import replace

import pytest

from functions.command_validation.use_case import validate_command
from shared.commands import PolicySettings
from shared.errors import NotFound, PlugportError, Transient
from shared.plugins.record import Plugin
from shared.plugins.transitions import Event, change
from tests.unit.plugins.fakes import InMemoryPluginTable
from tests.unit.workers.builders import (
    LOOK_UP_FAILED,
    NOW,
    PUBLIC,
    FakeResolver,
    message,
    names,
    plugin,
    stored,
    table_with,
)

OCI_ON = {"AI_STUDIO_OCI_CACHE_DIR": "/c"}


def run(
    table: InMemoryPluginTable,
    resolver: FakeResolver = PUBLIC,
    *,
    generation: int = 1,
    environment: dict[str, str] | None = None,
) -> Plugin:
    """Run the use case over the table."""
    return validate_command(
        message("ValidateCommand", generation=generation),
        table=table,
        settings=PolicySettings.from_environment(environment or {}),
        resolver=resolver,
        clock=lambda: NOW,
    )


@pytest.mark.parametrize("scheme", ["grpc", "file", "oci"])
def test_an_allowed_command_becomes_validated(scheme: str) -> None:
    """Every scheme passes when the policy allows it, and the record says why."""
    table = table_with(plugin(scheme))
    after = run(table, environment=OCI_ON)
    assert (after.status, names(table)) == ("validated", ["plugin.validated"])
    assert after.conditions["CommandValid"].status == "True"
    assert stored(table) == after


def test_a_warning_is_kept_on_the_record() -> None:
    """A file outside of the standard directories is allowed, and the record says so in the product's words."""
    record = plugin("file", command="file:///home/user/plugins/my-plugin")
    after = run(table_with(record))
    assert after.status == "validated"
    assert after.warnings[0].startswith("PLUGIN SECURITY WARNING: ")


def test_a_name_that_became_internal_is_rejected() -> None:
    """What was legal at registration is judged again with its addresses."""
    table = table_with(plugin("grpc"))
    after = run(table, FakeResolver({"plugins.example.com": ["93.184.216.34", "10.0.0.5"]}))
    assert (after.status, names(table)) == ("rejected", ["plugin.rejected"])
    assert after.conditions["CommandValid"].reason == "internal_network_address"
    assert after.conditions["Ready"].status == "False"
    assert after.next_due_at is None


@pytest.mark.parametrize("resolver", [FakeResolver({}), FakeResolver({}, error=LOOK_UP_FAILED)])
def test_a_name_without_address_fails_and_is_tried_again(resolver: FakeResolver) -> None:
    """A name may get an address: the plugin fails for now and is due after its back-off."""
    after = run(table_with(plugin("grpc")), resolver)
    assert (after.status, after.attempts) == ("failed", 1)
    assert after.next_due_at == NOW + 60
    assert after.conditions["CommandValid"].status == "Unknown"
    assert after.conditions["CommandValid"].hint


def test_a_refused_command_is_not_looked_up() -> None:
    """A denial by the command alone costs no look-up: nothing about it leaves the function."""
    resolver = FakeResolver({})
    after = run(table_with(plugin("oci")), resolver)
    assert after.conditions["CommandValid"].reason == "oci_disabled"
    assert resolver.questions == 0


def test_a_second_delivery_changes_nothing() -> None:
    """The same message twice is one transition."""
    table = table_with(plugin("grpc"))
    first = run(table)
    second = run(table)
    assert first == second
    assert names(table) == ["plugin.validated"]


def test_a_late_message_changes_nothing() -> None:
    """A message of an older generation is out of date."""
    table = table_with(plugin("grpc", generation=3))
    assert run(table, generation=2).status == "pending"
    assert names(table) == []


def test_a_message_ahead_of_the_record_waits() -> None:
    """A message that knows more than the record is delivered again."""
    with pytest.raises(Transient, match="generation_unknown"):
        run(table_with(plugin("grpc")), generation=2)


def test_an_inactive_plugin_is_left_alone() -> None:
    """Nothing works on a plugin that was switched off meanwhile."""
    table = table_with(plugin("grpc", is_active=False))
    run(table)
    assert names(table) == []


def test_a_deleted_plugin_is_reported_as_gone() -> None:
    """The worker's frame takes this as done; nothing is written."""
    table = InMemoryPluginTable()
    with pytest.raises(NotFound):
        run(table)
    assert table.commits == 0


def test_another_writer_may_come_first() -> None:
    """A lost race is decided again over the newest record."""
    table = table_with(plugin("grpc"))
    table.conflicts = 2
    assert run(table).status == "validated"


def test_a_command_changed_meanwhile_is_not_judged_by_the_old_one() -> None:
    """The verdict belongs to the command that was looked at."""
    table = table_with(plugin("grpc"))

    class Meddler(FakeResolver):
        """Changes the command while the old one is looked up."""

        def resolve(self, host: str, port: int, timeout_seconds: float) -> list[str]:
            """Patch the record, then answer."""
            del host, port, timeout_seconds
            before = stored(table)
            if before.generation == 1:
                patched = replace(before, command="grpc://other.example.com:1", generation=2)
                event = Event("plugin.reload_requested", "t", "test", "cor-2")
                table.commit(change(before, patched, event, epoch=int(NOW)))
            return ["93.184.216.34"]

    after = run(table, Meddler({}))
    assert (after.status, after.generation) == ("pending", 2)
    assert "CommandValid" not in after.conditions


def test_an_unavailable_table_is_transient_and_writes_nothing() -> None:
    """The message comes again."""
    table = table_with(plugin("grpc"))
    table.unavailable = True
    with pytest.raises(PlugportError) as caught:
        run(table)
    assert caught.value.retryable
    assert names(table) == []


def test_a_plugin_that_is_switched_off_is_not_ready() -> None:
    """`Ready` tells of an inactive plugin that it is off, not that work on it is in progress."""
    record = stored(table_with(plugin("grpc", is_active=False)))
    assert (record.conditions["Ready"].status, record.conditions["Ready"].reason) == ("False", "inactive")

"""Records, messages and ports for the tests of the workers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.errors import PlugportError, Reason, Transient
from shared.messages import Message, MessageType
from shared.plugins.ports import PluginKey
from shared.plugins.record import Plugin
from shared.plugins.transitions import Event, registered
from shared.times import rfc3339
from tests.unit.plugins.fakes import InMemoryPluginTable

NOW = 1_795_500_000.0
PLUGIN_ID = "plg_01kb0000000000000000000000"
SCHEMES = {
    "grpc": "grpc://plugins.example.com:50051",
    "file": "file:///usr/local/bin/my-plugin",
    "oci": "oci://registry.example.com/plugins/my-plugin:v1.0.0",
}


def plugin(scheme: str = "grpc", **fields: Any) -> Plugin:
    """Give a registered plugin of this scheme."""
    command = SCHEMES[scheme]
    base = Plugin(
        id=PLUGIN_ID,
        namespace="team-a",
        slug="my-plugin",
        name="My Plugin",
        command=command,
        command_given=command,
        scheme=scheme,
        hook_type="pre_auth",
        hook_types=("pre_auth",),
        plugin_type="gateway",
        is_active=True,
        created_at=rfc3339(NOW),
        updated_at=rfc3339(NOW),
        source_key="registry.example.com/plugins/my-plugin" if scheme == "oci" else "",
    )
    return replace(base, **fields)


def table_with(record: Plugin) -> InMemoryPluginTable:
    """Give a table that holds the record as if it had just been registered in its status."""
    table = InMemoryPluginTable(clock=lambda: NOW)
    table.commit(registered(record, Event("plugin.registered", rfc3339(NOW), "test", "cor-1"), epoch=int(NOW)))
    table.outbox.clear()
    return table


def message(kind: MessageType, *, generation: int = 1) -> Message:
    """Give the message that the relay would send."""
    return Message(kind, "team-a", PLUGIN_ID, generation, "cor-1", rfc3339(NOW))


def stored(table: InMemoryPluginTable) -> Plugin:
    """Read the record back."""
    return table.load(PluginKey("team-a", PLUGIN_ID))


def names(table: InMemoryPluginTable) -> list[str]:
    """Give the events that the table committed since it was made."""
    return [entry["name"] for entry in table.outbox]


class FakeResolver:
    """Answers from a table; counts the questions."""

    def __init__(self, answers: Mapping[str, Sequence[str]], *, error: PlugportError | None = None) -> None:
        self.questions = 0
        self._answers = answers
        self._error = error

    def resolve(self, host: str, port: int, timeout_seconds: float) -> Sequence[str]:
        """Give the answers for a name, none for an unknown one."""
        del port, timeout_seconds
        self.questions += 1
        if self._error is not None:
            raise self._error
        return self._answers.get(host, ())


LOOK_UP_FAILED = Transient(Reason("look_up_failed", "the look-up failed", "Try again."))
PUBLIC = FakeResolver({"plugins.example.com": ["93.184.216.34"], "registry.example.com": ["93.184.216.35"]})

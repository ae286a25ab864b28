"""The workers on a table in memory: what an event of the suite `events_bad` is fed to."""

import contextlib
import io
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from functions.command_validation.use_case import validate_command
from functions.oci_pull.use_case import Ports, pull_plugin
from functions.push_trigger.events import LocalRegistry
from functions.push_trigger.handler import PushTrigger
from functions.reconcile.handler import Reconciler
from functions.relay.routing import next_message
from shared.artifacts.ports import StoredArtifact
from shared.artifacts.pull import NOT_CHECKED, PulledVersion
from shared.commands import OciCommand, PolicySettings
from shared.messages import Message, MessageType
from shared.plugins.ports import Conflict, Idempotency
from shared.plugins.record import Plugin, Version
from shared.plugins.transitions import Change, Event, registered
from shared.worker import Worker
from tests.conformance.event_mapping import KIND, PUSH_QUEUE_ARN, QUEUE_ARN
from tests.unit.plugins.fakes import InMemoryPluginTable

#: 2026-11-22T09:00:05Z: shortly after the suite's events.
NOW: Final = 1_795_338_005.0
PUBLIC_ADDRESS: Final = "8.8.8.8"
_MEDIA_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
_RACERS: Final = 2


class RacedTable(InMemoryPluginTable):
    """A table where another worker does the same job at the same time, and is first."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: NOW)
        self.raced = False

    def commit(self, change: Change, *, idempotency: Idempotency | None = None) -> None:
        """Let the other worker commit the first change, then refuse ours."""
        super().commit(change, idempotency=idempotency)
        if not self.raced and change.before is not None:
            self.raced = True
            self.commits -= 1
            raise Conflict_


@dataclass(slots=True)
class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class _Resolver:
    """Answers from a table; every other name has one public address."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._names = names

    def resolve(self, host: str, port: int, timeout_seconds: float) -> Sequence[str]:
        assert port
        assert timeout_seconds
        return self._names.get(host, [PUBLIC_ADDRESS])


class _Puller:
    """A registry that serves what the case says, else what was pushed last."""

    def __init__(self, digest_of: Callable[[OciCommand], str]) -> None:
        self._digest_of = digest_of

    def pull(self, command: OciCommand, *, checksum: str | None, **_: object) -> PulledVersion:
        digest = self._digest_of(command)
        stored = StoredArtifact(sha256=digest.removeprefix("sha256:"), size_bytes=1, key=f"artifacts/{digest}")
        assert checksum is None
        return PulledVersion(
            reference=f"{command.registry}/{command.repository}@{digest}",
            manifest_digest=digest,
            media_type=_MEDIA_TYPE,
            platforms={"linux/amd64": stored},
            plugin_config={},
            warnings=(),
            signature=NOT_CHECKED,
        )


class _Receipts:
    def put_receipt(self, key: str, document: Mapping[str, Any]) -> None:
        assert key
        assert document

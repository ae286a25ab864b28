"""The workers on a table in memory: what an event of the suite `events_bad` is fed to."""

import contextlib
import io
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
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
from shared.plugins.ports import WRITE_CONFLICT, Conflict, Idempotency
from shared.plugins.record import Plugin
from shared.plugins.transitions import Change
from shared.times import rfc3339
from shared.worker import Worker
from tests.conformance.event_mapping import KIND, PUSH_QUEUE_ARN, QUEUE_ARN
from tests.unit.plugins.fakes import InMemoryPluginTable

#: 2026-11-22T09:00:05Z: shortly after the suite's events.
NOW: Final = 1_795_338_005.0
PUBLIC_ADDRESS: Final = "8.8.8.8"
_MEDIA_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
#: Everything that is logged. One for the process: a logger writes to the stream that was there when it was made.
_OUTPUT: Final = io.StringIO()


class World:
    """One table, and every worker that events reach, on fakes.

    Args:
        names: host → addresses; every other name has one public address.
        served: `repository:tag` → digest that the registry serves.

    Attributes:
        table: the plugins.
        sent: messages that the schedule has sent.
    """

    def __init__(self, *, names: Mapping[str, Sequence[str]], served: dict[str, str]) -> None:
        self.table = RacedTable()
        self.sent: list[str] = []
        self.served = served
        self._settings = PolicySettings.from_environment({"AI_STUDIO_OCI_CACHE_DIR": "/var/cache/plugins"})
        self._resolver = _Resolver(names)
        _OUTPUT.seek(0)
        _OUTPUT.truncate()
        with self._captured():
            self._worker = Worker(
                service="conformance",
                kind=KIND,
                queue_arn=QUEUE_ARN,
                clock=_clock,
                work=lambda message, _: self._validate(message),
            )
            self._push = PushTrigger(queue_arn=PUSH_QUEUE_ARN, local=LocalRegistry(), table=self.table, clock=_clock)
            self._reconciler = Reconciler(table=self.table, sender=_Sender(self.sent), clock=_clock)

    def job(self, event: object) -> Mapping[str, Any]:
        """Feed an event to the worker of the job queue."""
        with self._captured():
            return self._worker.handle(event, _Context())

    def push(self, event: object) -> Mapping[str, Any]:
        """Feed a batch of push events to the trigger, then let the work that it starts run to its end."""
        with self._captured():
            begun = len(self.table.outbox)
            answer = self._push.handle(event, _Context())
            self._run_to_end(begun)
            return answer

    def tick(self, event: object) -> None:
        """Feed a schedule's event to the sweep."""
        with self._captured():
            self._reconciler.handle(event)

    @property
    def log(self) -> str:
        """Everything that was logged."""
        return _OUTPUT.getvalue()

    def logged(self) -> list[dict[str, Any]]:
        """Give the log's entries that name a reason."""
        entries = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [entry for entry in entries if "reason" in entry]

    @contextlib.contextmanager
    def _captured(self) -> Any:
        with contextlib.redirect_stdout(_OUTPUT), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # metrics of a batch that counted nothing
            yield

    def _run_to_end(self, begun: int) -> None:
        """Do what the relay's messages ask for, but for health checks."""
        position = begun
        while position < len(self.table.outbox):
            event = self.table.outbox[position]
            position += 1
            kind = next_message(event)
            if kind == "ValidateCommand":
                self._validate(_message(kind, event))
            elif kind == "PullArtifact":
                self._pull(_message(kind, event))

    def _validate(self, message: Message) -> Plugin:
        return validate_command(
            message, table=self.table, settings=self._settings, resolver=self._resolver, clock=_clock
        )

    def _pull(self, message: Message) -> Plugin:
        ports = Ports(
            table=self.table,
            puller=_Puller(self._digest_of),
            receipts=_Receipts(),
            resolver=self._resolver,
            clock=_clock,
        )
        return pull_plugin(message, settings=self._settings, ports=ports, remaining_seconds=lambda: 900.0)

    def _digest_of(self, command: OciCommand) -> str:
        return self.served[f"{command.repository}:{command.tag or 'latest'}"]


class RacedTable(InMemoryPluginTable):
    """A table on which another worker may do the same job at the same time, and be first.

    Attributes:
        raced: the next change of a record is committed by the other worker, and ours is refused.
    """

    def __init__(self) -> None:
        super().__init__(clock=_clock)
        self.raced = False

    def commit(self, change: Change, *, idempotency: Idempotency | None = None) -> None:
        """Write, or lose against the other worker."""
        super().commit(change, idempotency=idempotency)
        if self.raced:
            self.raced = False
            self.commits -= 1
            raise Conflict(WRITE_CONFLICT, "the other worker was first")


class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class _Resolver:
    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._names = names

    def resolve(self, host: str, port: int, timeout_seconds: float) -> Sequence[str]:  # noqa: ARG002 - the port's signature
        return self._names.get(host, [PUBLIC_ADDRESS])


class _Puller:
    def __init__(self, digest_of: Callable[[OciCommand], str]) -> None:
        self._digest_of = digest_of

    def pull(self, command: OciCommand, plugin: Plugin, *, remaining_seconds: Callable[[], float]) -> PulledVersion:
        del plugin, remaining_seconds
        digest = self._digest_of(command)
        stored = StoredArtifact(digest.removeprefix("sha256:"), 1, f"artifacts/{digest}")
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
        """Nobody reads them here."""


class _Sender:
    def __init__(self, sent: list[str]) -> None:
        self._sent = sent

    def send(self, kind: MessageType, bodies: Sequence[str]) -> None:  # noqa: ARG002 - the port's signature
        self._sent.extend(bodies)


def _clock() -> float:
    return NOW


def _message(kind: MessageType, event: Mapping[str, Any]) -> Message:
    return Message(
        type=kind,
        namespace=event["namespace"],
        plugin_id=event["plugin_id"],
        generation=event["generation"],
        correlation_id=event["correlation_id"],
        requested_at=rfc3339(NOW),
    )

"""Every function's handler on fakes, by the name of its folder in `functions/`."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from functions.authorizer.handler import Authorizer
from functions.authorizer.use_case import StoredToken
from functions.command_validation.use_case import validate_command
from functions.health_check.use_case import Thresholds, check_health
from functions.oci_pull.use_case import Ports as PullPorts
from functions.oci_pull.use_case import pull_plugin
from functions.push_trigger.events import LocalRegistry
from functions.push_trigger.handler import PushTrigger
from functions.reconcile.handler import Reconciler
from functions.registration.api import Api
from functions.registration.ports import Ports
from shared.artifacts.ports import StoredArtifact
from shared.artifacts.pull import NOT_CHECKED, PulledVersion
from shared.commands import OciCommand, PolicySettings
from shared.errors import Reason
from shared.health.results import ProbeResult
from shared.messages import Message, MessageType
from shared.plugins.record import Plugin
from shared.plugins.transitions import Event, registered
from shared.times import rfc3339
from shared.tokens import token_key
from shared.worker import Worker
from tests.unit.plugins.fakes import InMemoryPluginTable

EVENTS: Final = Path(__file__).parents[2] / "events"
#: The plugin, the token and the queues that the event files name.
PLUGIN_ID: Final = "plg_01kav6m3hsrk1bk6zr2dcw3n0q"
KNOWN_TOKEN: Final = "ppt_" + "A" * 43
PUSHED: Final = "sha256:019f39eda284d306c5990208822161bd183bbdc26ae07b49f88fe8b3523fadd0"
NOW: Final = 1_795_500_400.0
_QUEUE: Final = "arn:aws:sqs:us-east-1:123456789012:plugport-"
_SERVING = Reason("serving", "the plugin says that it serves", "")
_POLICY: Final = PolicySettings.from_environment({"AI_STUDIO_OCI_CACHE_DIR": "/var/cache/plugins"})


class World:
    """What lies behind the handlers.

    Args:
        command: of the plugin that the events name; None = there is no such plugin.
        status, generation: of that plugin.

    Attributes:
        table: the plugins.
        sent: messages that were put on queues, by type.
    """

    def __init__(
        self,
        command: str | None = "oci://registry.example.com/plugins/my-plugin:v1.0.0",
        *,
        status: str = "pending",
        generation: int = 1,
    ) -> None:
        self.table = InMemoryPluginTable(clock=lambda: NOW)
        self.sent: list[MessageType] = []
        if command is not None:
            plugin = _plugin(command, status=status, generation=generation)
            event = Event("plugin.registered", rfc3339(NOW), "tok_1", "c-1")
            self.table.commit(registered(plugin, event, epoch=int(NOW) - 10_000))
            self.table.commits = 0

    def plugin(self) -> Plugin:
        """Give the one plugin as it is now."""
        (plugin,) = self.table.all_plugins()
        return plugin

    def feed(self, path: str) -> Any:
        """Feed the event `<function>/<variant>` to its function's handler."""
        function = path.partition("/")[0]
        handler: Callable[[Any], Any] = getattr(self, f"_{function}")
        return handler(load_event(path))

    def _registration(self, event: Any) -> Any:
        ports = Ports(table=self.table, urls=_Urls(), policy=_POLICY, clock=_clock, randomness=bytes)
        answer = Api(ports).handle(event)
        return {**answer, "document": json.loads(answer["body"]) if answer["body"] else None}

    def _authorizer(self, event: Any) -> Any:
        return Authorizer(tokens=_Tokens(), clock=_clock).handle(event)

    def _command_validation(self, event: Any) -> Any:
        def work(message: Message, _: object) -> Plugin:
            return validate_command(message, table=self.table, settings=_POLICY, resolver=_Resolver(), clock=_clock)

        return self._worker("ValidateCommand", "validation", work).handle(event, _Context())

    def _oci_pull(self, event: Any) -> Any:
        ports = PullPorts(table=self.table, puller=_Puller(), receipts=_Receipts(), resolver=_Resolver(), clock=_clock)

        def work(message: Message, _: object) -> Plugin:
            return pull_plugin(message, settings=_POLICY, ports=ports, remaining_seconds=lambda: 900.0)

        return self._worker("PullArtifact", "pull", work).handle(event, _Context())

    def _health_check(self, event: Any) -> Any:
        def work(message: Message, _: object) -> Plugin:
            return check_health(message, table=self.table, prober=_Prober(), thresholds=Thresholds(3, 1), clock=_clock)

        return self._worker("CheckHealth", "health", work).handle(event, _Context())

    def _push_trigger(self, event: Any) -> Any:
        local = LocalRegistry("plugport.local.ecr", "127.0.0.1:4566")
        trigger = PushTrigger(queue_arn=f"{_QUEUE}push", local=local, table=self.table, clock=_clock)
        return trigger.handle(event, _Context())

    def _reconcile(self, event: Any) -> Any:
        return Reconciler(table=self.table, sender=self, clock=_clock).handle(event)

    def send(self, kind: MessageType, bodies: Sequence[str]) -> None:
        """`MessageSender`."""
        self.sent += [kind] * len(bodies)

    def _worker(self, kind: MessageType, queue: str, work: Callable[[Message, Any], Plugin]) -> Worker:
        return Worker(service=kind, kind=kind, queue_arn=f"{_QUEUE}{queue}", clock=_clock, work=work)


def load_event(path: str) -> Any:
    """Read `<function>/<variant>`."""
    return json.loads((EVENTS / f"{path}.json").read_text(encoding="utf-8"))


def _plugin(command: str, *, status: str, generation: int) -> Plugin:
    return Plugin(
        id=PLUGIN_ID,
        namespace="default",
        slug="plugin-of-the-events",
        name="My OCI Plugin",
        command=command,
        command_given=command,
        scheme=command.partition("://")[0],
        source_key=command.removeprefix("oci://").rpartition(":")[0] if command.startswith("oci://") else "",
        hook_type="pre_auth",
        hook_types=("pre_auth",),
        plugin_type="gateway",
        is_active=True,
        created_at=rfc3339(NOW),
        updated_at=rfc3339(NOW),
        status=status,  # type: ignore[arg-type]  # each caller gives a literal of ours
        generation=generation,
        observed_generation=generation if status == "ready" else 0,
    )


class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class _Urls:
    def download_url(self, key: str, *, file_name: str, lifetime_seconds: int) -> str:
        return f"https://bucket.example.com/{key}?as={file_name}&for={lifetime_seconds}"


class _Tokens:
    def find_token(self, key: str) -> StoredToken | None:
        known = StoredToken("tok_0f1e2d3c4b5a6978", ("read", "write", "admin"), ("*",), None, revoked=False)
        return known if key == token_key(KNOWN_TOKEN) else None


class _Resolver:
    def resolve(self, host: str, port: int, timeout_seconds: float) -> Sequence[str]:  # noqa: ARG002 - the port's signature
        return ["8.8.8.8"]


class _Puller:
    def pull(self, command: OciCommand, plugin: Plugin, *, remaining_seconds: Callable[[], float]) -> PulledVersion:
        del plugin, remaining_seconds
        stored = StoredArtifact("ab" * 32, 1, f"artifacts/sha256/{'ab' * 32}")
        return PulledVersion(
            reference=f"{command.registry}/{command.repository}@{PUSHED}",
            manifest_digest=PUSHED,
            media_type="application/vnd.oci.image.manifest.v1+json",
            platforms={"linux/amd64": stored},
            plugin_config={},
            warnings=(),
            signature=NOT_CHECKED,
        )


class _Receipts:
    def put_receipt(self, key: str, document: Mapping[str, Any]) -> None:
        """Nobody reads them here."""


class _Prober:
    def probe(self, plugin: Plugin) -> ProbeResult:  # noqa: ARG002 - the port's signature
        return ProbeResult("healthy", "grpc.health.v1", _SERVING)


def _clock() -> float:
    return NOW

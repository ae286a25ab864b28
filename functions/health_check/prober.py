"""Looks at one plugin: a grpc:// service, a mounted file:// path, or the stored object of an oci:// one."""

from collections.abc import Sequence
from typing import Any

from shared.admission import admit, admit_unresolved
from shared.commands import FileCommand, GrpcCommand, PolicySettings
from shared.egress import Resolver, grpc_target
from shared.health.object_probe import ExpectedObject, ObjectHead, probe_objects
from shared.health.results import ProbeResult
from shared.plugins.record import Plugin


class PluginProber:
    """Implements the use case's `Prober`.

    Args:
        policy: judges the command again, and every address before it is dialled.
        resolver: looks names up.
        objects: the store of artifacts.
        mounts: directories that this function sees as the gateways do.
        deadline_seconds: bound of one probe.
        attempts, pause_seconds: for a plugin that was never seen working: its server may just be starting.
    """

    def __init__(
        self,
        *,
        policy: PolicySettings,
        resolver: Resolver,
        objects: ObjectHead,
        mounts: Sequence[str],
        deadline_seconds: float,
        attempts: int,
        pause_seconds: float,
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._objects = objects
        self._mounts = mounts
        self._deadline = deadline_seconds
        self._attempts = attempts
        self._pause = pause_seconds

    def probe(self, plugin: Plugin) -> ProbeResult:
        """Give what was seen.

        Raises:
            Refused: the policy says no to the command as it is now.
            Transient: its name does not resolve now.
        """
        command = admit_unresolved(plugin.command, settings=self._policy)
        if isinstance(command, GrpcCommand):
            command = admit(plugin.command, settings=self._policy, resolver=self._resolver).command
        if isinstance(command, FileCommand):
            from shared.health.file_probe import FileExpectation, probe_file  # noqa: PLC0415 - only file:// needs it

            checksum = (plugin.checksum or "").removeprefix("sha256:") or None
            return probe_file(command.path, mounts=self._mounts, expectation=FileExpectation(sha256=checksum))
        if isinstance(command, GrpcCommand):
            import asyncio  # noqa: PLC0415 - slow to load: only a grpc:// plugin pays

            return asyncio.run(self._grpc(command, attempts=1 if plugin.status == "ready" else self._attempts))
        version = plugin.version
        platforms: Sequence[Any] = [] if version is None else list(version.platforms.values())
        expected = [ExpectedObject(item["key"], item["sha256"], item["size_bytes"]) for item in platforms]
        return probe_objects(self._objects, expected)

    async def _grpc(self, command: GrpcCommand, *, attempts: int) -> ProbeResult:
        from shared.health.grpc_probe import probe_grpc  # noqa: PLC0415 - grpc is large: only a grpc:// plugin pays
        from shared.health.runs import probe_with_attempts  # noqa: PLC0415 - same

        async def attempt() -> ProbeResult:
            target = grpc_target(
                command.host,
                command.port,
                policy=self._policy.address_policy(command),
                resolver=self._resolver,
            )
            return await probe_grpc(target, deadline_seconds=self._deadline)

        return await probe_with_attempts(attempt, attempts=attempts, pause_seconds=self._pause)

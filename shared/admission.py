"""Look at a stored command again, right before it is used: parse, resolve, judge (the connect phase of the policy).

"Legal when it was registered" is not "legal now": names move, settings change. Every worker comes through here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.commands import (
    Command,
    GrpcCommand,
    OciCommand,
    PolicySettings,
    Verdict,
    judge,
    judge_runtime,
    parse_command,
)
from shared.egress import Resolver
from shared.errors import PlugportError, Refused, Transient

RESOLVE_TIMEOUT_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Admission:
    """A command that may be used now, and what the policy says about it.

    Attributes:
        command: the parsed command.
        warnings: the policy's warnings, in the product's words.
    """

    command: Command
    warnings: tuple[str, ...]


def admit(text: str, *, settings: PolicySettings, resolver: Resolver) -> Admission:
    """Parse, resolve and judge a stored command.

    Raises:
        Refused: the grammar or the policy says no; the reason is the primary one.
        Transient: the name does not resolve, at least not now.
    """
    command = admit_unresolved(text, settings=settings)
    verdict = judge(command, settings, addresses_of(command, resolver))
    if verdict.decision == "deny":
        raise refusal_of(verdict)
    return Admission(command, tuple(finding.message for finding in verdict.findings if finding.level == "warn"))


def admit_unresolved(text: str, *, settings: PolicySettings) -> Command:
    """Parse and judge a stored command by itself, for work that dials nothing; raises `Refused`."""
    command = parse_command(text)
    for verdict in (judge_runtime(command, settings), judge(command, settings)):
        if verdict.decision == "deny":
            raise refusal_of(verdict)
    return command


def refusal_of(verdict: Verdict) -> PlugportError:
    """Give the primary reason of a denial as an error; a name without address may get one, so that is transient."""
    first = next(finding for finding in verdict.findings if finding.level == "deny")
    kind: type[PlugportError] = Transient if first.reason.code == "unresolvable_host" else Refused
    return kind(first.reason, first.message)


def addresses_of(command: Command, resolver: Resolver) -> Mapping[str, Sequence[str]]:
    """Resolve the one name that a command holds, if it holds one.

    Raises:
        Transient: the look-up itself failed or took too long.
    """
    if isinstance(command, GrpcCommand):
        return _resolve(command.host, command.port, resolver)
    if isinstance(command, OciCommand):
        return _resolve(command.host, command.port or 443, resolver)
    return {}


def _resolve(host: str, port: int, resolver: Resolver) -> Mapping[str, Sequence[str]]:
    try:
        return {host: tuple(resolver.resolve(host, port, RESOLVE_TIMEOUT_SECONDS))}
    except Refused:
        return {host: ()}

"""Logs of the deployed functions."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from local.errors import LocalError
from local.stack import STACK_NAME, Stack

_PREFIX: Final = f"/aws/lambda/{STACK_NAME}-"
_POLL_SECONDS: Final = 1


def print_logs(stack: Stack, *, name: str | None, follow: bool) -> None:
    """Print what the functions logged, oldest first.

    Args:
        stack: the running stack.
        name: of one function, e.g. `oci_pull`; None for all.
        follow: go on until interrupted.
    """
    client = stack.client("logs")
    groups = _groups(client, name)
    seen: set[str] = set()
    while True:
        events = [(group, event) for group in groups for event in _events(client, group)]
        for group, event in sorted(events, key=lambda entry: entry[1]["timestamp"]):
            identity = f"{group} {event['eventId']}"
            if identity not in seen:
                seen.add(identity)
                print(_line(group, event), flush=True)
        if not follow:
            return
        time.sleep(_POLL_SECONDS)


def _groups(client: Any, name: str | None) -> list[str]:
    found = [group["logGroupName"] for group in client.describe_log_groups(logGroupNamePrefix=_PREFIX)["logGroups"]]
    names = sorted(group.removeprefix(_PREFIX) for group in found)
    if name is None:
        return [_PREFIX + each for each in names]
    if name not in names:
        raise LocalError(f"there is no function {name}", f"Choose one of: {', '.join(names)}.")
    return [_PREFIX + name]


def _events(client: Any, group: str) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {"logGroupName": group}
    while True:
        answer = client.filter_log_events(**request)
        yield from answer["events"]
        if "nextToken" not in answer:
            return
        request["nextToken"] = answer["nextToken"]


def _line(group: str, event: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03} {group.removeprefix(_PREFIX):<18} {event['message'].rstrip()}"

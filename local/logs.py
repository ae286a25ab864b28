"""Logs of the deployed functions."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from local.errors import LocalError
from local.stack import STACK_NAME, Stack

_PREFIX: Final = f"/aws/lambda/{STACK_NAME}-"
_POLL_SECONDS: Final = 1
#: A line may arrive this much later than one that is newer.
_OVERLAP_MS: Final = 10_000


def print_logs(stack: Stack, *, name: str | None, follow: bool) -> None:
    """Print what the functions logged, oldest first.

    Args:
        stack: the running stack.
        name: of one function, e.g. `oci_pull`; None for all.
        follow: go on until interrupted.
    """
    client = stack.client("logs")
    groups = _groups(client, name)
    printed: set[tuple[object, ...]] = set()
    since = 0
    while True:
        events = [(group, event) for group in groups for event in _events(client, group, since)]
        events.sort(key=lambda entry: entry[1]["timestamp"])
        times: Counter[tuple[object, ...]] = Counter()
        for group, event in events:
            # The emulator gives events no id; equal lines of one moment are told apart by their number.
            line = (group, event["logStreamName"], event["timestamp"], event["message"])
            times[line] += 1
            if (*line, times[line]) not in printed:
                printed.add((*line, times[line]))
                print(_line(group, event), flush=True)
        if not follow:
            return
        if events:
            since = max(since, events[-1][1]["timestamp"] - _OVERLAP_MS)
        time.sleep(_POLL_SECONDS)


def _groups(client: Any, name: str | None) -> list[str]:
    found = [group["logGroupName"] for group in client.describe_log_groups(logGroupNamePrefix=_PREFIX)["logGroups"]]
    names = sorted(group.removeprefix(_PREFIX) for group in found)
    if name is None:
        return [_PREFIX + each for each in names]
    if name not in names:
        raise LocalError(f"there is no function {name}", f"Choose one of: {', '.join(names)}.")
    return [_PREFIX + name]


def _events(client: Any, group: str, since: int) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {"logGroupName": group, "startTime": since}
    while True:
        answer = client.filter_log_events(**request)
        yield from answer["events"]
        if "nextToken" not in answer:
            return
        request["nextToken"] = answer["nextToken"]


def _line(group: str, event: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03} {group.removeprefix(_PREFIX):<18} {event['message'].rstrip()}"

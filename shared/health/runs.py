"""How probes of any kind are run: again while it may help, and many at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from shared.errors import PlugportError
from shared.health.reasons import (
    CHECKER_ERROR,
    CONNECTION_CLOSED,
    CONNECTION_REFUSED,
    DEADLINE_EXCEEDED,
    NETWORK_UNREACHABLE,
    NOT_CHECKED,
)
from shared.health.results import ProbeResult

#: What may go away within seconds; anything else that fails to connect stays so until someone acts.
_WORTH_ANOTHER_ATTEMPT: Final = frozenset(
    {CONNECTION_REFUSED, CONNECTION_CLOSED, NETWORK_UNREACHABLE, DEADLINE_EXCEEDED}
)

T = TypeVar("T")


async def probe_with_attempts(
    probe: Callable[[], Awaitable[ProbeResult]],
    *,
    attempts: int = 3,
    pause_seconds: float = 2.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> ProbeResult:
    """Repeat a probe while it can't connect for a cause that may go away by itself; gives the last result.

    Args:
        probe: makes one attempt, with its own deadline.
        attempts: how many at most, at least 1.
        pause_seconds: between two attempts.
        sleep: waits.
    """
    result = await probe()
    for _ in range(attempts - 1):
        if result.outcome != "unreachable" or result.reason not in _WORTH_ANOTHER_ATTEMPT:
            break
        await sleep(pause_seconds)
        result = await probe()
    return result


async def probe_many(
    targets: Iterable[T],
    probe: Callable[[T], Awaitable[ProbeResult]],
    *,
    concurrency: int,
    deadline_seconds: float,
    budget_seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[tuple[T, ProbeResult]]:
    """Probe many targets, so many at a time; gives every target with its result, in the order of the targets.

    Args:
        targets: read one by one, as workers get free.
        probe: checks one target; what it raises becomes that target's result and touches no other.
        concurrency: workers; `concurrency * CPU seconds of one probe / vCPUs` should stay below a quarter of the
            probe's deadline, or the checker itself makes healthy plugins look dead. At most 256: each probe holds
            file descriptors, and a function has 1,024.
        deadline_seconds: hard bound of one whole check with its attempts; above the probe's own deadline.
        budget_seconds: no probe begins after so much time; the rest is `not_checked`.
        clock: monotonic seconds.
    """
    end = None if budget_seconds is None else clock() + budget_seconds
    numbered = enumerate(targets)
    results: dict[int, tuple[T, ProbeResult]] = {}

    async def work() -> None:
        for index, target in numbered:
            if end is not None and clock() >= end:
                results[index] = (target, ProbeResult("unknown", "none", NOT_CHECKED))
            else:
                results[index] = (target, await _bounded(probe, target, deadline_seconds))

    async with asyncio.TaskGroup() as workers:
        for _ in range(concurrency):
            workers.create_task(work())
    return [results[index] for index in range(len(results))]


async def _bounded(probe: Callable[[T], Awaitable[ProbeResult]], target: T, deadline_seconds: float) -> ProbeResult:
    try:
        async with asyncio.timeout(deadline_seconds):
            return await probe(target)
    except TimeoutError:
        return ProbeResult("unreachable", "none", DEADLINE_EXCEEDED)
    except PlugportError as error:
        return ProbeResult.from_error(error)
    except Exception as error:  # noqa: BLE001 - one target's surprise is its own result, the others go on
        return ProbeResult("unknown", "none", CHECKER_ERROR, f"unexpected {type(error).__name__}")

"""Try again what may succeed: transient failures only, few times, with full jitter.

https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
"""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from shared.errors import Reason, Transient
from shared.registry.limits import Limits
from shared.registry.reasons import REGISTRY_TIMEOUT

_T = TypeVar("_T")
_MAX_DELAY_DIGITS: Final = 9


class Throttled(Transient):
    """A transient answer that says when to come back.

    Attributes:
        retry_after_seconds: None where the answer does not say.
    """

    def __init__(self, reason: Reason, message: str, retry_after_seconds: float | None) -> None:
        super().__init__(reason, message)
        self.retry_after_seconds = retry_after_seconds


class Retries:
    """Runs a step until it succeeds, fails for good, or was tried often enough."""

    def __init__(self, limits: Limits, *, sleep: Callable[[float], None], jitter: Callable[[], float]) -> None:
        """Take the bounds; `jitter` gives numbers in [0, 1)."""
        self._limits = limits
        self._sleep = sleep
        self._jitter = jitter

    def run(self, step: Callable[[], _T]) -> _T:
        """Give what the step gives; raises what it raised last."""
        for attempt in range(self._limits.max_retries):
            try:
                return step()
            except Transient as error:
                self.pause(attempt, error)
        return step()

    def pause(self, attempt: int, error: Transient) -> None:
        """Wait before the attempt after `attempt` (from 0), or raise the error where that would take too long."""
        if error.reason is REGISTRY_TIMEOUT:
            # It has had all the patience there is for one answer: the next delivery may try again, not this one.
            raise error
        asked = error.retry_after_seconds if isinstance(error, Throttled) else None
        if asked is not None and asked > self._limits.max_retry_after_seconds:
            raise error
        self._sleep((asked or 0.0) + self._jitter() * self._limits.backoff_seconds * 2**attempt)


def parse_retry_after(value: str | None, *, now: float) -> float | None:
    """Read `Retry-After`: seconds from now, None where it is absent or unreadable.

    https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3

    Args:
        value: seconds or an HTTP date.
        now: seconds since the epoch.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:_MAX_DELAY_DIGITS]) if len(text) <= _MAX_DELAY_DIGITS else float("inf")
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None

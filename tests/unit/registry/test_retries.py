"""Pauses between attempts."""

import pytest

from shared.errors import Transient
from shared.registry.limits import Limits
from shared.registry.reasons import REGISTRY_ERROR, REGISTRY_TIMEOUT
from shared.registry.retries import Retries, parse_retry_after
from tests.unit.registry.fakes import FakeClock

_NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 5 ", 5.0),
        ("0", 0.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:13:19 GMT", 0.0),
        ("9" * 30, float("inf")),
        ("-5", None),
        ("1.5", None),
        ("\u0661", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    """Dates in the past mean now; anything else means that nothing was said."""
    assert parse_retry_after(value, now=_NOW) == seconds


def test_pauses_have_full_jitter() -> None:
    """Any part of a bound that doubles: many clients do not come back together."""
    clock = FakeClock()
    parts = iter([0.0, 0.999, 0.5])
    retries = Retries(Limits(backoff_seconds=1.0), sleep=clock.sleep, jitter=lambda: next(parts))

    def fails() -> None:
        raise Transient(REGISTRY_ERROR)

    with pytest.raises(Transient):
        retries.run(fails)
    assert clock.slept == [0.0, 1.998, 2.0]


def test_a_peer_that_used_up_its_patience_is_not_tried_again_here() -> None:
    """The worker is not held; the next delivery may try."""
    clock = FakeClock()
    calls: list[int] = []
    retries = Retries(Limits(), sleep=clock.sleep, jitter=lambda: 0.5)

    def drips() -> None:
        calls.append(1)
        raise Transient(REGISTRY_TIMEOUT)

    with pytest.raises(Transient):
        retries.run(drips)
    assert calls == [1]

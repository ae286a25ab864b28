"""One batch of a queue."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import Reason, Refused, Transient
from shared.queues import TIME_MARGIN_MS, handle_batch, parse_batch

ARN = "arn:aws:sqs:eu-west-1:123456789012:validation"
REASON = Reason("some_reason", "title", "hint")


class FakeLog:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def info(self, msg: object, *_args: object, **fields: Any) -> None:
        """Keep the reason."""
        self.lines.append(("info", str(fields.get("reason", msg))))

    def warning(self, msg: object, *_args: object, **fields: Any) -> None:
        """Keep the reason."""
        self.lines.append(("warning", str(fields.get("reason", msg))))

    def exception(self, msg: object, *_args: object, **fields: Any) -> None:
        """Keep the reason."""
        self.lines.append(("exception", str(fields.get("reason", msg))))


def record(name: str, **changes: Any) -> dict[str, Any]:
    """Give one delivery whose body is its id."""
    return {"messageId": name, "body": name, "eventSource": "aws:sqs", "eventSourceARN": ARN, **changes}


def run(
    handle: Callable[[str], None], *names: str, remaining: Callable[[], int] = lambda: 60_000
) -> tuple[Any, FakeLog]:
    """Handle a batch of these messages."""
    log = FakeLog()
    records = parse_batch({"Records": [record(name) for name in names]}, queue_arn=ARN)
    return handle_batch(records, handle, log=log, remaining_ms=remaining), log


def failing(**errors: Exception) -> Callable[[str], None]:
    """Give a handler that fails for some bodies."""

    def handle(body: str) -> None:
        if body in errors:
            raise errors[body]

    return handle


def test_a_good_batch_has_no_failures() -> None:
    """Each body is handled once, in order."""
    seen: list[str] = []
    answer, log = run(seen.append, "a", "b", "c")
    assert (answer, seen, log.lines) == ({"batchItemFailures": []}, ["a", "b", "c"], [])


def test_exactly_the_failed_ones_come_again() -> None:
    """Whatever failed them: refused, transient or unforeseen; the others are done."""
    errors = {"b": Refused(REASON), "c": Transient(REASON), "e": ValueError("x")}
    answer, log = run(failing(**errors), "a", "b", "c", "d", "e")
    assert [entry["itemIdentifier"] for entry in answer["batchItemFailures"]] == ["b", "c", "e"]
    assert log.lines == [("warning", "some_reason"), ("warning", "some_reason"), ("exception", "internal")]


def test_what_is_not_begun_in_time_comes_again() -> None:
    """Nothing is begun that the function could be stopped in the middle of."""
    left = iter([60_000, TIME_MARGIN_MS - 1, TIME_MARGIN_MS - 1])
    seen: list[str] = []
    answer, log = run(seen.append, "a", "b", "c", remaining=lambda: next(left))
    assert seen == ["a"]
    assert [entry["itemIdentifier"] for entry in answer["batchItemFailures"]] == ["b", "c"]
    assert log.lines == [("warning", "out_of_time")] * 2


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (None, "bad_envelope"),
        ([], "bad_envelope"),
        ({}, "bad_envelope"),
        ({"Records": []}, "bad_envelope"),
        ({"Records": "x"}, "bad_envelope"),
        ({"Records": [record("a"), None]}, "bad_envelope"),
        ({"Records": [record("")]}, "bad_envelope"),
        ({"Records": [record("a", body=None)]}, "bad_envelope"),
        ({"Records": [record("a", messageId=5)]}, "bad_envelope"),
        ({"Records": [record("a"), record("b", eventSourceARN=ARN + "-dlq")]}, "unexpected_source"),
        ({"Records": [record("a", eventSource="aws:s3")]}, "unexpected_source"),
    ],
)
def test_a_batch_of_something_else_fails_as_a_whole(event: Any, reason: str) -> None:
    """An empty or wrong id would acknowledge messages that nobody handled."""
    with pytest.raises(Refused, match=reason):
        parse_batch(event, queue_arn=ARN)

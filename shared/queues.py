"""One SQS batch: exact partial failures, nothing acknowledged that was not handled.

Ours instead of Powertools' `BatchProcessor` (ADR 0012): it costs a third of a cold start's budget, and the rules here
are stricter (a foreign queue or a malformed record fails the whole batch; time that runs out is a failure, not a loss).
Response format: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from shared.errors import PlugportError, Reason, Refused

#: A record is not begun when less than this is left of the function's time.
TIME_MARGIN_MS: Final = 2_000

BAD_ENVELOPE = Reason(
    "bad_envelope",
    "the event is not a batch of queue messages",
    "Invoke this function through its queue, or with an event from events/.",
)
UNEXPECTED_SOURCE = Reason(
    "unexpected_source",
    "the event comes from a source that this function does not serve",
    "Check the function's triggers and the queue's policy: only its own queue may send to it.",
)
OUT_OF_TIME = Reason(
    "out_of_time",
    "the function's time ran out before this message was begun",
    "Nothing to do: the queue delivers it again.",
)
REASONS: Final = (BAD_ENVELOPE, UNEXPECTED_SOURCE, OUT_OF_TIME)


class Log(Protocol):
    """What the batch tells the log (a Powertools `Logger` fits)."""

    def info(self, msg: object, *args: object, **fields: Any) -> None:
        """Say that something went as it should."""

    def warning(self, msg: object, *args: object, **fields: Any) -> None:
        """Say that something failed and why."""

    def exception(self, msg: object, *args: object, **fields: Any) -> None:
        """Say that something failed in a way that nobody foresaw, with its stack."""


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """One delivery.

    Attributes:
        message_id: SQS's id, what a partial failure names.
        body: the text of the message.
    """

    message_id: str
    body: str


def parse_batch(event: object, *, queue_arn: str) -> Sequence[QueueRecord]:
    """Read the envelope strictly; anything that this queue can't have sent fails the whole batch.

    Raises:
        Refused: `bad_envelope` or `unexpected_source`.
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list) or not records:
        raise Refused(BAD_ENVELOPE, "no Records")
    return [_record(record, queue_arn) for record in records]


def handle_batch(
    records: Sequence[QueueRecord],
    handle: Callable[[str], None],
    *,
    log: Log,
    remaining_ms: Callable[[], int],
) -> dict[str, list[dict[str, str]]]:
    """Handle each record once and name exactly those that must come again.

    Args:
        records: from `parse_batch`.
        handle: does the work of one body; raising anything makes the queue deliver that message again (and, when it
            has done so often enough, move it to the dead-letter queue).
        log: gets one line for each failure.
        remaining_ms: milliseconds left of the function's time.
    """
    failures: list[str] = []
    for record in records:
        if remaining_ms() < TIME_MARGIN_MS:
            log.warning(OUT_OF_TIME.title, reason=OUT_OF_TIME.code, message_id=record.message_id)
            failures.append(record.message_id)
            continue
        try:
            handle(record.body)
        except PlugportError as error:
            log.warning(
                error.message, reason=error.reason.code, retryable=error.retryable, message_id=record.message_id
            )
            failures.append(record.message_id)
        except Exception:
            log.exception("unforeseen failure", reason="internal", message_id=record.message_id)
            failures.append(record.message_id)
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failures]}


def _record(record: object, queue_arn: str) -> QueueRecord:
    if not isinstance(record, Mapping):
        raise Refused(BAD_ENVELOPE, "a record that is not an object")
    if record.get("eventSource") != "aws:sqs" or record.get("eventSourceARN") != queue_arn:
        raise Refused(UNEXPECTED_SOURCE)
    message_id, body = record.get("messageId"), record.get("body")
    if not isinstance(message_id, str) or not message_id or not isinstance(body, str):
        raise Refused(BAD_ENVELOPE, "a record without messageId or body")
    return QueueRecord(message_id, body)

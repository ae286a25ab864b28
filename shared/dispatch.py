"""Queues and event bus: the ports, and AWS behind them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from shared.aws import aws_errors
from shared.errors import Reason, Transient
from shared.messages import MessageType

#: Both `SendMessageBatch` and `PutEvents` take at most ten entries.
_BATCH: Final = 10
#: The source that our events carry on the bus.
EVENT_SOURCE: Final = "plugport"

NOT_ALL_TAKEN = Reason(
    "not_all_taken",
    "a queue or the event bus did not take every entry",
    "Nothing to do: the batch is sent again.",
)
REASONS: Final = (NOT_ALL_TAKEN,)

_Entry = TypeVar("_Entry")


class MessageSender(Protocol):
    """The work queues."""

    def send(self, kind: MessageType, bodies: Sequence[str]) -> None:
        """Put every body on the queue of this kind, or raise `Transient`."""


class EventPublisher(Protocol):
    """The event bus."""

    def publish(self, entries: Sequence[tuple[str, str]]) -> None:
        """Put every (detail type, detail as JSON), or raise `Transient`."""


class SqsSender:
    """`MessageSender` on SQS.

    Args:
        client: an SQS client.
        queue_urls: the queue of each kind.
    """

    def __init__(self, *, client: Any, queue_urls: Mapping[MessageType, str]) -> None:
        self._client = client
        self._urls = queue_urls

    def send(self, kind: MessageType, bodies: Sequence[str]) -> None:
        """Send in batches of ten; raises `Transient` when any entry was refused."""
        for group in _groups(bodies):
            entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(group)]
            with aws_errors("SendMessageBatch"):
                answer = self._client.send_message_batch(QueueUrl=self._urls[kind], Entries=entries)
            if answer.get("Failed"):
                raise Transient(NOT_ALL_TAKEN, f"{kind}: {len(answer['Failed'])} of {len(group)}")


class EventBridgePublisher:
    """`EventPublisher` on EventBridge.

    Args:
        client: an EventBridge client.
        bus_name: the custom bus.
    """

    def __init__(self, *, client: Any, bus_name: str) -> None:
        self._client = client
        self._bus = bus_name

    def publish(self, entries: Sequence[tuple[str, str]]) -> None:
        """Put in batches of ten; raises `Transient` when any entry was refused."""
        for group in _groups(entries):
            request = [
                {"EventBusName": self._bus, "Source": EVENT_SOURCE, "DetailType": kind, "Detail": detail}
                for kind, detail in group
            ]
            with aws_errors("PutEvents"):
                answer = self._client.put_events(Entries=request)
            if answer.get("FailedEntryCount"):
                raise Transient(NOT_ALL_TAKEN, f"event bus: {answer['FailedEntryCount']} of {len(group)}")


def _groups(entries: Sequence[_Entry]) -> Iterator[Sequence[_Entry]]:
    for start in range(0, len(entries), _BATCH):
        yield entries[start : start + _BATCH]

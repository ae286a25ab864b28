"""From committed events to queues and bus."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

import boto3
import pytest
from moto import mock_aws

from functions.relay.handler import _inserted_events
from functions.relay.routing import next_message
from functions.relay.settings import Settings
from functions.relay.use_case import relay
from shared.dispatch import NOT_ALL_TAKEN, EventBridgePublisher, SqsSender
from shared.errors import Refused, Transient
from shared.messages import MessageType
from shared.plugins import items
from shared.plugins.record import Status
from shared.plugins.transitions import TRANSITIONS, EventName
from tests.unit.plugins.fakes import InMemoryPluginTable
from tests.unit.plugins.records import NOW, in_status, moved, new

#: event → what it sets in motion for (file, grpc, oci) plugins in the status that it leads to.
MOTION: dict[EventName, tuple[MessageType | None, MessageType | None, MessageType | None]] = {
    "plugin.registered": ("ValidateCommand", "ValidateCommand", "ValidateCommand"),
    "plugin.updated": (None, None, None),
    "plugin.reload_requested": ("ValidateCommand", "ValidateCommand", "ValidateCommand"),
    "plugin.retried": ("ValidateCommand", "ValidateCommand", "ValidateCommand"),
    "plugin.validated": ("CheckHealth", "CheckHealth", "PullArtifact"),
    "plugin.pull_started": (None, None, None),
    "plugin.ready": (None, None, "CheckHealth"),
    "plugin.rejected": (None, None, None),
    "plugin.failed": (None, None, None),
    "plugin.healthy": (None, None, None),
    "plugin.unhealthy": (None, None, None),
    "plugin.deleted": (None, None, None),
}


class FakeQueues:
    """`MessageSender` that keeps what it is given, or takes nothing."""

    def __init__(self, *, broken: bool = False) -> None:
        self.sent: list[tuple[MessageType, dict[str, Any]]] = []
        self._broken = broken

    def send(self, kind: MessageType, bodies: Sequence[str]) -> None:
        """`MessageSender`."""
        if self._broken:
            raise Transient(NOT_ALL_TAKEN)
        self.sent += [(kind, json.loads(body)) for body in bodies]


class FakeBus:
    """`EventPublisher` that keeps what it is given."""

    def __init__(self) -> None:
        self.published: list[tuple[str, dict[str, Any]]] = []

    def publish(self, entries: Sequence[tuple[str, str]]) -> None:
        """`EventPublisher`."""
        self.published += [(name, json.loads(detail)) for name, detail in entries]


def document(name: EventName, scheme: str, *, status: Status | None = None, is_active: bool = True) -> dict[str, Any]:
    """Give the audit entry of an event."""
    sources, target = TRANSITIONS[name]
    if not sources:
        change = new(scheme=scheme, is_active=is_active)
    else:
        before = in_status(min(sources), scheme=scheme, is_active=is_active)
        change = moved(before, name)
    entry = json.loads(items.event_item(change.after, change.event, epoch=NOW)["document"]["S"])  # type: ignore[arg-type]  # these changes have events
    return {**entry, "status": status or target or "ready"}


def run(events: Sequence[Mapping[str, Any]]) -> tuple[FakeQueues, FakeBus, list[str]]:
    """Relay a batch."""
    queues, bus, counted = FakeQueues(), FakeBus(), list[str]()
    relay(events, sender=queues, publisher=bus, count=counted.append)
    return queues, bus, counted


@pytest.mark.parametrize("name", get_args(EventName))
@pytest.mark.parametrize(("column", "scheme"), list(enumerate(("file", "grpc", "oci"))))
def test_each_event_sets_in_motion_what_the_table_says(name: EventName, column: int, scheme: str) -> None:
    """Nothing else, and nothing for an inactive plugin."""
    assert next_message(document(name, scheme)) == MOTION[name][column]
    assert next_message(document(name, scheme, is_active=False)) is None


def test_a_change_that_needs_work_starts_at_the_beginning() -> None:
    """One that needs none starts nothing."""
    assert next_message(document("plugin.updated", "oci", status="pending")) == "ValidateCommand"
    assert next_message(document("plugin.updated", "oci", status="ready")) is None


def test_a_message_says_which_plugin_and_generation_and_nothing_else() -> None:
    """No command, no credential: the receiver reads the record."""
    entry = document("plugin.registered", "oci")
    (sent,) = run([entry])[0].sent
    assert sent[0] == "ValidateCommand"
    assert set(sent[1]) == {
        *("schema", "type", "namespace", "plugin_id", "generation", "correlation_id", "requested_at"),
    }
    assert (sent[1]["plugin_id"], sent[1]["correlation_id"]) == (entry["plugin_id"], "c-1")


def test_subscribers_hear_what_the_trail_says() -> None:
    """With the schema's version; the steps inside the work stay inside."""
    entries = [document(name, "oci") for name in ("plugin.ready", "plugin.validated", "plugin.pull_started")]
    _, bus, counted = run(entries)
    assert [name for name, _ in bus.published] == ["plugin.ready"]
    assert bus.published[0][1] == {"schema": 1, **entries[0]}
    assert counted == ["plugin.ready", "plugin.validated", "plugin.pull_started"]


def test_order_is_kept_for_each_queue() -> None:
    """As the stream has it."""
    entries = [{**document("plugin.registered", "oci"), "generation": number} for number in range(1, 6)]
    assert [body["generation"] for _, body in run(entries)[0].sent] == [1, 2, 3, 4, 5]


def test_what_is_not_taken_comes_again() -> None:
    """The batch fails as a whole; receivers are fenced."""
    with pytest.raises(Transient):
        relay([document("plugin.registered", "oci")], sender=FakeQueues(broken=True), publisher=FakeBus(), count=print)


def test_the_outbox_of_a_table_can_be_relayed() -> None:
    """What a commit leaves behind is all that the relay needs."""
    table = InMemoryPluginTable()
    table.commit(new())
    assert [kind for kind, _ in run(table.outbox)[0].sent] == ["ValidateCommand"]


def stream_record(image: Mapping[str, Any], *, name: str = "INSERT") -> dict[str, Any]:
    """Give one record of the stream."""
    return {"eventSource": "aws:dynamodb", "eventName": name, "dynamodb": {"NewImage": image}}


def test_only_inserted_audit_entries_are_relayed() -> None:
    """Even if the filter of the event source were lost."""
    change = new()
    assert change.event is not None
    entry = items.event_item(change.after, change.event, epoch=NOW)
    records = [
        stream_record(entry),
        stream_record(entry, name="MODIFY"),
        {"eventSource": "aws:dynamodb", "eventName": "REMOVE", "dynamodb": {}},
        stream_record(items.plugin_item(change.after)),
        stream_record(items.slug_item(change.after)),
        stream_record({}),
    ]
    assert _inserted_events({"Records": records}) == [entry]


@pytest.mark.parametrize(
    "event", [None, {}, {"Records": 5}, {"Records": [None]}, {"Records": [{"eventSource": "aws:sqs"}]}]
)
def test_a_batch_of_something_else_is_refused(event: Any) -> None:
    """As a whole."""
    with pytest.raises(Refused):
        _inserted_events(event)


def test_the_settings_name_their_variables() -> None:
    """The queues and the bus."""
    assert Settings.environment_names() == {
        *("VALIDATION_QUEUE_URL", "PULL_QUEUE_URL", "HEALTH_QUEUE_URL", "EVENT_BUS_NAME"),
    }


@pytest.fixture
def aws() -> Iterator[Callable[[str], Any]]:
    """Clients of an AWS in memory."""
    with mock_aws():
        yield boto3.Session("test", "test", region_name="eu-west-1").client  # type: ignore[misc]  # one overload a service


def test_bodies_go_out_in_batches_of_ten(aws: Callable[[str], Any]) -> None:
    """None is left behind."""
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="validation")["QueueUrl"]
    sender = SqsSender(client=sqs, queue_urls={"ValidateCommand": url})
    sender.send("ValidateCommand", [str(number) for number in range(23)])
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "23"


def test_events_reach_the_bus(aws: Callable[[str], Any]) -> None:
    """More than ten at once, too."""
    events, sqs = aws("events"), aws("sqs")
    url = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name="plugins")
    events.put_rule(Name="all", EventBusName="plugins", EventPattern='{"source": ["plugport"]}')
    events.put_targets(Rule="all", EventBusName="plugins", Targets=[{"Id": "queue", "Arn": arn}])
    EventBridgePublisher(client=events, bus_name="plugins").publish([("plugin.ready", "{}")] * 12)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "12"


def test_an_absent_queue_is_a_refusal(aws: Callable[[str], Any]) -> None:
    """No foreign exception gets out."""
    sender = SqsSender(
        client=aws("sqs"), queue_urls={"ValidateCommand": "https://sqs.eu-west-1.amazonaws.com/1/absent"}
    )
    with pytest.raises(Refused, match="aws_denied"):
        sender.send("ValidateCommand", ["x"])


class PartlyTaking:
    """A client whose services take only a part."""

    def send_message_batch(self, **_request: Any) -> dict[str, Any]:
        """Refuse one."""
        return {"Failed": [{"Id": "0"}]}

    def put_events(self, **_request: Any) -> dict[str, Any]:
        """Refuse one."""
        return {"FailedEntryCount": 1}


def test_a_part_that_was_not_taken_is_transient() -> None:
    """AWS answers 200 for it: the answer must be read."""
    with pytest.raises(Transient, match="not_all_taken"):
        SqsSender(client=PartlyTaking(), queue_urls={"CheckHealth": "u"}).send("CheckHealth", ["x"])
    with pytest.raises(Transient, match="not_all_taken"):
        EventBridgePublisher(client=PartlyTaking(), bus_name="b").publish([("plugin.ready", "{}")])

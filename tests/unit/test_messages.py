"""Work messages: read strictly, because anyone who can send to the queue could write one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PlugportError, Refused, Transient
from shared.messages import MAX_MESSAGE_BYTES, Message, MessageType, parse_message

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
GOOD = Message("ValidateCommand", "team-a", "plg_01m8627gr00000000000000001", 3, "c-1", "2026-11-24T06:00:00.000Z")


def parse(body: str) -> Message:
    """Read a body as the validation worker does."""
    return parse_message(body, expected="ValidateCommand", now=NOW)


def changed(**fields: Any) -> str:
    """Give the good message with other fields; None takes one away."""
    document = json.loads(GOOD.to_json()) | fields
    return json.dumps({name: value for name, value in document.items() if value is not None})


@pytest.mark.parametrize("kind", get_args(MessageType))
def test_a_message_is_read_as_it_was_written(kind: MessageType) -> None:
    """By the queue of its kind."""
    message = Message(kind, GOOD.namespace, GOOD.plugin_id, 1, "c", GOOD.requested_at)
    assert parse_message(message.to_json(), expected=kind, now=NOW) == message


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "PullArtifact"},
        {"type": 5},
        {"schema": 0},
        {"schema": True},
        {"schema": "1"},
        {"schema": None},
        {"namespace": None},
        {"namespace": "Team"},
        {"namespace": "team-a/../b"},
        {"plugin_id": "1"},
        {"plugin_id": 5},
        {"plugin_id": "plg_" + "0" * 25 + "\n"},
        {"generation": 0},
        {"generation": -1},
        {"generation": True},
        {"generation": 1.0},
        {"generation": "1"},
        {"generation": 2**53 + 1},
        {"correlation_id": ""},
        {"correlation_id": "a" * 129},
        {"correlation_id": "a\nb"},
        {"requested_at": "yesterday"},
        {"requested_at": "2026-11-24T06:00:00"},
        {"requested_at": 5},
        {"requested_at": (NOW + timedelta(hours=2)).isoformat()},
        {"command": "grpc://10.0.0.5:50051"},
    ],
)
def test_a_field_that_is_missing_strange_or_unknown_is_refused(fields: dict[str, Any]) -> None:
    """For ever: no later delivery makes it good."""
    with pytest.raises(Refused, match="bad_message"):
        parse(changed(**fields))


def test_a_newer_schema_waits_for_newer_code() -> None:
    """Whatever fields it has: this release can't judge it."""
    with pytest.raises(Transient, match="message_version_unknown"):
        parse(changed(schema=2, more="x"))


@pytest.mark.parametrize(
    "body", ["", "null", "[]", "{", '{"schema":1,"schema":1}', '{"a":NaN}', "\ud800", '{"a":' * 99]
)
def test_what_is_no_object_is_refused(body: str) -> None:
    """By the one strict reader."""
    with pytest.raises(Refused, match="bad_message"):
        parse(body)


def test_a_large_message_is_not_read() -> None:
    """None of ours comes near."""
    with pytest.raises(Refused, match="message_too_large"):
        parse("x" * (MAX_MESSAGE_BYTES + 1))


@given(st.text(max_size=200))
def test_any_text_is_a_message_or_refused(body: str) -> None:
    """Nothing else comes out of the reader."""
    with pytest.raises(PlugportError):
        parse(body)

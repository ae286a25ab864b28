"""The work messages between functions: imperative, versioned, without anything that the receiver could not re-read.

A message is a hint ("look at this plugin, at least at this generation"): the command, the policy and the credential
are never in it, so a forged or old message can't carry any. Unknown fields are refused for that reason (ADR 0013);
a message of a newer schema is left for the newer code to take.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

from shared.errors import Reason, Refused, Transient
from shared.plugins.identifiers import is_plugin_id, parse_namespace
from shared.strict_json import parse_strict_json

MessageType = Literal["ValidateCommand", "PullArtifact", "CheckHealth"]

SCHEMA: Final = 1
MAX_MESSAGE_BYTES: Final = 64 * 1024
_MAX_GENERATION: Final = 2**53
#: One spelling of one id, and nothing that a log or a header could read as something else.
_CORRELATION_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
#: A clock may run ahead a little; a message from tomorrow is none of ours.
_MAX_SKEW_SECONDS: Final = 3600

BAD_MESSAGE = Reason(
    "bad_message",
    "the message is not one of ours",
    "It lies in the queue's dead-letter queue; if it was sent by hand, compare it with docs/messages.md.",
)
MESSAGE_TOO_LARGE = Reason(
    "message_too_large",
    "the message is larger than any of ours",
    "Nothing of ours sends this; look for a foreign sender on the queue.",
)
MESSAGE_FROM_NEWER_RELEASE = Reason(
    "message_version_unknown",
    "the message was written by a newer release",
    "It waits for the newer code; finish the deployment.",
)
REASONS: Final = (BAD_MESSAGE, MESSAGE_TOO_LARGE, MESSAGE_FROM_NEWER_RELEASE)


@dataclass(frozen=True, slots=True)
class Message:
    """One piece of work.

    Attributes:
        type: what to do.
        namespace: where the plugin lives.
        plugin_id: which plugin.
        generation: the generation that the work is for; an older one than the record's is out of date.
        correlation_id: from the API call (or trigger) on.
        requested_at: RFC 3339 in UTC.
    """

    type: MessageType
    namespace: str
    plugin_id: str
    generation: int
    correlation_id: str
    requested_at: str

    def to_json(self) -> str:
        """Give the body of the queue message."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, separators=(",", ":"))


def parse_message(body: str, *, expected: MessageType, now: datetime) -> Message:
    """Read one queue message strictly.

    Args:
        body: the message's body.
        expected: the type that this queue carries.
        now: for the check of `requested_at`.

    Raises:
        Refused: `bad_message` or `message_too_large`; it can never succeed.
        Transient: `message_version_unknown`; newer code will take it.
    """
    document = _document(body)
    schema = document.get("schema")
    if type(schema) is not int or schema < 1:
        raise Refused(BAD_MESSAGE, "schema: a whole number")
    if schema > SCHEMA:
        raise Transient(MESSAGE_FROM_NEWER_RELEASE, f"schema {schema}, this release knows {SCHEMA}")
    fields = {"schema", *Message.__dataclass_fields__}
    if set(document) != fields:
        names = sorted(set(document) ^ fields)[:5]
        raise Refused(BAD_MESSAGE, "missing or unknown fields: " + ", ".join(name[:40] for name in names))
    if document["type"] != expected or expected not in get_args(MessageType):
        raise Refused(BAD_MESSAGE, f"type: {expected}")
    if not isinstance(document["plugin_id"], str) or not is_plugin_id(document["plugin_id"]):
        raise Refused(BAD_MESSAGE, "plugin_id: an id of ours")
    generation = document["generation"]
    if type(generation) is not int or not 1 <= generation <= _MAX_GENERATION:
        raise Refused(BAD_MESSAGE, "generation: a whole number from 1")
    correlation_id = document["correlation_id"]
    if not isinstance(correlation_id, str) or not _CORRELATION_ID.fullmatch(correlation_id):
        raise Refused(BAD_MESSAGE, "correlation_id: 1 to 128 of A-Z, a-z, 0-9, dot, underscore, dash")
    _check_time(document["requested_at"], now)
    values = {name: document[name] for name in Message.__dataclass_fields__}
    return Message(**{**values, "namespace": _namespace(document["namespace"])})


def _document(body: str) -> Mapping[str, Any]:
    if len(body) > MAX_MESSAGE_BYTES:
        raise Refused(MESSAGE_TOO_LARGE, f"{len(body)} characters, at most {MAX_MESSAGE_BYTES} bytes")
    try:
        document = parse_strict_json(body.encode("utf-8"), max_bytes=MAX_MESSAGE_BYTES)
    except UnicodeEncodeError as error:
        raise Refused(BAD_MESSAGE, "not valid Unicode") from error
    except Refused as error:
        raise Refused(BAD_MESSAGE, error.message) from error
    if not isinstance(document, dict):
        raise Refused(BAD_MESSAGE, "a JSON object")
    return document


def _namespace(value: object) -> str:
    try:
        return parse_namespace(value)
    except Refused as error:
        raise Refused(BAD_MESSAGE, "namespace: a namespace of ours") from error


def _check_time(value: object, now: datetime) -> None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Refused(BAD_MESSAGE, "requested_at: a time with its zone")
    if (at.astimezone(UTC) - now).total_seconds() > _MAX_SKEW_SECONDS:
        raise Refused(BAD_MESSAGE, "requested_at: not in the future")

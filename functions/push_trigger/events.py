"""Push events, read strictly. Pure.

Shapes: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html ("ECR Image Action") and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html ("Object Created").
An event is a hint: the digest in it is compared with what the registry says, it is never trusted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.errors import Reason, Refused
from shared.queues import BAD_ENVELOPE, UNEXPECTED_SOURCE
from shared.strict_json import parse_strict_json

MAX_EVENT_BYTES: Final = 256 * 1024

BAD_PUSH_EVENT = Reason(
    "bad_push_event",
    "the push event has a field that no registry sends",
    "Compare it with events/push_trigger; nothing was changed.",
)
UPLOAD_NOT_BUILT = Reason(
    "upload_not_built_yet",
    "plugins uploaded to the bucket are not taken yet",
    "Push the plugin to a registry and register it as oci://; the upload was kept and nothing was changed.",
)
REASONS: Final = (BAD_PUSH_EVENT, UPLOAD_NOT_BUILT)

#: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_REPOSITORY: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]")
_MAX_REPOSITORY: Final = 256
#: It becomes the correlation id of what follows (`shared.messages`).
_EVENT_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class ImagePush:
    """One image that somebody pushed.

    Attributes:
        event_id: EventBridge's id; the same on each delivery of the event.
        source_key: `registry/repository`.
        tag: the tag that was moved, empty for a push by digest.
        digest: `sha256:<hex>` of the manifest, as the event says.
    """

    event_id: str
    source_key: str
    tag: str
    digest: str


@dataclass(frozen=True, slots=True)
class LocalRegistry:
    """The registry of a local stack.

    Attributes:
        source: event source that stands for `aws.ecr`, empty for none.
        host: `host:port` of the registry.
    """

    source: str = ""
    host: str = ""


def parse_push(body: str, *, local: LocalRegistry) -> ImagePush | None:
    """Read one EventBridge event out of a queue message.

    Returns:
        The push, or None for an event that needs nothing (not a push, or not a successful one).

    Raises:
        Refused: `bad_envelope`, `unexpected_source`, `bad_push_event`, or `upload_not_built_yet`.
    """
    document = parse_strict_json(body.encode("utf-8", "surrogatepass"), max_bytes=MAX_EVENT_BYTES)
    if not isinstance(document, Mapping) or document.get("version") != "0":
        raise Refused(BAD_ENVELOPE, "an EventBridge event, version 0")
    source, kind, detail = document.get("source"), document.get("detail-type"), document.get("detail")
    if source == "aws.s3":
        raise Refused(UPLOAD_NOT_BUILT)
    if source != "aws.ecr" and (not local.source or source != local.source):
        raise Refused(UNEXPECTED_SOURCE, "aws.ecr or aws.s3")
    if kind != "ECR Image Action":
        return None
    if not isinstance(detail, Mapping):
        raise Refused(BAD_PUSH_EVENT, "detail: an object")
    if _text(detail, "result") != "SUCCESS" or _text(detail, "action-type") != "PUSH":
        return None
    host = local.host if source == local.source else _ecr_host(document)
    return _push(_event_id(document), host, detail)


def _push(event_id: str, host: str, detail: Mapping[str, Any]) -> ImagePush | None:
    repository, digest = _text(detail, "repository-name"), _text(detail, "image-digest")
    if len(repository) > _MAX_REPOSITORY or not _REPOSITORY.fullmatch(repository):
        raise Refused(BAD_PUSH_EVENT, "repository-name: a repository")
    if not _DIGEST.fullmatch(digest):
        raise Refused(BAD_PUSH_EVENT, "image-digest: sha256:<64 hex digits>")
    tag = _text(detail, "image-tag") if detail.get("image-tag") is not None else ""
    if tag and not _TAG.fullmatch(tag):
        raise Refused(BAD_PUSH_EVENT, "image-tag: a tag")
    return ImagePush(event_id, f"{host}/{repository}", tag, digest) if tag else None


def _ecr_host(document: Mapping[str, Any]) -> str:
    account, region = document.get("account"), document.get("region")
    if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
        raise Refused(BAD_ENVELOPE, "account: twelve digits")
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise Refused(BAD_ENVELOPE, "region: a region")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{account}.dkr.ecr.{region}.{suffix}"


def _event_id(document: Mapping[str, Any]) -> str:
    value = document.get("id")
    if not isinstance(value, str) or not _EVENT_ID.fullmatch(value):
        raise Refused(BAD_PUSH_EVENT, "id: the event's id")
    return value


def _text(detail: Mapping[str, Any], name: str) -> str:
    value = detail.get(name)
    if not isinstance(value, str):
        raise Refused(BAD_PUSH_EVENT, f"{name}: a text")
    return value

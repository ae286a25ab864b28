"""GET /plugins/{id}/artifact: a short-lived link to the executable of the active version."""

from typing import Final

from functions.registration.answer import Answer
from functions.registration.ports import Ports, load_plugin
from functions.registration.reasons import INVALID_QUERY_PARAMETER, PLATFORM_NOT_AVAILABLE
from functions.registration.request import Request
from functions.registration.resources import platform_attributes
from functions.registration.serving import check_version
from shared.errors import Refused
from shared.plugins.record import Version
from shared.times import rfc3339

#: https://docs.aws.amazon.com/prescriptive-guidance/latest/presigned-url-best-practices/overview.html
LIFETIME_SECONDS: Final = 300


def get_artifact(request: Request, ports: Ports) -> Answer:
    """Give a link that works for five minutes, and what the bytes behind it must hash to.

    Raises:
        Refused: the plugin is inactive, nothing is active or not for this platform, or the policy of today says no.
    """
    plugin = load_plugin(request, ports)
    version = check_version(plugin, ports.policy)
    platform = _platform(version, request.values.get("platform"))
    artifact = version.platforms[platform]
    url = ports.urls.download_url(artifact["key"], file_name=plugin.slug, lifetime_seconds=LIFETIME_SECONDS)
    attributes = {
        "url": url,
        "method": "GET",
        "expires_in_seconds": LIFETIME_SECONDS,
        "expires_at": rfc3339(ports.clock() + LIFETIME_SECONDS),
        "platform": platform,
        **platform_attributes(artifact),
        "version": version.number,
        "source": version.source,
        "manifest_digest": version.manifest_digest,
        "signature": dict(version.signature),
        "receipt": version.receipt_key,
    }
    return Answer(200, {"data": {"type": "artifacts", "id": artifact["sha256"], "attributes": attributes}})


def _platform(version: Version, asked: str | None) -> str:
    available = sorted(version.platforms)
    if asked is None and len(available) == 1:
        return available[0]
    if asked is None:
        raise Refused(INVALID_QUERY_PARAMETER, f"platform: one of {', '.join(available)}")
    if asked not in version.platforms:
        raise Refused(PLATFORM_NOT_AVAILABLE, f"available: {', '.join(available)}")
    return asked

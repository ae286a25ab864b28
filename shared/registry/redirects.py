"""Where a redirect may lead: https, the same few hops, and another origin only where a digest pins the content.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-blobs: clients follow redirects and must
not send the registry's Authorization to another host.
"""

from collections.abc import Callable
from typing import Final

from shared.errors import Refused
from shared.registry.reasons import BAD_REDIRECT, INSECURE_REDIRECT, REGISTRY_PROTOCOL_ERROR
from shared.registry.urls import Url, resolve_reference

REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})

#: Raises for a host and port that may not be connected to: gives the better reason for a hop that is refused anyway.
HostJudge = Callable[[str, int], None]


def next_hop(current: Url, location: str | None, *, pinned: bool, judge: HostJudge) -> Url:
    """Give the URL of the next hop; the connection to it is judged when it is made.

    Args:
        current: the URL that answered.
        location: its `Location`.
        pinned: whether a digest fixes what must come; if not, only the same origin may answer.
        judge: asked about a hop that is refused for its scheme.

    Raises:
        Refused: `registry_protocol_error` without a location, `bad_redirect`, `insecure_redirect`, or what the judge
            raises.
    """
    if location is None:
        raise Refused(REGISTRY_PROTOCOL_ERROR, "a redirect without Location")
    hop = resolve_reference(current, location, BAD_REDIRECT)
    if hop.origin.scheme == "http" and current.origin.scheme == "https":
        judge(hop.origin.host, hop.origin.port)
        raise Refused(INSECURE_REDIRECT, f"to http://{hop.origin.authority}")
    if not pinned and hop.origin != current.origin:
        judge(hop.origin.host, hop.origin.port)
        raise Refused(BAD_REDIRECT, f"a tag's manifest at {hop.origin.authority}, where no digest pins it")
    return hop

"""The only package that opens sockets: strict hosts, one look-up, every answer judged, a judged address dialled.

Names of the HTTP side load `requests` and `urllib3`, so they are imported when they are first asked for.
"""

from typing import TYPE_CHECKING, Any

from shared.egress.connections import open_connection
from shared.egress.grpc_targets import GrpcTarget, grpc_target
from shared.egress.judgement import resolve_and_judge
from shared.egress.origins import Origin, parse_authority, parse_origin
from shared.egress.ports import AddressPolicy, Resolver
from shared.egress.system_resolver import SystemResolver

if TYPE_CHECKING:
    from shared.egress.http_adapter import EgressAdapter
    from shared.egress.http_failures import mapped_errors
    from shared.egress.http_session import build_session

__all__ = [
    "AddressPolicy",
    "EgressAdapter",
    "GrpcTarget",
    "Origin",
    "Resolver",
    "SystemResolver",
    "build_session",
    "grpc_target",
    "mapped_errors",
    "open_connection",
    "parse_authority",
    "parse_origin",
    "resolve_and_judge",
]


def __getattr__(name: str) -> Any:
    """Import the HTTP side on demand (PEP 562)."""
    if name == "EgressAdapter":
        from shared.egress.http_adapter import EgressAdapter  # noqa: PLC0415 - cold start: needs requests

        return EgressAdapter
    if name == "build_session":
        from shared.egress.http_session import build_session  # noqa: PLC0415 - cold start: needs requests

        return build_session
    if name == "mapped_errors":
        from shared.egress.http_failures import mapped_errors  # noqa: PLC0415 - cold start: needs requests

        return mapped_errors
    raise AttributeError(name)

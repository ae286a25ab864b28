"""The values that a command is parsed into: immutable; `str(x)` is the canonical text, which parses into `x` again."""

from typing import Final, Literal, NamedTuple, TypeAlias

from shared.commands.addresses import STRICT_IPV4
from shared.commands.hosts import HostKind, bracketed

DEFAULT_TAG: Final = "latest"


class FileCommand(NamedTuple):
    """A plugin executable on the gateway's file system.

    Attributes:
        path: absolute, normalised, at most 1,017 bytes.
    """

    path: str

    @property
    def scheme(self) -> Literal["file"]:
        """Name the scheme."""
        return "file"

    def __str__(self) -> str:
        return f"file://{self.path}"


class GrpcCommand(NamedTuple):
    """A plugin that runs as a gRPC service.

    Attributes:
        host: lower case, no root dot, IPv6 without brackets (RFC 5952).
        port: 1 to 65535.
        host_kind: what the host is.
    """

    host: str
    port: int
    host_kind: HostKind

    @property
    def scheme(self) -> Literal["grpc"]:
        """Name the scheme."""
        return "grpc"

    def __str__(self) -> str:
        return f"grpc://{bracketed(self.host, self.host_kind)}:{self.port}"


class OciParameters(NamedTuple):
    """The parameters of an OCI command.

    Attributes:
        arch: platform as os/arch, None for the platforms that the gateway asks for.
        pubkey: name or number of a configured public key; it only narrows what is accepted.
        auth: name of a configured credential.
    """

    arch: str | None = None
    pubkey: str | None = None
    auth: str | None = None


NO_PARAMETERS: Final = OciParameters()


class OciCommand(NamedTuple):
    """A plugin in an OCI registry.

    Attributes:
        registry: host or host:port, lower case, IPv6 in brackets.
        repository: name of the distribution specification, at most 255 characters.
        tag: None only beside a digest; then the digest decides and a tag is a label.
        digest: `sha256:<64 hex>` or `sha512:<128 hex>`, or None.
        params: arch, pubkey and auth.
    """

    registry: str
    repository: str
    tag: str | None
    digest: str | None
    params: OciParameters = NO_PARAMETERS

    @property
    def scheme(self) -> Literal["oci"]:
        """Name the scheme."""
        return "oci"

    @property
    def host(self) -> str:
        """Give the registry's host, IPv6 without brackets."""
        return split_registry(self.registry)[0]

    @property
    def port(self) -> int | None:
        """Give the registry's port as written, None if there is none."""
        return split_registry(self.registry)[1]

    @property
    def host_kind(self) -> HostKind:
        """Say what the registry's host is."""
        return registry_kind(self.registry, self.host)

    @property
    def reference(self) -> str:
        """Give the canonical reference: registry/repository[:tag][@digest], without scheme and parameters."""
        tag = "" if self.tag is None else f":{self.tag}"
        digest = "" if self.digest is None else f"@{self.digest}"
        return f"{self.registry}/{self.repository}{tag}{digest}"

    def __str__(self) -> str:
        given = "&".join(f"{name}={value}" for name, value in self.params._asdict().items() if value is not None)
        return f"oci://{self.reference}?{given}" if given else f"oci://{self.reference}"


Command: TypeAlias = FileCommand | GrpcCommand | OciCommand


def split_registry(registry: str) -> tuple[str, int | None]:
    """Split a canonical registry into its host, IPv6 without brackets, and its port."""
    if registry.startswith("["):
        host, _, rest = registry[1:].partition("]")
        return host, int(rest[1:]) if rest else None
    if ":" not in registry:
        return registry, None
    host, _, port = registry.partition(":")
    return host, int(port)


def registry_kind(registry: str, host: str) -> HostKind:
    """Say what the host of a canonical registry is."""
    if registry.startswith("["):
        return "ipv6"
    # Only an IPv4 address ends in a numeric label, so most names need no match.
    return "ipv4" if host[-1] in "0123456789" and STRICT_IPV4.fullmatch(host) else "name"

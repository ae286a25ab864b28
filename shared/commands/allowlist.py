"""PLUGIN_COMMAND_ALLOWLIST: which commands are allowed, and which targets an entry opens.

Entries, separated by commas:

    /directory/*          everything below the directory; '*' elsewhere stays inside one name
    /directory/plugin     one path (file:// may stand before either)
    grpc://host/*         every port of a host, also one that is denied elsewhere; grpc://host:port one port
    grpc://10.0.0.0/8     the addresses of a network, where the command names an address
    oci://registry/prefix/*   the repositories below a prefix; oci://registry/* all of a registry
    oci://registry/repository:tag   one artifact
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, NamedTuple

from shared.commands.addresses import ipv4_number, mapped_ipv4, parse_ipv6
from shared.commands.errors import CommandError, SettingsError
from shared.commands.hosts import canonical_host
from shared.commands.model import NO_PARAMETERS, Command, GrpcCommand, OciCommand, OciParameters
from shared.commands.oci import canonical_registry
from shared.commands.parser import parse_command
from shared.commands.reasons import INVALID_ALLOWLIST

VARIABLE: Final = "PLUGIN_COMMAND_ALLOWLIST"

_PATH_GLOB: Final = re.compile(
    r"(?:/(?!\.\.?(?:/|\Z)|/|\Z)[A-Za-z0-9._+@=:-]*+\*?[A-Za-z0-9._+@=:-]*+)++",
    re.ASCII,
)
_USERINFO: Final = re.compile(r"//[^/]*@", re.ASCII)
_BARE_WORD: Final = re.compile(r"[A-Za-z0-9._-]++", re.ASCII)
_NETWORK: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]++)\]|([0-9A-Fa-f:.]++))/([0-9]{1,3})", re.ASCII)
_OCI_NETWORK: Final = re.compile(r"[0-9.]++/[0-9]{1,3}", re.ASCII)
_BROKEN_GLOB: Final = "write an absolute, normalised path with at most one '*' in a name"
_OCI_NETWORK_ENTRY: Final = "a network is a grpc:// entry; write oci://registry/*"


class Opening(NamedTuple):
    """What the allow list says about one command.

    Attributes:
        listed: the command is allowed (true as well where there is no list).
        target: an entry names its target, so an internal address is permitted for it.
        port: an entry names its port, so a denied port is permitted for it.
    """

    listed: bool
    target: bool
    port: bool


NO_LIST: Final = Opening(listed=True, target=False, port=False)
_OUTSIDE: Final = Opening(listed=False, target=False, port=False)
_TARGET: Final = Opening(listed=True, target=True, port=False)
_TARGET_AND_PORT: Final = Opening(listed=True, target=True, port=True)
_PATH: Final = Opening(listed=True, target=False, port=False)


class AllowList:
    """The entries, indexed so that a look-up costs the same however long the list is (networks and globs apart)."""

    __slots__ = (
        "_artifacts",
        "_globs",
        "_grpc_hosts",
        "_grpc_targets",
        "_ipv4_networks",
        "_ipv6_networks",
        "_oci_prefixes",
        "_path_prefixes",
        "_paths",
        "matchless",
    )

    def __init__(self, text: str) -> None:
        """Read the variable's value; `matchless` are bare words, which no command can ever match.

        Raises:
            SettingsError: `invalid_allowlist`, naming the broken entry.
        """
        self._artifacts: dict[tuple[object, ...], set[OciParameters]] = {}
        self._paths: set[str] = set()
        self._path_prefixes: tuple[str, ...] = ()
        self._globs: list[re.Pattern[str]] = []
        self._grpc_hosts: set[str] = set()
        self._grpc_targets: set[tuple[str, int]] = set()
        self._ipv4_networks: list[tuple[int, int]] = []
        self._ipv6_networks: list[tuple[int, int]] = []
        self._oci_prefixes: dict[str, tuple[str, ...]] = {}
        matchless: list[str] = []
        entries = [entry for entry in (part.strip() for part in text.split(",")) if entry]
        if not entries:
            raise SettingsError(INVALID_ALLOWLIST, f"{VARIABLE} holds separators and no entry")
        for entry in entries:
            if _BARE_WORD.fullmatch(entry):
                matchless.append(entry)
            else:
                self._add(entry)
        self.matchless = tuple(matchless)

    def match(self, command: Command) -> Opening:
        """Say whether the command is listed, and what its entry opens."""
        if isinstance(command, GrpcCommand):
            return self._match_grpc(command)
        if isinstance(command, OciCommand):
            return self._match_oci(command)
        path = command.path
        if path.startswith(self._path_prefixes) or path in self._paths:
            return _PATH
        return _PATH if self._globs and any(glob.fullmatch(path) for glob in self._globs) else _OUTSIDE

    def _match_grpc(self, command: GrpcCommand) -> Opening:
        if (command.host, command.port) in self._grpc_targets:
            return _TARGET_AND_PORT
        if command.host in self._grpc_hosts:
            return _TARGET_AND_PORT
        if command.host_kind == "name":
            return _OUTSIDE  # a network entry covers addresses that are written, not what a name resolves to
        return _TARGET if self._in_network(command) else _OUTSIDE

    def _in_network(self, command: GrpcCommand) -> bool:
        number = ipv4_number(command.host) if command.host_kind == "ipv4" else parse_ipv6(command.host) or 0
        networks = self._ipv4_networks
        if command.host_kind == "ipv6":
            embedded = mapped_ipv4(number)
            networks, number = (self._ipv6_networks, number) if embedded is None else (networks, embedded)
        return any(low <= number <= high for low, high in networks)

    def _match_oci(self, command: OciCommand) -> Opening:
        prefixes = self._oci_prefixes.get(command.registry)
        if prefixes is not None and command.repository.startswith(prefixes):
            return _TARGET_AND_PORT
        # An entry without parameters lists the artifact whatever the parameters, which only narrow.
        params = self._artifacts.get(command[:4])
        if params is None or not (command.params in params or NO_PARAMETERS in params):
            return _OUTSIDE
        return _TARGET_AND_PORT

    def _add(self, entry: str) -> None:
        """Index one entry, or raise naming it."""
        shown = _USERINFO.sub("//…@", entry)
        try:
            if entry.startswith("grpc://"):
                self._add_grpc(entry.removeprefix("grpc://"))
            elif entry.startswith("oci://"):
                self._add_oci(entry.removeprefix("oci://"))
            else:
                self._add_path(entry.removeprefix("file://"))
        except CommandError as error:
            raise SettingsError(INVALID_ALLOWLIST, f"{VARIABLE}: {shown!r}: {error.message}. {error.hint}") from error
        except ValueError as error:
            raise SettingsError(INVALID_ALLOWLIST, f"{VARIABLE}: {shown!r}: {error}") from error

    def _add_path(self, path: str) -> None:
        if "*" not in path:
            self._paths.add(str(parse_command(f"file://{path}")).removeprefix("file://"))
            return
        if not _PATH_GLOB.fullmatch(path):
            raise ValueError(_BROKEN_GLOB)
        if path.endswith("/*") and path.count("*") == 1:
            self._path_prefixes += (path.removesuffix("*"),)
            return
        segments = path.split("/")[1:]
        names = ["[^/]+" if name == "*" else re.escape(name).replace(r"\*", "[^/]*") for name in segments]
        if segments[-1] == "*":
            names[-1] = ".+"
        self._globs.append(re.compile("/" + "/".join(names), re.ASCII))

    def _add_grpc(self, rest: str) -> None:
        network = _NETWORK.fullmatch(rest)
        if network:
            self._add_network(ip_network(f"{network[1] or network[2]}/{network[3]}"))
        elif rest.endswith("/*") and (host := canonical_host(rest.removesuffix("/*"))):
            self._grpc_hosts.add(host.text)
        else:
            command = parse_command(f"grpc://{rest.removesuffix('/*')}")
            if isinstance(command, GrpcCommand):
                self._grpc_targets.add((command.host, command.port))

    def _add_network(self, network: IPv4Network | IPv6Network) -> None:
        low, high = int(network.network_address), int(network.broadcast_address)
        if isinstance(network, IPv4Network):
            self._ipv4_networks.append((low, high))
            return
        first, last = mapped_ipv4(low), mapped_ipv4(high)
        if first is not None and last is not None:
            self._ipv4_networks.append((first, last))
        else:
            self._ipv6_networks.append((low, high))

    def _add_oci(self, rest: str) -> None:
        if _OCI_NETWORK.fullmatch(rest):
            raise ValueError(_OCI_NETWORK_ENTRY)
        if not rest.endswith("/*"):
            command = parse_command(f"oci://{rest}")
            if isinstance(command, OciCommand):
                self._artifacts.setdefault(command[:4], set()).add(command.params)
            return
        registry, _, prefix = rest.removesuffix("*").partition("/")
        name = canonical_registry(registry)
        if prefix:
            parse_command(f"oci://{name}/{prefix}x")  # raises unless the prefix is the beginning of a repository
        self._oci_prefixes[name] = (*self._oci_prefixes.get(name, ()), prefix)

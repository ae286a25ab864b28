"""The policy's settings: read once from an environment, typed, documented in one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Self

from shared.commands.address_policy import AddressPolicy, TargetPolicy
from shared.commands.allowlist import NO_LIST, AllowList, Opening
from shared.commands.errors import CommandError, SettingsError
from shared.commands.model import Command, FileCommand
from shared.commands.oci import canonical_registry
from shared.settings import SETTING_INVALID

Runtime = Literal["studio", "edge"]

EDGE_CACHE_DIRECTORY: Final = "/var/lib/microgateway/plugins"
HTTPS_PORT: Final = 443
HTTP_PORT: Final = 80

_RUNTIMES: Final[Mapping[str, Runtime]] = {"": "studio", "studio": "studio", "edge": "edge", "gateway": "edge"}
_PREFIXES: Final[Mapping[Runtime, str]] = {"studio": "AI_STUDIO_OCI_", "edge": "OCI_PLUGINS_"}
# The spellings of https://pkg.go.dev/strconv#ParseBool, which both runtimes of the product use.
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})


class Setting(NamedTuple):
    """One row of the settings table.

    Attributes:
        name: the environment variable.
        default: what holds when it is unset or empty, in words.
        meaning: what it does, one sentence.
        runtime: which runtime reads it: studio, edge or both.
    """

    name: str
    default: str
    meaning: str
    runtime: Literal["studio", "edge", "both"]


SETTINGS: Final = (
    Setting("PLUGIN_RUNTIME", "studio", "Which gateway the plugins are for: studio, or edge (also: gateway).", "both"),
    Setting(
        "PLUGIN_COMMAND_ALLOWLIST",
        "no list: every command that the other rules allow",
        "Comma list of what is allowed: /directory/*, grpc://host/*, grpc://CIDR, oci://registry/prefix/*, exact ones; "
        "an entry opens its own target, even an internal one; a broken entry stops the start and is named.",
        "both",
    ),
    Setting(
        "ALLOW_INTERNAL_NETWORK_ACCESS",
        "off",
        "Only the exact text true: internal targets are allowed with a warning; metadata, link-local, multicast, "
        "0.0.0.0/8 and addresses that embed another stay closed. For development.",
        "both",
    ),
    Setting(
        "PLUGIN_BLOCK_INTERNAL_URLS",
        "off",
        "Only the exact text true: overrules ALLOW_INTERNAL_NETWORK_ACCESS; entries of the allow list still open.",
        "both",
    ),
    Setting(
        "AI_STUDIO_OCI_CACHE_DIR",
        "unset: oci:// plugins are off",
        "Switches oci:// plugins on; nothing is cached there, artifacts live in the bucket.",
        "studio",
    ),
    Setting(
        "OCI_PLUGINS_CACHE_DIR",
        f"{EDGE_CACHE_DIRECTORY}: oci:// plugins are on",
        "The edge gateway's cache directory; nothing is cached there, artifacts live in the bucket.",
        "edge",
    ),
    *(
        Setting(f"{prefix}{name}", default, meaning, runtime)
        for runtime, prefix in _PREFIXES.items()
        for name, default, meaning in (
            (
                "ALLOWED_REGISTRIES",
                "all",
                "Comma list of registries (host or host:port, exact); unset, the other runtime's list holds.",
            ),
            (
                "INSECURE_REGISTRIES",
                "none",
                "Comma list of registries that are asked over plain HTTP; opens no address.",
            ),
            ("REQUIRE_DIGEST", "false", "Refuse references without a digest; either runtime's variable is enough."),
            (
                "REQUIRE_SIGNATURE",
                "true" if runtime == "edge" else "false",
                "Refuse artifacts without a verified signature.",
            ),
        )
    ),
)
POLICY_VARIABLES: Final = frozenset(setting.name for setting in SETTINGS)
"""Every variable that `PolicySettings.from_environment` reads."""


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """What the policy asks for; the defaults are the product's for an empty environment.

    Attributes:
        runtime: whose OCI settings hold.
        allowlist: None without a list.
        allow_internal: internal targets are allowed with a warning.
        oci_cache_directory: None switches oci:// off.
        allowed_registries: canonical; empty = all.
        insecure_registries: canonical; asked over plain HTTP.
        require_digest: a tag alone is refused.
        require_signature: an artifact without a verified signature is refused.
    """

    runtime: Runtime = "studio"
    allowlist: AllowList | None = None
    allow_internal: bool = False
    oci_cache_directory: str | None = None
    allowed_registries: frozenset[str] = frozenset()
    insecure_registries: frozenset[str] = frozenset()
    require_digest: bool = False
    require_signature: bool = False

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        """Read the variables of `SETTINGS`.

        Raises:
            SettingsError: a value can't be read; the message names the variable and the broken entry.
        """
        runtime = _RUNTIMES.get(env.get("PLUGIN_RUNTIME", ""))
        if runtime is None:
            raise SettingsError(SETTING_INVALID, "PLUGIN_RUNTIME: studio or edge")
        other: Runtime = "edge" if runtime == "studio" else "studio"
        own, foreign = _PREFIXES[runtime], _PREFIXES[other]
        listed = env.get("PLUGIN_COMMAND_ALLOWLIST", "")
        blocked = env.get("PLUGIN_BLOCK_INTERNAL_URLS") == "true"
        registries = _registries(env, f"{own}ALLOWED_REGISTRIES") or _registries(env, f"{foreign}ALLOWED_REGISTRIES")
        return cls(
            runtime=runtime,
            allowlist=AllowList(listed) if listed else None,
            allow_internal=env.get("ALLOW_INTERNAL_NETWORK_ACCESS") == "true" and not blocked,
            oci_cache_directory=env.get(f"{own}CACHE_DIR") or (EDGE_CACHE_DIRECTORY if runtime == "edge" else None),
            allowed_registries=registries,
            insecure_registries=_registries(env, f"{own}INSECURE_REGISTRIES"),
            require_digest=any(_switch(env, f"{prefix}REQUIRE_DIGEST", default=False) for prefix in (own, foreign)),
            require_signature=_switch(env, f"{own}REQUIRE_SIGNATURE", default=runtime == "edge"),
        )

    @property
    def oci_enabled(self) -> bool:
        """Say whether this runtime takes oci:// plugins at all."""
        return self.oci_cache_directory is not None

    def opening(self, command: Command) -> Opening:
        """Say what the allow list opens for a command."""
        return NO_LIST if self.allowlist is None else self.allowlist.match(command)

    def address_policy(self, command: Command) -> AddressPolicy:
        """Give the policy for every connection made on behalf of a command.

        What an allow-list entry opens for the command is that command's own host and port; every other host on the way
        (redirect, token realm, blob store) meets the plain policy.
        """
        if isinstance(command, FileCommand):
            return TargetPolicy(allow_internal=self.allow_internal)
        opening = self.opening(command)
        if command.port is not None:
            ports = frozenset({command.port})
        else:
            insecure = command.registry in self.insecure_registries
            ports = frozenset({HTTP_PORT, HTTPS_PORT} if insecure else {HTTPS_PORT})
        return TargetPolicy(
            allow_internal=self.allow_internal,
            host=command.host if opening.target else "",
            ports=ports,
            port_opened=opening.port,
        )


def _registries(env: Mapping[str, str], name: str) -> frozenset[str]:
    entries = [entry for entry in (part.strip() for part in env.get(name, "").split(",")) if entry]
    try:
        return frozenset(canonical_registry(entry) for entry in entries)
    except CommandError as error:
        raise SettingsError(SETTING_INVALID, f"{name}: {', '.join(entries)!r} is not a list of registries") from error


def _switch(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = env.get(name, "")
    if not value:
        return default
    if value not in _TRUE | _FALSE:
        raise SettingsError(SETTING_INVALID, f"{name}: true or false")
    return value in _TRUE

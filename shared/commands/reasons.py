"""The reasons of the grammar and of the policy: stable codes, each with the mend.

Parse errors override the general hint with one that names the corrected text wherever it is known.
"""

from typing import Final

from shared.errors import Reason

INVALID_TYPE: Final = Reason(
    "invalid_type", "the value is not of the type that is asked for", "Send the type that the message names."
)
EMPTY: Final = Reason("empty", "the command is empty", "Write file://, grpc:// or oci:// and what follows it.")
TOO_LONG: Final = Reason("too_long", "the command is longer than 1,024 bytes", "Shorten the path or the reference.")
MISSING_SCHEME: Final = Reason(
    "missing_scheme", "the command has no scheme", "Begin with file://, grpc:// or oci:// in lower case."
)
UNSUPPORTED_SCHEME: Final = Reason(
    "unsupported_scheme", "the scheme is not one that plugins use", "Use file://, grpc:// or oci:// in lower case."
)
FORBIDDEN_CHARACTER: Final = Reason(
    "forbidden_character",
    "the command holds a character that is never allowed",
    "Use printable ASCII without blanks, quotes and shell characters; a command takes no arguments.",
)
PERCENT_ENCODING_NOT_ALLOWED: Final = Reason(
    "percent_encoding_not_allowed", "percent-encoding is not part of this grammar", "Write the character itself."
)
MISSING_PATH: Final = Reason(
    "missing_path", "file:// is not followed by a path", "Write file:// and the absolute path of the executable."
)
TRAILING_SLASH: Final = Reason(
    "trailing_slash", "the path names a directory", "Remove the last slash and name the executable file."
)
RELATIVE_PATH: Final = Reason(
    "relative_path", "the path is not absolute", "Write three slashes: file:///absolute/path/to/my-plugin."
)
FILE_AUTHORITY_NOT_ALLOWED: Final = Reason(
    "file_authority_not_allowed",
    "file:// names a host or a drive",
    "Remove the host: file:///absolute/path/to/my-plugin.",
)
PATH_TRAVERSAL: Final = Reason(
    "path_traversal", "the path climbs out of its directory", "Write the path without '..' segments."
)
PATH_NOT_NORMALISED: Final = Reason(
    "path_not_normalised", "the path has an empty or '.' segment", "Write the path in its shortest form."
)
PATH_TOO_LONG: Final = Reason(
    "path_too_long", "a name in the path is longer than 255 bytes", "Shorten the name; file systems end at 255 bytes."
)
UNEXPECTED_PATH: Final = Reason(
    "unexpected_path", "grpc:// takes no path", "End the command after the port: grpc://host:port."
)
UNEXPECTED_QUERY: Final = Reason(
    "unexpected_query",
    "a query is not allowed here",
    "Remove '?' and what follows; only oci:// commands take parameters.",
)
UNEXPECTED_FRAGMENT: Final = Reason(
    "unexpected_fragment", "a fragment is not allowed", "Remove '#' and what follows it."
)
MISSING_HOST: Final = Reason("missing_host", "the host is missing", "Write grpc://host:port.")
INVALID_HOST: Final = Reason(
    "invalid_host",
    "the host is neither a DNS name nor a plain IP address",
    "Write a DNS name (IDN as xn--…), a dotted IPv4 address without leading zeros, or an IPv6 address in brackets.",
)
MISSING_PORT: Final = Reason("missing_port", "the port is missing", "Add the port: grpc://host:50051.")
INVALID_PORT: Final = Reason(
    "invalid_port",
    "the port is not a number from 1 to 65535",
    "Write the port in decimal digits without leading zeros.",
)
USERINFO_NOT_ALLOWED: Final = Reason(
    "userinfo_not_allowed",
    "the command holds user information before the host",
    "Remove everything up to '@'; configure credentials with OCI_PLUGINS_REGISTRY_<NAME>_<FIELD>.",
)
MISSING_REGISTRY: Final = Reason(
    "missing_registry", "the registry is missing", "Write oci://registry.example.com/repository:tag."
)
INVALID_REGISTRY: Final = Reason(
    "invalid_registry",
    "the registry is neither a DNS name nor a plain IP address",
    "Write host or host:port; an IDN as xn--…, an IPv6 address in brackets.",
)
MISSING_REPOSITORY: Final = Reason(
    "missing_repository", "the repository is missing", "Write oci://registry.example.com/repository:tag."
)
INVALID_REPOSITORY: Final = Reason(
    "invalid_repository",
    "the repository is not a legal name",
    "Use lower-case letters and digits, separated by '/', '.', '_', '__' or '-', 255 characters at most.",
)
REFERENCE_TOO_LONG: Final = Reason(
    "reference_too_long", "the reference is longer than 1,024 bytes", "Shorten the repository or the tag."
)
INVALID_TAG: Final = Reason(
    "invalid_tag",
    "the tag is not legal",
    "Use 1 to 128 letters, digits, '_', '.' and '-', not beginning with '.' or '-'; '+' is not legal in a tag.",
)
INVALID_DIGEST: Final = Reason(
    "invalid_digest",
    "the digest is not legal",
    "Write the whole digest: sha256: and 64, or sha512: and 128, lower-case hexadecimal digits.",
)
INVALID_ARCH: Final = Reason(
    "invalid_arch",
    "the platform is not one that plugins are built for",
    "Write os/arch in lower case: linux, darwin or windows, then amd64, arm64, 386 or arm.",
)
INVALID_PARAMETER: Final = Reason(
    "invalid_parameter",
    "a parameter has no or no usable value",
    "Write name=value pairs joined by '&'; pubkey and auth take the name of something configured, nothing else.",
)
DUPLICATE_PARAMETER: Final = Reason("duplicate_parameter", "a parameter is given twice", "Give each parameter once.")
UNKNOWN_PARAMETER: Final = Reason(
    "unknown_parameter", "there is no such parameter", "Use arch, pubkey or auth, in lower case."
)

INTERNAL_NETWORK_ADDRESS: Final = Reason(
    "internal_network_address",
    "the target is an internal network address",
    "Use a public address, list the target in PLUGIN_COMMAND_ALLOWLIST, or for development set "
    "ALLOW_INTERNAL_NETWORK_ACCESS=true; metadata, link-local and multicast addresses stay closed.",
)
OUTSIDE_STANDARD_DIRECTORIES: Final = Reason(
    "outside_standard_directories",
    "the path is outside the standard directories",
    "Install the plugin below /usr/local/bin, or list its directory in PLUGIN_COMMAND_ALLOWLIST.",
)
PATH_DENIED: Final = Reason(
    "path_denied",
    "no plugin may be run from this path",
    "Install the plugin's own executable elsewhere: not a system or world-writable directory, not an interpreter.",
)
PORT_DENIED: Final = Reason(
    "port_denied",
    "the port belongs to another kind of service",
    "Serve the plugin on a port from 1024 that no other protocol owns (50051 is usual), or on 443; "
    "an allow-list entry that names this host opens it.",
)
NOT_IN_ALLOWLIST: Final = Reason(
    "not_in_allowlist",
    "the command is not in the allow list",
    "Add an entry to PLUGIN_COMMAND_ALLOWLIST: /directory/*, grpc://host/*, grpc://CIDR, oci://registry/prefix/* "
    "or the exact command.",
)
INVALID_ALLOWLIST: Final = Reason(
    "invalid_allowlist",
    "an entry of the allow list can't be read",
    "Correct the entry in PLUGIN_COMMAND_ALLOWLIST; until then nothing is allowed.",
)
UNRESOLVABLE_HOST: Final = Reason(
    "unresolvable_host",
    "the host name has no address",
    "Check the spelling and the DNS record; in Kubernetes check that the service exists.",
)
REGISTRY_NOT_ALLOWED: Final = Reason(
    "registry_not_allowed",
    "the registry is not among the allowed ones",
    "Add the registry, with its port, to AI_STUDIO_OCI_ALLOWED_REGISTRIES or OCI_PLUGINS_ALLOWED_REGISTRIES.",
)
OCI_DISABLED: Final = Reason(
    "oci_disabled",
    "oci:// plugins are switched off",
    "Set AI_STUDIO_OCI_CACHE_DIR, or PLUGIN_RUNTIME=edge for an edge gateway.",
)
OCI_REFERENCE_MISMATCH: Final = Reason(
    "oci_reference_mismatch",
    "oci_reference and command name different artifacts",
    "Make oci_reference the command without oci:// and parameters, or leave it out.",
)
DIGEST_REQUIRED: Final = Reason(
    "digest_required", "the policy asks for a digest", "Append @sha256:… to the reference; a tag may move."
)

REASONS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Reason))

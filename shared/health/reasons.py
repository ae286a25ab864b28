"""Why a plugin is healthy, is not, or can't be told; reasons of the connection policy are those of `shared.egress`."""

from typing import Final

from shared.errors import Reason

# Answers of a plugin: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
SERVING = Reason("serving", "the plugin says that it is serving", "Nothing to do.")
NOT_SERVING = Reason(
    "not_serving",
    "the plugin says that it is not serving",
    "Look at the plugin's own log: it answers, and its health service or Ping reports that it can't work.",
)
SERVICE_UNKNOWN = Reason(
    "service_unknown",
    "the health service knows neither this plugin nor the server as a whole",
    'Set the status of the service "plugin" (or of "") in the plugin\'s grpc.health.v1 server.',
)
REACHABLE_ONLY = Reason(
    "reachable_only",
    "a gRPC server answers, but it offers no health check",
    "Serve grpc.health.v1 or plugin.PluginService/Ping, so that the plugin can say whether it works.",
)
AUTHENTICATION_REQUIRED = Reason(
    "authentication_required",
    "a gRPC server answers, but it checks callers before health",
    "Let health checks through without call credentials, or ask for a client certificate instead.",
)
BAD_RESPONSE = Reason(
    "bad_response",
    "the answer is not the message that belongs to the call",
    "Check that the plugin serves the published grpc.health.v1 or PluginService definition, unchanged.",
)
CALL_FAILED = Reason(
    "call_failed",
    "the plugin ended the health check with an error",
    "Look at the plugin's own log for the error behind the status that the message names.",
)

# The way to a plugin.
CONNECTION_REFUSED = Reason(
    "connection_refused",
    "nothing listens at the address and port",
    "Start the plugin, or correct the port in its command; the plugin must listen on more than its own loopback.",
)
CONNECTION_CLOSED = Reason(
    "connection_closed",
    "the peer closed the connection before it said anything",
    "Check that the port is the plugin's gRPC port and that nothing in between cuts the connection.",
)
NETWORK_UNREACHABLE = Reason(
    "network_unreachable",
    "there is no route to the address",
    "Check the subnets, routes and security groups between the health check and the plugin.",
)
DEADLINE_EXCEEDED = Reason(
    "deadline_exceeded",
    "no answer came within the deadline",
    "Check that the plugin is not stuck or overloaded and that no firewall drops the packets.",
)
NOT_GRPC = Reason(
    "not_grpc",
    "something answers, but it does not speak gRPC",
    "Correct the port in the command: this one belongs to another protocol, or to a proxy that does not pass gRPC on.",
)
TLS_REQUIRED = Reason(
    "tls_required",
    "the peer speaks TLS, and the check was configured without",
    "Configure TLS for this plugin's health check, or serve the plugin without TLS.",
)
TLS_NOT_OFFERED = Reason(
    "tls_not_offered",
    "the peer does not speak TLS, and the check was configured with it",
    "Serve the plugin with TLS, or configure its health check without.",
)
TLS_CERTIFICATE_INVALID = Reason(
    "tls_certificate_invalid",
    "the peer's certificate is not accepted",
    "Install a certificate that is in force, names the command's host and is signed by the configured CA.",
)
TLS_CLIENT_CERTIFICATE_REFUSED = Reason(
    "tls_client_certificate_refused",
    "the peer ended the TLS connection, as peers do that want another client certificate",
    "Configure a client certificate that the plugin's CA has signed and that is in force.",
)
TLS_HANDSHAKE_FAILED = Reason(
    "tls_handshake_failed",
    "no TLS connection came about",
    "Check that both sides share a TLS version (1.2 or 1.3), a cipher suite and HTTP/2 (ALPN h2).",
)

# The check itself: these say nothing about the plugin.
TLS_SETTINGS_INVALID = Reason(
    "tls_settings_invalid",
    "the configured CA, client certificate or key can't be used",
    "Store PEM texts: the CA's certificate, the client's certificate chain and its unencrypted private key.",
)
CHECKER_ERROR = Reason(
    "checker_error",
    "the check failed on our side",
    "Nothing to do on the plugin; the function's log and limits (open files, memory) tell more.",
)
NOT_CHECKED = Reason(
    "not_checked",
    "the time of this run was spent before the plugin's turn came",
    "Nothing to do: the next run checks it; if it stays so, raise the function's memory or time.",
)

# file:// plugins.
FILE_OK = Reason("file_ok", "the file is in place", "Nothing to do.")
GATEWAY_ONLY = Reason(
    "gateway_only",
    "only a gateway that mounts it can tell",
    "Nothing to do; to have it checked here, mount the file system into the health check and configure its path.",
)
FILE_PATH_INVALID = Reason(
    "file_path_invalid",
    "the path is not an absolute path in its normal form",
    "Write the path from the root, without empty, . or .. parts.",
)
FILE_NOT_FOUND = Reason("file_not_found", "there is no such file", "Install the plugin at the path of its command.")
FILE_UNREADABLE = Reason(
    "file_unreadable",
    "the health check may not read the file",
    "Give the health check's user read access to the file and search access to its directories.",
)
FILE_IO_ERROR = Reason(
    "file_io_error", "the file system did not give the file", "Check the mount and the network file system behind it."
)
NOT_REGULAR_FILE = Reason(
    "not_regular_file",
    "the path is not a regular file in real directories",
    "Install the plugin as a plain file, in plain directories.",
)
SYMBOLIC_LINK = Reason(
    "symbolic_link",
    "a part of the path is a symbolic link",
    "Write the real path into the command: what a link points to can change unseen.",
)
NOT_EXECUTABLE = Reason("not_executable", "the file may not be executed", "Set the executable bits: chmod 0755.")
UNSAFE_PERMISSIONS = Reason(
    "unsafe_permissions",
    "others may change the file or a directory above it, or it has set-id bits",
    "Take write access from group and others (chmod go-w) and set-id bits off (chmod ug-s).",
)
UNSAFE_OWNER = Reason(
    "unsafe_owner",
    "the file or a directory above it belongs to a user who is not trusted",
    "Give it to root or to the configured user: chown root.",
)
FILE_TOO_LARGE = Reason(
    "file_too_large", "the file is larger than allowed", "Install a smaller build, or raise the configured bound."
)
CHECKSUM_MISMATCH = Reason(
    "checksum_mismatch",
    "the content does not have the checksum of the plugin's record",
    "Install the build that the checksum belongs to, or update the checksum after you have checked the new build.",
)

# oci:// plugins.
ARTIFACT_STORED = Reason("artifact_stored", "the stored artifact is what was verified", "Nothing to do.")
ARTIFACT_MISSING = Reason(
    "artifact_missing",
    "the stored artifact is gone",
    "Reload the plugin: it is pulled and verified again; then find out who deleted the object.",
)
ARTIFACT_CORRUPT = Reason(
    "artifact_corrupt",
    "the stored artifact is not what was verified",
    "Stop using it and reload the plugin; then find out who wrote the object.",
)

REASONS: Final[tuple[Reason, ...]] = (
    SERVING,
    NOT_SERVING,
    SERVICE_UNKNOWN,
    REACHABLE_ONLY,
    AUTHENTICATION_REQUIRED,
    BAD_RESPONSE,
    CALL_FAILED,
    CONNECTION_REFUSED,
    CONNECTION_CLOSED,
    NETWORK_UNREACHABLE,
    DEADLINE_EXCEEDED,
    NOT_GRPC,
    TLS_REQUIRED,
    TLS_NOT_OFFERED,
    TLS_CERTIFICATE_INVALID,
    TLS_CLIENT_CERTIFICATE_REFUSED,
    TLS_HANDSHAKE_FAILED,
    TLS_SETTINGS_INVALID,
    CHECKER_ERROR,
    NOT_CHECKED,
    FILE_OK,
    GATEWAY_ONLY,
    FILE_PATH_INVALID,
    FILE_NOT_FOUND,
    FILE_UNREADABLE,
    FILE_IO_ERROR,
    NOT_REGULAR_FILE,
    SYMBOLIC_LINK,
    NOT_EXECUTABLE,
    UNSAFE_PERMISSIONS,
    UNSAFE_OWNER,
    FILE_TOO_LARGE,
    CHECKSUM_MISMATCH,
    ARTIFACT_STORED,
    ARTIFACT_MISSING,
    ARTIFACT_CORRUPT,
)

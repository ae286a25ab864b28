"""The reasons of the API itself; those of commands, records and JSON are declared where they arise."""

from typing import Final

from shared.errors import Reason

UNAUTHORIZED = Reason(
    "unauthorized",
    "the call carries no valid token",
    "Send `Authorization: Bearer <token>` with a token from `plugport token create`.",
)
FORBIDDEN = Reason(
    "forbidden",
    "the token does not allow this",
    "Use a token with the scope that the detail names.",
)
NAMESPACE_NOT_ALLOWED = Reason(
    "namespace_not_allowed",
    "the token is not bound to this namespace",
    "Leave the namespace out for the token's own, or use a token that is bound to it.",
)
ROUTE_NOT_FOUND = Reason(
    "route_not_found", "there is no such path", "See /api/v1/openapi.json for every path of this API."
)
METHOD_NOT_ALLOWED = Reason(
    "method_not_allowed", "the path does not take this method", "Use a method that the Allow header names."
)
NOT_BUILT_YET = Reason(
    "not_built_yet", "this release does not do that yet", "See the detail for what to use in the meantime."
)
UNFORESEEN_ERROR = Reason(
    "unforeseen_error",
    "the call failed in a way that nobody foresaw",
    "Try again; if it stays, report it with the correlation id of this answer.",
)
BODY_TOO_LARGE = Reason("body_too_large", "the body is too large", "Send less than 256 KiB.")
HEADERS_TOO_LARGE = Reason("headers_too_large", "the headers are too large", "Send at most 8 KiB of headers.")
AMBIGUOUS_REQUEST = Reason(
    "ambiguous_request",
    "the request can be read in two ways",
    "Send each of the headers that the detail names once, and only one way to say how long the body is.",
)
UNSUPPORTED_MEDIA_TYPE = Reason(
    "unsupported_media_type", "the body is not declared as JSON", "Send JSON with `Content-Type: application/json`."
)
UNSUPPORTED_CONTENT_ENCODING = Reason(
    "unsupported_content_encoding", "the body is compressed", "Send the body without a Content-Encoding."
)
INVALID_BODY = Reason("invalid_body", "the body is not a JSON object", "Send one JSON object.")
FIELD_MISSING = Reason("field_missing", "a field is missing", "Send the field that the detail names.")
FIELD_INVALID = Reason(
    "field_invalid", "a field has a value that can't be used", "Correct the field as the detail says."
)
FIELD_NOT_ALLOWED = Reason(
    "field_not_allowed", "only the server sets this field", "Remove the field that the detail names from the body."
)
INVALID_NAME = Reason(
    "invalid_name",
    "the name is not valid",
    "Use 1 to 200 visible characters in their composed form (NFC), without control or invisible characters.",
)
INVALID_CHECKSUM = Reason(
    "invalid_checksum", "the checksum is not valid", "Use sha256: and 64 hex digits, as `sha256sum` prints them."
)
CONFIG_TOO_LARGE = Reason(
    "plugin_config_too_large", "the config is too large", "Keep the config within 64 KiB of JSON."
)
CONFIG_TOO_DEEP = Reason("plugin_config_too_deep", "the config is nested too deeply", "Use at most 16 levels.")
UNKNOWN_QUERY_PARAMETER = Reason(
    "unknown_query_parameter",
    "the path does not take this query parameter",
    "Remove it; see /api/v1/openapi.json for those that the path takes.",
)
REPEATED_QUERY_PARAMETER = Reason(
    "repeated_query_parameter", "a query parameter is given more than once", "Give each query parameter once."
)
INVALID_QUERY_PARAMETER = Reason(
    "invalid_query_parameter", "a query parameter has a value that can't be used", "Correct it as the detail says."
)
INVALID_LIMIT = Reason("invalid_limit", "the limit is not valid", "Use a whole number from 1 to 100.")
INVALID_CURSOR = Reason(
    "invalid_cursor",
    "the cursor is not valid here",
    "Use `meta.next_cursor` of the page before with the same token and filters, within an hour; else begin anew.",
)
INVALID_PAGE = Reason("invalid_page", "the page is not valid", "Use a whole number from 1, and not beside a cursor.")
INVALID_IDEMPOTENCY_KEY = Reason(
    "invalid_idempotency_key", "the Idempotency-Key is not valid", "Use 1 to 255 visible ASCII characters, e.g. a UUID."
)
IDEMPOTENCY_KEY_REUSED = Reason(
    "idempotency_key_reused",
    "the Idempotency-Key came with another body before",
    "Use a new key for a new request; repeat a request with exactly the same body.",
)
IDEMPOTENT_RESULT_GONE = Reason(
    "idempotent_result_gone",
    "what this Idempotency-Key made was deleted since",
    "Use a new key to register the plugin again.",
)
INVALID_PRECONDITION = Reason(
    "invalid_precondition",
    "the If-Match header is not valid",
    'Send the ETag of the plugin as it came, e.g. If-Match: "3".',
)
PRECONDITION_FAILED = Reason(
    "precondition_failed",
    "the plugin was changed meanwhile",
    "Read it again, look at what changed, and repeat with the new ETag.",
)
PLUGIN_INACTIVE = Reason(
    "plugin_inactive", "the plugin is not active", 'Activate it first: PATCH it with {"is_active": true}.'
)
NOT_AN_OCI_PLUGIN = Reason(
    "not_an_oci_plugin", "the plugin does not come from a registry", "Use POST …/reload, which works for every plugin."
)
NO_ACTIVE_VERSION = Reason(
    "no_active_version",
    "the plugin has no active version",
    "Look at its conditions for what is in the way; only oci:// plugins have versions.",
)
SIGNATURE_NOT_VERIFIED = Reason(
    "signature_not_verified",
    "the active version has no verified signature, and the policy requires one",
    "This release can't verify signatures yet: let the operator switch their requirement off.",
)
PLATFORM_NOT_AVAILABLE = Reason(
    "platform_not_available",
    "the active version has no executable for this platform",
    "Ask for one of the platforms that the detail names.",
)
REASONS: Final = (
    UNAUTHORIZED,
    FORBIDDEN,
    NAMESPACE_NOT_ALLOWED,
    ROUTE_NOT_FOUND,
    METHOD_NOT_ALLOWED,
    NOT_BUILT_YET,
    UNFORESEEN_ERROR,
    BODY_TOO_LARGE,
    HEADERS_TOO_LARGE,
    AMBIGUOUS_REQUEST,
    UNSUPPORTED_MEDIA_TYPE,
    UNSUPPORTED_CONTENT_ENCODING,
    INVALID_BODY,
    FIELD_MISSING,
    FIELD_INVALID,
    FIELD_NOT_ALLOWED,
    INVALID_NAME,
    INVALID_CHECKSUM,
    CONFIG_TOO_LARGE,
    CONFIG_TOO_DEEP,
    UNKNOWN_QUERY_PARAMETER,
    REPEATED_QUERY_PARAMETER,
    INVALID_QUERY_PARAMETER,
    INVALID_LIMIT,
    INVALID_CURSOR,
    INVALID_PAGE,
    INVALID_IDEMPOTENCY_KEY,
    IDEMPOTENCY_KEY_REUSED,
    IDEMPOTENT_RESULT_GONE,
    INVALID_PRECONDITION,
    PRECONDITION_FAILED,
    PLUGIN_INACTIVE,
    NOT_AN_OCI_PLUGIN,
    NO_ACTIVE_VERSION,
    SIGNATURE_NOT_VERIFIED,
    PLATFORM_NOT_AVAILABLE,
)

"""Why a registry, or what it sent, is refused; the reasons of connections themselves are those of `shared.egress`."""

from typing import Final

from shared.errors import Reason

# What the registry sent does not agree with what was asked for.
DIGEST_MISMATCH = Reason(
    "digest_mismatch",
    "the bytes that came do not have the digest that names them",
    "The registry, a mirror or something on the way changed the content; compare it with another client, push again.",
)
SIZE_MISMATCH = Reason(
    "size_mismatch",
    "the size that came is not the size that the descriptor states",
    "The content was cut or replaced on the way; if it stays so, push the artifact again.",
)
DIGEST_INVALID = Reason(
    "digest_invalid",
    "a digest in the document is not one",
    "Push the artifact with a current client; digests are sha256: and 64 lower-case hexadecimal digits.",
)
DIGEST_ALGORITHM = Reason(
    "digest_algorithm_unsupported",
    "the digest uses an algorithm that is not accepted",
    "Push the artifact with a current client: sha256 and sha512 are accepted.",
)

# Documents: https://github.com/opencontainers/image-spec
MANIFEST_INVALID = Reason(
    "manifest_invalid",
    "the manifest is not a valid document",
    "Push the artifact with a current client (oras, docker, buildah, crane).",
)
MANIFEST_AMBIGUOUS = Reason(
    "manifest_ambiguous",
    "the manifest can be read as an image and as an index",
    "Do not use this artifact: no client writes this by accident (CVE-2021-41190).",
)
MANIFEST_TOO_LARGE = Reason(
    "manifest_too_large", "the manifest is larger than allowed", "Keep manifests under 4 MiB; put content into layers."
)
MEDIA_TYPE_UNSUPPORTED = Reason(
    "media_type_unsupported",
    "the registry answered with a media type that is no manifest that is read here",
    "Push an OCI image manifest or index or their Docker v2 forms; if this is a login page, check the registry's name.",
)
MEDIA_TYPE_MISMATCH = Reason(
    "media_type_mismatch",
    "the media types of header, descriptor and document do not agree",
    "Push the artifact again; if it stays so, the registry or a proxy rewrites headers.",
)
FOREIGN_LAYER = Reason(
    "foreign_layer",
    "a layer is to be fetched from somewhere outside the registry",
    "Push the layer into the registry itself; URLs in descriptors are never followed.",
)
CONFIG_TOO_LARGE = Reason("config_too_large", "the config blob is larger than allowed", "Keep the config under 4 MiB.")
BLOB_TOO_LARGE = Reason(
    "blob_too_large",
    "the blob is larger than allowed",
    "Make the plugin smaller, or raise the size limit of the deployment.",
)
TOO_MANY_LAYERS = Reason(
    "too_many_layers", "the manifest lists more layers than allowed", "Squash the image to 128 layers or fewer."
)
PLATFORM_NOT_FOUND = Reason(
    "platform_not_found",
    "the index has no entry for the wanted platform",
    "Push a build for that platform, or ask for one of those that the message lists.",
)
INDEX_TOO_DEEP = Reason("index_too_deep", "indexes are nested too deeply", "Push an index that lists its manifests.")
INDEX_TOO_WIDE = Reason("index_too_wide", "the index has too many entries", "Keep an index under 1000 entries.")
INDEX_CYCLE = Reason("index_cycle", "an index names itself", "Do not use this artifact; push a new index.")

# Answers of the registry as a server.
REGISTRY_ERROR = Reason(
    "registry_error",
    "the registry answered with an error",
    "Look at the registry's own log and status page.",
)
REGISTRY_PROTOCOL_ERROR = Reason(
    "registry_protocol_error",
    "the registry's answer does not follow HTTP or the distribution specification",
    "Check that the name and port belong to an OCI registry and not to another service or a proxy's page.",
)
REGISTRY_NOT_FOUND = Reason(
    "registry_not_found",
    "the registry does not have this manifest or blob",
    "Check repository, tag and digest; some registries answer so, too, when the credential may not read it.",
)
REGISTRY_RATE_LIMITED = Reason(
    "registry_rate_limited",
    "the registry limits the rate of requests",
    "Wait, use a credential with a higher limit, or set up a mirror.",
)
REGISTRY_TIMEOUT = Reason(
    "registry_timeout",
    "the registry was too slow",
    "Try again later; if it stays so, look at the registry and at the network between.",
)

# Redirects and links.
INSECURE_REDIRECT = Reason(
    "insecure_redirect",
    "the registry redirects from https to http",
    "Configure the registry's storage back end with https.",
)
BAD_REDIRECT = Reason(
    "bad_redirect",
    "the registry redirects to something that is not followed",
    "Configure the registry to serve the content itself or to redirect blobs to an https URL.",
)
TOO_MANY_REDIRECTS = Reason(
    "too_many_redirects", "the registry redirects too often", "Look for a loop in the registry's or proxy's settings."
)
BAD_LINK = Reason(
    "bad_pagination_link",
    "the link to the next page leaves the registry",
    "Correct the registry's external URL setting.",
)
TOO_MANY_PAGES = Reason(
    "too_many_pages", "the list goes on for too many pages", "Remove unused tags or signatures from the repository."
)

# Authentication.
REGISTRY_AUTH_FAILED = Reason(
    "registry_auth_failed",
    "the registry does not accept the credential, or asks for one in a way that is not supported",
    "Check OCI_PLUGINS_REGISTRY_<NAME>_* for this registry, and that the credential may pull this repository.",
)
AUTH_REALM_INVALID = Reason(
    "auth_realm_invalid",
    "the registry sends clients to a token service that may not get its credential",
    "If the token service is right, add registry=host to OCI_PLUGINS_TOKEN_REALMS.",
)

REASONS: Final[tuple[Reason, ...]] = (
    DIGEST_MISMATCH,
    SIZE_MISMATCH,
    DIGEST_INVALID,
    DIGEST_ALGORITHM,
    MANIFEST_INVALID,
    MANIFEST_AMBIGUOUS,
    MANIFEST_TOO_LARGE,
    MEDIA_TYPE_UNSUPPORTED,
    MEDIA_TYPE_MISMATCH,
    FOREIGN_LAYER,
    CONFIG_TOO_LARGE,
    BLOB_TOO_LARGE,
    TOO_MANY_LAYERS,
    PLATFORM_NOT_FOUND,
    INDEX_TOO_DEEP,
    INDEX_TOO_WIDE,
    INDEX_CYCLE,
    REGISTRY_ERROR,
    REGISTRY_PROTOCOL_ERROR,
    REGISTRY_NOT_FOUND,
    REGISTRY_RATE_LIMITED,
    REGISTRY_TIMEOUT,
    INSECURE_REDIRECT,
    BAD_REDIRECT,
    TOO_MANY_REDIRECTS,
    BAD_LINK,
    TOO_MANY_PAGES,
    REGISTRY_AUTH_FAILED,
    AUTH_REALM_INVALID,
)

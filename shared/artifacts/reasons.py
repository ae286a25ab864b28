"""Why an artifact is refused, or must be tried again; manifests and blobs themselves: `shared.registry.reasons`."""

from typing import Final

from shared.errors import Reason

_REBUILD: Final = "Build and push the image again with a current builder; the archive itself is broken or hostile."
_ENTRY: Final = "Build the image `FROM scratch` with one static executable, COPY it in and name it in ENTRYPOINT."

# What the manifest and its configuration say.
ARTIFACT_AMBIGUOUS = Reason(
    "artifact_ambiguous",
    "the manifest does not say which layer is the executable",
    "Push exactly one executable per manifest; use an index for several platforms.",
)
LAYER_TYPE_UNSUPPORTED = Reason(
    "layer_type_unsupported",
    "a layer has a media type that is not supported",
    "Push layers as plain, gzip or zstd tar (image) or the bare executable (artifact); encryption is not supported.",
)
LAYER_TYPE_MISMATCH = Reason(
    "layer_type_mismatch",
    "a layer's bytes are not what its media type says",
    "Push the image again with a builder that names the compression it used.",
)
IMAGE_CONFIG_INVALID = Reason(
    "image_config_invalid",
    "the image's configuration is not valid",
    "Push the image again with a builder that follows the OCI image specification.",
)
PLUGIN_CONFIG_INVALID = Reason(
    "plugin_config_invalid",
    "the artifact's config document is not valid",
    "Make it one JSON object with text in name, version, os and arch, and push it again.",
)
PLATFORM_MISMATCH = Reason(
    "platform_mismatch",
    "the artifact is made for another platform",
    "Push the plugin for the platform that the gateways run on, or correct os and architecture.",
)
CHECKSUM_MISMATCH = Reason(
    "checksum_mismatch",
    "the executable does not have the plugin's checksum",
    "Correct the checksum of the plugin, or find out who changed the artifact; name one platform with arch=.",
)

# Layers.
DECOMPRESSION_FAILED = Reason("decompression_failed", "a layer can't be decompressed", _REBUILD)
UNPACKED_TOO_LARGE = Reason(
    "unpacked_too_large",
    "the layers unpack to more than the limit",
    "Build a smaller image; a few kilobytes that unpack to gigabytes are refused by design.",
)
DIFF_ID_MISMATCH = Reason("diff_id_mismatch", "a layer is not the one that the image's configuration names", _REBUILD)
TAR_HEADER_INVALID = Reason("tar_header_invalid", "a tar header is not valid", _REBUILD)
TAR_TRUNCATED = Reason("tar_truncated", "a layer's archive ends too early", _REBUILD)
TAR_TRAILING_DATA = Reason("tar_trailing_data", "a layer goes on after the end of its archive", _REBUILD)
TAR_NAME_INVALID = Reason(
    "tar_name_invalid",
    "an entry's name is not valid",
    "Rename the file: UTF-8 without control characters, backslashes or drive letters.",
)
TAR_NAME_AMBIGUOUS = Reason("tar_name_ambiguous", "an entry has two different long names", _REBUILD)
TAR_NAME_TOO_LONG = Reason("tar_name_too_long", "an entry's name is too long", "Shorten paths to 4096, names to 255.")
TAR_PATH_TRAVERSAL = Reason("tar_path_traversal", "an entry's path has a `..` in it", _REBUILD)
TAR_PATH_ABSOLUTE = Reason("tar_path_absolute", "an entry's path is absolute", _REBUILD)
TAR_PATH_CONFLICT = Reason("tar_path_conflict", "a path is a file and a directory in one layer", _REBUILD)
TAR_PARENT_IS_LINK = Reason("tar_parent_is_link", "an entry lies below a link of the same layer", _REBUILD)
TAR_ROOT_REPLACED = Reason("tar_root_replaced", "an entry replaces the root directory", _REBUILD)
TAR_ENTRY_DUPLICATE = Reason("tar_entry_duplicate", "a layer has two entries of one name", _REBUILD)
TAR_ENTRY_TOO_LARGE = Reason(
    "tar_entry_too_large",
    "an entry is larger than the limit",
    "Build a smaller executable or raise the size limit of the deployment.",
)
TAR_TOO_MANY_ENTRIES = Reason("tar_too_many_entries", "the layers have too many entries", "Build FROM scratch.")
TAR_EXTENDED_TOO_LARGE = Reason("tar_extended_too_large", "an entry's extended header is too large", _REBUILD)
TAR_SPARSE = Reason("tar_sparse", "an entry is sparse", "Build the image without sparse files.")
TAR_DEVICE = Reason("tar_device", "a layer has a device or a named pipe", "Remove device nodes from the image.")
TAR_TYPE_UNSUPPORTED = Reason("tar_type_unsupported", "an entry has an unknown type", _REBUILD)
WHITEOUT_INVALID = Reason("whiteout_invalid", "a whiteout entry is not valid", _REBUILD)

# The entrypoint and its file.
ENTRYPOINT_MISSING = Reason("entrypoint_missing", "the image has no file for its entrypoint", _ENTRY)
ENTRYPOINT_NOT_ABSOLUTE = Reason("entrypoint_not_absolute", "the entrypoint is not an absolute path", _ENTRY)
ENTRYPOINT_NOT_CANONICAL = Reason("entrypoint_not_canonical", "the entrypoint's path is not in normal form", _ENTRY)
ENTRYPOINT_IS_LAUNCHER = Reason("entrypoint_is_launcher", "the entrypoint is a shell or a launcher", _ENTRY)
ENTRYPOINT_IS_SYMLINK = Reason("entrypoint_is_symlink", "the entrypoint is, or lies below, a symbolic link", _ENTRY)
ENTRYPOINT_IS_HARDLINK = Reason("entrypoint_is_hardlink", "the entrypoint is a hard link", _ENTRY)
ENTRYPOINT_NOT_REGULAR = Reason("entrypoint_not_regular", "the entrypoint is not a regular file", _ENTRY)
NOT_EXECUTABLE = Reason("not_executable", "the file may not be executed", "chmod 0755 the executable before the COPY.")
PRIVILEGED_FILE = Reason(
    "privileged_file",
    "the file has setuid, setgid or capability bits",
    "Remove the bits: a gateway starts plugins without privileges.",
)

# The executable.
NOT_ELF = Reason("not_elf", "the file is not an ELF executable", "Push the compiled executable itself.")
SCRIPT_REFUSED = Reason(
    "script_refused",
    "the file is a script",
    "Push a compiled, best static executable: a gateway has no interpreter for it.",
)
ELF_INVALID = Reason("elf_invalid", "the ELF headers are not valid", "Build the executable again, as a program.")
WRONG_ARCHITECTURE = Reason(
    "wrong_architecture",
    "the executable is made for another CPU",
    "Build for the platform that the gateways run on (for Go: GOARCH).",
)
WRONG_OPERATING_SYSTEM = Reason(
    "wrong_operating_system",
    "the executable is made for another operating system",
    "Build for the platform that the gateways run on (for Go: GOOS).",
)
PLATFORM_UNSUPPORTED = Reason(
    "platform_unsupported",
    "executables of this platform can't be checked",
    "Ask for linux, freebsd, darwin or windows with one of the known architectures.",
)

# Storing.
STORED_OBJECT_DIFFERS = Reason(
    "stored_object_differs",
    "the object store holds other bytes under this digest",
    "Look into the bucket: someone else writes to it. Nothing was overwritten.",
)
RECEIPT_CONFLICT = Reason(
    "receipt_conflict",
    "another receipt stands under this key",
    "Look into the bucket: receipts are written once. Nothing was overwritten.",
)
UPLOAD_FAILED = Reason("upload_failed", "the upload did not end as it should", "Try again; nothing was stored.")
OUT_OF_TIME = Reason(
    "out_of_time",
    "the pull would outlive the function",
    "It is tried again; raise the function's memory (and with it its CPU) if this repeats.",
)

REASONS: tuple[Reason, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Reason))

"""Every bound of a pull, named, with its unit and where it comes from; and the budget that layers share."""

from dataclasses import dataclass
from typing import Final

from shared.artifacts.reasons import UNPACKED_TOO_LARGE
from shared.errors import Refused

MIB: Final = 1 << 20
GIB: Final = 1 << 30

#: What one read asks of a blob: larger reads fall out of the CPU's cache, smaller ones cost calls.
READ_BYTES: Final = MIB
#: What one inflate call may give back: keeps a bomb's peak memory at this size.
INFLATE_BYTES: Final = MIB


@dataclass(frozen=True, slots=True)
class PullLimits:
    """The bounds of one pull.

    Attributes:
        max_executable_bytes: the stored file; S3 copies up to 5 GiB in one call.
        max_blob_bytes: one blob as the registry sends it.
        max_unpacked_bytes: all layers of one image together, uncompressed.
        max_unpack_ratio: uncompressed : compressed of one layer, looked at above `unpack_ratio_free_bytes`.
        unpack_ratio_free_bytes: uncompressed bytes of a layer below which any ratio is fine.
        max_entries: tar entries of all layers together.
        max_config_bytes: the config blob of an image (the limit of common registries for manifests).
        max_plugin_config_bytes: an artifact's own config document: it is kept in the record.
        max_zstd_window_bytes: memory that a zstd frame may ask for (RFC 8878 section 3.1.1.1.2 wants >= 8 MiB).
        time_reserve_seconds: what must be left of the function's time, so that it can clean up and answer.
    """

    max_executable_bytes: int = 2 * GIB
    max_blob_bytes: int = 2 * GIB
    max_unpacked_bytes: int = 4 * GIB
    max_unpack_ratio: int = 100
    unpack_ratio_free_bytes: int = 8 * MIB
    max_entries: int = 100_000
    max_config_bytes: int = 4 * MIB
    max_plugin_config_bytes: int = 64 * 1024
    max_zstd_window_bytes: int = 32 * MIB
    time_reserve_seconds: float = 10.0


class UnpackBudget:
    """What the layers of one image may still unpack; `start_layer` begins a new ratio."""

    def __init__(self, limits: PullLimits) -> None:
        self._limits = limits
        self._total = 0
        self._layer_in = 0
        self._layer_out = 0
        self.entries = 0

    def start_layer(self) -> None:
        """Begin the next layer: its ratio counts from zero, the total goes on."""
        self._layer_in = self._layer_out = 0

    def take_compressed(self, size: int) -> None:
        """Count bytes that came in."""
        self._layer_in += size

    def take_unpacked(self, size: int) -> None:
        """Count bytes that came out; raises `Refused(UNPACKED_TOO_LARGE)` over the total or the ratio."""
        self._total += size
        self._layer_out += size
        limits = self._limits
        if self._total > limits.max_unpacked_bytes:
            raise Refused(UNPACKED_TOO_LARGE, f"the layers unpack to more than {limits.max_unpacked_bytes} bytes")
        above_free = self._layer_out > limits.unpack_ratio_free_bytes
        if above_free and self._layer_out > limits.max_unpack_ratio * self._layer_in:
            raise Refused(UNPACKED_TOO_LARGE, f"a layer unpacks to more than {limits.max_unpack_ratio} times its size")
